//! Records of the kernel's audit system as auditd writes them:
//! `[node=host] type=SYSCALL msg=audit(1795251598.243:24287): key=value ...`, alone or in syslog.
//!
//! The text behind the stamp is the message. Who and what has ECS fields; every other key goes to `auditd.*` under its own
//! name, those inside `msg='...'` too. What the kernel has encoded as hexadecimal digits (names with spaces in them, command
//! lines) is decoded. Names that `log_format = ENRICHED` adds behind the record are in `auditd.enriched.*`.
//!
//! Source: <https://github.com/linux-audit/audit-documentation/wiki/SPEC-Audit-Event-Enrichment>,
//! <https://docs.redhat.com/en/documentation/red_hat_enterprise_linux/9/html/security_hardening/auditing-the-system_security-hardening>,
//! names: <https://www.elastic.co/guide/en/beats/filebeat/current/exported-fields-auditd.html>.

use std::borrow::Cow;

use super::members::{To, put, put_text, scalar};
use super::{Context, Guess, Reader, syslog};
use crate::ecs::Field;
use crate::line::number;
use crate::shape::{EventTime, Shape};
use crate::timestamp::read_epoch;
use crate::tree::Value;

pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| matches!(byte, b't' | b'n'),
        looks_like: |line| line.starts_with("type=") || line.starts_with("node="),
    }),
    read: |line, context, shape| {
        if line.starts_with("type=") || line.starts_with("node=") {
            return read(line, context, shape);
        }
        // Behind a syslog header, whose reader then comes back here.
        let at = memchr::memmem::find(line.as_bytes(), b" type=")?;
        let _record = Record::split(line.get(at + 1..)?)?;
        (syslog::READER.read)(line, context, shape)
    },
};

/// The keys that have a place of their own.
const KEYS: &[(&str, To)] = &[
    ("acct", To::Field(Field::UserName)),
    ("addr", To::Field(Field::SourceIp)),
    ("auid", To::Name("user.audit.id")),
    ("comm", To::Field(Field::ProcessName)),
    ("cwd", To::Name("process.working_directory")),
    ("egid", To::Name("user.effective.group.id")),
    ("euid", To::Name("user.effective.id")),
    ("exe", To::Field(Field::ProcessExecutable)),
    ("exit", To::Field(Field::ProcessExitCode)),
    ("gid", To::Name("user.group.id")),
    ("hostname", To::Field(Field::SourceAddress)),
    ("op", To::Name("auditd.op")),
    ("pid", To::Field(Field::ProcessPid)),
    ("ppid", To::Field(Field::ProcessParentPid)),
    ("proctitle", To::Field(Field::ProcessTitle)),
    ("ses", To::Name("auditd.session")),
    ("uid", To::Field(Field::UserId)),
];

/// Keys whose values are text that the kernel writes in hexadecimal digits where it has odd characters.
const ENCODED: [&str; 10] = ["acct", "cmd", "comm", "cwd", "data", "exe", "key", "name", "path", "proctitle"];

/// What ends a record and begins its names, where they are added.
const ENRICHMENT: char = '\x1d';

#[derive(Clone, Copy, Debug)]
struct Record<'a> {
    node: &'a str,
    kind: &'a str,
    ms: i64,
    stamp: &'a str,
    serial: i64,
    text: &'a str,
}

impl<'a> Record<'a> {
    fn split(line: &'a str) -> Option<Self> {
        let (node, rest) = match line.strip_prefix("node=") {
            Some(rest) => rest.split_once(' ')?,
            None => ("", line),
        };
        let (kind, rest) = rest.strip_prefix("type=")?.split_once(' ')?;
        let (stamp, text) = rest.strip_prefix("msg=audit(")?.split_once("):")?;
        let (stamp, serial) = stamp.split_once(':')?;
        let (ms, serial) = (read_epoch(stamp.as_bytes())?, number(serial)?);
        let text = text.strip_prefix(' ').unwrap_or(text);
        (!kind.is_empty()).then_some(Self { node, kind, ms, stamp, serial, text })
    }
}

