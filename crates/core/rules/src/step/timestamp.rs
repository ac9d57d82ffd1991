//! `timestamp`: the event's time, from a field of the rule's choice.

use chrono::{DateTime, Utc};
use jiff::civil::DateTime as Civil;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use vrl::path::{OwnedValuePath, parse_value_path};
use vrl::value::Value;

use super::{StepFailure, excerpt};
use crate::spec::step::TimestampSpec;
use crate::target::path;

/// A compiled `timestamp`.
#[derive(Debug)]
pub(crate) struct Timestamp {
    from: OwnedValuePath,
    into: OwnedValuePath,
    name: String,
    format: Option<Format>,
    zone: TimeZone,
    keep: bool,
}

/// What a time looks like, in the terms of strftime.
#[derive(Debug)]
struct Format {
    text: String,
    has_year: bool,
}

// === impl Timestamp ===

impl Timestamp {
    pub(crate) fn new(spec: &TimestampSpec) -> Result<Self, String> {
        let name = spec.timezone.as_deref().unwrap_or("UTC");
        let zone = TimeZone::get(name)
            .map_err(|_| format!("`{name}` is no time zone: use a name as `Europe/Berlin`"))?;
        let format = spec.format.as_deref().map(Format::new).transpose()?;
        let into = parse_value_path("\"@timestamp\"").map_err(|error| error.to_string())?;
        Ok(Self { from: path(&spec.from)?, into, name: spec.from.clone(), format, zone, keep: spec.keep })
    }

    /// Sets `@timestamp`. `received` is when ingest took the event, in milliseconds since the Unix epoch.
    pub(crate) fn apply(&self, value: &mut Value, received: i64) -> Result<(), StepFailure> {
        let Some(stamp) = value.get(&self.from) else {
            return Err(StepFailure::new("timestamp_missing", format!("there is no `{}`", self.name)));
        };
        let Some(time) = self.read(stamp, received) else {
            let known = self.format.as_ref().map(|format| format.text.as_str());
            let form = known.unwrap_or("RFC 3339, or a number since 1970");
            let reason = format!("`{}` is no time in the form {form}: {}", self.name, excerpt(stamp));
            return Err(StepFailure::new("timestamp_unreadable", reason));
        };
        if !self.keep && self.from != self.into {
            let _before = value.remove(&self.from, true);
        }
        let _before = value.insert(&self.into, Value::Timestamp(time));
        Ok(())
    }

    fn read(&self, stamp: &Value, received: i64) -> Option<DateTime<Utc>> {
        if let Value::Timestamp(time) = stamp {
            return Some(*time);
        }
        let text = stamp.to_string_lossy();
        let text = text.trim();
        let nanos = match &self.format {
            Some(format) => {
                let parsed = BrokenDownTime::parse(&format.text, text).ok()?;
                if format.has_year { moment(&parsed, &self.zone)? } else { self.nearest(parsed, received)? }
            }
            None => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => return epoch(text, number),
                _ => match text.parse::<jiff::Timestamp>() {
                    Ok(time) => time,
                    Err(_) => self.zone.to_timestamp(text.parse::<Civil>().ok()?).ok()?,
                },
            },
        };
        let nanos = nanos.as_nanosecond();
        DateTime::from_timestamp(
            i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?,
            u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?,
        )
    }

    /// A time without a year gets the one that brings it nearest to the time of receipt: on New Year's Day a line from December
    /// belongs to the year before, and a clock that runs ahead may already be in the next.
    fn nearest(&self, mut parsed: BrokenDownTime, received: i64) -> Option<jiff::Timestamp> {
        let year = jiff::Timestamp::from_millisecond(received).ok()?.to_zoned(self.zone.clone()).year();
        let mut of_year = |year| {
            parsed.set_year(Some(year)).ok()?;
            moment(&parsed, &self.zone)
        };
        [year.saturating_sub(1), year, year.saturating_add(1)]
            .into_iter()
            .filter_map(&mut of_year)
            .min_by_key(|time| time.as_millisecond().saturating_sub(received).unsigned_abs())
    }
}

