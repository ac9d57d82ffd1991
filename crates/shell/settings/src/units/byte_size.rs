//! A number of bytes: `10MiB`.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{UnitError, is_bare};

/// A number of bytes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ByteSize(pub u64);

/// The units that a size is shown in, the largest that divides it first.
const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];

// === impl ByteSize ===

impl ByteSize {
    /// The `format` of its JSON schema.
    pub const FORMAT: &'static str = "byte-size";

    /// So many KiB.
    #[must_use]
    pub const fn kib(n: u64) -> Self {
        Self(n * 1024)
    }

    /// So many MiB.
    #[must_use]
    pub const fn mib(n: u64) -> Self {
        Self(n * 1024 * 1024)
    }

    /// As a length in memory; saturates where a pointer is shorter than 64 bits.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        if is_bare(text) {
            return Err(UnitError::BareSize(text.trim().to_owned()));
        }
        let size: Result<bytesize::ByteSize, _> = text.trim().parse();
        size.map(|size| Self(size.as_u64())).map_err(|_| UnitError::Size(text.to_owned()))
    }
}

impl fmt::Display for ByteSize {
    /// Exact: a size that no larger unit divides is shown in bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(size, _)| self.0 > 0 && self.0.is_multiple_of(*size)) {
            Some((size, unit)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": Self::FORMAT,
            "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*([kKmMgGtTpPeE]([iI]?[bB]?)|[bB])\s*$",
            "examples": ["512KiB", "10MiB", "1GiB"],
        })
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = ByteSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size with a unit, such as `10MiB`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ByteSize, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<ByteSize, E> {
        Err(E::custom(UnitError::BareSize(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<ByteSize, E> {
        Err(E::custom(UnitError::BareSize(number.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::ByteSize;

    #[test]
    fn reads_what_people_write() {
        for (text, bytes) in
            [("10MiB", 10 << 20), ("10 mib", 10 << 20), ("1.5GiB", 3 << 29), ("2MB", 2_000_000), ("0B", 0)]
        {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn refuses_with_a_hint() {
        let message = |text: &str| text.parse::<ByteSize>().unwrap_err().to_string();
        assert_eq!(message("10"), "the size `10` has no unit; write it as `10B`, `10KiB` or `10MiB`");
        for text in ["", "MiB", "ten MiB", "10 potatoes", "-1MiB", "10MiB extra"] {
            assert!(message(text).contains("is not a size"), "{text}");
        }
        let number = serde_json::from_str::<ByteSize>("10").unwrap_err().to_string();
        assert!(number.starts_with("the size `10` has no unit"), "{number}");
    }

    proptest! {
        /// Guarantees: what is shown reads back as the same number.
        #[test]
        fn shown_and_read_back(bytes in any::<u64>(), shift in 0_u32..64) {
            let size = ByteSize(bytes >> shift << (shift % 40));
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        /// Guarantees: no text makes it panic.
        #[test]
        fn survives_anything(text in ".*") {
            let _read = text.parse::<ByteSize>();
        }
    }
}