/// Reads a record that begins here. None where it is none; nothing has been set then.
pub(crate) fn read<'a>(
    line: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    let record = Record::split(line)?;
    if memchr::memchr_iter(b'=', record.text.as_bytes()).count() > context.limits.nodes {
        return None;
    }
    put_text(shape, To::Field(Field::HostName), record.node);
    let _free = shape.set_text(Field::Message, record.text);
    put_text(shape, To::Name("auditd.type"), record.kind);
    put(shape, To::Field(Field::EventAction), Value::Text(Cow::Owned(record.kind.to_ascii_lowercase())));
    let _free = shape.set(Field::EventSequence, Value::Integer(record.serial));
    let (text, enrichment) = record.text.split_once(ENRICHMENT).unwrap_or((record.text, ""));
    // Pairs of programs stand in quotes inside the kernel's own; both are at the same level here.
    let (outer, inner) = match text.split_once("msg='") {
        Some((outer, inner)) => (outer, inner.trim_end_matches([' ', '\'', '\n'])),
        None => (text, ""),
    };
    for (key, value) in Pairs(outer).chain(Pairs(inner)) {
        place(record.kind, key, value, shape);
    }
    for (key, value) in Pairs(enrichment) {
        let name = format!("auditd.enriched.{}", key.to_ascii_lowercase());
        shape.place_owned(name, Value::Text(Cow::Borrowed(value.text())));
    }
    Some(EventTime::of(Some((record.ms, record.stamp))))
}

fn place<'a>(kind: &str, key: &'a str, value: Written<'a>, shape: &mut Shape<'a, '_>) {
    let text = value.text();
    if matches!(text, "" | "?" | "(null)") {
        return;
    }
    if matches!(key, "res" | "success") {
        let outcome = match text {
            "success" | "yes" | "1" => "success",
            _ => "failure",
        };
        let _free = shape.set_text(Field::EventOutcome, outcome);
        return;
    }
    let is_argument = kind == "EXECVE"
        && key
            .strip_prefix('a')
            .is_some_and(|rest| rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit()));
    let typed = match value {
        Written::Bare(text) if is_argument || ENCODED.contains(&key) => match decoded(text) {
            Some(decoded) => Value::Text(Cow::Owned(decoded)),
            None => Value::Text(Cow::Borrowed(text)),
        },
        // Hexadecimal, some of them by chance without a letter.
        Written::Bare(text) if matches!(key.as_bytes(), [b'a', b'0'..=b'3']) => {
            Value::Text(Cow::Borrowed(text))
        }
        Written::Bare(text) => scalar(text),
        Written::Quoted(text) => Value::Text(Cow::Borrowed(text)),
    };
    match KEYS.binary_search_by_key(&key, |(name, _)| name) {
        // Ids are names of users, not amounts.
        Ok(at) => put(
            shape,
            KEYS.get(at).map_or(To::Name("auditd.value"), |(_, to)| *to),
            match typed {
                Value::Json(number) => Value::Text(number),
                typed => typed,
            },
        ),
        Err(_) => shape.place_owned(format!("auditd.{key}"), typed),
    }
}

/// How a value was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Written<'a> {
    Bare(&'a str),
    Quoted(&'a str),
}

impl<'a> Written<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Bare(text) | Self::Quoted(text) => text,
        }
    }
}

/// The pairs of a record; words without `=` are in the message only.
#[derive(Clone, Copy, Debug)]
struct Pairs<'a>(&'a str);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Written<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = self.0.trim_start_matches([' ', ',']);
            if text.is_empty() {
                return None;
            }
            let end = text.find([' ', '=']).unwrap_or(text.len());
            let (key, rest) = text.split_at(end);
            let Some(value) = rest.strip_prefix('=') else {
                self.0 = rest;
                continue;
            };
            // No quote is escaped: text with one in it is encoded.
            let (value, rest) = match value.strip_prefix('"') {
                Some(inner) => {
                    let (inner, rest) = inner.split_once('"').unwrap_or((inner, ""));
                    (Written::Quoted(inner), rest)
                }
                None => {
                    let (bare, rest) = value.split_once(' ').unwrap_or((value, ""));
                    (Written::Bare(bare), rest)
                }
            };
            self.0 = rest;
            if !key.is_empty() {
                return Some((key, value));
            }
        }
    }
}

