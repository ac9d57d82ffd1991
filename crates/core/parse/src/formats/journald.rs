//! One entry of systemd's journal in its export format: `KEY=value` in lines, and for values with line breaks or odd bytes
//! `KEY`, a line break, the length as 64 bits little-endian, the bytes, a line break.
//!
//! Fields that the schema knows get their places; the others go to `journald.*` under their own names in lower case, those
//! of the journal itself and of trusted origin with their underscores, so that no program can pass for the kernel. The event's
//! time is when the program sent it, if that is known, else when the journal had it. A field that comes more than once keeps its
//! first value, the others are in `unmapped`.
//!
//! Source: <https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-export-format>,
//! <https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html>,
//! names: <https://www.elastic.co/guide/en/beats/filebeat/current/filebeat-input-journald.html>.

use std::borrow::Cow;

use super::members::{To, put};
use super::{Context, Guess, Reader, syslog};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::timestamp::read_epoch;
use crate::tree::Value;

/// Guessed where one of the journal's own fields comes first, which is so in whatever `journalctl -o export` writes.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte == b'_',
        looks_like: |line| ["__CURSOR=", "__REALTIME_TIMESTAMP="].iter().any(|field| line.starts_with(field)),
    }),
    read,
};

/// The most bytes of a field's name; the journal takes no longer ones.
const MAX_KEY: usize = 64;

/// The fields that have a place of their own.
const KEYS: &[(&str, To)] = &[
    ("CODE_FILE", To::Field(Field::LogOriginFileName)),
    ("CODE_FUNC", To::Field(Field::LogOriginFunction)),
    ("CODE_LINE", To::Field(Field::LogOriginFileLine)),
    ("CONTAINER_ID_FULL", To::Field(Field::ContainerId)),
    ("CONTAINER_NAME", To::Field(Field::ContainerName)),
    ("IMAGE_NAME", To::Field(Field::ContainerImageName)),
    ("MESSAGE", To::Field(Field::Message)),
    ("MESSAGE_ID", To::Field(Field::EventCode)),
    ("SYSLOG_FACILITY", To::Field(Field::LogSyslogFacilityCode)),
    ("SYSLOG_IDENTIFIER", To::Field(Field::LogSyslogAppname)),
    ("SYSLOG_PID", To::Field(Field::LogSyslogProcid)),
    ("TID", To::Field(Field::ProcessThreadId)),
    ("_CMDLINE", To::Field(Field::ProcessCommandLine)),
    ("_COMM", To::Field(Field::ProcessName)),
    ("_EXE", To::Field(Field::ProcessExecutable)),
    ("_GID", To::Name("user.group.id")),
    ("_HOSTNAME", To::Field(Field::HostName)),
    ("_MACHINE_ID", To::Field(Field::HostId)),
    ("_PID", To::Field(Field::ProcessPid)),
    ("_SYSTEMD_UNIT", To::Name("systemd.unit")),
    ("_TRANSPORT", To::Name("systemd.transport")),
    ("_UID", To::Field(Field::UserId)),
];

/// A field and its bytes.
type Entry<'a> = Vec<(&'a str, &'a [u8])>;

/// Whether an entry's text is all text: what is no UTF-8 in the body are lengths.
pub(crate) fn is_text(body: &[u8]) -> bool {
    split(body, usize::MAX)
        .is_some_and(|fields| fields.iter().all(|(_, bytes)| std::str::from_utf8(bytes).is_ok()))
}

fn read<'a>(_: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    let fields = split(context.body, context.limits.nodes)?;
    let mut times: [Option<(i64, String)>; 2] = [None, None];
    for (key, bytes) in fields {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let time_at = match key {
            "_SOURCE_REALTIME_TIMESTAMP" => Some(0),
            "__REALTIME_TIMESTAMP" => Some(1),
            _ => None,
        };
        if let Some(slot) = time_at.and_then(|at: usize| times.get_mut(at)).filter(|slot| slot.is_none()) {
            *slot = read_epoch(bytes).map(|ms| (ms, text.clone()));
        }
        if let ("PRIORITY", &[digit @ b'0'..=b'7']) = (key, bytes) {
            syslog::set_severity(shape, digit - b'0');
            continue;
        }
        let value = Value::Text(Cow::Owned(text));
        match KEYS.binary_search_by_key(&key, |(name, _)| name) {
            Ok(at) => put(shape, KEYS.get(at).map_or(To::Name("journald.value"), |(_, to)| *to), value),
            Err(_) => shape.place_owned(format!("journald.{}", key.to_ascii_lowercase()), value),
        }
    }
    let [source, journal] = times;
    Some(match source.or(journal) {
        Some((ms, text)) => EventTime::At(ms, Value::Text(Cow::Owned(text))),
        None => EventTime::Unknown,
    })
}

