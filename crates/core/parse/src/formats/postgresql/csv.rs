//! `csvlog`: 23 columns, and since versions 13 and 14 one and three more.

use std::borrow::Cow;

use super::{Context, is_severity, place_client, place_message, place_other, place_text, take_time};
use crate::ecs::Field;
use crate::line::set_number;
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

/// How many columns there are at least and at most.
const COLUMNS: std::ops::RangeInclusive<usize> = 23..=26;

/// Columns of text that the schema has no field for.
const TEXTS: [(usize, &str); 13] = [
    (2, "postgresql.log.database"),
    (5, "postgresql.log.session_id"),
    (7, "postgresql.log.command_tag"),
    (8, "postgresql.log.session_start_time"),
    (9, "postgresql.log.virtual_transaction_id"),
    (14, "postgresql.log.detail"),
    (15, "postgresql.log.hint"),
    (16, "postgresql.log.internal_query"),
    (18, "postgresql.log.context"),
    (19, "postgresql.log.query"),
    (21, "postgresql.log.location"),
    (22, "postgresql.log.application_name"),
    (23, "postgresql.log.backend_type"),
];

/// Columns of numbers.
const NUMBERS: [(usize, &str); 6] = [
    (6, "postgresql.log.session_line_number"),
    (10, "postgresql.log.transaction_id"),
    (17, "postgresql.log.internal_query_pos"),
    (20, "postgresql.log.query_pos"),
    (24, "postgresql.log.leader_pid"),
    (25, "postgresql.log.query_id"),
];

/// Reads one record.
pub(super) fn read<'a>(
    text: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    let (time, _) = take_time(text, context.clock)?;
    let mut columns: [Cow<'a, str>; 26] = Default::default();
    let (mut count, mut rest) = (0, Some(text));
    while let Some(left) = rest {
        let (column, after) = take_column(left)?;
        *columns.get_mut(count)? = column;
        (count, rest) = (count + 1, after);
    }
    let severity = columns.get(11)?;
    if !COLUMNS.contains(&count) || !is_severity(severity) {
        return None;
    }
    let is_error = matches!(&**severity, "ERROR" | "FATAL" | "PANIC");
    let _free = shape.set(Field::LogLevel, Value::Text(severity.clone()));
    let _number = set_number(shape, Field::ProcessPid, columns.get(3)?);
    if let Some(Cow::Borrowed(user)) = columns.get(1) {
        place_text(shape, Field::UserName, user);
    }
    if let Some(Cow::Borrowed(client)) = columns.get(4) {
        place_client(shape, client);
    }
    let code = if is_error { Field::ErrorCode } else { Field::EventCode };
    let _free = shape.set(code, Value::Text(columns.get(12)?.clone()));
    match columns.get(13)? {
        Cow::Borrowed(message) => place_message(shape, message),
        Cow::Owned(message) => {
            let _free = shape.set(Field::Message, Value::Text(Cow::Owned(message.clone())));
        }
    }
    for (at, name) in NUMBERS {
        // A query's id may be negative.
        if let Some(number) = columns.get(at).and_then(|column| column.parse().ok()) {
            shape.place_named(name, Value::Integer(number));
        }
    }
    for (at, name) in TEXTS {
        place_other(shape, name, columns.get_mut(at).map(std::mem::take).unwrap_or_default());
    }
    Some(EventTime::of(Some(time)))
}

/// Takes a column off the front: quoted, with quotes doubled, or bare. What follows is none behind the last.
fn take_column(text: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let Some(inner) = text.strip_prefix('"') else {
        return Some(match text.split_once(',') {
            Some((column, rest)) => (Cow::Borrowed(column), Some(rest)),
            None => (Cow::Borrowed(text), None),
        });
    };
    let (mut from, mut is_doubled) = (0, false);
    let end = loop {
        let at = from + memchr::memchr(b'"', inner.as_bytes().get(from..)?)?;
        if inner.as_bytes().get(at + 1) != Some(&b'"') {
            break at;
        }
        (from, is_doubled) = (at + 2, true);
    };
    let (column, rest) = (inner.get(..end)?, inner.get(end + 1..)?);
    let column = if is_doubled { Cow::Owned(column.replace("\"\"", "\"")) } else { Cow::Borrowed(column) };
    match rest.strip_prefix(',') {
        Some(rest) => Some((column, Some(rest))),
        None => rest.is_empty().then_some((column, None)),
    }
}
