//! Any body in any format, read as a value and written again: the document that `parse` gives, as far as `forebay_parse::value` says
//! that it is; and what it refuses, `parse` refuses too.
//!
//! The first byte picks the format and the schema, the rest is the body. The document is read once more, in its turn: it is JSON
//! that a rule can read.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use forebay_parse::{Format, OutputSchema, ParseConfig, Parsed, Parser, ReadEvent, WriteOptions};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};

use crate::support::{self, document};

thread_local! {
    static PARSER: RefCell<(Parser, ReadEvent)> =
        RefCell::new((Parser::new(ParseConfig::default()).expect("the configuration is right"), ReadEvent::default()));
}

/// Looks at one input.
pub fn check(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let schema = match first >> 6 {
        0 | 1 => OutputSchema::Ecs,
        2 => OutputSchema::Otel,
        _ => OutputSchema::Raw,
    };
    let format = Format::NAMED.get(usize::from(first & 63)).map_or("json", |format| format.as_str());
    let event = support::event(format, body);
    PARSER.with_borrow_mut(|(parser, read)| {
        let (mut parsed, mut written) = (Parsed::default(), Parsed::default());
        let outcome = parser.parse(&event, 0, &mut parsed);
        match (&outcome, parser.read(&event, None, 0, read)) {
            (Ok(()), Ok(())) => {}
            // Arrays with very many elements are passed on, and are no value.
            (Ok(()), Err(failure)) => return assert_eq!(failure.error_type, "json_too_many_values"),
            (Err(refused), Err(failure)) => return assert_eq!(refused, &failure),
            (Err(refused), Ok(())) => panic!("parse alone refuses it: {refused:?}"),
        }
        let options = WriteOptions { schema, ..WriteOptions::default() };
        parser
            .write(&event, &read.value, &read.origin, &options, 0, &mut written)
            .expect("nothing was added");
        let (expected, found) = (document(&parsed.document), document(&written.document));
        if schema == OutputSchema::Ecs && is_alike(body) {
            assert_eq!(normal(&found), normal(&expected));
            assert_eq!(
                (written.event_ms, written.format, written.marks),
                (parsed.event_ms, parsed.format, parsed.marks)
            );
        }
        let again = support::event("json", &written.document);
        parser.read(&again, None, 0, read).expect("a document can be read again");
        let mut out = Parsed::default();
        parser
            .write(&again, &read.value, &read.origin, &options, 0, &mut out)
            .expect("a document can be written again");
        let _document = document(&out.document);
    });
}

/// Whether nothing stands in a body that a value shows differently: a name that comes twice, a number that isn't written as a 64-bit
/// float is.
fn is_alike(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let is_json = text.trim_start().starts_with(['{', '[']);
    !text.contains(['{', '[']) || (is_json && serde_json::from_str::<Unique>(&text).is_ok())
}

/// JSON whose names are distinct and whose numbers are plain.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Plain)
    }
}

struct Plain;

impl<'de> Visitor<'de> for Plain {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom("a name comes twice"));
            }
            let Unique = map.next_value()?;
        }
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Unique, A::Error> {
        while let Some(Unique) = seq.next_element()? {}
        Ok(Unique)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Unique, E> {
        Err(E::custom("a number with a fraction, or a huge one"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }
    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
}

/// Makes documents comparable: JSON text in `unmapped` is read, numbers are floats, lists in there are sorted, and an object that all
/// members have left for `unmapped` is gone.
fn normal(document: &Value) -> Value {
    let mut document = numbers(document);
    if let Some(members) = document.as_object_mut() {
        members.retain(|_, member| member.as_object().is_none_or(|inner| !inner.is_empty()));
    }
    if let Some(unmapped) = document.get_mut("unmapped") {
        *unmapped = numbers(&texts(unmapped));
    }
    document
}

fn numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(elements) => elements.iter().map(numbers).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), numbers(value))).collect()
        }
        other => other.clone(),
    }
}

fn texts(value: &Value) -> Value {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Array(_) | Value::Object(_))) => texts(&inner),
            _ => value.clone(),
        },
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.iter().map(texts).collect();
            elements.sort_by_key(ToString::to_string);
            elements.into()
        }
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), texts(value))).collect(),
        other => other.clone(),
    }
}
