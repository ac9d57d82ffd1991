//! Documents in the log data model of OpenTelemetry, as search servers keep it.
//!
//! An event is placed by [`crate::ecs`] first, so that everything there about aliases, conflicts and limits holds here
//! too; then the fields get the names of OpenTelemetry:
//!
//! | By ECS | In the document |
//! |---|---|
//! | `@timestamp` | itself |
//! | `event.created`, else `event.ingested` | `observed_timestamp` |
//! | `log.level` | `severity_text`, and `severity_number` where the level is a known one |
//! | `message` | `body.text`; if it was an object, `body.structured`; if an array, `body.structured.value` |
//! | `trace.id`, `span.id` | `trace_id`, `span_id`, if they have the form that W3C asks for |
//! | `log.logger` | `scope.name` |
//! | the event's id | `attributes.log.record.uid` |
//! | one of [`NAMES`] | its name in the semantic conventions |
//! | another field of one of [`RESOURCE`] | `resource.attributes.<path>` |
//! | of an event that came by OTLP: `event.severity`, `event.action`, `scope.version` | `severity_number`, `event_name`, itself |
//! | of such an event, `resource.attributes.<name>` | itself |
//! | `labels.<name>` | `attributes.<name>`, as a string, if that is free, else `attributes.labels.<name>` |
//! | `data_stream`, `unmapped`, `unmapped_long` | itself |
//! | an object of any content, an array of objects | `unmapped.<path>` |
//! | any other field | `attributes.<path>` |
//!
//! Attributes aren't nested: their names have dots, as the servers' own mappings for OpenTelemetry have it. A name that is
//! taken, or begins with one that is, stays what it is in ECS, and if that is taken too, goes to `unmapped`. Taken are,
//! for whatever isn't in ECS itself, the names of [`attributes`] too, unless they are keywords: their type is the same in
//! every document. So are names of objects that those are in, such as `exception`. `forebay bootstrap` makes the index
//! template of all that.
//!
//! Source: <https://opentelemetry.io/docs/specs/otel/logs/data-model/>,
//! <https://opentelemetry.io/docs/specs/semconv/>,
//! <https://www.elastic.co/docs/reference/edot-collector/components/elasticsearchexporter> (mapping mode `otel`),
//! <https://www.elastic.co/docs/reference/enrich-processor/normalize-for-stream>.

mod known;
mod names;
mod severity;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;

use crate::document::{json_of, push_string, push_value};
use crate::facts::is_id;
use crate::shape::{MAX_DEPTH, MAX_KEY, is_long, text_of};
use crate::timestamp::civil::push_rfc3339;
use crate::tree::{Kind, NodeId, ROOT, Tree, Value};
use crate::value::OutputSchema;

use known::KNOWN;
pub use known::attributes;
use names::{NAMED, plain_section};
pub use names::{NAMES, RESOURCE, Section};

/// Names with values, in JSON but for the braces.
#[derive(Debug, Default)]
struct Fields {
    json: Vec<u8>,
    names: HashSet<String>,
    /// What names with dots begin with.
    objects: HashSet<String>,
}

/// A document while it is put together.
#[derive(Debug, Default)]
struct Parts<'t> {
    resource: Fields,
    attributes: Fields,
    unmapped: Fields,
    unmapped_long: Fields,
    body: Option<&'t Value<'t>>,
    level: Option<&'t Value<'t>>,
    logger: Option<&'t Value<'t>>,
    created: Option<&'t Value<'t>>,
    ingested: Option<&'t Value<'t>>,
    trace: Option<String>,
    span: Option<String>,
    data_stream: Option<&'t Value<'t>>,
    version: Option<&'t Value<'t>>,
    severity: Option<&'t Value<'t>>,
    event_name: Option<&'t Value<'t>>,
    /// Whether it came by OTLP, so that fields which the data model has are known for what they were there.
    is_otlp: bool,
}

/// Takes an object or array that is the event's message out of its members.
pub(crate) fn structured_body(tree: &mut Tree<'_>, members: NodeId, schema: OutputSchema) -> Option<NodeId> {
    if schema != OutputSchema::Otel {
        return None;
    }
    let body = ["message", "body"]
        .into_iter()
        .filter_map(|name| tree.find(members, name))
        .find(|id| !tree.value(*id).is_scalar())?;
    let mut at = tree.detach(members);
    while let Some(id) = at {
        at = tree.next(id);
        if id != body {
            tree.append(members, id);
        }
    }
    Some(body)
}

