//! What a body is: lines of JSON, lines of text, one JSON array, one JSON object or a row of them. Declared by the content type, or
//! found out from the first bytes.
//!
//! Shippers often send NDJSON as `application/json`, and everyone types `curl -d`, which says
//! `application/x-www-form-urlencoded`. So "JSON" means any arrangement of JSON, and the form type means nothing.

use thiserror::Error;

use crate::json::{Fault, JsonError, Validator, skip_space};

/// What the content type says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Declared {
    /// JSON of whatever arrangement.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// One event a line, of any bytes.
    Text,
    /// Nothing; the body is looked at.
    Unknown,
}

/// How a body divides into events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// A JSON array; each element is an event.
    Array,
    /// The whole body is one JSON object.
    Object,
    /// JSON values one after another, several in a line; each is an event.
    Stream,
    /// Each line is a JSON object.
    JsonLines,
    /// Each line is an event of any bytes.
    TextLines,
}

/// A content type that isn't taken.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("content type `{0}` is not supported")]
pub struct UnknownContentType(pub String);

impl Declared {
    /// Reads a `Content-Type` header (RFC 9110, section 8.3). Parameters such as `charset` are ignored: JSON is always
    /// UTF-8, and lines are taken as bytes.
    ///
    /// # Errors
    /// When it names a type that is neither JSON nor text.
    pub fn from_content_type(header: Option<&str>) -> Result<Self, UnknownContentType> {
        let essence = header.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "" | "application/x-www-form-urlencoded" => Ok(Self::Unknown),
            "application/json" | "text/json" => Ok(Self::Json),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonlines"
            | "application/x-jsonlines"
            | "application/jsonl" => Ok(Self::Ndjson),
            "text/plain" => Ok(Self::Text),
            _ => Err(UnknownContentType(essence.to_owned())),
        }
    }
}

impl Shape {
    /// Whether events of this shape are JSON.
    #[must_use]
    pub const fn is_json(self) -> bool {
        !matches!(self, Self::TextLines)
    }

    /// Decides how `body` divides, from `start` on. `format` is the format that the sender declared for the events;
    /// empty if it didn't.
    #[must_use]
    pub fn of(
        body: &[u8],
        start: usize,
        declared: Declared,
        format: &str,
        validator: &mut Validator,
    ) -> Self {
        let first = body.get(skip_space(body, start));
        match (declared, format, first) {
            (Declared::Ndjson, ..) | (Declared::Text, "json", _) => Self::JsonLines,
            (Declared::Text, ..) => Self::TextLines,
            (Declared::Json, _, Some(b'[')) => Self::Array,
            (Declared::Json, ..) => Self::of_object(body, start, validator),
            (Declared::Unknown, "" | "json", Some(b'{')) => Self::of_object(body, start, validator),
            // Many text formats begin with a bracket, so here only a whole array counts.
            (Declared::Unknown, "", Some(b'['))
                if validator.document(body.get(start..).unwrap_or_default()).is_ok() =>
            {
                Self::Array
            }
            (Declared::Unknown, "json", Some(b'[')) => Self::Array,
            (Declared::Unknown, "json", _) => Self::JsonLines,
            (Declared::Unknown, ..) => Self::TextLines,
        }
    }

    /// An object that goes on after the end of its first line is a single, indented one. One behind which another begins in
    /// the same line is the first of a row. Otherwise each line stands for itself, so that a broken one is refused alone.
    fn of_object(body: &[u8], start: usize, validator: &mut Validator) -> Self {
        let first = skip_space(body, start);
        let rest = body.get(first..).unwrap_or_default();
        let line = rest.get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default();
        match validator.document(line) {
            Err(JsonError { fault: Fault::Ends, .. }) if line.len() < rest.len() => Self::Object,
            Err(JsonError { fault: Fault::Trailing, at }) if line.get(at) == Some(&b'{') => Self::Stream,
            _ => Self::JsonLines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(body: &str, content_type: &str) -> Shape {
        let declared = Declared::from_content_type(Some(content_type)).unwrap();
        Shape::of(body.as_bytes(), 0, declared, "", &mut Validator::new(16))
    }

    #[test]
    fn the_content_type_decides() {
        assert_eq!(shape("[1]", "application/x-ndjson"), Shape::JsonLines);
        assert_eq!(shape("{}", "text/plain; charset=utf-8"), Shape::TextLines);
        assert_eq!(shape(" [{}]", "Application/JSON"), Shape::Array);
        assert_eq!(shape("[{}", "application/json"), Shape::Array);
    }

    #[test]
    fn json_may_be_one_object_or_lines() {
        assert_eq!(shape("{\n  \"a\": 1\n}\n", "application/json"), Shape::Object);
        assert_eq!(shape("\n{\n  \"a\": 1 x\n}\n", "application/json"), Shape::Object);
        assert_eq!(shape("{\"a\":1}", "application/json"), Shape::JsonLines);
        assert_eq!(shape("{\"a\":1}\n{\"a\":2}\n", "application/json"), Shape::JsonLines);
        assert_eq!(shape("{\"a\":1\n", "application/json"), Shape::Object);
        assert_eq!(shape("{\"a\" 1}\n{\"a\":2}\n", "application/json"), Shape::JsonLines);
    }

    #[test]
    fn objects_in_one_line_are_a_row() {
        assert_eq!(shape("{\"a\":1}{\"a\":2}", "application/json"), Shape::Stream);
        assert_eq!(shape("{\"a\":1} {\"a\":2", ""), Shape::Stream);
        assert_eq!(shape("{\"a\":1}{\"a\":2}", "application/x-ndjson"), Shape::JsonLines);
        assert_eq!(shape("{\"a\":1}}", "application/json"), Shape::JsonLines);
    }

    #[test]
    fn without_a_content_type_the_body_is_looked_at() {
        for form in ["", "application/x-www-form-urlencoded"] {
            assert_eq!(shape("{\"a\":1}", form), Shape::JsonLines);
            assert_eq!(shape("{\n\"a\":1}", form), Shape::Object);
            assert_eq!(shape("[{\"a\":1}]", form), Shape::Array);
            assert_eq!(shape("[error] it broke\n", form), Shape::TextLines);
            assert_eq!(shape("<34>1 - - - - - - it broke", form), Shape::TextLines);
        }
    }

    #[test]
    fn a_declared_format_wins_over_a_look_at_the_body() {
        let of = |body: &str, declared, format| {
            Shape::of(body.as_bytes(), 0, declared, format, &mut Validator::new(16))
        };
        assert_eq!(of("[1]", Declared::Unknown, "nginx"), Shape::TextLines);
        assert_eq!(of("{}", Declared::Text, "json"), Shape::JsonLines);
        assert_eq!(of("nothing", Declared::Unknown, "json"), Shape::JsonLines);
    }

    #[test]
    fn other_types_are_refused() {
        let error = Declared::from_content_type(Some("application/xml; q=1")).unwrap_err();
        assert_eq!(error.to_string(), "content type `application/xml` is not supported");
        assert_eq!(Declared::from_content_type(None), Ok(Declared::Unknown));
    }
}