/// The fields of one entry. None where it is none, or more than one.
fn split(body: &[u8], most: usize) -> Option<Entry<'_>> {
    let mut fields = Vec::new();
    let mut rest = body;
    while !rest.is_empty() && rest != b"\n" {
        let end = memchr::memchr2(b'=', b'\n', rest.get(..=MAX_KEY).unwrap_or(rest))?;
        let (key, after) = rest.split_at_checked(end)?;
        let is_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        let key = std::str::from_utf8(key)
            .ok()
            .filter(|key| !key.is_empty() && key.as_bytes().iter().all(is_name))?;
        let (value, after) = match after.split_first()? {
            (b'=', after) => match memchr::memchr(b'\n', after) {
                Some(end) => (after.get(..end)?, after.get(end + 1..)?),
                // The break behind the last field may have been taken off.
                None => (after, &b""[..]),
            },
            (_, after) => {
                let (len, after) = after.split_first_chunk::<8>()?;
                let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
                let (value, after) = after.split_at_checked(len)?;
                (value, if after.is_empty() { after } else { after.strip_prefix(b"\n")? })
            }
        };
        if fields.len() == most {
            return None;
        }
        fields.push((key, value));
        rest = after;
    }
    (!fields.is_empty()).then_some(fields)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::testing::{event, try_parse};
    use crate::{Format, OnUnparsed};

    pub(crate) const SAMPLES: Samples = Samples {
        format: "journald",
        auto: &[Format::Journald, Format::Raw],
        read: &[
            (
                "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795251598250001\n_BOOT_ID=ab\nPRIORITY=4\nMESSAGE\n\x0b\0\0\0\0\0\0\0first\nline2\nSYSLOG_IDENTIFIER=app\n_PID=77\n_HOSTNAME=web-1\n_UID=1000\nMY_KEY=a=b\n",
                r#"{"@timestamp": "2026-11-21T08:59:58.250Z", "message": "first\nline2",
                "log": {"level": "warning", "syslog": {"appname": "app", "severity": {"code": 4, "name": "warning"}}},
                "process": {"pid": 77}, "host": {"name": "web-1"}, "user": {"id": "1000"},
                "journald": {"__cursor": "s=1;i=2", "__realtime_timestamp": "1795251598250001", "_boot_id": "ab", "my_key": "a=b"}}"#,
            ),
            // journald 252.
            (
                "__CURSOR=s=1;i=182;b=f5;m=8c;t=66;x=52\n__REALTIME_TIMESTAMP=1795251598793727\n__MONOTONIC_TIMESTAMP=37622111677\n_BOOT_ID=f5\n_MACHINE_ID=3d12\n_HOSTNAME=web-1\n_RUNTIME_SCOPE=system\nPRIORITY=3\n_UID=0\n_GID=0\nMESSAGE\n\x0e\0\0\0\0\0\0\0first\nline two\nMY_KEY=a=b\nSYSLOG_IDENTIFIER=logger\n_TRANSPORT=journal\n_PID=23388\n_COMM=logger\n_SOURCE_REALTIME_TIMESTAMP=1795251597793638\n\n",
                r#"{"@timestamp": "2026-11-21T08:59:57.793Z", "message": "first\nline two",
                "log": {"level": "error", "syslog": {"appname": "logger", "severity": {"code": 3, "name": "error"}}},
                "process": {"pid": 23388, "name": "logger"}, "host": {"name": "web-1", "id": "3d12"},
                "user": {"id": "0", "group": {"id": "0"}}, "systemd": {"transport": "journal"},
                "journald": {"__cursor": "s=1;i=182;b=f5;m=8c;t=66;x=52", "__realtime_timestamp": "1795251598793727",
                "__monotonic_timestamp": "37622111677", "_boot_id": "f5", "_runtime_scope": "system", "my_key": "a=b",
                "_source_realtime_timestamp": "1795251597793638"}}"#,
            ),
            (
                "MESSAGE=hello\n_SOURCE_REALTIME_TIMESTAMP=1795251597000000\n__REALTIME_TIMESTAMP=1795251598000000\n_SYSTEMD_UNIT=a.service\nPRIORITY=x\nMESSAGE=again",
                r#"{"@timestamp": "2026-11-21T08:59:57.000Z", "message": "hello", "unmapped": {"message": "again"},
                "systemd": {"unit": "a.service"}, "journald": {"priority": "x", "_source_realtime_timestamp": "1795251597000000",
                "__realtime_timestamp": "1795251598000000"}}"#,
            ),
        ],
        refused: &[
            "",
            "\n",
            "hello",
            "a=b",
            "=b",
            "A=b\nhello",
            "MESSAGE\nx",
            "A=1\n\nA=2\n",
            "MESSAGE\n\x05\0\0\0\0\0\0\0abc",
        ],
    };

    /// Guarantees: lengths that are no UTF-8 spoil nothing, and bytes that are none are told.
    #[test]
    fn lengths_are_no_text() {
        let message = "x\n".repeat(100);
        let mut body = b"MESSAGE\n".to_vec();
        body.extend_from_slice(&(message.len() as u64).to_le_bytes());
        body.extend_from_slice(message.as_bytes());
        body.extend_from_slice(b"\n_PID=1\n");
        let (document, out) = try_parse(&event("journald", &body), OnUnparsed::DeadLetter).unwrap();
        assert_eq!(document["message"], message);
        assert_eq!(document["process"]["pid"], 1);
        assert!(!out.marks.invalid_utf8);
        let (document, out) =
            try_parse(&event("journald", b"MESSAGE=caf\xe9\n"), OnUnparsed::DeadLetter).unwrap();
        assert_eq!(document["message"], "caf\u{FFFD}");
        assert!(out.marks.invalid_utf8);
    }
}