/// Text out of hexadecimal digits, its parts separated by NUL; none where it isn't that.
fn decoded(digits: &str) -> Option<String> {
    if digits.len() < 2 || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    for pair in digits.as_bytes().chunks_exact(2) {
        let &[high, low] = pair else { return None };
        let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
        bytes.push(if byte == 0 { b' ' } else { byte });
    }
    Some(String::from_utf8_lossy(&bytes).trim_end_matches(' ').to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use super::*;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "auditd",
        auto: &[Format::Auditd, Format::Syslog],
        read: &[
            (
                "type=SYSCALL msg=audit(1795251598.243:24287): arch=c000003e syscall=2 success=no exit=-13 a0=7fff ppid=2686 pid=3538 auid=1000 uid=0 comm=\"cat\" exe=\"/bin/cat\" key=(null)\x1dARCH=x86_64 SYSCALL=open UID=\"root\"",
                r#"{"@timestamp": "2026-11-21T08:59:58.243Z", "event": {"action": "syscall", "sequence": 24287, "outcome": "failure"},
                "message": "arch=c000003e syscall=2 success=no exit=-13 a0=7fff ppid=2686 pid=3538 auid=1000 uid=0 comm=\"cat\" exe=\"/bin/cat\" key=(null)\u001dARCH=x86_64 SYSCALL=open UID=\"root\"",
                "process": {"pid": 3538, "parent": {"pid": 2686}, "name": "cat", "executable": "/bin/cat", "exit_code": -13},
                "user": {"id": "0", "audit": {"id": "1000"}},
                "auditd": {"type": "SYSCALL", "arch": "c000003e", "syscall": 2, "a0": "7fff",
                "enriched": {"arch": "x86_64", "syscall": "open", "uid": "root"}}}"#,
            ),
            (
                "node=web-1 type=USER_AUTH msg=audit(1795251598.000:7): pid=1 uid=0 msg='op=PAM:authentication acct=\"bob\" exe=\"/usr/sbin/sshd\" hostname=? addr=10.0.0.9 terminal=ssh res=success'",
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "event": {"action": "user_auth", "sequence": 7, "outcome": "success"},
                "host": {"name": "web-1"}, "user": {"id": "0", "name": "bob"}, "source": {"ip": "10.0.0.9"},
                "process": {"pid": 1, "executable": "/usr/sbin/sshd"},
                "message": "pid=1 uid=0 msg='op=PAM:authentication acct=\"bob\" exe=\"/usr/sbin/sshd\" hostname=? addr=10.0.0.9 terminal=ssh res=success'",
                "auditd": {"type": "USER_AUTH", "op": "PAM:authentication", "terminal": "ssh"}}"#,
            ),
            (
                "type=PROCTITLE msg=audit(1795251598.243:24287): proctitle=636174002F6574632F706173737764",
                r#"{"@timestamp": "2026-11-21T08:59:58.243Z", "event": {"action": "proctitle", "sequence": 24287},
                "message": "proctitle=636174002F6574632F706173737764", "process": {"title": "cat /etc/passwd"},
                "auditd": {"type": "PROCTITLE"}}"#,
            ),
            (
                "<13>Nov 21 08:59:59 web-1 audispd: type=EXECVE msg=audit(1795251598.5:9): argc=2 a0=\"ls\" a1=6120622C",
                r#"{"@timestamp": "2026-11-21T08:59:58.500Z", "event": {"action": "execve", "sequence": 9}, "host": {"name": "web-1"},
                "message": "argc=2 a0=\"ls\" a1=6120622C", "auditd": {"type": "EXECVE", "argc": 2, "a0": "ls", "a1": "a b,"},
                "process": {"name": "audispd"},
                "log": {"level": "notice", "syslog": {"appname": "audispd", "priority": 13, "facility": {"code": 1, "name": "user"},
                "severity": {"code": 5, "name": "notice"}}}}"#,
            ),
        ],
        refused: &[
            "",
            "type=SYSCALL",
            "type=SYSCALL msg=audit(x:1): a=b",
            "type=SYSCALL msg=audit(1795251598.243): a=b",
            "type= msg=audit(1795251598.243:1): a=b",
            "node=a type=b",
            "x type=SYSCALL msg=audit(1795251598.243:1): a=b",
        ],
    };

    #[test]
    fn keys_are_sorted_for_the_search() {
        assert!(KEYS.is_sorted_by_key(|(key, _)| *key));
    }

    #[test]
    fn only_hexadecimal_digits_are_decoded() {
        assert_eq!(decoded("6c73002d6c00").as_deref(), Some("ls -l"));
        for text in ["", "a", "abc", "zz", "é"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
