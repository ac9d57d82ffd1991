//! Corrections: a program that mends a raw event before it goes through the rules again.
//!
//! The event is `.`, with `.body`, `.format`, `.source` and `.attributes`; what is known about it stands in `%`, as in rules. All
//! else of it stays: a correction makes no other event of it.

use std::fmt;

use forebay_parse::Format;
use forebay_record::{RawEvent, RawTemplate};
use thiserror::Error;
use vrl::value::{ObjectMap, Value};

use crate::lane::metadata;
use crate::program::{Limits, Machine, Script};

/// A compiled correction.
pub struct Edit {
    source: String,
    script: Script,
    limits: Limits,
}

/// Why an event can't be corrected.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{reason}")]
pub struct EditError {
    /// A stable name.
    pub error_type: &'static str,
    /// The reason in words. It may quote the event.
    pub reason: String,
}

// === impl Edit ===

impl Edit {
    /// Compiles a program.
    ///
    /// # Errors
    /// VRL's own message, with the line of the program and a mark under the place.
    pub fn compile(source: &str, limits: Limits) -> Result<Self, String> {
        Ok(Self { source: source.to_owned(), script: Script::compile(source, limits.bytes)?, limits })
    }

    /// Compiles a program that whoever gave it may not be allowed to see: a file that is named may be anything.
    ///
    /// # Errors
    /// The line and the column where it is wrong, from 1 on, and nothing of it.
    pub fn compile_unseen(source: &str, limits: Limits) -> Result<Self, String> {
        Self::compile(source, limits).map_err(|_message| {
            match Script::mistake(source, limits.bytes).and_then(|at| source.get(..at)) {
                Some(before) => {
                    let line = before.rsplit('\n').next().unwrap_or_default();
                    let lines = before.matches('\n').count();
                    format!("line {}, column {}", lines + 1, line.chars().count() + 1)
                }
                None => "it can't be said in which line".to_owned(),
            }
        })
    }

    /// The program.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The event, corrected, as the value of a record of the raw topic. A body that the program makes an object or an array of is
    /// written as JSON.
    ///
    /// # Errors
    /// When the program fails, or leaves something that can't be an event.
    pub fn apply(&self, event: &RawEvent<'_>) -> Result<Vec<u8>, EditError> {
        let body = std::str::from_utf8(event.body).map_err(|_| unfit("the body is no text (UTF-8)"))?;
        let attributes = event.attributes.iter().map(|(name, value)| ((*name).into(), Value::from(*value)));
        let fields = [
            ("body", Value::from(body)),
            ("format", Value::from(event.format)),
            ("source", Value::from(event.source)),
            ("attributes", Value::Object(attributes.collect())),
        ];
        let mut value = Value::Object(fields.into_iter().map(|(name, field)| (name.into(), field)).collect());
        let mut known = if self.script.reads_metadata { metadata(event, Format::Auto) } else { Value::Null };
        let _last = Machine::new("UTC")
            .run(&self.script, &mut value, &mut known, &self.limits)
            .map_err(|failure| EditError { error_type: failure.error_type, reason: failure.reason })?;
        let Value::Object(fields) = value else { return Err(unfit("`.` is no object any more")) };
        let body = match fields.get("body") {
            Some(json @ (Value::Object(_) | Value::Array(_))) => {
                serde_json::to_string(json).map_err(|error| unfit(&error.to_string()))?
            }
            _ => text(&fields, "body")?,
        };
        let (format, source) = (text(&fields, "format")?, text(&fields, "source")?);
        let Some(Value::Object(attributes)) = fields.get("attributes") else {
            return Err(unfit("`.attributes` is no object"));
        };
        let names: Result<Vec<(&str, String)>, EditError> =
            attributes.keys().map(|name| Ok((name.as_str(), text(attributes, name)?))).collect();
        let attributes = names?;
        let shared = RawEvent {
            format: &format,
            source: &source,
            attributes: attributes.iter().map(|(name, value)| (*name, value.as_str())).collect(),
            ..event.clone()
        };
        let mut out = Vec::new();
        RawTemplate::new(&shared).push(&mut out, event.id, body.as_bytes());
        // What a program leaves may be too much for an event: attributes are counted.
        let _event = RawEvent::read(&out).map_err(|error| unfit(&error.to_string()))?;
        Ok(out)
    }
}

