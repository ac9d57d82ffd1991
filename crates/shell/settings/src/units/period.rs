//! A length of time: `5s`, `1h 30m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{UnitError, is_bare};

/// A length of time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Period(pub Duration);

/// The units that a period is shown in, in nanoseconds. Days are the largest: longer ones have no fixed length.
const UNITS: [(u128, &str); 7] = [
    (86_400_000_000_000, "d"),
    (3_600_000_000_000, "h"),
    (60_000_000_000, "m"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
    (1, "ns"),
];

/// The units that are read, as regular expressions have alternatives: those of humantime.
const READ: &str = "nanos|nsec|ns|usec|us|µs|millis|msec|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|\
                    days?|d|weeks?|wks?|w|months?|M|years?|yrs?|y";

// === impl Period ===

impl Period {
    /// The `format` of its JSON schema.
    pub const FORMAT: &'static str = "period";

    /// So many seconds.
    #[must_use]
    pub const fn from_secs(n: u64) -> Self {
        Self(Duration::from_secs(n))
    }

    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(n: u64) -> Self {
        Self(Duration::from_millis(n))
    }
}

impl FromStr for Period {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        if is_bare(text) {
            return Err(UnitError::BarePeriod(text.trim().to_owned()));
        }
        humantime::parse_duration(text.trim()).map(Self).map_err(|_| UnitError::Period(text.to_owned()))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.write_str("0s");
        }
        let mut rest = self.0.as_nanos();
        let mut space = "";
        for (size, unit) in UNITS {
            let n = rest / size;
            if n > 0 {
                write!(f, "{space}{n}{unit}")?;
                space = " ";
                rest %= size;
            }
        }
        Ok(())
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PeriodVisitor)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": Self::FORMAT,
            "pattern": format!(r"^\s*([0-9]+(\.[0-9]+)?\s*({READ})\s*)+$"),
            "examples": ["200ms", "5s", "1h 30m", "3d"],
        })
    }
}

struct PeriodVisitor;

impl Visitor<'_> for PeriodVisitor {
    type Value = Period;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a length of time with a unit, such as `5s`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Period, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Period, E> {
        Err(E::custom(UnitError::BarePeriod(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Period, E> {
        Err(E::custom(UnitError::BarePeriod(number.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Period, READ};

    #[test]
    fn reads_what_people_write() {
        for (text, millis) in [
            ("5s", 5_000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            ("200 ms", 200),
            ("3 days", 259_200_000),
        ] {
            assert_eq!(text.parse(), Ok(Period::from_millis(millis)), "{text}");
        }
        assert_eq!(Period::from_secs(365 * 86_400).to_string(), "365d");
        assert_eq!(Period::from_millis(90_500).to_string(), "1m 30s 500ms");
    }

    #[test]
    fn refuses_with_a_hint() {
        let message = |text: &str| text.parse::<Period>().unwrap_err().to_string();
        assert_eq!(message("30"), "the length of time `30` has no unit; write it as `30ms`, `30s` or `30m`");
        for text in ["", "soon", "5 parsecs", "-5s"] {
            assert!(message(text).contains("is not a length of time"), "{text}");
        }
        let number = serde_json::from_str::<Period>("30").unwrap_err().to_string();
        assert!(number.starts_with("the length of time `30` has no unit"), "{number}");
    }

    /// Guarantees: what the schema lets through by its unit is read, so that nothing waits for a program to refuse it.
    #[test]
    fn every_unit_of_the_schema_is_read() {
        for unit in READ.split('|').flat_map(|unit| [unit.replace("s?", "s"), unit.replace("s?", "")]) {
            assert!(format!("1{unit}").parse::<Period>().is_ok(), "{unit}");
        }
    }

    proptest! {
        /// Guarantees: what is shown reads back as the same time.
        #[test]
        fn shown_and_read_back(secs in 0_u64..4_000_000_000, nanos in 0_u32..1_000_000_000) {
            let period = Period(Duration::new(secs, nanos));
            prop_assert_eq!(period.to_string().parse(), Ok(period));
        }

        /// Guarantees: no text makes it panic.
        #[test]
        fn survives_anything(text in any::<String>()) {
            let _read = text.parse::<Period>();
        }
    }
}
