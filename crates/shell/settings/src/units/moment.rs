//! Points in time as people give them: `1h` ago, a day, a moment.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Reads a point in time, in milliseconds since the Unix epoch: a length of time before `now` (`15m`, `1h 30m`, `7d`),
/// an RFC 3339 moment, or a day or a day's time in the zone given.
///
/// # Errors
/// Says what can be given.
pub fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<i64, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(now.as_millisecond());
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment.as_millisecond());
    }
    let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)));
    if let Ok(moment) = local.and_then(|local| local.to_zoned(zone.clone())) {
        return Ok(moment.timestamp().as_millisecond());
    }
    match before(text).and_then(|ago| now.checked_sub(ago).ok()) {
        Some(moment) => Ok(moment.as_millisecond()),
        None => Err(format!(
            "`{text}` is no point in time: give a length of time before now (15m, 1h, 7d), a day (2026-11-21) or a \
             moment (2026-11-21T10:00:00Z)"
        )),
    }
}

/// The same, at this moment and in the system's time zone: as an argument of a command.
///
/// # Errors
/// Says what can be given.
pub fn argument(text: &str) -> Result<i64, String> {
    parse(text, Timestamp::now(), &TimeZone::system())
}

/// Lengths of time with days and weeks of 24 hours, which jiff leaves to calendars.
fn before(text: &str) -> Option<SignedDuration> {
    let whole = |unit: char, hours: i64| {
        let number: i64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        (number >= 0).then(|| number.checked_mul(hours).and_then(SignedDuration::try_from_hours))?
    };
    let length = whole('d', 24).or_else(|| whole('w', 7 * 24)).or_else(|| text.parse().ok())?;
    (!length.is_negative()).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Result<String, String> {
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        parse(text, now, &TimeZone::fixed(jiff::tz::offset(1)))
            .map(|ms| Timestamp::from_millisecond(ms).unwrap().to_string())
    }

    #[test]
    fn a_point_in_time_has_several_forms() {
        for (text, expected) in [
            ("now", "2026-11-21T10:00:00Z"),
            ("1h", "2026-11-21T09:00:00Z"),
            ("1h 30m", "2026-11-21T08:30:00Z"),
            ("90s", "2026-11-21T09:58:30Z"),
            ("7d", "2026-11-14T10:00:00Z"),
            ("2w", "2026-11-07T10:00:00Z"),
            ("2026-11-20", "2026-11-19T23:00:00Z"),
            ("2026-11-20T12:00:00", "2026-11-20T11:00:00Z"),
            ("2026-11-20T12:00:00+02:00", "2026-11-20T10:00:00Z"),
        ] {
            assert_eq!(ms(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_says_what_can_be_given() {
        for text in ["", "yesterday", "-1h", "-2d", "99999999999999999999d", "9999999999999d", "1x"] {
            let error = ms(text).unwrap_err();
            assert!(error.contains("is no point in time: give a length"), "{error}");
        }
    }
}
