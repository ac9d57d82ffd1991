//! The plain log: `time [pid] user@database LEVEL:  message`.

use std::borrow::Cow;

use super::{Context, is_severity, place_client, place_message, place_other, place_text, take_time};
use crate::ecs::Field;
use crate::line::{number, set_number};
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

/// The longest prefix that is searched for its end, in bytes.
const MAX_PREFIX: usize = 1024;

/// Reads a line, and the lines that continue it.
pub(super) fn read<'a>(
    text: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    let (time, rest) = take_time(text, context.clock)?;
    let (pid, rest) = rest.trim_start_matches([' ', ':']).strip_prefix('[')?.split_once(']')?;
    // `%p-%l` numbers the lines of a session.
    let pid = pid.split_once('-').map_or(pid, |(pid, _)| pid);
    let _pid = number(pid)?;
    let (prefix, part, message) = split_part(rest)?;
    let _number = set_number(shape, Field::ProcessPid, pid);
    if is_severity(part) {
        let _free = shape.set_text(Field::LogLevel, part);
    } else {
        shape.labelled("postgresql_part", Value::Text(Cow::Borrowed(part)));
    }
    place_prefix(prefix.trim_matches([' ', ':']), shape);
    place_message(shape, message);
    Some(EventTime::of(Some(time)))
}

/// Splits before the severity, which ends in a colon and two spaces.
fn split_part(text: &str) -> Option<(&str, &str, &str)> {
    let at = memchr::memmem::find(text.as_bytes().get(..MAX_PREFIX.min(text.len()))?, b":  ")?;
    let (head, message) = (text.get(..at)?, text.get(at + 3..)?);
    let (prefix, part) = head.rsplit_once(' ').unwrap_or(("", head));
    let is_other =
        matches!(part, "DETAIL" | "HINT" | "STATEMENT" | "CONTEXT" | "QUERY" | "LOCATION" | "BACKTRACE");
    (is_severity(part) || is_other).then_some((prefix, part, message))
}

/// `user@database`, or names and values with commas between.
fn place_prefix<'a>(prefix: &'a str, shape: &mut Shape<'a, '_>) {
    if prefix.is_empty() {
        return;
    }
    if prefix.contains('=') {
        for pair in prefix.split([',', ' ']) {
            let Some((name, value)) = pair.split_once('=') else { continue };
            match name {
                "user" => place_text(shape, Field::UserName, value),
                "db" | "database" => place_other(shape, "postgresql.log.database", Cow::Borrowed(value)),
                "app" => place_other(shape, "postgresql.log.application_name", Cow::Borrowed(value)),
                "client" | "host" | "remote" => place_client(shape, value),
                _ => {}
            }
        }
        return;
    }
    match prefix.split_once('@').filter(|_| !prefix.contains(' ')) {
        Some((user, database)) => {
            place_text(shape, Field::UserName, user);
            place_other(shape, "postgresql.log.database", Cow::Borrowed(database));
        }
        None => shape.labelled("postgresql_prefix", Value::Text(Cow::Borrowed(prefix))),
    }
}
