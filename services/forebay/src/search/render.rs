//! A document as a line for people: time, host (or else service), level, message. Pure.
//!
//! Documents have one of three schemas, and a search may find all: ECS has its fields at the top, OpenTelemetry's data model most of them
//! among attributes, and `raw` the names that the sender gave. So each part of the line is looked for under several names.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::output::term::{Colour, Style, safe};
use crate::when;

/// Where an event came from.
const ORIGIN: &[&str] = &["host.name", "service.name", "host", "hostname", "service"];
/// How bad it is.
const LEVEL: &[&str] = &["log.level", "severity_text", "level", "severity", "lvl", "levelname"];
/// What it says.
const MESSAGE: &[&str] = &["message", "body.text", "msg", "log", "body", "short_message", "event"];
/// Where what a document says of something stands, beside the top; and a message that is an object.
const SECTIONS: [&str; 3] = ["attributes.", "resource.attributes.", "body.structured."];
/// What is ours in a document, and says nothing of the event.
const OURS: &[&str] = &[
    "@timestamp",
    "observed_timestamp",
    "event.created",
    "event.ingested",
    "event.id",
    "log.record.uid",
    "organization.id",
    "ecs.version",
];

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
        let (origin, level) = (first(&fields, ORIGIN), first(&fields, LEVEL));
        if let Some((_, origin)) = &origin {
            line.push(' ');
            line.push_str(&self.style.paint(Colour::Cyan, &safe(origin)));
        }
        if let Some((_, level)) = &level {
            let level = safe(level).to_uppercase();
            line.push(' ');
            line.push_str(&self.style.paint(colour(&level), &level));
        }
        line.push(' ');
        let shown: Vec<&str> = [origin, level].into_iter().flatten().map(|(name, _)| name).collect();
        let others = || Some(pairs(&fields, &shown)).filter(|pairs| !pairs.is_empty());
        let rest = message(&fields).or_else(others).unwrap_or_else(|| document.to_owned());
        line.push_str(&safe(&rest));
        line
    }
}

fn message(fields: &Map<String, Value>) -> Option<String> {
    first(fields, MESSAGE)
        .map(|(_, message)| message)
        .filter(|message| !is_request_line(fields, message))
        .or_else(|| request(fields))
        .or_else(|| fields.get("body")?.get("structured")?.as_object().map(|body| pairs(body, &[])))
        .or_else(|| field(fields, "event.original"))
}

/// Whether the message is no more than an access log's `GET /x HTTP/1.1`, which leaves out who asked and what came of it.
fn is_request_line(fields: &Map<String, Value>, message: &str) -> bool {
    let (Some(method), Some(url)) = (field(fields, "http.request.method"), field(fields, "url.original"))
    else {
        return false;
    };
    let rest = message.strip_prefix(&method).and_then(|rest| rest.strip_prefix(' '));
    rest.and_then(|rest| rest.strip_prefix(&url))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(" HTTP/"))
}

/// What a line of an access log says: client, method, URL, status.
fn request(fields: &Map<String, Value>) -> Option<String> {
    let method = field(fields, "http.request.method")?;
    let (_, url) = first(fields, &["url.original", "url.path"])?;
    let status = field(fields, "http.response.status_code").unwrap_or_default();
    let client =
        first(fields, &["source.ip", "source.address"]).map(|(_, client)| client).unwrap_or_default();
    Some(format!("{client} {method} {url} {status}").trim().to_owned())
}

/// The first of these fields that is there.
fn first<'a>(fields: &Map<String, Value>, names: &[&'a str]) -> Option<(&'a str, String)> {
    names.iter().find_map(|name| Some((*name, field(fields, name)?)))
}

