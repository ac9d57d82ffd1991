//! Lines of the kernel's packet filter (`LOG` of iptables, `log` of nftables, ufw), alone, behind the kernel's clock, or in syslog:
//! `prefix IN=eth0 OUT= MAC=... SRC=10.0.0.1 DST=10.0.0.2 LEN=60 ... PROTO=TCP SPT=1 DPT=22 ... SYN URGP=0`.
//!
//! The line is the message; its prefix is `rule.name` as well. Names without a place in the schema go to `iptables.*` in lower
//! case, flags to `iptables.flags`, the packet that an ICMP error quotes to `iptables.quoted`.
//!
//! Source: <https://manpages.debian.org/bookworm/iptables/iptables-extensions.8.en.html#LOG>,
//! names: <https://www.elastic.co/guide/en/beats/filebeat/current/exported-fields-iptables.html>.

use std::borrow::Cow;

use super::members::{To, put, put_scalar, put_text};
use super::{Guess, Reader, syslog};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

/// Guessed where the interface comes first, or the kernel's clock; behind a header of syslog its reader finds it.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| matches!(byte, b'I' | b'['),
        looks_like: |line| {
            matches!(line.as_bytes(), [b'I', b'N', b'=', ..] | [b'[', b' ' | b'0'..=b'9', ..])
                && line.contains(" OUT=")
        },
    }),
    read: |line, context, shape| {
        if !line.starts_with("IN=")
            && !line.starts_with('[')
            && Packet::split(line).is_some()
            && let Some(time) = (syslog::READER.read)(line, context, shape)
        {
            return Some(time);
        }
        read(line, shape)
    },
};

/// The names that have a place of their own; of the others each gets one in `iptables`.
const KEYS: &[(&str, To)] = &[
    ("DPT", To::Field(Field::DestinationPort)),
    ("DST", To::Field(Field::DestinationIp)),
    ("IN", To::Name("observer.ingress.interface.name")),
    ("LEN", To::Field(Field::NetworkBytes)),
    ("OUT", To::Name("observer.egress.interface.name")),
    ("PHYSIN", To::Name("iptables.physical_input_device")),
    ("PHYSOUT", To::Name("iptables.physical_output_device")),
    ("SPT", To::Field(Field::SourcePort)),
    ("SRC", To::Field(Field::SourceIp)),
    ("UID", To::Field(Field::UserId)),
    ("GID", To::Field(Field::GroupId)),
];

/// A line, and what a packet has in any case.
struct Packet<'a> {
    prefix: &'a str,
    pairs: &'a str,
}

impl<'a> Packet<'a> {
    fn split(line: &'a str) -> Option<Self> {
        let at = match line.strip_prefix("IN=") {
            Some(_) => 0,
            None => memchr::memmem::find(line.as_bytes(), b" IN=")? + 1,
        };
        let (prefix, pairs) = line.split_at_checked(at)?;
        (pairs.contains(" OUT=") && pairs.contains(" SRC=") && pairs.contains(" DST="))
            .then_some(Self { prefix, pairs })
    }
}

/// Reads a line without syslog's header. None where it is none; nothing has been set then.
pub(crate) fn read<'a>(line: &'a str, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    // The longest that the kernel writes in one go is 1 KiB.
    const MAX_WORDS: usize = 256;
    let Packet { prefix, pairs } = Packet::split(line)?;
    let (pairs, quoted) = match pairs.split_once(" [") {
        Some((pairs, rest)) => rest.rsplit_once(']').map_or((pairs, rest), |(quoted, _)| (pairs, quoted)),
        None => (pairs, ""),
    };
    if pairs.split(' ').count() > MAX_WORDS {
        return None;
    }
    let _free = shape.set_text(Field::Message, line);
    // `[12345.678901] ` is the kernel's clock, since its start.
    let named = match prefix.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((clock, rest)) if is_clock(clock) => {
            put_text(shape, To::Name("iptables.kernel_time"), clock.trim());
            rest
        }
        _ => prefix,
    };
    put_text(shape, To::Field(Field::RuleName), named.trim().trim_end_matches(':'));
    let mut flags = String::new();
    for word in pairs.split(' ').filter(|word| !word.is_empty()) {
        match word.split_once('=') {
            Some((key, value)) => place(key, value, shape),
            None => {
                flags.push_str(if flags.is_empty() { "" } else { " " });
                flags.push_str(word);
            }
        }
    }
    if !flags.is_empty() {
        put(shape, To::Name("iptables.flags"), Value::Text(Cow::Owned(flags)));
    }
    put_text(shape, To::Name("iptables.quoted"), quoted);
    Some(EventTime::Unknown)
}

