//! Pod, namespace, container and labels, whichever shipper sent them.
//!
//! Known are the names of Fluent Bit and Fluentd (<https://docs.fluentbit.io/manual/data-pipeline/filters/kubernetes>), Filebeat
//! (<https://www.elastic.co/guide/en/beats/filebeat/current/exported-fields-kubernetes-processor.html>), Vector
//! (<https://vector.dev/docs/reference/configuration/sources/kubernetes_logs/>) and OpenTelemetry
//! (<https://opentelemetry.io/docs/specs/semconv/resource/k8s/>), nested or dotted, at the top of the event or among
//! attributes; and the paths that the kubelet gives its log files. They become Elastic's names, `kubernetes.pod.name`
//! and so on, with `container.*` and `orchestrator.*` of the common schema beside them.

mod labels;
mod names;
mod path;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Deserialize;
use vrl::value::{ObjectMap, Value};

use crate::fields::{put, text};
use crate::sift::{Names, plain_name, sift};
use labels::Wanted;
use names::{Known, known};

/// The settings.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct KubernetesConfig {
    /// The labels that are kept, by name; `app.kubernetes.io/*` means all that begin so. All, if left out.
    pub labels: Option<Vec<String>>,
    /// The annotations that are kept, in the same way. None, if left out: they are many and long.
    pub annotations: Vec<String>,
    /// How many labels of a pod, a namespace or a node, and how many annotations, are kept at most.
    pub max_labels: usize,
}

/// Brings Kubernetes metadata under one name.
#[derive(Clone, Debug)]
pub struct Kubernetes {
    labels: Wanted,
    annotations: Wanted,
}

// === impl KubernetesConfig ===

impl Default for KubernetesConfig {
    fn default() -> Self {
        Self { labels: None, annotations: Vec::new(), max_labels: 64 }
    }
}

// === impl Kubernetes ===

impl Kubernetes {
    /// Takes the settings.
    #[must_use]
    pub fn new(config: &KubernetesConfig) -> Self {
        Self {
            labels: Wanted::new(config.labels.as_deref(), config.max_labels),
            annotations: Wanted::new(Some(&config.annotations), config.max_labels),
        }
    }

    /// Takes the metadata out of an event and its attributes, and answers it under the names of this module: an object
    /// to be merged with the event ([`crate::fields::merge`]). None if there is no metadata.
    ///
    /// The event's own facts come before those of its attributes, and the path of its log file comes last: the one
    /// that is given, or else `log.file.path` or `file` of the event. What isn't known stays where it is, and so does
    /// what disagrees with a fact that was found before.
    ///
    /// Dots in names of labels become `_`, as in `app_kubernetes_io/name`, since search servers take them for levels.
    pub fn take<'a>(
        &self,
        event: &mut Value,
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
        log_path: Option<&str>,
    ) -> Option<Value> {
        let mut facts = Facts { rules: self, found: ObjectMap::new() };
        sift(event, &mut facts);
        for (name, value) in attributes {
            let name = plain_name(name);
            if facts.begins(&name, true) {
                facts.take(&name, &mut value.into());
            }
        }
        facts.mapped(event);
        facts.path(event, log_path);
        facts.finish()
    }
}

/// What was found so far.
struct Facts<'a> {
    rules: &'a Kubernetes,
    found: ObjectMap,
}

impl Names for Facts<'_> {
    fn begins(&self, name: &str, _in_holder: bool) -> bool {
        ["kubernetes", "k8s"]
            .into_iter()
            .any(|root| name.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
    }

    fn take(&mut self, name: &str, value: &mut Value) -> bool {
        match known(name) {
            Some(Known::Text(path)) => {
                let text = text(value).filter(|text| !text.is_empty());
                text.is_some_and(|text| self.add(path, text.as_ref().into()))
            }
            Some(Known::Workload(kind)) => {
                text(value).is_some_and(|text| self.add(&["kubernetes", kind, "name"], text.as_ref().into()))
            }
            Some(Known::Owner) => value.to_str().and_then(|owner| self.owner(owner)).unwrap_or(false),
            Some(Known::ContainerId) => value.to_str().is_some_and(|id| self.container_id(id)),
            Some(Known::Image) => value.to_str().is_some_and(|image| self.image(image)),
            Some(Known::ImageHash) => {
                value.to_str().and_then(|image| self.image_hash(image)).unwrap_or(false)
            }
            Some(Known::Labels(path)) => self.all_labels(&self.rules.labels, path, value),
            Some(Known::Annotations(path)) => self.all_labels(&self.rules.annotations, path, value),
            None => self.one_label(name, value),
        }
    }
}

