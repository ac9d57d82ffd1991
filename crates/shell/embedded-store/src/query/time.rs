//! Times as documents and queries write them: ISO 8601 in full or in part, milliseconds since the Unix epoch, and for
//! queries `now` with an offset. What has no zone is UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

/// The milliseconds that a time covers: one for a full time, a day's worth for a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first.
    pub(crate) start: i64,
    /// The last.
    pub(crate) last: i64,
}

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Reads a time without `now`.
pub(crate) fn parse(text: &str) -> Option<Span> {
    let text = text.trim();
    let (digits, negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    if digits.len() > 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let ms: i64 = digits.parse().ok()?;
        return Some(instant(if negative { -ms } else { ms }));
    }
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    match time {
        None => days(date),
        Some(time) => clock(date, time),
    }
}

/// Reads a time as queries may give it; `now_ms` is the present.
///
/// # Errors
/// What is wrong, in words.
pub(crate) fn parse_query(text: &str, now_ms: i64) -> Result<Span, String> {
    let Some(rest) = text.strip_prefix("now") else {
        return parse(text).ok_or_else(|| {
            format!("`{text}` is no time: write 2026-11-21, 2026-11-21T10:00:00Z or now-15m")
        });
    };
    if text.contains('/') {
        return Err("rounding in date mathematics (`/`) is not supported by the embedded store".to_owned());
    }
    offset(rest)
        .and_then(|offset| now_ms.checked_add(offset))
        .map(instant)
        .ok_or_else(|| format!("`{text}` is no time: an offset is written now-15m, with s, m, h, d or w"))
}

fn instant(ms: i64) -> Span {
    Span { start: ms, last: ms }
}

/// `-15m`, `+1d`, several of them, or nothing.
fn offset(text: &str) -> Option<i64> {
    let mut sum = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let sign = match rest.as_bytes().first()? {
            b'-' => -1,
            b'+' => 1,
            _ => return None,
        };
        let body = rest.get(1..)?;
        let end = body.find(|char: char| !char.is_ascii_digit())?;
        let (count, unit) = body.split_at(end);
        let length = match unit.as_bytes().first()? {
            b's' => SECOND,
            b'm' => MINUTE,
            b'h' | b'H' => HOUR,
            b'd' => DAY,
            b'w' => 7 * DAY,
            _ => return None,
        };
        let part = count.parse::<i64>().ok()?.checked_mul(length)?.checked_mul(sign)?;
        sum = sum.checked_add(part)?;
        rest = unit.get(1..)?;
    }
    Some(sum)
}

/// A year, a month or a day.
fn days(text: &str) -> Option<Span> {
    let mut parts = text.split('-');
    let year: i16 = fixed(parts.next()?, 4)?;
    let month = parts.next().map(|part| fixed(part, 2));
    let day = parts.next().map(|part| fixed(part, 2));
    if parts.next().is_some() {
        return None;
    }
    let first = match (month, day) {
        (None, _) => Date::new(year, 1, 1),
        (Some(month), None) => Date::new(year, month?, 1),
        (Some(month), Some(day)) => Date::new(year, month?, day?),
    }
    .ok()?;
    let start = milliseconds(first.at(0, 0, 0, 0), Offset::UTC)?;
    let after = match (month, day) {
        (None, _) => first.last_of_year().tomorrow(),
        (Some(_), None) => first.last_of_month().tomorrow(),
        (Some(_), Some(_)) => first.tomorrow(),
    }
    .ok()?;
    Some(Span { start, last: milliseconds(after.at(0, 0, 0, 0), Offset::UTC)? - 1 })
}

