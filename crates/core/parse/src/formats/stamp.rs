//! Times at the front of a line, where the line goes on behind them.
//!
//! Each function gives the time in milliseconds since the Unix epoch, how it was written, and what follows. What the
//! layouts have in common is read by [`Clock`]; here is only where a stamp ends, and the layouts that it doesn't know.

use crate::timestamp::Clock;
use crate::timestamp::civil::{civil_from_days, month_from_name};

/// A time, and how it was written.
pub(crate) type Stamp<'a> = (i64, &'a str);

const DAY_MS: i64 = 86_400_000;

/// Takes `2026-11-21 09:00:00` off the front: with a `T` or without, a fraction behind a point or a comma, an offset or `Z`.
pub(crate) fn take_iso<'a>(text: &'a str, clock: &Clock) -> Option<(Stamp<'a>, &'a str)> {
    let bytes = text.as_bytes();
    if bytes.get(4) != Some(&b'-') || bytes.get(13) != Some(&b':') || bytes.get(16) != Some(&b':') {
        return None;
    }
    let mut len = "2026-11-21 09:00:00".len();
    len += fraction_len(bytes.get(len..)?);
    len += offset_len(bytes.get(len..)?);
    let (stamp, rest) = text.split_at_checked(len)?;
    Some(((clock.read_iso(stamp.as_bytes())?, stamp), rest))
}

/// Takes a time without a date, `09:00:00.123`, off the front: the one that is nearest to the time of receipt.
pub(crate) fn take_time<'a>(text: &'a str, clock: &Clock, received: i64) -> Option<(Stamp<'a>, &'a str)> {
    let bytes = text.as_bytes();
    if bytes.get(2) != Some(&b':') || bytes.get(5) != Some(&b':') {
        return None;
    }
    let fraction = fraction_len(bytes.get(8..)?);
    let (stamp, rest) = text.split_at_checked(8 + fraction).filter(|_| fraction > 0)?;
    let today = received.div_euclid(DAY_MS);
    let on = |day| {
        let (year, month, day) = civil_from_days(day);
        clock.read_iso(format!("{year:04}-{month:02}-{day:02} {stamp}").as_bytes())
    };
    let ms = (today - 1..=today + 1)
        .filter_map(on)
        .min_by_key(|ms: &i64| ms.saturating_sub(received).unsigned_abs())?;
    Some(((ms, stamp), rest))
}

/// Takes `21 Nov 2026 09:00:00.123` (Redis) or `21-Nov-2026 09:00:00.123` (Tomcat) off the front.
pub(crate) fn take_day_first<'a>(text: &'a str, clock: &Clock) -> Option<(Stamp<'a>, &'a str)> {
    let bytes = text.as_bytes();
    let between = bytes.get(2).filter(|byte| matches!(byte, b' ' | b'-'))?;
    if bytes.get(6) != Some(between) || bytes.get(11) != Some(&b' ') {
        return None;
    }
    let len = "21 Nov 2026 09:00:00".len();
    let (stamp, rest) = text.split_at_checked(len + fraction_len(bytes.get(len..)?))?;
    let month = month_from_name(stamp.as_bytes().get(3..6)?)?;
    let (day, year, time) = (stamp.get(..2)?, stamp.get(7..11)?, stamp.get(12..)?);
    let ms = clock.read_iso(format!("{year}-{month:02}-{day} {time}").as_bytes())?;
    Some(((ms, stamp), rest))
}

/// Takes `Nov 21, 2026 9:00:00 AM`, as `java.util.logging` writes it, off the front; newer JDKs write a comma behind
/// the year, and a narrow space before the half of the day.
pub(crate) fn take_us<'a>(text: &'a str, clock: &Clock) -> Option<(Stamp<'a>, &'a str)> {
    let month = month_from_name(text.as_bytes().get(..3)?)?;
    let (day, rest) = text.get(3..)?.strip_prefix(' ')?.split_once(", ")?;
    let (year, rest) = rest.split_at_checked(4)?;
    let rest = rest.strip_prefix(',').unwrap_or(rest).strip_prefix(' ')?;
    let (time, rest) = rest.split_once([' ', '\u{202f}'])?;
    let (hour, minutes) = time.split_once(':')?;
    let hour: u8 = hour.parse().ok().filter(|hour| (1..=12).contains(hour))?;
    let (half, rest) = rest.split_at_checked(2)?;
    let hour = match half {
        "AM" => hour % 12,
        "PM" => hour % 12 + 12,
        _ => return None,
    };
    let day: u8 = day.parse().ok()?;
    let ms = clock.read_iso(format!("{year}-{month:02}-{day:02} {hour:02}:{minutes}").as_bytes())?;
    let stamp = text.get(..text.len().checked_sub(rest.len())?)?;
    Some(((ms, stamp), rest))
}