// === impl Format ===

impl Format {
    /// Whether it can be read, and names a point in time, shows when one is written with it and read again.
    fn new(text: &str) -> Result<Self, String> {
        // In a leap year, so that a day of any number would do.
        let sample = Civil::constant(2024, 11, 21, 13, 14, 15, 0);
        let sample = sample.to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?;
        let wrong = |error: jiff::Error| format!("format `{text}` is of no use for reading: {error}");
        let written = strtime::format(text, &sample).map_err(wrong)?;
        let mut parsed = BrokenDownTime::parse(text, &written).map_err(wrong)?;
        if moment(&parsed, &TimeZone::UTC).is_some() {
            return Ok(Self { text: text.to_owned(), has_year: true });
        }
        // A year that is there isn't what is missing.
        if parsed.year().is_none() && parsed.iso_week_year().is_none() {
            parsed.set_year(Some(sample.year())).map_err(wrong)?;
            if moment(&parsed, &TimeZone::UTC).is_some() {
                return Ok(Self { text: text.to_owned(), has_year: false });
            }
        }
        Err(format!(
            "format `{text}` names no point in time: it needs a day, and an hour where it has minutes; only the year may be left \
             out, and is then the one that is nearest to the time of receipt"
        ))
    }
}

/// The point in time; in this zone, where it says none itself.
fn moment(parsed: &BrokenDownTime, zone: &TimeZone) -> Option<jiff::Timestamp> {
    match parsed.to_timestamp() {
        Ok(time) => Some(time),
        Err(_) => zone.to_timestamp(parsed.to_datetime().ok()?).ok(),
    }
}

