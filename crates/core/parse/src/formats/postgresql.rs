//! `PostgreSQL`'s log: `stderr`, `csvlog` and `jsonlog`.
//!
//! | Part | Field |
//! |---|---|
//! | severity (`LOG`, `ERROR`, ...) | `log.level`; `DETAIL`, `HINT`, `STATEMENT`, ... that stand in lines of their own go to `labels.postgresql_part` |
//! | process | `process.pid` |
//! | user, database, application | `user.name`, `postgresql.log.database`, `postgresql.log.application_name` |
//! | client | `source.ip` or `source.address`, `source.port` |
//! | SQLSTATE | `error.code`, and `event.code` where it is no error |
//! | `duration: 1.5 ms` in the message | `event.duration` in nanoseconds |
//! | detail, hint, statement, context, ... | `postgresql.log.<name>`, which is where Filebeat has most of them |
//!
//! In the plain log, `log_line_prefix` has to begin with the time (`%t`, `%m` or `%n` isn't read) and the process in
//! brackets, as it does by default and in Debian's packages (`%m [%p] %q%u@%d `); of what follows, `user@database` and
//! `user=..,db=..,app=..,client=..` are understood. Abbreviations of zones other than those that mean one offset only
//! are taken for the configured zone.
//!
//! Source: <https://www.postgresql.org/docs/current/runtime-config-logging.html>.

mod csv;
mod json;
mod plain;

#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;

use super::stamp::{self, Stamp};
use super::{Context, Guess, Reader};
use crate::ecs::Field;
use crate::line::{number, set_address, set_number};
use crate::shape::Shape;
use crate::timestamp::Clock;
use crate::tree::Value;

/// A date with a zone, or JSON with the members that `jsonlog` always has.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte.is_ascii_digit() || byte == b'{',
        looks_like: |text| match text.as_bytes() {
            [b'{', ..] => text.starts_with(r#"{"timestamp":""#) && text.contains(r#","error_severity":""#),
            [_, _, _, _, b'-', _, _, b'-', _, _, b' ', ..] => text.get(19..).is_some_and(|rest| {
                // A zone stands in every stamp, between a space and the bracket or the comma.
                let rest = rest.trim_start_matches(|char: char| char == '.' || char.is_ascii_digit());
                rest.starts_with(' ') && (text.contains(":  ") || text.contains(","))
            }),
            _ => false,
        },
    }),
    read: |text, context, shape| match text.as_bytes().first()? {
        b'{' => json::read(text, context, shape),
        _ => plain::read(text, context, shape).or_else(|| csv::read(text, context, shape)),
    },
};

/// The names of severities in the log.
fn is_severity(word: &str) -> bool {
    matches!(word, "LOG" | "ERROR" | "FATAL" | "PANIC" | "WARNING" | "NOTICE" | "INFO" | "DEBUG")
        || word.strip_prefix("DEBUG").is_some_and(|level| matches!(level, "1" | "2" | "3" | "4" | "5"))
}

/// Takes `2026-11-21 09:00:00.123 UTC` off the front.
fn take_time<'a>(text: &'a str, clock: &Clock) -> Option<(Stamp<'a>, &'a str)> {
    let ((_, civil), rest) = stamp::take_iso(text, clock)?;
    let zone = rest.strip_prefix(' ')?;
    let len = zone.find([' ', ',', ':', '[']).unwrap_or(zone.len());
    let (zone, rest) = zone.split_at_checked(len)?;
    let stamp = text.get(..civil.len() + 1 + len)?;
    // With an offset the reader does the rest, as it does where the zone is the configured one.
    let with_zone = match offset_of(zone) {
        Some(offset) => format!("{civil}{offset}"),
        None if zone.starts_with(['+', '-']) => format!("{civil}{zone}"),
        None if zone.bytes().all(|byte| byte.is_ascii_alphabetic()) && !zone.is_empty() => civil.to_owned(),
        None => return None,
    };
    Some(((clock.read_iso(with_zone.as_bytes())?, stamp), rest))
}

/// The offset of an abbreviation that means only one.
fn offset_of(zone: &str) -> Option<&'static str> {
    Some(match zone {
        "UTC" | "GMT" | "WET" => "+00:00",
        "CET" | "WEST" => "+01:00",
        "CEST" | "EET" => "+02:00",
        "EEST" | "MSK" => "+03:00",
        "JST" | "KST" => "+09:00",
        "AEST" => "+10:00",
        "AEDT" => "+11:00",
        "EDT" => "-04:00",
        "EST" | "CDT" => "-05:00",
        "MDT" => "-06:00",
        "MST" | "PDT" => "-07:00",
        "PST" => "-08:00",
        _ => return None,
    })
}

/// Sets the message, and the duration that it may begin with.
fn place_message<'a>(shape: &mut Shape<'a, '_>, message: &'a str) {
    let _free = shape.set_text(Field::Message, message);
    let duration = message.strip_prefix("duration: ").and_then(|rest| rest.split_once(" ms"));
    if let Some(nanos) = duration.and_then(|(millis, _)| {
        let (whole, fraction) = millis.split_once('.')?;
        let micros = number(fraction).filter(|_| fraction.len() == 3)?;
        number(whole)?.checked_mul(1_000_000)?.checked_add(micros * 1000)
    }) {
        let _free = shape.set(Field::EventDuration, Value::Integer(nanos));
    }
}

/// Sets the client: `10.0.0.7`, `10.0.0.7:41260`, `10.0.0.7(41260)`, a name, `[local]`.
fn place_client<'a>(shape: &mut Shape<'a, '_>, client: &'a str) {
    let (address, port) = match client.strip_suffix(')').and_then(|client| client.split_once('(')) {
        Some(parts) => parts,
        None if client.parse::<std::net::IpAddr>().is_ok() => (client, ""),
        None => client.rsplit_once(':').unwrap_or((client, "")),
    };
    if !address.is_empty() {
        set_address(shape, Field::SourceIp, Field::SourceAddress, address);
        let _number = set_number(shape, Field::SourcePort, port);
    }
}

/// Sets a field to text that says something.
fn place_text<'a>(shape: &mut Shape<'a, '_>, field: Field, text: &'a str) {
    if !text.is_empty() && text != "[unknown]" {
        let _free = shape.set_text(field, text);
    }
}

/// Sets what the schema has no field for, if it says something.
fn place_other<'a>(shape: &mut Shape<'a, '_>, name: &'static str, value: Cow<'a, str>) {
    if !value.is_empty() && value != "[unknown]" {
        shape.place_named(name, Value::Text(value));
    }
}
