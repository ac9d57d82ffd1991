//! What of a document is indexed: pure, from JSON bytes to terms and texts.
//!
//! Objects are flattened as Elasticsearch does: keys joined by dots, arrays transparent. Foreign bytes come in here, so
//! depth and the number of values are bounded.

use std::net::IpAddr;

use serde_json::Value;

use crate::query::time;
use crate::term::{Kind, MAX_KEYWORD_CHARS, ip, number};

/// Fields whose strings are text: found by words and phrases.
pub(crate) const TEXT_PATHS: [&str; 3] = ["message", "error.stack_trace", "event.original"];

/// The field that holds the event's time.
pub(crate) const TIMESTAMP: &str = "@timestamp";

const MAX_DEPTH: usize = 64;
const MAX_VALUES: usize = 10_000;
const LONGEST_IP: usize = 45;

/// What a document is found by.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Indexable {
    /// Its time, in milliseconds since the Unix epoch, if it has one.
    pub(crate) timestamp_ms: Option<i64>,
    /// Terms: see [`crate::term`].
    pub(crate) terms: Vec<String>,
    /// Texts, each with its place in [`TEXT_PATHS`].
    pub(crate) texts: Vec<(usize, String)>,
    /// All other strings, for searches by word.
    pub(crate) others: Vec<String>,
}

/// Why a document is refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum DocumentError {
    #[error("not valid JSON: {0}")]
    Json(String),
    #[error("the document is not a JSON object")]
    NotAnObject,
    #[error("failed to parse field [@timestamp] of type [date]")]
    Timestamp,
    #[error("more than {MAX_DEPTH} levels of nesting")]
    Depth,
    #[error("more than {MAX_VALUES} values")]
    Values,
}

/// Reads a document.
pub(crate) fn read(id: &str, target: &str, bytes: &[u8]) -> Result<Indexable, DocumentError> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| DocumentError::Json(error.to_string()))?;
    let Value::Object(members) = &value else { return Err(DocumentError::NotAnObject) };
    let mut out = Indexable {
        timestamp_ms: members.get(TIMESTAMP).filter(|value| !value.is_null()).map(timestamp).transpose()?,
        terms: vec![Kind::Text.term("_id", id), Kind::Text.term("_index", target)],
        ..Indexable::default()
    };
    let mut walk = Walk { out: &mut out, values: 0 };
    let _any = walk.value("", &value, 0)?;
    Ok(out)
}

fn timestamp(value: &Value) -> Result<i64, DocumentError> {
    let milliseconds = match value {
        Value::String(text) => time::parse(text).map(|span| span.start),
        #[expect(clippy::cast_possible_truncation, reason = "saturates; no such time exists anyway")]
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
        _ => None,
    };
    milliseconds.ok_or(DocumentError::Timestamp)
}

struct Walk<'a> {
    out: &'a mut Indexable,
    values: usize,
}

// === impl Walk ===

impl Walk<'_> {
    /// Takes in the value at `path`; says whether there was any other than null.
    fn value(&mut self, path: &str, value: &Value, depth: usize) -> Result<bool, DocumentError> {
        if depth > MAX_DEPTH {
            return Err(DocumentError::Depth);
        }
        let found = match value {
            Value::Null => false,
            Value::Bool(flag) => self.keyword(path, if *flag { "true" } else { "false" })?,
            Value::Number(number) => self.number(path, number)?,
            Value::String(text) => self.string(path, text)?,
            Value::Array(elements) => {
                let mut found = false;
                for element in elements {
                    found |= self.value(path, element, depth + 1)?;
                }
                return Ok(found);
            }
            Value::Object(members) => {
                let mut found = false;
                for (key, member) in members {
                    let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    found |= self.value(&below, member, depth + 1)?;
                }
                found
            }
        };
        if found && !path.is_empty() {
            self.out.terms.push(Kind::Exists.prefix(path));
        }
        Ok(found)
    }

    fn string(&mut self, path: &str, text: &str) -> Result<bool, DocumentError> {
        if let Some(place) = TEXT_PATHS.iter().position(|known| *known == path) {
            self.count()?;
            self.out.texts.push((place, text.to_owned()));
            return Ok(true);
        }
        if let Some(address) =
            Some(text).filter(|text| text.len() <= LONGEST_IP).and_then(|t| t.parse::<IpAddr>().ok())
        {
            self.out.terms.push(Kind::Ip.term(path, &ip(address)));
        }
        let _found = self.keyword(path, text)?;
        if path != TIMESTAMP {
            self.out.others.push(text.to_owned());
        }
        Ok(true)
    }

    fn number(&mut self, path: &str, value: &serde_json::Number) -> Result<bool, DocumentError> {
        self.count()?;
        if let Some(float) = value.as_f64() {
            self.out.terms.push(Kind::Number.term(path, &number(float)));
        }
        if path != TIMESTAMP {
            self.out.others.push(value.to_string());
        }
        Ok(true)
    }

    fn keyword(&mut self, path: &str, text: &str) -> Result<bool, DocumentError> {
        self.count()?;
        if text.len() <= MAX_KEYWORD_CHARS || text.chars().count() <= MAX_KEYWORD_CHARS {
            self.out.terms.push(Kind::Text.term(path, text));
        }
        Ok(true)
    }

    fn count(&mut self) -> Result<(), DocumentError> {
        self.values += 1;
        if self.values > MAX_VALUES { Err(DocumentError::Values) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_json(json: &str) -> Result<Indexable, DocumentError> {
        read("1", "t", json.as_bytes())
    }

    #[test]
    fn objects_arrays_and_dotted_keys_become_paths() {
        let out =
            read_json(r#"{"a":{"b":["x",1]},"c.d":true,"n":null,"message":"Hi there","@timestamp":1000}"#)
                .unwrap();
        for term in
            ["a\0e", "a.b\0e", "a.b\0sx", "c.d\0strue", "c.d\0e", "message\0e", "_id\0s1", "_index\0st"]
        {
            assert!(out.terms.iter().any(|have| have == term), "{term:?} in {:?}", out.terms);
        }
        assert!(!out.terms.iter().any(|term| term.starts_with("n\0")));
        assert_eq!(out.texts, [(0, "Hi there".to_owned())]);
        assert_eq!(out.others, ["x", "1"]);
        assert_eq!(out.timestamp_ms, Some(1000));
    }

    #[test]
    fn what_is_no_document_is_refused_with_its_reason() {
        assert!(matches!(read_json("{"), Err(DocumentError::Json(_))));
        assert!(matches!(read("1", "t", b"{\"a\":\"\xff\"}"), Err(DocumentError::Json(_))));
        assert_eq!(read_json("[1]"), Err(DocumentError::NotAnObject));
        assert_eq!(read_json(r#"{"@timestamp":"soon"}"#), Err(DocumentError::Timestamp));
        assert_eq!(read_json(r#"{"@timestamp":{}}"#), Err(DocumentError::Timestamp));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
        assert_eq!(read_json(&deep), Err(DocumentError::Depth));
        let absurd = format!("{{\"a\":{}", "[".repeat(10_000));
        assert!(matches!(read_json(&absurd), Err(DocumentError::Json(_))));
        let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(MAX_VALUES));
        assert_eq!(read_json(&wide), Err(DocumentError::Values));
    }

    proptest! {
        /// Guarantees: no input makes it panic.
        #[test]
        fn survives_anything(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _result = read("id", "target", &bytes);
        }
    }
}
