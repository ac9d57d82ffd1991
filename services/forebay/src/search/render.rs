//! A document as a line for people: time, host (or else service), level, message. Pure.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::output::term::{Colour, Style, safe};
use crate::when;

/// Makes lines.
#[derive(Clone, Debug)]
pub(crate) struct Renderer {
    style: Style,
    zone: TimeZone,
}

impl Renderer {
    pub(crate) fn new(style: Style, zone: TimeZone) -> Self {
        Self { style, zone }
    }

    /// One line, without its end. What isn't a document of ours is shown as it is.
    pub(crate) fn line(&self, timestamp_ms: i64, document: &str) -> String {
        let time = when::local(timestamp_ms, &self.zone);
        let time = self.style.paint(Colour::Dim, &time);
        let Ok(fields) = serde_json::from_str::<Map<String, Value>>(document) else {
            return format!("{time} {}", safe(document));
        };
        let mut line = time.into_owned();
        if let Some(origin) = text(&fields, "host.name").or_else(|| text(&fields, "service.name")) {
            line.push(' ');
            line.push_str(&self.style.paint(Colour::Cyan, &safe(&origin)));
        }
        if let Some(level) = text(&fields, "log.level") {
            let level = safe(&level).to_uppercase();
            line.push(' ');
            line.push_str(&self.style.paint(colour(&level), &level));
        }
        line.push(' ');
        line.push_str(&safe(&message(&fields).unwrap_or_else(|| document.to_owned())));
        line
    }
}

fn message(fields: &Map<String, Value>) -> Option<String> {
    text(fields, "message")
        .filter(|message| !is_request_line(fields, message))
        .or_else(|| request(fields))
        .or_else(|| text(fields, "event.original"))
}

/// Whether the message is no more than an access log's `GET /x HTTP/1.1`, which leaves out who asked and what came of it.
fn is_request_line(fields: &Map<String, Value>, message: &str) -> bool {
    let (Some(method), Some(url)) = (text(fields, "http.request.method"), text(fields, "url.original"))
    else {
        return false;
    };
    let rest = message.strip_prefix(&method).and_then(|rest| rest.strip_prefix(' '));
    rest.and_then(|rest| rest.strip_prefix(&url))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(" HTTP/"))
}

/// What a line of an access log says: client, method, URL, status.
fn request(fields: &Map<String, Value>) -> Option<String> {
    let method = text(fields, "http.request.method")?;
    let url = text(fields, "url.original").or_else(|| text(fields, "url.path"))?;
    let status = text(fields, "http.response.status_code").unwrap_or_default();
    let client = text(fields, "source.ip").or_else(|| text(fields, "source.address")).unwrap_or_default();
    Some(format!("{client} {method} {url} {status}").trim().to_owned())
}

/// A field by its path, whether it stands in nested objects or under a name with dots.
fn text(fields: &Map<String, Value>, path: &str) -> Option<String> {
    let Some(value) = fields.get(path) else {
        let (first, rest) = path.split_once('.')?;
        return text(fields.get(first)?.as_object()?, rest);
    };
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn colour(level: &str) -> Colour {
    match level {
        "ERROR" | "ERR" | "CRITICAL" | "CRIT" | "ALERT" | "EMERG" | "EMERGENCY" | "FATAL" => Colour::Red,
        "WARN" | "WARNING" => Colour::Yellow,
        "DEBUG" | "TRACE" => Colour::Dim,
        _ => Colour::Green,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(style: Style, document: &str) -> String {
        Renderer::new(style, TimeZone::UTC).line(1_795_255_200_123, document)
    }

    #[test]
    fn a_document_is_a_line() {
        let document = r#"{"host":{"name":"web-1"},"log.level":"error","message":"a\u001b[2Jb\nc"}"#;
        assert_eq!(line(Style::PLAIN, document), "2026-11-21 10:00:00.123 web-1 ERROR a\\u{1b}[2Jb\\nc");
        assert!(line(Style::COLOURED, document).contains("\x1b[31mERROR\x1b[0m"));
    }

    #[test]
    fn what_has_no_message_shows_what_it_has() {
        let access = r#"{"http":{"request":{"method":"GET"},"response":{"status_code":404}},"url":{"original":"/x"},"source":{"ip":"10.0.0.1"}}"#;
        assert_eq!(line(Style::PLAIN, access), "2026-11-21 10:00:00.123 10.0.0.1 GET /x 404");
        let parsed = access.replacen('{', r#"{"message":"GET /x HTTP/1.1","#, 1);
        assert_eq!(line(Style::PLAIN, &parsed), line(Style::PLAIN, access), "a request line says less");
        let other = access.replacen('{', r#"{"service":{"name":"shop"},"message":"GET failed","#, 1);
        assert_eq!(line(Style::PLAIN, &other), "2026-11-21 10:00:00.123 shop GET failed");
        assert_eq!(line(Style::PLAIN, r#"{"a":1}"#), r#"2026-11-21 10:00:00.123 {"a":1}"#);
        assert_eq!(line(Style::PLAIN, "[1]"), "2026-11-21 10:00:00.123 [1]");
    }
}
