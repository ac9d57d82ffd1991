//! A log record of OpenTelemetry as `forebay_wire` writes it when one comes in by OTLP: the field names of the protocol's
//! schema, attributes as objects, the record's resource and scope in it.
//!
//! Attributes have the names of the semantic conventions, most of which ECS has taken over; the others are found by
//! [`NAMES`] read backwards, so that the schema `otel` gives them their names again. What ECS doesn't know keeps its name: an
//! attribute at the top, one of the resource in `resource.attributes`, one of the scope in `scope.attributes`. No attribute is an
//! alias, and none tells the time: `user` is what somebody called so, and not `user.name`.
//!
//! A text body is the message; one that is an object or an array stays `body`. A severity without a text gets the name that its
//! number has.
//!
//! Source: <https://opentelemetry.io/docs/specs/otel/logs/data-model/>,
//! <https://opentelemetry.io/docs/specs/semconv/general/logs/>.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Context, Reader};
use crate::ecs::Field;
use crate::facts::schema_field;
use crate::json::{Root, scan};
use crate::otel::NAMES;
use crate::shape::{EventTime, Shape};
use crate::timestamp::read_epoch;
use crate::tree::{Key, NodeId, Tree, Value};

/// Never guessed: the decoder says what it wrote.
pub(crate) const READER: Reader = Reader { guess: None, read };

/// The fields of ECS by their names in the semantic conventions, where they have others.
static FIELDS: LazyLock<HashMap<&str, Field>> = LazyLock::new(|| {
    let fields = NAMES.iter().filter_map(|(path, name)| Some((*name, schema_field(path)?)));
    // Of two fields with one name the first stands for it.
    fields.rev().collect()
});

/// What is put off until the resource and the record's own fields are placed.
#[derive(Default)]
struct Late {
    attributes: Option<NodeId>,
    scope: Option<NodeId>,
    others: Vec<NodeId>,
    has_level: bool,
    severity: Option<i64>,
}

fn read<'a>(line: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    let Ok(Root::Object(record)) = scan(line, context.limits, &mut shape.tree) else { return None };
    let (mut late, mut time) = (Late::default(), EventTime::Unknown);
    let mut at = shape.tree.detach(record);
    while let Some(id) = at {
        at = shape.tree.next(id);
        let name = shape.tree.key(id).as_str();
        let is_object = matches!(shape.tree.value(id), Value::Object(..));
        match name {
            "time_unix_nano" => time = time_of(shape.tree.value(id)),
            "severity_text" => late.has_level = place(shape, Field::LogLevel, id),
            "severity_number" => {
                if let Value::Json(number) = shape.tree.value(id) {
                    late.severity = number.parse().ok();
                }
                let _free = place(shape, Field::EventSeverity, id);
            }
            "trace_id" => _ = place(shape, Field::TraceId, id),
            "span_id" => _ = place(shape, Field::SpanId, id),
            "event_name" => _ = place(shape, Field::EventAction, id),
            "body" if shape.tree.value(id).is_scalar() => _ = place(shape, Field::Message, id),
            "flags" => {
                shape.tree.set_key(id, Key::Clean("trace.flags"));
                shape.place_plain(id);
            }
            "resource" if is_object => place_resource(shape, id),
            "attributes" if is_object => late.attributes = Some(id),
            "scope" if is_object => late.scope = Some(id),
            _ => late.others.push(id),
        }
    }
    if let (false, Some(number)) = (late.has_level, late.severity) {
        let _free = shape.set_text(Field::LogLevel, level_of(number));
    }
    if let Some(scope) = late.scope {
        place_scope(shape, scope);
    }
    if let Some(attributes) = late.attributes {
        place_attributes(shape, attributes, "");
    }
    for id in late.others {
        shape.place_plain(id);
    }
    Some(time)
}

/// Places a value as a field; whether it was free for it.
fn place(shape: &mut Shape<'_, '_>, field: Field, id: NodeId) -> bool {
    let free = !shape.has(field);
    shape.place_field(field, id);
    free && shape.has(field)
}

fn time_of<'a>(value: &Value<'a>) -> EventTime<'a> {
    match value {
        Value::Json(json) => match read_epoch(json.as_bytes()) {
            Some(ms) => EventTime::At(ms, value.clone()),
            None => EventTime::Unreadable(value.clone()),
        },
        _ => EventTime::Unknown,
    }
}

/// The short name of a severity's range, in the lower case that ECS has.
fn level_of(number: i64) -> &'static str {
    match number {
        ..=4 => "trace",
        5..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warn",
        17..=20 => "error",
        _ => "fatal",
    }
}

fn place_resource(shape: &mut Shape<'_, '_>, resource: NodeId) {
    let mut at = shape.tree.detach(resource);
    while let Some(id) = at {
        at = shape.tree.next(id);
        if is_object(&shape.tree, id, "attributes") {
            place_attributes(shape, id, "resource.attributes.");
        } else {
            rename(&mut shape.tree, id, "resource.");
            shape.place_plain(id);
        }
    }
}

fn place_scope(shape: &mut Shape<'_, '_>, scope: NodeId) {
    let mut at = shape.tree.detach(scope);
    while let Some(id) = at {
        at = shape.tree.next(id);
        match shape.tree.key(id).as_str() {
            "name" => _ = place(shape, Field::LogLogger, id),
            "attributes" if is_object(&shape.tree, id, "attributes") => {
                let mut inner = shape.tree.detach(id);
                while let Some(id) = inner {
                    inner = shape.tree.next(id);
                    rename(&mut shape.tree, id, "scope.attributes.");
                    shape.place_plain(id);
                }
            }
            _ => {
                rename(&mut shape.tree, id, "scope.");
                shape.place_plain(id);
            }
        }
    }
}

