//! BSD syslog: `<34>Nov 21 09:00:00 host app[123]: text`, and the same without priority in the files of syslog daemons.
//!
//! The RFC describes what was seen, so anything goes: stamps of RFC 3339 instead of the one without a year, no host, no
//! tag, no time at all. What isn't recognised is the message.
//!
//! Source: RFC 3164 section 4, <https://www.rfc-editor.org/rfc/rfc3164#section-4>.

use super::{Rest, set_program};
use crate::ecs::Field;
use crate::formats::{cef, leef};
use crate::shape::Shape;
use crate::timestamp::Clock;

/// The longest tag, in bytes; longer ones are text. (The RFC has 32; programs have longer names.)
const MAX_TAG: usize = 64;

/// Reads what follows the priority.
pub(super) fn read<'a>(text: &'a str, clock: &Clock, received: i64, shape: &mut Shape<'a, '_>) -> Rest<'a> {
    let Some((ms, stamp, rest)) = stamp(text, clock, received) else {
        // Local programs send neither time nor host: `<13>app: text`.
        let (program, process, message) = tag(text).unwrap_or(("", "", text));
        set_program(shape, program, process);
        return Rest { stamp: None, program, message };
    };
    let stamp = Some((ms, stamp));
    // No host between time and tag, as the C library's `syslog` sends it, or between time and an event in a format of its own.
    let without_host = if is_event(rest) { Some(("", "", rest)) } else { tag(rest) };
    let (program, process, message) = without_host.unwrap_or_else(|| {
        let (host, rest) = rest.split_once(' ').unwrap_or(("", rest));
        if !host.is_empty() {
            let _free = shape.set_text(Field::HostName, host);
        }
        tag(rest).unwrap_or(("", "", rest))
    });
    set_program(shape, program, process);
    Rest { stamp, program, message }
}

/// Reads a line without priority: time, host, tag. None where one is missing; nothing has been set then.
pub(super) fn read_file_line<'a>(
    line: &'a str,
    clock: &Clock,
    received: i64,
    shape: &mut Shape<'a, '_>,
) -> Option<Rest<'a>> {
    let (ms, stamp, rest) = stamp(line, clock, received)?;
    let (host, rest) = rest.split_once(' ')?;
    let is_host =
        host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_'));
    let (program, process, message) = tag(rest).or_else(|| is_event(rest).then_some(("", "", rest)))?;
    if host.is_empty() || !is_host || host.ends_with(':') {
        return None;
    }
    let _free = shape.set_text(Field::HostName, host);
    set_program(shape, program, process);
    Some(Rest { stamp: Some((ms, stamp)), program, message })
}

/// Takes the time off the front: in milliseconds, how it was written, and what follows the space after it.
fn stamp<'a>(text: &'a str, clock: &Clock, received: i64) -> Option<(i64, &'a str, &'a str)> {
    if text.as_bytes().first()?.is_ascii_digit() {
        let (stamp, rest) = text.split_once(' ')?;
        // A date alone, with the time behind the space, is some other format.
        let ms = clock.read_iso(stamp.as_bytes()).filter(|_| stamp.contains('T'))?;
        return Some((ms, stamp, rest));
    }
    let (ms, rest) = clock.read_named(text.as_bytes(), received)?;
    let rest = text.get(text.len() - rest.len()..)?;
    let stamp = text.get(..text.len() - rest.len())?;
    // Cisco's devices put a colon behind the time.
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    Some((ms, stamp, rest.strip_prefix(' ')?.trim_start_matches(' ')))
}

/// Whether it begins with what would be a tag, were it not the beginning of another format.
fn is_event(text: &str) -> bool {
    text.starts_with(cef::START) || text.starts_with(leef::START)
}

/// Takes `name[process]: ` off the front.
fn tag(text: &str) -> Option<(&str, &str, &str)> {
    let is_name = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'(' | b')' | b'@' | b'%')
    };
    let end = text.bytes().take(MAX_TAG + 1).position(|byte| !is_name(byte))?;
    let (name, rest) = text.split_at_checked(end)?;
    let (process, rest) = match rest.strip_prefix('[') {
        Some(inside) => inside.split_once(']')?,
        None => ("", rest),
    };
    let rest = rest.strip_prefix(':')?;
    if name.is_empty() || !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    Some((name, process, rest.strip_prefix(' ').unwrap_or(rest)))
}