/// The length of `.123` or `,123`, if it is there.
fn fraction_len(rest: &[u8]) -> usize {
    match rest {
        [b'.' | b',', digits @ ..] => {
            // Nanoseconds are the finest that is written.
            let digits = digits.iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
            if digits > 0 { digits + 1 } else { 0 }
        }
        _ => 0,
    }
}

/// The length of `Z`, `+hh`, `+hhmm` or `+hh:mm`, if it is there.
fn offset_len(rest: &[u8]) -> usize {
    let digits = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
    match rest {
        [b'Z', ..] => 1,
        [b'+' | b'-', a, b, b':', c, d, ..] if digits(&[*a, *b, *c, *d]) => 6,
        [b'+' | b'-', a, b, c, d, ..] if digits(&[*a, *b, *c, *d]) => 5,
        [b'+' | b'-', a, b, ..] if digits(&[*a, *b]) => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::RECEIVED_MS;

    type Taken<'a> = Option<(Stamp<'a>, &'a str)>;

    #[test]
    fn stamps_end_where_they_end() {
        let clock = Clock::new("UTC").unwrap();
        for (line, len, before_ms) in [
            ("2026-11-21 08:59:58,250 INFO", 23, 1750),
            ("2026-11-21T08:59:58.25Z x", 23, 1750),
            ("2026-11-21T09:59:58.250123+01:00]", 32, 1750),
            ("2026-11-21 08:59:58 - x", 19, 2000),
            ("2026-11-21 08:59:58. x", 19, 2000),
        ] {
            let ((ms, stamp), rest) = take_iso(line, &clock).unwrap();
            assert_eq!((RECEIVED_MS - ms, stamp.len(), rest), (before_ms, len, &line[len..]), "{line}");
        }
        let of = |taken: Taken<'_>| taken.map(|((ms, _), rest)| (RECEIVED_MS - ms, rest.to_owned()));
        let at = |before_ms, rest: &str| Some((before_ms, rest.to_owned()));
        assert_eq!(of(take_time("08:59:58.250 [main]", &clock, RECEIVED_MS)), at(1750, " [main]"));
        assert_eq!(of(take_time("23:59:58.000 x", &clock, RECEIVED_MS)), at(9 * 3_600_000 + 2000, " x"));
        assert_eq!(of(take_day_first("21 Nov 2026 08:59:58.250 # x", &clock)), at(1750, " # x"));
        assert_eq!(of(take_day_first("21-Nov-2026 08:59:58 x", &clock)), at(2000, " x"));
        assert_eq!(of(take_us("Nov 21, 2026 8:59:58 AM Shop main", &clock)), at(2000, " Shop main"));
        assert_eq!(of(take_us("Nov 20, 2026, 10:00:00\u{202f}PM Shop", &clock)), at(11 * 3_600_000, " Shop"));
    }

    #[test]
    fn what_is_no_stamp_is_left() {
        let clock = Clock::new("UTC").unwrap();
        for line in ["", "2026-11-21", "2026-13-21 08:59:58", "2026-11-21 08:59", "2026-11-2é 08:59:58"] {
            assert!(take_iso(line, &clock).is_none(), "{line}");
        }
        for line in ["", "08:59:58", "08:59:58 x", "24:00:00.000", "8:59:58.000"] {
            assert!(take_time(line, &clock, RECEIVED_MS).is_none(), "{line}");
        }
        for line in
            ["", "21 Nov 2026", "21 Foo 2026 08:59:58", "21 Nov-2026 08:59:58", "99 Nov 2026 08:59:58"]
        {
            assert!(take_day_first(line, &clock).is_none(), "{line}");
        }
        for line in
            ["", "Nov 21, 2026", "Nov 21, 2026 13:00:00 PM", "Nov 21, 2026 1:00:00 XM", "Nov, 2026 1:0 AM"]
        {
            assert!(take_us(line, &clock).is_none(), "{line}");
        }
    }
}