/// A day with a clock time: hours, or down to nanoseconds, with or without a zone.
fn clock(date: &str, time: &str) -> Option<Span> {
    let mut parts = date.split('-');
    let date =
        Date::new(fixed(parts.next()?, 4)?, fixed(parts.next()?, 2)?, fixed(parts.next()?, 2)?).ok()?;
    if parts.next().is_some() {
        return None;
    }
    let zone_at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone_at);
    let offset = zone_offset(zone)?;
    let mut parts = time.split(':');
    let hour: i8 = fixed(parts.next()?, 2)?;
    let minute = parts.next().map(|part| fixed::<i8>(part, 2));
    let seconds = parts.next();
    if parts.next().is_some() {
        return None;
    }
    let (second, nanosecond, length) = match seconds {
        None => (0, 0, if minute.is_some() { MINUTE } else { HOUR }),
        Some(text) => match text.split_once(['.', ',']) {
            None => (fixed(text, 2)?, 0, SECOND),
            Some((whole, fraction)) => (fixed(whole, 2)?, nanoseconds(fraction)?, 1),
        },
    };
    let minute = minute.unwrap_or(Some(0))?;
    // A leap second is counted as the last one of its minute, as elsewhere.
    let local =
        DateTime::new(date.year(), date.month(), date.day(), hour, minute, i8::min(second, 59), nanosecond)
            .ok()?;
    if second > 60 {
        return None;
    }
    let start = milliseconds(local, offset)?;
    Some(Span { start, last: start + length - 1 })
}

fn milliseconds(local: DateTime, offset: Offset) -> Option<i64> {
    let timestamp: Timestamp = local.to_zoned(TimeZone::fixed(offset)).ok()?.timestamp();
    Some(timestamp.as_millisecond())
}

fn zone_offset(zone: &str) -> Option<Offset> {
    let Some(sign) = zone.chars().next() else { return Some(Offset::UTC) };
    let rest = zone.get(1..)?;
    let sign = match sign {
        'Z' | 'z' => return rest.is_empty().then_some(Offset::UTC),
        '-' => -1,
        _ => 1,
    };
    let digits: String = rest.chars().filter(|char| *char != ':').collect();
    let (hours, minutes): (i32, i32) = match digits.len() {
        2 => (fixed(&digits, 2)?, 0),
        4 => (fixed(digits.get(..2)?, 2)?, fixed(digits.get(2..)?, 2)?),
        _ => return None,
    };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn nanoseconds(fraction: &str) -> Option<i32> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    digits.parse().ok()
}

/// A number of exactly `width` digits.
fn fixed<T: std::str::FromStr>(text: &str, width: usize) -> Option<T> {
    (text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: i64 = 1_795_262_400_000;

    #[test]
    fn times_cover_what_they_leave_out() {
        for (text, start, last) in [
            ("2026-11-21T12:00:00Z", NOON, NOON + 999),
            ("2026-11-21T12:00:00.000Z", NOON, NOON),
            ("2026-11-21T13:00:00+01:00", NOON, NOON + 999),
            ("2026-11-21 07:00:00.5-0500", NOON + 500, NOON + 500),
            ("2026-11-21T12:00", NOON, NOON + MINUTE - 1),
            ("2026-11-21T12", NOON, NOON + HOUR - 1),
            ("2026-11-21", NOON - 12 * HOUR, NOON + 12 * HOUR - 1),
            ("2026-11", 1_793_491_200_000, 1_796_083_199_999),
            ("2026", 1_767_225_600_000, 1_798_761_599_999),
            ("1795262400000", NOON, NOON),
        ] {
            assert_eq!(parse(text), Some(Span { start, last }), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in
            ["", "soon", "2026-13-01", "2026-11-21T25:00", "2026-11-21T12:00:61Z", "12:00", "2026-11-21Tx"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn queries_count_from_now() {
        assert_eq!(parse_query("now", 1000), Ok(instant(1000)));
        assert_eq!(parse_query("now-1h+30m", HOUR), Ok(instant(30 * MINUTE)));
        assert!(parse_query("now/d", 0).unwrap_err().contains("rounding"));
        assert!(parse_query("now-1", 0).unwrap_err().contains("offset"));
        assert!(parse_query("yesterday", 0).unwrap_err().contains("no time"));
    }

    proptest! {
        /// Guarantees: no text makes it panic.
        #[test]
        fn survives_anything(text in r"\PC{0,40}|[0-9:TZ.+\-]{0,30}", now: i64) {
            let _parsed = parse(&text);
            let _query = parse_query(&format!("now{text}"), now);
        }
    }
}
