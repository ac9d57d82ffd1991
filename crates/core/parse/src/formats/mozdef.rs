//! Events as `MozDef` takes them at `/events`, from rsyslog's `omhttp` and Python handlers: a JSON object whose names have no
//! dots, with what the sender found in the event under `details`.
//!
//! Addresses, ports and the user name of `details` get their places in the schema; its other members stay where they are.
//! `tags` may be a list, or a string with commas. A `severity` of one digit is syslog's. Of the times, `utctimestamp` counts
//! before `timestamp`. Names that aren't known are placed as in any JSON.
//!
//! Source: <https://mozdef.readthedocs.io/en/latest/usage.html#json-format>.

use std::borrow::Cow;

use super::{Context, Reader, syslog};
use crate::ecs::Field;
use crate::json::{Root, scan};
use crate::shape::{EventTime, Shape, text_of};
use crate::tree::{Key, Kind, NodeId, Source, Tree, Value};

/// Read only when declared: nothing in such an event says what it is.
pub(crate) const READER: Reader = Reader { guess: None, read };

/// What members are called here.
const NAMES: &[(&str, &str)] = &[
    ("category", Field::EventCategory.path()),
    ("facility", Field::LogSyslogFacilityName.path()),
    ("hostname", Field::HostName.path()),
    ("message id", Field::LogSyslogMsgid.path()),
    ("mozdefhostname", Field::ObserverHostname.path()),
    ("processid", Field::ProcessPid.path()),
    ("processname", Field::ProcessName.path()),
    ("source", Field::EventProvider.path()),
    ("structured data", Field::LogSyslogStructuredData.path()),
    ("summary", Field::Message.path()),
    ("utctimestamp", "@timestamp"),
];

/// What members of `details` are called here.
const DETAILS: &[(&str, &str)] = &[
    ("destinationipaddress", Field::DestinationIp.path()),
    ("destinationport", Field::DestinationPort.path()),
    ("sourceipaddress", Field::SourceIp.path()),
    ("sourceport", Field::SourcePort.path()),
    ("username", Field::UserName.path()),
];

/// The most tags that a string is split into.
const MAX_TAGS: usize = 64;

fn read<'a>(line: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    let Ok(Root::Object(event)) = scan(line, context.limits, &mut shape.tree) else { return None };
    let renamed = shape.tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
    let mut details = None;
    let mut at = shape.tree.detach(event);
    while let Some(id) = at {
        at = shape.tree.next(id);
        if !take(id, shape) {
            if shape.tree.key(id).as_str() == "details" {
                details = Some(id);
            }
            rename(&mut shape.tree, id, NAMES);
            shape.tree.append(renamed, id);
        }
    }
    // Behind the event's own members, which have the better right to a place.
    for (name, path) in DETAILS {
        let found = details.and_then(|details| Some((details, shape.tree.find(details, name)?)));
        if let Some((details, id)) = found {
            shape.open(details);
            shape.tree.unlink(details, id);
            shape.tree.set_key(id, Key::Clean(path));
            shape.tree.append(renamed, id);
        }
    }
    if let Some(details) = details.filter(|details| is_empty(&shape.tree, *details)) {
        shape.tree.unlink(renamed, details);
    }
    Some(shape.place_members(renamed))
}

/// Sets what takes more than another name, or mends the value for it; says whether the member is done.
fn take<'a>(id: NodeId, shape: &mut Shape<'a, '_>) -> bool {
    match shape.tree.key(id).as_str() {
        "severity" => set_level(id, shape),
        "structured data" => match text_of(shape.tree.value(id)).map(Cow::into_owned) {
            Some(text) => matches!(&*text, "" | "-") || syslog::set_structured_data(shape, &text),
            None => false,
        },
        "processid" => {
            let text = text_of(shape.tree.value(id)).map(Cow::into_owned);
            let is_number =
                |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            if text.is_some_and(|text| !is_number(&text)) {
                shape.tree.set_key(id, Key::Clean(Field::LogSyslogProcid.path()));
            }
            false
        }
        "tags" => {
            split(id, &mut shape.tree);
            false
        }
        _ => false,
    }
}

/// Sets the severity that a number means.
fn set_level(id: NodeId, shape: &mut Shape<'_, '_>) -> bool {
    let Value::Json(json) = shape.tree.value(id) else { return false };
    let [digit @ b'0'..=b'7'] = json.trim_matches('"').as_bytes() else { return false };
    syslog::set_severity(shape, digit - b'0');
    true
}