/// Places attributes that are fields as such, and the others under their names behind `prefix`.
fn place_attributes(shape: &mut Shape<'_, '_>, attributes: NodeId, prefix: &str) {
    let mut at = shape.tree.detach(attributes);
    while let Some(id) = at {
        at = shape.tree.next(id);
        let name = shape.tree.key(id).as_str();
        match schema_field(name).or_else(|| FIELDS.get(name).copied()) {
            Some(field) => shape.place_field(field, id),
            None => {
                if !prefix.is_empty() {
                    rename(&mut shape.tree, id, prefix);
                }
                shape.place_plain(id);
            }
        }
    }
}

fn is_object(tree: &Tree<'_>, id: NodeId, name: &str) -> bool {
    tree.key(id).as_str() == name && matches!(tree.value(id), Value::Object(..))
}

fn rename(tree: &mut Tree<'_>, id: NodeId, prefix: &str) {
    let name: Cow<'_, str> = Cow::Owned(format!("{prefix}{}", tree.key(id).as_str()));
    tree.set_key(id, Key::Owned(name.into_owned()));
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::testing::{check_otel, event, parser};
    use crate::{Format, OnUnparsed, OutputSchema, Parsed, ReadEvent, WriteOptions};

    const FULL: &str = r#"{"time_unix_nano":1795251598250000001,"severity_number":10,"severity_text":"Information","trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174","flags":1,"event_name":"order.placed","body":"hello","attributes":{"http.request.method":"GET","exception.type":"E","user":"me","time":"7","order.id":7,"msg":"not the message","list":[1,2]},"dropped_attributes_count":2,"resource":{"attributes":{"service.name":"cart","k8s.pod.name":"web-0","team":"blue","host.arch":"arm64"},"schema_url":"s"},"scope":{"name":"lib","version":"1.2","attributes":{"a":true}}}"#;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "otlp",
        auto: &[Format::Json, Format::Raw],
        read: &[
            (
                FULL,
                r#"{"@timestamp": "2026-11-21T08:59:58.250Z", "message": "hello",
                "log": {"level": "Information", "logger": "lib"}, "event": {"severity": 10, "action": "order.placed"},
                "trace": {"id": "5b8efff798038103d269b633813fc60c", "flags": 1}, "span": {"id": "eee19b7ec3c1b174"},
                "service": {"name": "cart"}, "orchestrator": {"resource": {"name": "web-0"}}, "host": {"architecture": "arm64"},
                "resource": {"attributes": {"team": "blue"}, "schema_url": "s"},
                "scope": {"version": "1.2", "attributes": {"a": true}},
                "http": {"request": {"method": "GET"}}, "error": {"type": "E"}, "order": {"id": 7}, "list": [1, 2],
                "labels": {"user": "me"}, "time": "7", "msg": "not the message", "dropped_attributes_count": 2}"#,
            ),
            (
                r#"{"severity_number":17,"body":{"order":{"id":7,"a.b":[1,2]}},"attributes":{"service.name":"other"},"resource":{"attributes":{"service.name":"cart"}}}"#,
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "log": {"level": "error"}, "event": {"severity": 17},
                "body": {"order": {"id": 7, "a": {"b": [1, 2]}}}, "service": {"name": "cart"},
                "unmapped": {"service.name": "other"}}"#,
            ),
            ("{}", r#"{"@timestamp": "2026-11-21T09:00:00.000Z"}"#),
        ],
        refused: &["", "[]", "hello", "{", r#"{"body":"x"} x"#],
    };

    /// Guarantees: in the schema of OpenTelemetry every field is what it was, resource and record told apart.
    #[test]
    fn a_record_is_itself_again_in_its_own_schema() {
        let otel = |body: &str| {
            let event = event("otlp", body.as_bytes());
            let (mut read, mut out) = (ReadEvent::default(), Parsed::default());
            let mut parser = parser(OnUnparsed::DeadLetter);
            parser.read(&event, None, 0, &mut read).unwrap();
            let options = WriteOptions { schema: OutputSchema::Otel, ..WriteOptions::default() };
            parser.write(&event, &read.value, &read.origin, &options, 0, &mut out).unwrap();
            check_otel(&out.document)
        };
        let document = otel(FULL);
        let expected = serde_json::json!({
            "@timestamp": "2026-11-21T08:59:58.250Z", "observed_timestamp": "2026-11-21T09:00:00.000Z",
            "trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "eee19b7ec3c1b174",
            "severity_text": "Information", "severity_number": 10, "event_name": "order.placed",
            "body": {"text": "hello"}, "scope": {"name": "lib", "version": "1.2"},
            "resource": {"attributes": {
                "organization.id": "acme", "service.name": "cart", "k8s.pod.name": "web-0", "team": "blue",
                "host.arch": "arm64",
            }},
            "attributes": {
                "event.ingested": "2026-11-21T09:00:00.000Z", "log.record.uid": "1", "http.request.method": "GET",
                "exception.type": "E", "labels.user": "me", "time": "7", "order.id": 7, "msg": "not the message", "list": [1, 2],
                "trace.flags": 1, "resource.schema_url": "s", "scope.attributes.a": true, "dropped_attributes_count": 2,
            },
        });
        assert_eq!(document, expected);
        let structured =
            otel(r#"{"body":{"a":[1]},"severity_number":24,"attributes":{"log.record.uid":"x\ty"}}"#);
        assert_eq!(structured["body"], serde_json::json!({"structured": {"a": [1]}}));
        assert_eq!(
            (&structured["severity_text"], &structured["severity_number"]),
            (&"fatal".into(), &24.into())
        );
        assert_eq!(structured["attributes"]["log.record.uid"], "1");
    }
}
