//! What the tests have in common: parsing one body, and a strict look at the document.

use std::collections::HashSet;
use std::fmt;

use forebay_record::RawEvent;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::{
    Format, NamedRegex, OnUnparsed, ParseConfig, ParseFailure, Parsed, Parser, ReadEvent, WriteOptions,
};

/// 2026-11-21T09:00:00Z, when all events of the tests are received.
pub(crate) const RECEIVED_MS: i64 = 1_795_251_600_000;

/// Its text.
pub(crate) const RECEIVED: &str = "2026-11-21T09:00:00.000Z";

/// An event of the tests.
pub(crate) fn event<'a>(format: &'a str, body: &'a [u8]) -> RawEvent<'a> {
    RawEvent {
        id: "1",
        tenant: "acme",
        format,
        received_at: RECEIVED_MS as u64 * 1_000_000,
        stream: "web-1/app",
        body,
        ..RawEvent::default()
    }
}

/// A parser with two expressions.
pub(crate) fn parser(on_unparsed: OnUnparsed) -> Parser {
    let regex = |name: &str, pattern: &str| NamedRegex { name: name.to_owned(), pattern: pattern.to_owned() };
    Parser::new(ParseConfig {
        on_unparsed,
        regexes: vec![
            regex("app", r"^(?<time>\S+) (?<level>[A-Z]+) (?<http__response__status_code>\S+) (?<shard>\d+) (?<message>.*)$"),
            regex("pair", r"(?<left>\w+)=(?<right>\w*)"),
        ],
        ..ParseConfig::default()
    })
    .unwrap()
}

/// The document of an event, checked.
pub(crate) fn try_parse(
    event: &RawEvent<'_>,
    on_unparsed: OnUnparsed,
) -> Result<(Value, Parsed), ParseFailure> {
    let mut out = Parsed::default();
    let mut parser = match event.format {
        // Compiling expressions takes longer than all else.
        format if format.is_empty() || Format::named(format).is_some() => {
            Parser::new(ParseConfig { on_unparsed, ..ParseConfig::default() }).unwrap()
        }
        _ => parser(on_unparsed),
    };
    parser.parse(event, 0, &mut out)?;
    let document = check(&out.document);
    Ok((document, out))
}

/// The document of an event that is read as a value and written again.
pub(crate) fn through(parser: &mut Parser, event: &RawEvent<'_>) -> Option<(Value, Parsed)> {
    let (mut read, mut out) = (ReadEvent::default(), Parsed::default());
    parser.read(event, None, 0, &mut read).ok()?;
    parser.write(event, &read.value, &read.origin, &WriteOptions::default(), 0, &mut out).unwrap();
    Some((check(&out.document), out))
}

/// The document of a body that parses, without the facts that all documents have.
pub(crate) fn parse(format: &str, body: &str) -> Value {
    let (mut document, _) = try_parse(&event(format, body.as_bytes()), OnUnparsed::DeadLetter).unwrap();
    let fields = document.as_object_mut().unwrap();
    let event = fields["event"].as_object_mut().unwrap();
    assert_eq!(event.remove("ingested"), Some(RECEIVED.into()));
    if event.is_empty() {
        let _event = fields.remove("event");
    }
    let organization = fields["organization"].as_object_mut().unwrap();
    assert_eq!(organization.remove("id"), Some("acme".into()));
    if organization.is_empty() {
        let _organization = fields.remove("organization");
    }
    document
}

/// Holds a document against what every document must be, and reads it.
pub(crate) fn check(document: &[u8]) -> Value {
    let text = std::str::from_utf8(document).unwrap();
    assert!(text.starts_with(r#"{"@timestamp":""#), "{text}");
    assert!(!text.bytes().any(|byte| byte < 0x20), "{text}");
    let value = unique(text);
    for key in value.as_object().unwrap().keys() {
        assert!(!crate::ecs::METADATA.contains(&key.as_str()), "{key}");
    }
    let mut names = value.as_object().unwrap().clone();
    let _free = (names.remove("unmapped"), names.remove("unmapped_long"));
    check_names(&Value::Object(names));
    value
}

/// Reads JSON without doubled names that doesn't nest too deep.
fn unique(text: &str) -> Value {
    let unique: Unique = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(unique.depth <= 20, "{text}");
    serde_json::from_str(text).unwrap()
}

/// Holds a document of the schema of OpenTelemetry against what each must be, and reads it.
pub(crate) fn check_otel(document: &[u8]) -> Value {
    let text = std::str::from_utf8(document).unwrap();
    assert!(text.starts_with(r#"{"@timestamp":""#), "{text}");
    assert!(!text.bytes().any(|byte| byte < 0x20), "{text}");
    let value = unique(text);
    for attributes in [&value["attributes"], &value["resource"]["attributes"]] {
        let attributes = attributes.as_object().unwrap();
        for (name, value) in attributes {
            assert!(!value.is_object(), "{name}: {value}");
            let inside = format!("{name}.");
            assert!(!attributes.keys().any(|other| other.starts_with(&inside)), "{inside} {text}");
        }
    }
    value
}

/// No name outside `unmapped` is blank or has dots; no array mixes kinds.
fn check_names(value: &Value) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                assert!(!key.trim().is_empty() && !key.contains('.'), "{key:?}");
                // Free like `unmapped`.
                if key != "structured_data" {
                    check_names(value);
                }
            }
        }
        Value::Array(elements) => {
            let kind = |value: &Value| match value {
                Value::Null | Value::Array(_) => None,
                other => Some(std::mem::discriminant(other)),
            };
            let kinds: HashSet<_> = elements.iter().filter_map(kind).collect();
            assert!(kinds.len() <= 1, "{elements:?}");
            elements.iter().for_each(check_names);
        }
        _ => {}
    }
}

/// JSON without a doubled key, and how deep its objects nest.
struct Unique {
    depth: usize,
}

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

const LEAF: Unique = Unique { depth: 0 };

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without doubled keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let (mut keys, mut depth) = (HashSet::new(), 0);
        while let Some(key) = map.next_key::<String>()? {
            if !keys.insert(key.clone()) {
                return Err(A::Error::custom(format!("doubled key {key:?}")));
            }
            depth = depth.max(map.next_value::<Unique>()?.depth);
        }
        Ok(Unique { depth: depth + 1 })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Unique, A::Error> {
        let mut depth = 0;
        while let Some(element) = seq.next_element::<Unique>()? {
            depth = depth.max(element.depth);
        }
        Ok(Unique { depth })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(LEAF)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(LEAF)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(LEAF)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(LEAF)
    }
    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(LEAF)
    }
    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(LEAF)
    }
}