/// Makes a list of a string with commas.
fn split(id: NodeId, tree: &mut Tree<'_>) {
    let Some(text) = text_of(tree.value(id)).map(Cow::into_owned) else { return };
    if !text.contains(',') || text.split(',').count() > MAX_TAGS {
        return;
    }
    let source = Source { built: true, clean: true, depth: 1, elements: Kind::String, ..Source::default() };
    tree.set_value(id, Value::Array(Default::default(), source));
    for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        let _id = tree.add(id, Key::Clean(""), Value::Text(Cow::Owned(tag.to_owned())));
    }
}

fn is_empty(tree: &Tree<'_>, id: NodeId) -> bool {
    matches!(tree.value(id), Value::Object(..)) && tree.first(id).is_none()
}

fn rename(tree: &mut Tree<'_>, id: NodeId, names: &[(&str, &'static str)]) {
    let key = tree.key(id).as_str();
    if let Some((_, path)) = names.iter().find(|(name, _)| *name == key) {
        tree.set_key(id, Key::Clean(path));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::testing::event;
    use crate::{Format, OutputSchema, ParseConfig, Parsed, Parser, ReadEvent, WriteOptions};

    pub(crate) const SAMPLES: Samples = Samples {
        format: "mozdef",
        auto: &[Format::Json],
        read: &[
            // As a Python handler writes it.
            (
                r#"{"timestamp":"2026-11-21T09:59:58.250+01:00","utctimestamp":1795251598.25,"hostname":"web-1","processname":"/usr/sbin/app","processid":77,"severity":"INFO","summary":"login","category":"authentication","source":"sshd","tags":["a","b"],"details":{"sourceipaddress":"192.0.2.1","sourceport":"4711","username":"ann","success":true}}"#,
                r#"{"@timestamp":"2026-11-21T08:59:58.250Z","timestamp":"2026-11-21T09:59:58.250+01:00","host":{"name":"web-1"},
                "process":{"name":"/usr/sbin/app","pid":77},"log":{"level":"INFO"},"message":"login",
                "event":{"category":"authentication","provider":"sshd"},"tags":["a","b"],"details":{"success":true},
                "source":{"ip":"192.0.2.1","port":4711},"user":{"name":"ann"}}"#,
            ),
            // As rsyslog's template for RFC 5424 does.
            (
                r#"{"timestamp":"2026-11-21T08:59:58Z","hostname":"web-1","processname":"app","processid":"-","severity":"3","facility":"daemon","message id":"ID47","structured data":"[x@1 a=\"b\\]\"][y]","category":"syslog","tags":"one, two,","summary":"boom"}"#,
                r#"{"@timestamp":"2026-11-21T08:59:58.000Z","host":{"name":"web-1"},"process":{"name":"app"},
                "log":{"level":"error","syslog":{"severity":{"code":3,"name":"error"},"facility":{"name":"daemon"},"msgid":"ID47",
                "procid":"-","structured_data":{"x@1":{"a":"b]"},"y":{}}}},
                "event":{"category":"syslog"},"tags":["one","two"],"message":"boom"}"#,
            ),
            (
                r#"{"summary":"x","severity":12,"tags":"one","structured data":"-","details":"text","processid":"12"}"#,
                r#"{"@timestamp":"2026-11-21T09:00:00.000Z","message":"x","log":{"level":12},"tags":"one","details":"text","process":{"pid":12}}"#,
            ),
            (
                r#"{"details":{"username":"ann"}}"#,
                r#"{"@timestamp":"2026-11-21T09:00:00.000Z","user":{"name":"ann"}}"#,
            ),
            (
                r#"{"structured data":"broken [","other":{"a":1}}"#,
                r#"{"@timestamp":"2026-11-21T09:00:00.000Z","other":{"a":1},"unmapped":{"log.syslog.structured_data":"broken ["}}"#,
            ),
        ],
        refused: &["", "[]", "7", "{", r#"{"summary":"x"} x"#],
    };

    /// Guarantees: the other schemas know such an event, too.
    #[test]
    fn every_schema_has_a_document_for_it() {
        let body = br#"{"summary":"x","severity":"ERROR","tags":"a,b"}"#;
        let event = event("mozdef", body);
        let mut parser = Parser::new(ParseConfig::default()).unwrap();
        let mut read = ReadEvent::default();
        for schema in [OutputSchema::Otel, OutputSchema::Raw] {
            let mut out = Parsed::default();
            parser.read(&event, None, 0, &mut read).unwrap();
            let options = WriteOptions { schema, ..WriteOptions::default() };
            parser.write(&event, &read.value, &read.origin, &options, 0, &mut out).unwrap();
            let document: serde_json::Value = serde_json::from_slice(&out.document).unwrap();
            let level = if schema == OutputSchema::Otel {
                &document["severity_text"]
            } else {
                &document["log"]["level"]
            };
            assert_eq!(level, "ERROR", "{document}");
        }
    }
}