/// A number since 1970: seconds below 10^11 (the year 5138), then milliseconds, microseconds, nanoseconds.
fn epoch(text: &str, number: f64) -> Option<DateTime<Utc>> {
    let whole: i64 = match text.parse() {
        Ok(whole) => whole,
        // With a fraction they are seconds.
        Err(_) if number.abs() < 1e11 => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is below 10^20 / 10^9, rounded to microseconds"
            )]
            return DateTime::from_timestamp_micros((number * 1e6).round() as i64);
        }
        Err(_) => return None,
    };
    match whole.unsigned_abs() {
        0..100_000_000_000 => DateTime::from_timestamp(whole, 0),
        100_000_000_000..100_000_000_000_000 => DateTime::from_timestamp_millis(whole),
        100_000_000_000_000..100_000_000_000_000_000 => DateTime::from_timestamp_micros(whole),
        _ => Some(DateTime::from_timestamp_nanos(whole)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(yaml: &str, stamp: &str) -> Result<String, StepFailure> {
        let step = Timestamp::new(&serde_saphyr::from_str(yaml).unwrap()).unwrap();
        let mut value: Value = serde_json::from_str(&format!(r#"{{"t":{stamp}}}"#)).unwrap();
        // 2027-01-01T00:00:10Z.
        step.apply(&mut value, 1_798_761_610_000)?;
        assert_eq!(value.get(&path("t").unwrap()).is_some(), yaml.contains("keep"));
        Ok(value.get(&step.into).unwrap().to_string_lossy().into_owned())
    }

    #[test]
    fn a_time_in_any_of_its_forms() {
        for (yaml, stamp, expected) in [
            ("from: t", r#""2026-11-21T10:00:00.5+02:00""#, "2026-11-21T08:00:00.500Z"),
            ("from: t", r#""2026-11-21 10:00:00""#, "2026-11-21T10:00:00Z"),
            ("{from: t, timezone: Europe/Berlin}", r#""2026-07-21 10:00:00""#, "2026-07-21T08:00:00Z"),
            ("from: t", "1796083200", "2026-12-01T00:00:00Z"),
            ("from: t", "\"1796083200123\"", "2026-12-01T00:00:00.123Z"),
            ("from: t", "1796083200.25", "2026-12-01T00:00:00.250Z"),
            ("from: t", "1796083200123456", "2026-12-01T00:00:00.123456Z"),
            ("{from: t, keep: true}", "0", "1970-01-01T00:00:00Z"),
            (
                "{from: t, format: '%d/%b/%Y:%H:%M:%S %z'}",
                r#""21/Nov/2026:10:00:00 -0100""#,
                "2026-11-21T11:00:00Z",
            ),
            (
                "{from: t, format: '%d.%m.%Y %H:%M', timezone: Europe/Berlin}",
                r#""21.11.2026 10:00""#,
                "2026-11-21T09:00:00Z",
            ),
        ] {
            assert_eq!(time(yaml, stamp).unwrap(), expected, "{yaml} {stamp}");
        }
    }

    /// Guarantees: a time without a year is taken for the one nearest to its receipt, ten seconds into a year: leap days and
    /// weekdays count.
    #[test]
    fn a_year_that_is_missing_is_that_of_receipt() {
        for (yaml, stamp, expected) in [
            ("{from: t, format: '%b %d %H:%M:%S'}", "Dec 31 23:59:58", "2026-12-31T23:59:58Z"),
            ("{from: t, format: '%b %d %H:%M:%S'}", "Jan  1 00:00:05", "2027-01-01T00:00:05Z"),
            ("{from: t, format: '%b %d %H:%M:%S'}", "Nov 21 10:00:00", "2026-11-21T10:00:00Z"),
            ("{from: t, format: '%m%d %H:%M:%S'}", "0301 00:00:00", "2027-03-01T00:00:00Z"),
            ("{from: t, format: '%j %H'}", "365 12", "2026-12-31T12:00:00Z"),
            ("{from: t, format: '%d.%m. %H:%M %z'}", "01.01. 01:30 +0200", "2026-12-31T23:30:00Z"),
            (
                "{from: t, format: '%b %d %H:%M', timezone: Pacific/Auckland}",
                "Jan 01 12:59",
                "2026-12-31T23:59:00Z",
            ),
        ] {
            assert_eq!(time(yaml, &format!("\"{stamp}\"")).unwrap(), expected, "{yaml} {stamp}");
        }
        let day = "{from: t, format: '%b %d %H:%M'}";
        assert_eq!(time(day, "\"Feb 29 00:00\"").unwrap(), "2028-02-29T00:00:00Z");
        assert_eq!(time(day, "\"Feb 30 00:00\"").unwrap_err().error_type, "timestamp_unreadable");
        let weekday = "{from: t, format: '%a %b %d %H:%M'}";
        assert_eq!(time(weekday, "\"Thu Dec 31 00:00\"").unwrap(), "2026-12-31T00:00:00Z");
    }

    /// Guarantees: a format that no event could be read with isn't taken.
    #[test]
    fn a_format_that_reads_nothing_is_refused() {
        let spec = |format: &str| {
            Timestamp::new(&serde_saphyr::from_str(&format!("{{from: t, format: '{format}'}}")).unwrap())
        };
        for format in ["%H:%M:%S", "%Y-%m", "%b %d %M:%S", "%A", "x", "%Y-%m-%d %Z"] {
            let error = spec(format).unwrap_err();
            assert!(error.contains(format), "{error}");
        }
        for format in
            ["%s", "%Y-%m-%d", "%G-W%V-%u", "%Y-%j", "%a, %d %b %Y %T %z", "%D %I:%M %p", "%FT%T%.f%:z"]
        {
            assert!(spec(format).is_ok(), "{format}: {:?}", spec(format));
        }
    }

    #[test]
    fn what_is_no_time_is_named() {
        let failure = time("from: t", "\"yesterday\"").unwrap_err();
        assert_eq!(failure.error_type, "timestamp_unreadable");
        assert!(failure.reason.contains("`t`") && failure.reason.contains("yesterday"), "{}", failure.reason);
        assert_eq!(time("from: u", "1").unwrap_err().error_type, "timestamp_missing");
        let spec = |yaml| Timestamp::new(&serde_saphyr::from_str(yaml).unwrap());
        assert!(spec("{from: t, timezone: Mars}").unwrap_err().contains("Mars"));
        assert!(spec("{from: t, format: '%Q!%&'}").is_err());
    }
}