impl Facts<'_> {
    /// Adds a fact. One that disagrees with what is there isn't taken, so it stays where it is.
    fn add(&mut self, path: &[&str], value: Value) -> bool {
        if let Some(there) = lookup(&self.found, path) {
            return *there == value;
        }
        put(&mut self.found, path, value);
        true
    }

    /// `ReplicaSet/web-7d4b9`
    fn owner(&mut self, owner: &str) -> Option<bool> {
        let (kind, name) = owner.split_once('/')?;
        let kind = names::workload(&kind.to_ascii_lowercase())?;
        Some(self.add(&["kubernetes", kind, "name"], name.into()))
    }

    /// `containerd://4f5e...`, or the id alone
    fn container_id(&mut self, id: &str) -> bool {
        let id = match id.split_once("://") {
            Some((runtime, id)) => {
                self.add(&["container", "runtime"], runtime.into());
                id
            }
            None => id,
        };
        self.add(&["container", "id"], id.into())
    }

    fn image(&mut self, image: &str) -> bool {
        let (name, tag) = names::split_image(image);
        if let Some(tag) = tag {
            self.add(&["container", "image", "tag"], Value::Array(vec![tag.into()]));
        }
        self.add(&["container", "image", "name"], name.into())
    }

    /// `nginx@sha256:9f1a...`
    fn image_hash(&mut self, image: &str) -> Option<bool> {
        let hash = image.get(image.find("sha256:")?..)?;
        Some(self.add(&["container", "image", "hash", "all"], Value::Array(vec![hash.into()])))
    }

    fn all_labels(&mut self, wanted: &Wanted, path: &[&str], value: &mut Value) -> bool {
        let Value::Object(labels) = value else { return false };
        if lookup(&self.found, path).is_some() {
            return false;
        }
        let kept = wanted.keep(std::mem::take(labels));
        if !kept.is_empty() {
            self.add(path, Value::Object(kept));
        }
        true
    }

    /// A label with a name of its own: `k8s.pod.label.app`.
    fn one_label(&mut self, name: &str, value: &Value) -> bool {
        let Some((wanted, path, label)) = names::single(name, &self.rules.labels, &self.rules.annotations)
        else {
            return false;
        };
        let Some(value) = text(value) else { return false };
        let count = lookup(&self.found, path).and_then(Value::as_object).map_or(0, ObjectMap::len);
        if wanted.takes(label, &value) && count < wanted.most() {
            let mut path = path.to_vec();
            path.push(label);
            self.add(&path, value.as_ref().into());
        }
        true
    }

    /// What the parser has mapped from attributes already.
    fn mapped(&mut self, event: &Value) {
        let Some(event) = event.as_object() else { return };
        let at = |path: &[&str]| lookup(event, path).and_then(Value::to_str);
        if at(&["orchestrator", "type"]).is_some_and(|kind| kind != "kubernetes") {
            return;
        }
        let pair = (at(&["orchestrator", "namespace"]), at(&["orchestrator", "resource", "name"]));
        if let (Some(namespace), Some(pod)) = pair {
            self.add(&["kubernetes", "namespace"], namespace.into());
            self.add(&["kubernetes", "pod", "name"], pod.into());
            if let Some(container) = at(&["container", "name"]) {
                self.add(&["kubernetes", "container", "name"], container.into());
            }
        }
    }

    fn path(&mut self, event: &Value, given: Option<&str>) {
        let event = event.as_object();
        let at = |path: &[&str]| event.and_then(|event| lookup(event, path)).and_then(Value::to_str);
        let path = given
            .or_else(|| at(&["log", "file", "path"]))
            .or_else(|| at(&["log.file.path"]))
            .or_else(|| at(&["file"]));
        let Some(log) = path.and_then(path::read) else { return };
        self.add(&["kubernetes", "namespace"], log.namespace.into());
        self.add(&["kubernetes", "pod", "name"], log.pod.into());
        self.add(&["kubernetes", "container", "name"], log.container.into());
        if let Some(uid) = log.uid {
            self.add(&["kubernetes", "pod", "uid"], uid.into());
        }
        if let Some(id) = log.id {
            self.add(&["container", "id"], id.into());
        }
    }

    /// The facts, with those of the common schema that follow from them.
    fn finish(mut self) -> Option<Value> {
        if self.found.is_empty() {
            return None;
        }
        let copy = |found: &ObjectMap, path: &[&str]| lookup(found, path).cloned();
        if let Some(name) = copy(&self.found, &["kubernetes", "container", "name"]) {
            self.add(&["container", "name"], name);
        }
        self.add(&["orchestrator", "type"], "kubernetes".into());
        if let Some(namespace) = copy(&self.found, &["kubernetes", "namespace"]) {
            self.add(&["orchestrator", "namespace"], namespace);
        }
        if let Some(pod) = copy(&self.found, &["kubernetes", "pod", "name"]) {
            self.add(&["orchestrator", "resource", "type"], "pod".into());
            self.add(&["orchestrator", "resource", "name"], pod);
        }
        Some(Value::Object(self.found))
    }
}

/// The value at a path of objects.
fn lookup<'a>(map: &'a ObjectMap, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = map.get(*first)?;
    if rest.is_empty() { Some(value) } else { lookup(value.as_object()?, rest) }
}
