//! The names that shippers have for the same things.

use super::labels::Wanted;

/// What a name stands for, and where it goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Known {
    /// A text, at this path.
    Text(&'static [&'static str]),
    /// The name of a workload of this kind.
    Workload(&'static str),
    /// Kind and name of a workload.
    Owner,
    /// The id of the container, with its runtime or without.
    ContainerId,
    /// The image with its tag.
    Image,
    /// The image with its hash.
    ImageHash,
    /// An object of labels, at this path.
    Labels(&'static [&'static str]),
    /// An object of annotations, at this path.
    Annotations(&'static [&'static str]),
}

const LABELS: &[&str] = &["kubernetes", "labels"];
const NAMESPACE_LABELS: &[&str] = &["kubernetes", "namespace_labels"];
const NODE_LABELS: &[&str] = &["kubernetes", "node", "labels"];
const ANNOTATIONS: &[&str] = &["kubernetes", "annotations"];

/// What a name stands for. Names have small letters, and `_` for dots.
pub(super) fn known(name: &str) -> Option<Known> {
    let text = |path| Some(Known::Text(path));
    match name {
        "kubernetes_namespace"
        | "kubernetes_namespace_name"
        | "kubernetes_pod_namespace"
        | "k8s_namespace_name" => text(&["kubernetes", "namespace"]),
        "kubernetes_namespace_id" | "kubernetes_namespace_uid" => text(&["kubernetes", "namespace_uid"]),
        "kubernetes_pod_name" | "k8s_pod_name" => text(&["kubernetes", "pod", "name"]),
        "kubernetes_pod_id" | "kubernetes_pod_uid" | "k8s_pod_uid" => text(&["kubernetes", "pod", "uid"]),
        "kubernetes_pod_ip" | "k8s_pod_ip" => text(&["kubernetes", "pod", "ip"]),
        "kubernetes_host" | "kubernetes_node_name" | "kubernetes_pod_node_name" | "k8s_node_name" => {
            text(&["kubernetes", "node", "name"])
        }
        "kubernetes_node_uid" | "k8s_node_uid" => text(&["kubernetes", "node", "uid"]),
        "kubernetes_container_name" | "k8s_container_name" => text(&["kubernetes", "container", "name"]),
        "kubernetes_cluster_name" | "k8s_cluster_name" => text(&["orchestrator", "cluster", "name"]),
        "k8s_cluster_uid" => text(&["orchestrator", "cluster", "id"]),
        "kubernetes_master_url" => text(&["orchestrator", "cluster", "url"]),
        "kubernetes_pod_owner" => Some(Known::Owner),
        "kubernetes_docker_id" | "kubernetes_container_id" => Some(Known::ContainerId),
        "kubernetes_container_image" => Some(Known::Image),
        "kubernetes_container_hash" | "kubernetes_container_image_id" => Some(Known::ImageHash),
        "kubernetes_labels" | "kubernetes_pod_labels" | "k8s_pod_labels" | "k8s_pod_label" => {
            Some(Known::Labels(LABELS))
        }
        "kubernetes_namespace_labels" | "k8s_namespace_labels" | "k8s_namespace_label" => {
            Some(Known::Labels(NAMESPACE_LABELS))
        }
        "kubernetes_node_labels" | "k8s_node_labels" | "k8s_node_label" => Some(Known::Labels(NODE_LABELS)),
        "kubernetes_annotations"
        | "kubernetes_pod_annotations"
        | "k8s_pod_annotations"
        | "k8s_pod_annotation" => Some(Known::Annotations(ANNOTATIONS)),
        _ => {
            let rest = name.strip_prefix("kubernetes_").or_else(|| name.strip_prefix("k8s_"))?;
            workload(rest.strip_suffix("_name")?).map(Known::Workload)
        }
    }
}

/// A kind of workload.
pub(super) fn workload(kind: &str) -> Option<&'static str> {
    ["deployment", "replicaset", "statefulset", "daemonset", "job", "cronjob"]
        .into_iter()
        .find(|known| *known == kind)
}

/// A label or an annotation with a name of its own: who decides on it, where it goes, and its name.
pub(super) fn single<'a, 'b>(
    name: &'a str,
    labels: &'b Wanted,
    annotations: &'b Wanted,
) -> Option<(&'b Wanted, &'static [&'static str], &'a str)> {
    let prefixes = [
        ("k8s_pod_labels_", labels, LABELS),
        ("k8s_pod_label_", labels, LABELS),
        ("kubernetes_labels_", labels, LABELS),
        ("kubernetes_pod_labels_", labels, LABELS),
        ("k8s_namespace_label_", labels, NAMESPACE_LABELS),
        ("k8s_namespace_labels_", labels, NAMESPACE_LABELS),
        ("k8s_node_label_", labels, NODE_LABELS),
        ("k8s_pod_annotation_", annotations, ANNOTATIONS),
        ("k8s_pod_annotations_", annotations, ANNOTATIONS),
        ("kubernetes_annotations_", annotations, ANNOTATIONS),
    ];
    prefixes.into_iter().find_map(|(prefix, wanted, path)| {
        name.strip_prefix(prefix).filter(|label| !label.is_empty()).map(|label| (wanted, path, label))
    })
}

/// Name and tag of an image: `registry:5000/shop/web:1.2@sha256:...` has name `registry:5000/shop/web` and tag `1.2`.
pub(super) fn split_image(image: &str) -> (&str, Option<&str>) {
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.is_empty() && !tag.contains('/') => (name, Some(tag)),
        _ => (image, None),
    }
}