/// Appends the document of a tree that was placed by ECS.
pub(crate) fn write<'t>(
    tree: &'t Tree<'t>,
    id: &str,
    structured: Option<NodeId>,
    event_ms: i64,
    is_otlp: bool,
    out: &mut Vec<u8>,
) {
    let mut parts = Parts { is_otlp, ..Parts::default() };
    let mut path = String::new();
    if !id.is_empty() {
        // First, since it is what the event is known by, whatever else calls itself so.
        parts.attributes.put("log.record.uid", |json| push_string(json, id));
    }
    parts.take_members(tree, ROOT, &mut path);
    out.extend_from_slice(br#"{"@timestamp":""#);
    push_rfc3339(out, event_ms);
    out.push(b'"');
    if let Some(observed) = parts.created.or(parts.ingested) {
        push_member(out, "observed_timestamp", |out| push_value(tree, observed, out));
    }
    for (name, id) in [("trace_id", &parts.trace), ("span_id", &parts.span)] {
        if let Some(id) = id {
            push_member(out, name, |out| push_string(out, id));
        }
    }
    if let Some(level) = parts.level {
        let text = text_of(level).map_or_else(|| json_of(tree, level), Cow::into_owned);
        push_member(out, "severity_text", |out| push_string(out, &text));
        if let (None, Some(number)) = (parts.severity, severity::number(&text)) {
            push_member(out, "severity_number", |out| out.extend_from_slice(number.to_string().as_bytes()));
        }
    }
    for (name, value) in [("severity_number", parts.severity), ("event_name", parts.event_name)] {
        if let Some(value) = value {
            push_member(out, name, |out| push_value(tree, value, out));
        }
    }
    let (structured, odd) = match structured {
        Some(id) if fits_whole(tree, id) && !is_long(tree, tree.value(id)) => (Some(tree.value(id)), None),
        odd => (None, odd),
    };
    if let Some(odd) = odd {
        let json = json_of(tree, tree.value(odd));
        parts.put_aside(tree, "body", &Value::Text(Cow::Owned(json)));
    }
    push_body(tree, parts.body, structured, out);
    push_member(out, "resource", |out| {
        out.push(b'{');
        push_quoted(out, "attributes");
        parts.resource.push(out);
        out.push(b'}');
    });
    let scope = [("name", parts.logger), ("version", parts.version)];
    if scope.iter().any(|(_, value)| value.is_some()) {
        push_member(out, "scope", |out| {
            out.push(b'{');
            for (name, value) in scope {
                let Some(value) = value else { continue };
                if out.last() != Some(&b'{') {
                    out.push(b',');
                }
                push_quoted(out, name);
                push_string(out, &text_of(value).map_or_else(|| json_of(tree, value), Cow::into_owned));
            }
            out.push(b'}');
        });
    }
    push_member(out, "attributes", |out| parts.attributes.push(out));
    if let Some(data_stream) = parts.data_stream {
        push_member(out, "data_stream", |out| push_value(tree, data_stream, out));
    }
    for (name, fields) in [("unmapped", &parts.unmapped), ("unmapped_long", &parts.unmapped_long)] {
        if !fields.json.is_empty() {
            push_member(out, name, |out| fields.push(out));
        }
    }
    out.push(b'}');
}

// === impl Parts ===

impl<'t> Parts<'t> {
    /// Recurses as deep as documents nest.
    fn take_members(&mut self, tree: &'t Tree<'t>, parent: NodeId, path: &mut String) {
        let length = path.len();
        let mut at = tree.first(parent);
        while let Some(id) = at {
            at = tree.next(id);
            if length > 0 {
                path.push('.');
            }
            path.push_str(tree.key(id).as_str());
            self.take(tree, id, path);
            path.truncate(length);
        }
    }

    fn take(&mut self, tree: &'t Tree<'t>, id: NodeId, path: &mut String) {
        let value = tree.value(id);
        match (path.as_str(), value) {
            ("unmapped" | "unmapped_long", _) => {
                let mut at = tree.first(id);
                while let Some(id) = at {
                    at = tree.next(id);
                    self.put_aside(tree, tree.key(id).as_str(), tree.value(id));
                }
            }
            ("data_stream", Value::Object(..)) => self.data_stream = Some(value),
            ("log.syslog.structured_data" | "container.labels", _) => self.put_aside(tree, path, value),
            (_, Value::Object(..)) => self.take_members(tree, id, path),
            (_, Value::Array(_, source)) if source.elements == Kind::Object => {
                self.put_aside(tree, path, value);
            }
            ("message", _) => self.body = Some(value),
            ("log.level", _) => self.level = Some(value),
            ("log.logger", _) => self.logger = Some(value),
            ("event.created", _) => self.created = Some(value),
            ("event.severity", _) if self.is_otlp && is_severity(value) => self.severity = Some(value),
            ("event.action", _) if self.is_otlp => self.event_name = Some(value),
            ("scope.version", _) if self.is_otlp => self.version = Some(value),
            ("trace.id", _) if w3c(value, 32).is_some() => self.trace = w3c(value, 32),
            ("span.id", _) if w3c(value, 16).is_some() => self.span = w3c(value, 16),
            (path, _) => {
                if path == "event.ingested" {
                    self.ingested = Some(value);
                }
                self.put(tree, path, value);
            }
        }
    }

    fn put(&mut self, tree: &Tree<'_>, path: &str, value: &Value<'_>) {
        if self.is_otlp
            && let Some(name) = path.strip_prefix("resource.attributes.")
            && self.resource.is_free(name)
            && KNOWN.admits(name, Section::Resource, name)
        {
            return self.resource.put(name, |json| push_value(tree, value, json));
        }
        let plain = plain_section(path);
        let label = path.starts_with("labels.");
        if let Value::Array(_, source) = value
            && label
            && source.elements != Kind::String
        {
            return self.put_aside(tree, path, value);
        }
        let (section, name) = match NAMED.get(path) {
            Some((section, name)) => (*section, *name),
            None => (plain, path.strip_prefix("labels.").unwrap_or(path)),
        };
        for (section, name) in [(section, name), (plain, path)] {
            let fields = match section {
                Section::Resource => &mut self.resource,
                Section::Attributes => &mut self.attributes,
            };
            if fields.is_free(name) && KNOWN.admits(path, section, name) {
                return fields.put(name, |json| match value.kind() {
                    // Labels are keywords, whatever they look like: another event's may be a word.
                    Kind::Number | Kind::Bool if label && value.is_scalar() => {
                        push_string(json, &json_of(tree, value));
                    }
                    _ => push_value(tree, value, json),
                });
            }
        }
        self.put_aside(tree, path, value);
    }

    fn put_aside(&mut self, tree: &Tree<'_>, path: &str, value: &Value<'_>) {
        // Nothing conflicts in there but the same name.
        let fields = match is_long(tree, value) {
            true => &mut self.unmapped_long,
            false => &mut self.unmapped,
        };
        let mut name = path.to_owned();
        while fields.names.contains(&name) {
            name.push('_');
        }
        fields.put(&name, |json| push_value(tree, value, json));
    }
}

// === impl Fields ===

impl Fields {
    /// Whether neither the name is taken, nor anything that it would be inside of, or that would be inside of it.
    fn is_free(&self, name: &str) -> bool {
        !self.names.contains(name)
            && !self.objects.contains(name)
            && !prefixes(name).any(|prefix| self.names.contains(prefix))
    }

    fn put(&mut self, name: &str, push: impl FnOnce(&mut Vec<u8>)) {
        if !self.json.is_empty() {
            self.json.push(b',');
        }
        push_string(&mut self.json, name);
        self.json.push(b':');
        push(&mut self.json);
        let _new = self.names.insert(name.to_owned());
        for prefix in prefixes(name) {
            if !self.objects.contains(prefix) {
                let _new = self.objects.insert(prefix.to_owned());
            }
        }
    }

    fn push(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        out.extend_from_slice(&self.json);
        out.push(b'}');
    }
}

/// The beginnings of a name that end before a dot.
fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').filter_map(|(at, _)| name.get(..at))
}