fn place<'a>(key: &'a str, value: &'a str, shape: &mut Shape<'a, '_>) {
    match key {
        "MAC" => {
            // Destination, source and type of the Ethernet frame in one.
            if let (Some(destination), Some(source)) = (value.get(..17), value.get(18..35)) {
                put_text(shape, To::Name("destination.mac"), destination);
                put_text(shape, To::Name("source.mac"), source);
                put_text(shape, To::Name("iptables.ether_type"), value.get(36..).unwrap_or(""));
            } else {
                put_text(shape, To::Name("iptables.mac"), value);
            }
        }
        "PROTO" => put(
            shape,
            To::Field(Field::NetworkTransport),
            Value::Text(Cow::Owned(value.to_ascii_lowercase())),
        ),
        _ => match KEYS.iter().find(|(name, _)| *name == key) {
            Some((_, to)) => put_scalar(shape, *to, value),
            None if value.is_empty() => {}
            None => shape
                .place_owned(format!("iptables.{}", key.to_ascii_lowercase()), super::members::scalar(value)),
        },
    }
}

fn is_clock(text: &str) -> bool {
    text.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "iptables",
        auto: &[Format::Iptables, Format::Syslog, Format::Raw],
        read: &[
            (
                "IN=eth0 OUT= MAC=00:16:3e:00:00:01:00:16:3e:00:00:02:08:00 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 TTL=64 ID=54321 DF PROTO=TCP SPT=45678 DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0",
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z",
                "message": "IN=eth0 OUT= MAC=00:16:3e:00:00:01:00:16:3e:00:00:02:08:00 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 TTL=64 ID=54321 DF PROTO=TCP SPT=45678 DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0",
                "observer": {"ingress": {"interface": {"name": "eth0"}}}, "source": {"ip": "10.0.0.1", "port": 45678, "mac": "00:16:3e:00:00:02"},
                "destination": {"ip": "10.0.0.2", "port": 22, "mac": "00:16:3e:00:00:01"},
                "network": {"bytes": 60, "transport": "tcp"},
                "iptables": {"ether_type": "08:00", "tos": "0x00", "ttl": 64, "id": 54321, "flags": "DF SYN", "window": 1024, "res": "0x00", "urgp": 0}}"#,
            ),
            (
                "Nov 21 08:59:58 fw-1 kernel: [ 4711.123456] [UFW BLOCK] IN= OUT=lo SRC=::1 DST=::2 LEN=88 PROTO=ICMPv6 TYPE=1 CODE=4 [SRC=::2 DST=::1 LEN=40 PROTO=UDP ] MARK=0x1",
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "host": {"name": "fw-1"}, "process": {"name": "kernel"},
                "log": {"syslog": {"appname": "kernel"}}, "rule": {"name": "[UFW BLOCK]"},
                "message": "[ 4711.123456] [UFW BLOCK] IN= OUT=lo SRC=::1 DST=::2 LEN=88 PROTO=ICMPv6 TYPE=1 CODE=4 [SRC=::2 DST=::1 LEN=40 PROTO=UDP ] MARK=0x1",
                "observer": {"egress": {"interface": {"name": "lo"}}}, "source": {"ip": "::1"}, "destination": {"ip": "::2"},
                "network": {"bytes": 88, "transport": "icmpv6"},
                "iptables": {"kernel_time": "4711.123456", "type": 1, "code": 4, "quoted": "SRC=::2 DST=::1 LEN=40 PROTO=UDP "}}"#,
            ),
            (
                "DROP IN=eth0 OUT=eth1 SRC=10.0.0.1 DST=10.0.0.2 LEN=20 PROTO=2",
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "message": "DROP IN=eth0 OUT=eth1 SRC=10.0.0.1 DST=10.0.0.2 LEN=20 PROTO=2",
                "rule": {"name": "DROP"}, "observer": {"ingress": {"interface": {"name": "eth0"}}, "egress": {"interface": {"name": "eth1"}}},
                "source": {"ip": "10.0.0.1"}, "destination": {"ip": "10.0.0.2"}, "network": {"bytes": 20, "transport": "2"}}"#,
            ),
        ],
        refused: &["", "IN=eth0", "IN=a OUT=b", "MAIN=a OUT=b SRC=1 DST=2", "IN=a SRC=1 DST=2"],
    };
}
