//! IBM's Log Event Extended Format: `LEEF:1.0|vendor|product|version|event|key=value<tab>key=value`, alone or in syslog.
//!
//! Version 2.0 has one more part in the header, what separates the pairs: a character, or its code as `x5E` or `0x5E`; a tab if
//! it is empty. The event's id becomes `event.code`, keys of the dictionary become their ECS fields, and others keep their names.
//! Nothing in it is a message, so that the whole line is.
//!
//! Source: <https://www.ibm.com/docs/en/dsm?topic=leef-overview>, <https://www.ibm.com/docs/en/dsm?topic=overview-predefined-leef-event-attributes>.

use std::borrow::Cow;

use super::members::{Members, To, put, put_text};
use super::{Context, Guess, Reader, syslog};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

pub(crate) const READER: Reader = Reader {
    guess: Some(Guess { first: |byte| byte == b'L', looks_like: |line| line.starts_with(START) }),
    read: |line, context, shape| {
        if line.starts_with(START) {
            return read(line, context, shape);
        }
        syslog::read_around(line, START, |event| Header::split(event).is_some(), context, shape)
    },
};

/// What every event begins with.
pub(crate) const START: &str = "LEEF:";

/// The keys of the dictionary that the schema has a place for.
const KEYS: &[(&str, To)] = &[
    ("accountName", To::Field(Field::UserName)),
    ("dst", To::Field(Field::DestinationIp)),
    ("dstBytes", To::Field(Field::DestinationBytes)),
    ("dstMAC", To::Name("destination.mac")),
    ("dstPackets", To::Name("destination.packets")),
    ("dstPort", To::Field(Field::DestinationPort)),
    ("dstPostNAT", To::Name("destination.nat.ip")),
    ("dstPostNATPort", To::Name("destination.nat.port")),
    ("identHostName", To::Field(Field::HostHostname)),
    ("policy", To::Field(Field::RuleName)),
    ("proto", To::Field(Field::NetworkTransport)),
    ("resource", To::Name("observer.resource")),
    ("sev", To::Field(Field::EventSeverity)),
    ("src", To::Field(Field::SourceIp)),
    ("srcBytes", To::Field(Field::SourceBytes)),
    ("srcMAC", To::Name("source.mac")),
    ("srcPackets", To::Name("source.packets")),
    ("srcPort", To::Field(Field::SourcePort)),
    ("srcPostNAT", To::Name("source.nat.ip")),
    ("srcPostNATPort", To::Name("source.nat.port")),
    ("url", To::Field(Field::UrlOriginal)),
    ("usrName", To::Field(Field::UserName)),
];

#[derive(Clone, Copy, Debug)]
struct Header<'a> {
    version: &'a str,
    vendor: &'a str,
    product: &'a str,
    product_version: &'a str,
    event: &'a str,
    separator: char,
    pairs: &'a str,
}

impl<'a> Header<'a> {
    fn split(line: &'a str) -> Option<Self> {
        let (version, rest) = line.strip_prefix(START)?.split_once('|')?;
        let has_separator = match version {
            "1.0" | "1" => false,
            "2.0" | "2" => true,
            _ => return None,
        };
        let (vendor, rest) = rest.split_once('|')?;
        let (product, rest) = rest.split_once('|')?;
        let (product_version, rest) = rest.split_once('|')?;
        let (event, pairs) = rest.split_once('|')?;
        if event.is_empty() {
            return None;
        }
        let mut found = Self { version, vendor, product, product_version, event, separator: '\t', pairs };
        if let Some((code, after)) = pairs.split_once('|').filter(|_| has_separator)
            && let Some(separator) = separator(code)
        {
            (found.separator, found.pairs) = (separator, after);
        }
        Some(found)
    }
}

/// The character that stands between pairs. None where the text is none, and so is a pair itself.
fn separator(code: &str) -> Option<char> {
    let mut chars = code.chars();
    match (chars.next(), chars.next()) {
        (None, _) => Some('\t'),
        (Some(one), None) => Some(one),
        _ => {
            let hex = code.strip_prefix("0x").or_else(|| code.strip_prefix('x'))?;
            if hex.len() > 4 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            char::from_u32(u32::from_str_radix(hex, 16).ok()?)
        }
    }
}