fn text(fields: &ObjectMap, name: &str) -> Result<String, EditError> {
    match fields.get(name) {
        Some(text @ (Value::Bytes(_) | Value::String(_))) => Ok(text.to_string_lossy().into_owned()),
        Some(_) => Err(unfit(&format!("`{name}` is no text any more"))),
        None => Err(unfit(&format!("`{name}` is gone"))),
    }
}

fn unfit(reason: &str) -> EditError {
    EditError { error_type: "unfit", reason: reason.to_owned() }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(source: &str) -> Result<(String, String, usize), EditError> {
        let event = RawEvent {
            id: "e",
            tenant: "acme",
            format: "json",
            source: "http",
            attributes: vec![("a", "1"), ("b", "2")],
            attempt: 3,
            body: b"{\"n\":\"x7\"",
            ..RawEvent::default()
        };
        let value = Edit::compile(source, Limits::default()).unwrap().apply(&event)?;
        let after = RawEvent::read(&value).unwrap();
        assert_eq!((after.id, after.tenant, after.attempt), ("e", "acme", 3), "what isn't shown stays");
        Ok((
            String::from_utf8_lossy(after.body).into_owned(),
            after.format.to_owned(),
            after.attributes.len(),
        ))
    }

    #[test]
    fn a_program_corrects_body_format_source_and_attributes() {
        let all = edited(
            ".body = string!(.body) + \"}\"\n.format = \"auto\"\ndel(.attributes.a)\n.attributes.t = %tenant",
        );
        assert_eq!(all.unwrap(), ("{\"n\":\"x7\"}".to_owned(), "auto".to_owned(), 2));
        assert_eq!(edited(".body = {\"n\": 7}").unwrap().0, "{\"n\":7}");
    }

    /// Scenario: a file that is no program, or one that doesn't compile, is given as a correction.
    /// Guarantees: what is wrong is told by its place, and nothing of the file is.
    #[test]
    fn a_program_from_a_file_is_not_quoted() {
        let why = |source: &str| Edit::compile_unseen(source, Limits::default()).unwrap_err();
        assert_eq!(why("root:$6$secret:19000:0:99999:7:::\nbin:*:1\n"), "line 1, column 5");
        assert_eq!(why(".format = \"json\"\n.body = secret"), "line 2, column 9");
        assert_eq!(why(".body = \"é\" + secret(1)"), "line 1, column 15");
        for source in [
            ".a[99999999] = \"secret\"",
            "secret",
            "\"secret",
            "secret = ",
            "{\"secret\": }",
            ".a = 1\n.body = \"secret\" * length(.)",
        ] {
            assert!(!why(source).contains("secret"), "{source}: {}", why(source));
        }
        assert!(Edit::compile_unseen(".a = 1", Limits::default()).is_ok());
    }

    /// Guarantees: whatever a program leaves that can't be an event is refused, with the place.
    #[test]
    fn what_can_be_no_event_is_refused() {
        for (source, error_type) in [
            (".body = 7", "unfit"),
            ("del(.format)", "unfit"),
            (". = 1", "unfit"),
            (".attributes.a = [1]", "unfit"),
            (".attributes = null", "unfit"),
            ("abort", "vrl_abort"),
            (".n = to_int!(.body)", "vrl_error"),
        ] {
            assert_eq!(edited(source).unwrap_err().error_type, error_type, "{source}");
        }
        let binary = RawEvent { id: "e", tenant: "acme", body: b"\xff", ..RawEvent::default() };
        let edit = Edit::compile(".a = 1", Limits::default()).unwrap();
        assert_eq!(edit.apply(&binary).unwrap_err().reason, "the body is no text (UTF-8)");
    }
}
