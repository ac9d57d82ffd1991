//! The logs of `MySQL` and `MariaDB`: the error log, and entries of the slow query log.
//!
//! `MySQL` 8: `2026-11-21T09:00:00.123456Z 0 [System] [MY-010116] [Server] message`; before, and `MariaDB`, which writes a space
//! for the `T` and no fraction: `2026-11-21 09:00:00 0 [Note] message`. The level is `log.level`, the thread
//! `process.thread.id`, code and subsystem `event.code` and `event.provider`.
//!
//! Sources: <https://dev.mysql.com/doc/refman/8.4/en/error-log-format.html>,
//! <https://mariadb.com/docs/server/server-management/server-monitoring-logs/error-log>.

mod slow;

#[cfg(test)]
pub(crate) mod tests;

use super::stamp::{self, Stamp};
use super::{Context, Guess, Reader};
use crate::ecs::Field;
use crate::line::{number, set_number};
use crate::shape::{EventTime, Shape};

/// A date, or the mark of a slow query.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte.is_ascii_digit() || byte == b'#',
        looks_like: |text| match text.as_bytes() {
            [b'#', ..] => text.starts_with("# Time: ") || text.starts_with("# User@Host: "),
            [_, _, _, _, b'-', ..] => text.get(19..).is_some_and(|rest| {
                let rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
                // The thread may be padded.
                let thread = rest.trim_start_matches(' ');
                let rest = thread.trim_start_matches(|char: char| char.is_ascii_digit());
                rest.len() < thread.len() && rest.starts_with(" [")
            }),
            _ => false,
        },
    }),
    read: |text, context, shape| {
        if text.starts_with('#') {
            slow::read(text, context, shape)
        } else {
            read_error(text, context, shape)
        }
    },
};

fn read_error<'a>(text: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    let (time, rest) = take_time(text, context)?;
    let (thread, rest) = rest.strip_prefix(' ')?.trim_start_matches(' ').split_once(" [")?;
    let _thread = number(thread)?;
    let (level, rest) = rest.split_once("] ")?;
    if !matches!(level, "System" | "Error" | "ERROR" | "Warning" | "Note") {
        return None;
    }
    let (code, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((code, after)) if code.starts_with("MY-") => (code, after),
        _ => ("", rest),
    };
    let (subsystem, message) = match rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((subsystem, message)) if !code.is_empty() => (subsystem, message),
        _ => ("", rest),
    };
    let _number = set_number(shape, Field::ProcessThreadId, thread);
    let _free = shape.set_text(Field::LogLevel, level);
    for (field, text) in [(Field::EventCode, code), (Field::EventProvider, subsystem)] {
        if !text.is_empty() {
            let _free = shape.set_text(field, text);
        }
    }
    let _free = shape.set_text(Field::Message, message);
    Some(EventTime::of(Some(time)))
}

/// Takes the time off the front. `MariaDB` pads the hour with a space.
fn take_time<'a>(text: &'a str, context: Context<'_>) -> Option<(Stamp<'a>, &'a str)> {
    const LEN: usize = "2026-11-21  9:00:00".len();
    let (stamp, rest) = match text.split_at_checked(LEN) {
        Some((stamp, rest)) if stamp.as_bytes().get(11) == Some(&b' ') => (stamp, rest),
        _ => return stamp::take_iso(text, context.clock),
    };
    let ms = context.clock.read_iso(stamp.replacen("  ", " 0", 1).as_bytes())?;
    Some(((ms, stamp), rest))
}
