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
    format: Option<String>,
    zone: TimeZone,
    keep: bool,
}

// === impl Timestamp ===

impl Timestamp {
    pub(crate) fn new(spec: &TimestampSpec) -> Result<Self, String> {
        let name = spec.timezone.as_deref().unwrap_or("UTC");
        let zone = TimeZone::get(name)
            .map_err(|_| format!("`{name}` is no time zone: use a name as `Europe/Berlin`"))?;
        if let Some(format) = &spec.format {
            // Whether a format is one shows when it is used.
            let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
            let _text =
                strtime::format(format, &now).map_err(|error| format!("format `{format}`: {error}"))?;
        }
        let into = parse_value_path("\"@timestamp\"").map_err(|error| error.to_string())?;
        Ok(Self {
            from: path(&spec.from)?,
            into,
            name: spec.from.clone(),
            format: spec.format.clone(),
            zone,
            keep: spec.keep,
        })
    }

    /// Sets `@timestamp`.
    pub(crate) fn apply(&self, value: &mut Value) -> Result<(), StepFailure> {
        let Some(stamp) = value.get(&self.from) else {
            return Err(StepFailure::new("timestamp_missing", format!("there is no `{}`", self.name)));
        };
        let Some(time) = self.read(stamp) else {
            let form = self.format.as_deref().unwrap_or("RFC 3339, or a number since 1970");
            let reason = format!("`{}` is no time in the form {form}: {}", self.name, excerpt(stamp));
            return Err(StepFailure::new("timestamp_unreadable", reason));
        };
        if !self.keep && self.from != self.into {
            let _before = value.remove(&self.from, true);
        }
        let _before = value.insert(&self.into, Value::Timestamp(time));
        Ok(())
    }

    fn read(&self, stamp: &Value) -> Option<DateTime<Utc>> {
        if let Value::Timestamp(time) = stamp {
            return Some(*time);
        }
        let text = stamp.to_string_lossy();
        let text = text.trim();
        let nanos = match &self.format {
            Some(format) => {
                let parsed = BrokenDownTime::parse(format, text).ok()?;
                match parsed.to_timestamp() {
                    Ok(time) => time,
                    Err(_) => self.at_home(parsed.to_datetime().ok()?)?,
                }
            }
            None => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => return epoch(text, number),
                _ => match text.parse::<jiff::Timestamp>() {
                    Ok(time) => time,
                    Err(_) => self.at_home(text.parse().ok()?)?,
                },
            },
        };
        let nanos = nanos.as_nanosecond();
        DateTime::from_timestamp(
            i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?,
            u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?,
        )
    }

    fn at_home(&self, time: Civil) -> Option<jiff::Timestamp> {
        self.zone.to_timestamp(time).ok()
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
        step.apply(&mut value)?;
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