/// Reads an event that begins here. None where it is none; nothing has been set then.
pub(crate) fn read<'a>(
    line: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    let header = Header::split(line)?;
    if header.pairs.split(header.separator).count() > context.limits.nodes {
        return None;
    }
    let _free = shape.set_text(Field::Message, line);
    put_text(shape, To::Name("observer.vendor"), header.vendor);
    put_text(shape, To::Name("observer.product"), header.product);
    put_text(shape, To::Name("observer.version"), header.product_version);
    put_text(shape, To::Name("leef.version"), header.version);
    put_text(shape, To::Field(Field::EventCode), header.event);

    let mut members = Members::new(&mut shape.tree, context.limits);
    let mut stamp = None;
    // What has no key is in the message.
    for (key, value) in header.pairs.split(header.separator).filter_map(|pair| pair.split_once('=')) {
        let (key, text) = (key.trim(), value.trim());
        if key == "devTime" && stamp.is_none() {
            stamp = context.clock.read(text.as_bytes(), context.received).map(|ms| (ms, text));
            if stamp.is_some() {
                continue;
            }
        }
        let value = Value::Text(Cow::Borrowed(text));
        match KEYS.binary_search_by_key(&key, |(name, _)| name) {
            Ok(at) => put(shape, KEYS.get(at).map_or(To::Name("leef.value"), |(_, to)| *to), value),
            Err(_) => members.add(&mut shape.tree, key, value).unwrap_or_default(),
        }
    }
    Some(members.place_at(shape, stamp))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use super::*;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "leef",
        auto: &[Format::Leef, Format::Syslog],
        read: &[
            (
                "LEEF:1.0|Acme|Mail|4.0|15345|src=192.0.2.0\tdst=172.50.123.1\tsev=5\tcat=anomaly\tsrcPort=81\tusrName=joe.black\tdevTime=Nov 21 2026 08:59:58",
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "observer": {"vendor": "Acme", "product": "Mail", "version": "4.0"},
                "leef": {"version": "1.0"}, "event": {"code": "15345", "severity": 5}, "source": {"ip": "192.0.2.0", "port": 81},
                "destination": {"ip": "172.50.123.1"}, "cat": "anomaly", "user": {"name": "joe.black"},
                "message": "LEEF:1.0|Acme|Mail|4.0|15345|src=192.0.2.0\tdst=172.50.123.1\tsev=5\tcat=anomaly\tsrcPort=81\tusrName=joe.black\tdevTime=Nov 21 2026 08:59:58"}"#,
            ),
            (
                "LEEF:2.0|Acme|Gate|1|login|^|src=10.0.0.1^url=/a?b=c^lost",
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "observer": {"vendor": "Acme", "product": "Gate", "version": "1"},
                "leef": {"version": "2.0"}, "event": {"code": "login"}, "source": {"ip": "10.0.0.1"}, "url": {"original": "/a?b=c"},
                "message": "LEEF:2.0|Acme|Gate|1|login|^|src=10.0.0.1^url=/a?b=c^lost"}"#,
            ),
            (
                "<13>Nov 21 08:59:58 gate LEEF:2.0|Acme|Gate|1|login|x7C|sev=1|a=b",
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "observer": {"vendor": "Acme", "product": "Gate", "version": "1"},
                "leef": {"version": "2.0"}, "event": {"code": "login", "severity": 1}, "a": "b", "host": {"name": "gate"},
                "message": "LEEF:2.0|Acme|Gate|1|login|x7C|sev=1|a=b",
                "log": {"level": "notice", "syslog": {"priority": 13, "facility": {"code": 1, "name": "user"},
                "severity": {"code": 5, "name": "notice"}}}}"#,
            ),
        ],
        refused: &[
            "",
            "LEEF:",
            "LEEF:1.0|a|b|c",
            "LEEF:3.0|a|b|c|d|",
            "LEEF:1.0|a|b|c||x=y",
            "leef:1.0|a|b|c|d|",
            "x LEEF:1.0|a|b|c|d|",
        ],
    };

    #[test]
    fn keys_are_sorted_for_the_search() {
        assert!(KEYS.is_sorted_by_key(|(key, _)| *key));
    }

    #[test]
    fn the_separator_is_a_character_or_its_code() {
        for (code, is) in [("", '\t'), ("^", '^'), ("x5E", '^'), ("0x09", '\t'), ("é", 'é'), ("xa6", '¦')]
        {
            assert_eq!(separator(code), Some(is), "{code}");
        }
        for pair in ["a=b", "x", "xyz", "0x110000", "x5E="] {
            assert_eq!(separator(pair).filter(|_| pair.len() > 1), None, "{pair}");
        }
    }
}
