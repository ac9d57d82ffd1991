//! The Common Event Format: `CEF:0|vendor|product|version|class|name|severity|key=value key=value`, alone or in syslog.
//!
//! In the header `\|` and `\\` are escaped, in the extension `\=`, `\\`, `\n` and `\r`; values may have spaces in them, so
//! that what ends one is the next key. The header becomes `observer.*`, `event.code`, `event.severity` (where it is a number)
//! and the message, keys of the dictionary become their ECS fields; other keys keep their names, `cs1` and `cs1Label` too.
//! The message of the event, `msg`, takes precedence over the name in the header, which is then kept as `rule.name`.
//!
//! Source: <https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors-8.4/cef-implementation-standard/>,
//! <https://www.elastic.co/guide/en/beats/filebeat/current/processor-decode-cef.html>.

use std::borrow::Cow;

use super::members::{Members, To, put, put_text};
use super::quoted::unescaped;
use super::{Context, Guess, Reader, syslog};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

pub(crate) const READER: Reader = Reader {
    guess: Some(Guess { first: |byte| byte == b'C', looks_like: |line| line.starts_with(START) }),
    read: |line, context, shape| {
        if line.starts_with(START) {
            return read(line, context, shape);
        }
        syslog::read_around(line, START, |event| Header::split(event).is_some(), context, shape)
    },
};

/// What every event begins with.
pub(crate) const START: &str = "CEF:";

/// The keys of the dictionary that the schema has a place for.
const KEYS: &[(&str, To)] = &[
    ("act", To::Field(Field::EventAction)),
    ("app", To::Field(Field::NetworkProtocol)),
    ("deviceDirection", To::Name("network.direction")),
    ("deviceExternalId", To::Name("observer.serial_number")),
    ("deviceFacility", To::Field(Field::LogSyslogFacilityName)),
    ("deviceInboundInterface", To::Name("observer.ingress.interface.name")),
    ("deviceOutboundInterface", To::Name("observer.egress.interface.name")),
    ("deviceProcessName", To::Field(Field::ProcessName)),
    ("dhost", To::Field(Field::DestinationDomain)),
    ("dmac", To::Name("destination.mac")),
    ("dpid", To::Name("destination.process.pid")),
    ("dpt", To::Field(Field::DestinationPort)),
    ("dst", To::Field(Field::DestinationIp)),
    ("duid", To::Name("destination.user.id")),
    ("duser", To::Name("destination.user.name")),
    ("dvc", To::Field(Field::ObserverIp)),
    ("dvchost", To::Field(Field::ObserverHostname)),
    ("end", To::Field(Field::EventEnd)),
    ("externalId", To::Field(Field::EventId)),
    ("fileHash", To::Name("file.hash.value")),
    ("filePath", To::Field(Field::FilePath)),
    ("fname", To::Field(Field::FileName)),
    ("fsize", To::Field(Field::FileSize)),
    ("in", To::Field(Field::SourceBytes)),
    ("out", To::Field(Field::DestinationBytes)),
    ("outcome", To::Field(Field::EventOutcome)),
    ("proto", To::Field(Field::NetworkTransport)),
    ("reason", To::Field(Field::EventReason)),
    ("request", To::Field(Field::UrlOriginal)),
    ("requestClientApplication", To::Field(Field::UserAgentOriginal)),
    ("requestContext", To::Field(Field::HttpRequestReferrer)),
    ("requestMethod", To::Field(Field::HttpRequestMethod)),
    ("shost", To::Field(Field::SourceDomain)),
    ("smac", To::Name("source.mac")),
    ("spid", To::Name("source.process.pid")),
    ("spt", To::Field(Field::SourcePort)),
    ("src", To::Field(Field::SourceIp)),
    ("start", To::Field(Field::EventStart)),
    ("suid", To::Name("source.user.id")),
    ("suser", To::Field(Field::SourceUserName)),
];

/// The seven parts before the extension, still escaped.
#[derive(Clone, Copy, Debug)]
struct Header<'a> {
    /// Vendor, product, version, class, name and severity.
    parts: [&'a str; 6],
    version: &'a str,
    extension: &'a str,
}