/// A field, wherever its schema has it.
fn field(fields: &Map<String, Value>, name: &str) -> Option<String> {
    text(fields, name)
        .or_else(|| SECTIONS.iter().find_map(|section| text(fields, &format!("{section}{name}"))))
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

/// What there is beside what is `shown` already, as `name=value`, sorted.
fn pairs(fields: &Map<String, Value>, shown: &[&str]) -> String {
    let mut pairs = Vec::new();
    collect(fields, "", shown, &mut pairs);
    pairs.sort_unstable();
    pairs.join(" ")
}

fn collect(fields: &Map<String, Value>, before: &str, shown: &[&str], pairs: &mut Vec<String>) {
    for (name, value) in fields {
        let path = format!("{before}{name}");
        if let Value::Object(inner) = value {
            collect(inner, &format!("{path}."), shown, pairs);
            continue;
        }
        let name = SECTIONS.iter().find_map(|section| path.strip_prefix(section)).unwrap_or(&path);
        if OURS.contains(&name) || shown.contains(&name) {
            continue;
        }
        let is_word = |text: &&str| !text.is_empty() && !text.contains([' ', '"', '=']);
        match value.as_str().filter(is_word) {
            Some(word) => pairs.push(format!("{name}={word}")),
            None => pairs.push(format!("{name}={value}")),
        }
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
        assert_eq!(
            line(Style::PLAIN, r#"{"@timestamp":"t","a":1,"b":{"c":"x y","d":[1]},"log":{"level":"info"}}"#),
            r#"2026-11-21 10:00:00.123 INFO a=1 b.c="x y" b.d=[1]"#
        );
        assert_eq!(line(Style::PLAIN, "[1]"), "2026-11-21 10:00:00.123 [1]");
    }

    /// Scenario: documents in the data model of OpenTelemetry: of an application, of an access log, with a message that is an object, and
    /// without any.
    /// Guarantees: each is a line like those of ECS.
    #[test]
    fn a_document_of_opentelemetry_is_a_line() {
        let resource =
            r#""resource":{"attributes":{"organization.id":"acme","service.name":"cart","host.name":"h"}}"#;
        let of = |rest: &str| line(Style::PLAIN, &format!("{{{resource},{rest}}}"));
        let application =
            r#""severity_text":"warn","severity_number":13,"body":{"text":"hello"},"attributes":{"x":1}"#;
        assert_eq!(of(application), "2026-11-21 10:00:00.123 h WARN hello");
        let access = r#""body":{"text":"GET /x HTTP/1.1"},"attributes":{"http.request.method":"GET","url.original":"/x",
            "http.response.status_code":404,"source.address":"10.0.0.1"}"#;
        assert_eq!(of(access), "2026-11-21 10:00:00.123 h 10.0.0.1 GET /x 404");
        let structured = r#""body":{"structured":{"user":"me","order":{"id":7}}},"attributes":{"x":1}"#;
        assert_eq!(of(structured), "2026-11-21 10:00:00.123 h order.id=7 user=me");
        assert_eq!(
            of(r#""attributes":{"log.record.uid":"1","user":"me"}"#),
            "2026-11-21 10:00:00.123 h service.name=cart user=me"
        );
        let event = r#""body":{"structured":{"message":"placed","id":7}}"#;
        assert_eq!(of(event), "2026-11-21 10:00:00.123 h placed");
    }

    /// Scenario: documents with the sender's own names.
    /// Guarantees: those that are usual are known; of the others each is shown with its name, and nothing steers the terminal.
    #[test]
    fn a_raw_document_is_a_line() {
        let usual = r#"{"level":"error","hostname":"web-1","msg":"timed out","organization":{"id":"acme"}}"#;
        assert_eq!(line(Style::PLAIN, usual), "2026-11-21 10:00:00.123 web-1 ERROR timed out");
        let own = r#"{"vorgang":"kasse\u001b[2J","betrag":3.5,"event":{"ingested":"t"},"organization":{"id":"acme"},"leer":""}"#;
        assert_eq!(
            line(Style::PLAIN, own),
            r#"2026-11-21 10:00:00.123 betrag=3.5 leer="" vorgang=kasse\u{1b}[2J"#
        );
    }
}
