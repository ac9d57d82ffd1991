//! Targets: the index a document goes to.
//!
//! The default target is `<prefix>-<tenant>-<yyyy.MM.dd>` by the day of the *event*, so that id and index are both
//! determined by the event: writing it again, however late, meets the same document.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The default first part of every target.
pub const DEFAULT_PREFIX: &str = "forebay";

/// Appends the target for an event of `tenant` at `event_ms` (milliseconds since the Unix epoch, UTC days).
pub fn push(out: &mut String, prefix: &str, tenant: &str, event_ms: i64) {
    let day =
        Timestamp::from_millisecond(event_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date();
    // Writing to a String can't fail.
    let _infallible = write!(out, "{prefix}-{tenant}-{:04}.{:02}.{:02}", day.year(), day.month(), day.day());
}

/// The day of an event, in days since the Unix epoch: what a caller may cache a target by.
#[must_use]
pub fn day(event_ms: i64) -> i64 {
    event_ms.div_euclid(86_400_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_tenant_and_the_events_own_day() {
        let mut out = String::new();
        push(&mut out, DEFAULT_PREFIX, "acme", 1_796_083_199_999);
        assert_eq!(out, "forebay-acme-2026.11.30");
        out.clear();
        push(&mut out, DEFAULT_PREFIX, "acme", 1_796_083_200_000);
        assert_eq!(out, "forebay-acme-2026.12.01");
        out.clear();
        push(&mut out, DEFAULT_PREFIX, "acme", -1);
        assert_eq!(out, "forebay-acme-1969.12.31");
    }
}
