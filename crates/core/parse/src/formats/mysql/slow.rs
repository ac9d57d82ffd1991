//! Entries of the slow query log: lines of facts that begin with `#`, and the query.
//!
//! `Query_time` becomes `event.duration`, in nanoseconds; user and host `user.name`, `source.domain` and `source.ip`; the
//! other facts keep their names below `mysql.slowlog`, as Filebeat has them. The message is the query. The time is that
//! of `# Time:`, or else of the `SET timestamp` before the query.
//!
//! Sources: <https://dev.mysql.com/doc/refman/8.4/en/slow-query-log.html>,
//! <https://mariadb.com/docs/server/server-management/server-monitoring-logs/slow-query-log>.

use std::borrow::Cow;

use super::super::members::scalar;
use super::super::{Context, stamp};
use crate::ecs::Field;
use crate::line::{number, set_address, set_number};
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

/// Names of facts, and the members that they become.
const FACTS: [(&str, &str); 11] = [
    ("Lock_time", "mysql.slowlog.lock_time.sec"),
    ("Rows_sent", "mysql.slowlog.rows_sent"),
    ("Rows_examined", "mysql.slowlog.rows_examined"),
    ("Rows_affected", "mysql.slowlog.rows_affected"),
    ("Bytes_sent", "mysql.slowlog.bytes_sent"),
    ("Bytes_received", "mysql.slowlog.bytes_received"),
    ("Schema", "mysql.slowlog.schema"),
    ("QC_hit", "mysql.slowlog.query_cache_hit"),
    ("Killed", "mysql.slowlog.killed"),
    ("Errno", "mysql.slowlog.last_errno"),
    ("Full_scan", "mysql.slowlog.full_scan"),
];

/// Reads an entry. There has to be a `Query_time`.
pub(super) fn read<'a>(
    text: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    let facts = text.split_inclusive('\n').take_while(|line| line.starts_with('#')).map(str::len).sum();
    let (facts, query) = text.split_at_checked(facts)?;
    let (_, seconds) = facts.split_once("Query_time: ")?;
    let duration = nanoseconds(seconds.split_ascii_whitespace().next()?)?;
    let mut time = None;
    for line in facts.lines().map(|line| line.trim_start_matches(['#', ' '])) {
        if let Some(written) = line.strip_prefix("Time: ") {
            time = stamp::take_iso(written, context.clock).map(|(time, _)| time);
        } else if let Some(client) = line.strip_prefix("User@Host: ") {
            place_client(client, shape);
        } else {
            place_facts(line, shape);
        }
    }
    let _free = shape.set(Field::EventDuration, Value::Integer(duration));
    let mut query = query.trim();
    if let Some((schema, rest)) = query.strip_prefix("use ").and_then(|rest| rest.split_once(";\n")) {
        shape.place_named("mysql.slowlog.current_schema", text_value(schema.trim_matches('`')));
        query = rest;
    }
    if let Some((epoch, rest)) = query.strip_prefix("SET timestamp=").and_then(|rest| rest.split_once(';')) {
        time = time.or_else(|| Some((number(epoch)?.checked_mul(1000)?, epoch)));
        query = rest.trim_start();
    }
    let _free = shape.set_text(Field::Message, query);
    Some(EventTime::of(time))
}

/// `root[root] @ localhost [127.0.0.1]  Id:     8`; name and address may be missing.
fn place_client<'a>(client: &'a str, shape: &mut Shape<'a, '_>) {
    let (user, rest) = client.split_once('@').unwrap_or((client, ""));
    // The name that was asked for, and in brackets the account that it came to.
    let (asked, account) = user.trim().trim_end_matches(']').split_once('[').unwrap_or((user.trim(), ""));
    let (host, rest) = rest.split_once('[').unwrap_or((rest, ""));
    let (address, rest) = rest.split_once(']').unwrap_or((rest, ""));
    let user = if account.is_empty() { asked } else { account };
    if !user.is_empty() {
        let _free = shape.set_text(Field::UserName, user);
    }
    if !host.trim().is_empty() {
        let _free = shape.set_text(Field::SourceDomain, host.trim());
    }
    if !address.is_empty() {
        set_address(shape, Field::SourceIp, Field::SourceAddress, address);
    }
    if let Some((_, thread)) = rest.split_once("Id:") {
        let _number = set_number(shape, Field::ProcessThreadId, thread.trim());
    }
}

/// `Rows_sent: 1  Rows_examined: 0`; a value may be missing.
fn place_facts<'a>(line: &'a str, shape: &mut Shape<'a, '_>) {
    let mut words = line.split_ascii_whitespace().peekable();
    while let Some(word) = words.next() {
        let Some(name) = word.strip_suffix(':') else { continue };
        let Some(value) = words.next_if(|value| !value.ends_with(':')) else { continue };
        if name == "Thread_id" {
            let _number = set_number(shape, Field::ProcessThreadId, value);
        } else if let Some((_, member)) = FACTS.iter().find(|(known, _)| *known == name) {
            let value = match value {
                "No" => Value::Json(Cow::Borrowed("false")),
                "Yes" => Value::Json(Cow::Borrowed("true")),
                value => scalar(value),
            };
            shape.place_named(member, value);
        }
    }
}

fn text_value(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text))
}

/// `12.000241` seconds in nanoseconds.
fn nanoseconds(seconds: &str) -> Option<i64> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let fraction = fraction.get(..9).unwrap_or(fraction);
    let scale = 10_i64.checked_pow(9 - u32::try_from(fraction.len()).ok()?)?;
    number(whole)?.checked_mul(1_000_000_000)?.checked_add(number(fraction)? * scale)
}