impl<'a> Header<'a> {
    fn split(line: &'a str) -> Option<Self> {
        let (version, mut rest) = until_bar(line.strip_prefix(START)?)?;
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return None;
        }
        let mut parts = [""; 6];
        for part in &mut parts {
            // An event without an extension may end without its last bar.
            let (text, after) = until_bar(rest).unwrap_or((rest, ""));
            (*part, rest) = (text, after);
        }
        let [_, product, _, class, name, severity] = parts;
        if product.is_empty() && class.is_empty() || name.is_empty() || severity.len() > 16 {
            return None;
        }
        Some(Self { parts, version, extension: rest })
    }
}

/// Reads an event that begins here. None where it is none; nothing has been set then.
pub(crate) fn read<'a>(
    line: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    let header = Header::split(line)?;
    if memchr::memchr_iter(b'=', header.extension.as_bytes()).count() > context.limits.nodes {
        return None;
    }
    let [vendor, product, version, class, name, severity] = header.parts;
    let text = |part: &'a str| Value::Text(unescaped(part));
    let places = [
        ("observer.vendor", vendor),
        ("observer.product", product),
        ("observer.version", version),
        ("cef.version", header.version),
    ];
    for (to, part) in places.into_iter().filter(|(_, part)| !part.is_empty()) {
        put(shape, To::Name(to), text(part));
    }
    put(shape, To::Field(Field::EventCode), text(class));
    // Some write `High`.
    let is_number = severity.bytes().all(|byte| byte.is_ascii_digit());
    put_text(
        shape,
        if is_number { To::Field(Field::EventSeverity) } else { To::Field(Field::LogLevel) },
        severity,
    );

    let mut members = Members::new(&mut shape.tree, context.limits);
    let mut stamp = None;
    let (rest, pairs) = Pairs::of(header.extension);
    for (key, value) in pairs {
        if key == "rt" && stamp.is_none() {
            stamp = context.clock.read(value.as_bytes(), context.received).map(|ms| (ms, value));
            if stamp.is_some() {
                continue;
            }
        }
        let value = Value::Text(unescaped(value));
        match KEYS.binary_search_by_key(&key, |(name, _)| name) {
            Ok(at) => put(shape, KEYS.get(at).map_or(To::Name("cef.value"), |(_, to)| *to), value),
            Err(_) if key == "msg" => put(shape, To::Field(Field::Message), value),
            Err(_) => members.add(&mut shape.tree, key, value).unwrap_or_default(),
        }
    }
    if !rest.is_empty() {
        shape.labelled("cef_rest", Value::Text(Cow::Borrowed(rest)));
    }
    let time = members.place_at(shape, stamp);
    if shape.has(Field::Message) {
        put(shape, To::Field(Field::RuleName), text(name));
    } else {
        put(shape, To::Field(Field::Message), text(name));
    }
    Some(time)
}

/// What stands before a bar that no backslash escapes, and what stands behind it.
fn until_bar(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'|', b'\\', text.as_bytes().get(from..)?)?;
        if text.as_bytes().get(at) == Some(&b'|') {
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
        from = at + 2;
    }
}

/// The pairs of an extension, values still escaped.
#[derive(Clone, Debug)]
struct Pairs<'a> {
    key: Option<&'a str>,
    /// What follows the `=` of `key`.
    rest: &'a str,
}

impl<'a> Pairs<'a> {
    /// What stands before the first key, and the pairs.
    fn of(extension: &'a str) -> (&'a str, Self) {
        let (before, key, rest) = until_key(extension, true);
        (before.trim_matches(' '), Self { key, rest })
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.key?;
        let (value, next, rest) = until_key(self.rest, false);
        (self.key, self.rest) = (next, rest);
        Some((key, value.trim_end_matches(' ')))
    }
}