/// An id of so many hexadecimal digits, in lower case, as W3C has it.
fn w3c(value: &Value<'_>, digits: usize) -> Option<String> {
    text_of(value).filter(|text| is_id(text, digits)).map(|text| text.to_ascii_lowercase())
}

/// Whether it is one of the data model's severities.
fn is_severity(value: &Value<'_>) -> bool {
    match value {
        Value::Integer(number) => (1..=24).contains(number),
        Value::Json(json) => json.parse().is_ok_and(|number: u8| (1..=24).contains(&number)),
        _ => false,
    }
}

/// Whether a search server takes a container as one field, whatever is in it.
fn fits_whole(tree: &Tree<'_>, id: NodeId) -> bool {
    let (Value::Object(_, source) | Value::Array(_, source)) = tree.value(id) else { return true };
    // One level is `body`, and an array is put into an object.
    if usize::from(source.depth) > MAX_DEPTH - 2 {
        return false;
    }
    let mut at = tree.first(id);
    while let Some(member) = at {
        at = tree.next(member);
        let key = tree.key(member).as_str();
        if key.len() > MAX_KEY || key.contains('\0') || !fits_whole(tree, member) {
            return false;
        }
    }
    true
}

fn push_body(tree: &Tree<'_>, text: Option<&Value<'_>>, structured: Option<&Value<'_>>, out: &mut Vec<u8>) {
    if text.is_none() && structured.is_none() {
        return;
    }
    push_member(out, "body", |out| {
        out.push(b'{');
        if let Some(text) = text {
            let text = text_of(text).map_or_else(|| json_of(tree, text), Cow::into_owned);
            push_quoted(out, "text");
            push_string(out, &text);
        }
        if let Some(structured) = structured {
            if text.is_some() {
                out.push(b',');
            }
            push_quoted(out, "structured");
            // Only an object can be a field as a whole.
            let is_array = matches!(structured, Value::Array(..));
            if is_array {
                out.push(b'{');
                push_quoted(out, "value");
            }
            push_value(tree, structured, out);
            if is_array {
                out.push(b'}');
            }
        }
        out.push(b'}');
    });
}

fn push_member(out: &mut Vec<u8>, name: &str, push: impl FnOnce(&mut Vec<u8>)) {
    out.push(b',');
    push_quoted(out, name);
    push(out);
}

/// Appends a name of ours and its colon.
fn push_quoted(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}
