//! Syslog, in the two formats that are on the wire and the two that daemons write to files.
//!
//! A message with a priority is RFC 5424 if version 1 follows it, else RFC 3164, which any text is. Without a priority
//! it has to begin with a time, a host and a tag, as syslog daemons write their files. Messages in CEF or LEEF, and those
//! of haproxy, the kernel's packet filter and its audit system, are taken apart as well.

mod rfc3164;
mod rfc5424;

#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;

use super::{Context, Guess, Reader, auditd, cef, haproxy, iptables, leef};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

/// Syslog: a priority, the name of a month or a weekday, or a date.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| matches!(byte, b'<' | b'0'..=b'9' | b'A'..=b'Z'),
        looks_like: |line| match line.as_bytes() {
            [b'0'..=b'9', _, _, _, fifth, ..] => *fifth == b'-',
            _ => true,
        },
    }),
    read,
};

/// The time of a message, if it has one: in milliseconds since the Unix epoch, and how it was written.
pub(crate) type Stamp<'a> = Option<(i64, &'a str)>;

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];

const SEVERITIES: [&str; 8] =
    ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];

/// What a header leaves to the reader of messages; all else has been set.
struct Rest<'a> {
    stamp: Stamp<'a>,
    program: &'a str,
    message: &'a str,
}

/// Reads a message with an event of another format in it: what begins with `start` and is one. Its reader is asked again once the
/// header is read.
pub(super) fn read_around<'a>(
    line: &'a str,
    start: &str,
    is_one: impl FnOnce(&str) -> bool,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    let at = memchr::memmem::find(line.as_bytes(), start.as_bytes())?;
    if is_one(line.get(at..)?) { read(line, context, shape) } else { None }
}

/// Reads a message. None where it is no syslog; nothing has been set then.
fn read<'a>(line: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    let rest = match priority(line) {
        Some((priority, text)) => {
            let structured = text.strip_prefix("1 ");
            let rest = structured.and_then(|text| rfc5424::read(text, context.clock, shape));
            let rest = rest.unwrap_or_else(|| rfc3164::read(text, context.clock, context.received, shape));
            set_priority(shape, priority);
            rest
        }
        None => rfc3164::read_file_line(line, context.clock, context.received, shape)?,
    };
    let Rest { stamp, program, message } = rest;
    match read_inner(program, message, context, shape) {
        None => {
            let _free = shape.set_text(Field::Message, message);
            Some(EventTime::of(stamp))
        }
        Some(EventTime::Unknown) => Some(EventTime::of(stamp)),
        inner => inner,
    }
}

/// Reads a message that is in a format of its own: one that says so, or that of the program that sends it.
fn read_inner<'a>(
    program: &str,
    message: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    match program {
        "kernel" => iptables::read(message, shape),
        "haproxy" => haproxy::read(message, context, shape),
        "audit" | "audispd" | "audisp-syslog" => auditd::read(message, context, shape),
        _ if message.starts_with(cef::START) => cef::read(message, context, shape),
        _ if message.starts_with(leef::START) => leef::read(message, context, shape),
        _ => None,
    }
}

/// Takes `<0>` to `<191>` off the front.
fn priority(line: &str) -> Option<(u8, &str)> {
    let (digits, rest) = line.strip_prefix('<')?.split_once('>')?;
    if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let priority = digits.parse().ok()?;
    (priority <= 191).then_some((priority, rest))
}

fn set_priority(shape: &mut Shape<'_, '_>, priority: u8) {
    let (facility, severity) = (priority / 8, priority % 8);
    let _free = shape.set(Field::LogSyslogPriority, Value::Integer(i64::from(priority)));
    let _free = shape.set(Field::LogSyslogFacilityCode, Value::Integer(i64::from(facility)));
    if let Some(name) = FACILITIES.get(usize::from(facility)) {
        let _free = shape.set_text(Field::LogSyslogFacilityName, name);
    }
    set_severity(shape, severity);
}

/// Sets a severity, 0 to 7, and the level that it is.
pub(crate) fn set_severity(shape: &mut Shape<'_, '_>, severity: u8) {
    let name = SEVERITIES.get(usize::from(severity)).copied().unwrap_or("debug");
    let _free = shape.set_text(Field::LogLevel, name);
    let _free = shape.set(Field::LogSyslogSeverityCode, Value::Integer(i64::from(severity)));
    let _free = shape.set_text(Field::LogSyslogSeverityName, name);
}

/// Sets the structured data of RFC 5424 that some senders have in a member of its own; false where it is none.
pub(crate) fn set_structured_data(shape: &mut Shape<'_, '_>, text: &str) -> bool {
    rfc5424::set_structured_data(shape, text)
}

/// Sets the name of the program and its process, which is a number for nearly all.
fn set_program<'a>(shape: &mut Shape<'a, '_>, name: &'a str, process: &'a str) {
    if !name.is_empty() {
        let _free = shape.set_text(Field::ProcessName, name);
        let _free = shape.set_text(Field::LogSyslogAppname, name);
    }
    if !process.is_empty() && !crate::line::set_number(shape, Field::ProcessPid, process) {
        let _free = shape.set(Field::LogSyslogProcid, Value::Text(Cow::Borrowed(process)));
    }
}