/// What stands before the next ` key=`, the key, and what follows the `=`. An `=` without a key is part of a value. Only at
/// the beginning of an extension a key needs no space before it.
fn until_key(text: &str, at_start: bool) -> (&str, Option<&str>, &str) {
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']');
    let bytes = text.as_bytes();
    let (mut from, mut word_from) = (0, 0);
    while let Some(at) = bytes.get(from..).and_then(|rest| memchr::memchr2(b'=', b'\\', rest)) {
        let at = from + at;
        if bytes.get(at) == Some(&b'\\') {
            from = at + 2;
            continue;
        }
        let before = text.get(word_from..at).unwrap_or("");
        let start = before.rfind(' ').map_or(word_from, |space| word_from + space + 1);
        let begins = start.checked_sub(1).map_or(at_start, |before| bytes.get(before) == Some(&b' '));
        let key = text.get(start..at).unwrap_or("");
        if begins && !key.is_empty() && key.bytes().all(is_key) {
            return (text.get(..start).unwrap_or(""), Some(key), text.get(at + 1..).unwrap_or(""));
        }
        (from, word_from) = (at + 1, at + 1);
    }
    (text, None, "")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use super::*;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "cef",
        auto: &[Format::Cef, Format::Syslog],
        read: &[
            (
                r"CEF:0|Acme\|Co|Gate|1.2|100|Worm stopped|10|src=10.0.0.1 dst=2.1.2.2 spt=1232 msg=Line one\nline \= two cs1=a b cs1Label=Policy",
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "observer": {"vendor": "Acme|Co", "product": "Gate", "version": "1.2"},
                "cef": {"version": "0"}, "event": {"code": "100", "severity": 10}, "source": {"ip": "10.0.0.1", "port": 1232},
                "destination": {"ip": "2.1.2.2"}, "message": "Line one\nline = two", "rule": {"name": "Worm stopped"},
                "cs1": "a b", "cs1Label": "Policy"}"#,
            ),
            (
                r"CEF:1|Acme|Gate||login|Login \\ failed|High|rt=Nov 21 2026 08:59:58 act=blocked suser=bob dhost=web fsize=x time=5",
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "observer": {"vendor": "Acme", "product": "Gate"},
                "cef": {"version": "1"}, "event": {"code": "login", "action": "blocked"}, "log": {"level": "High"},
                "source": {"user": {"name": "bob"}}, "destination": {"domain": "web"}, "unmapped": {"file.size": "x"},
                "time": "5", "message": "Login \\ failed"}"#,
            ),
            (
                "<134>Nov 21 08:59:58 fw-1 CEF:0|Acme|Gate|1|7|Dropped|3|cnt=2 proto=TCP",
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "observer": {"vendor": "Acme", "product": "Gate", "version": "1"},
                "cef": {"version": "0"}, "event": {"code": "7", "severity": 3}, "network": {"transport": "TCP"}, "cnt": "2",
                "host": {"name": "fw-1"}, "message": "Dropped",
                "log": {"level": "informational", "syslog": {"priority": 134, "facility": {"code": 16, "name": "local0"},
                "severity": {"code": 6, "name": "informational"}}}}"#,
            ),
            (
                "CEF:0|Acme|Gate|1|7|Bare|",
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "observer": {"vendor": "Acme", "product": "Gate", "version": "1"},
                "cef": {"version": "0"}, "event": {"code": "7"}, "message": "Bare"}"#,
            ),
        ],
        refused: &[
            "",
            "CEF:",
            "CEF:0|",
            "CEF:0|a|b|c|d",
            "CEF:x|a|b|c|d|e|1|",
            "cef:0|a|b|c|d|e|1|",
            "x CEF:0|a|b|c|d|e|1|",
        ],
    };

    #[test]
    fn keys_are_sorted_for_the_search() {
        assert!(KEYS.is_sorted_by_key(|(key, _)| *key));
    }

    #[test]
    fn an_extension_is_split_at_its_keys() {
        let pairs = |text| {
            let (rest, pairs) = Pairs::of(text);
            (rest, pairs.collect::<Vec<_>>())
        };
        assert_eq!(pairs("a=b=c d =e f=\\=g h="), ("", vec![("a", "b=c d =e"), ("f", "\\=g"), ("h", "")]));
        assert_eq!(pairs("lost a=b"), ("lost", vec![("a", "b")]));
        assert_eq!(pairs(""), ("", vec![]));
    }
}
