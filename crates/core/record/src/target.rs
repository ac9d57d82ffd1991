//! Targets: the index a document goes to.
//!
//! The default target is `<prefix>-<tenant>-<yyyy.MM.dd>` by the day of the *event*, so that id and index are both
//! determined by the event: writing it again, however late, meets the same document.
//!
//! A rule may choose another: `<prefix>-<tenant>.<route>-<yyyy.MM.dd>`. No tenant's name has a dot in it, so that no route
//! of one tenant is an index of another.
//!
//! Documents that aren't laid out by ECS have indices of their own, since the same name has another type there:
//! `<prefix>-<tenant>.otel-<day>`, `<prefix>-<tenant>.<route>.raw-<day>`. No route is called [`OTEL`] or [`RAW`].

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The default first part of every target.
pub const DEFAULT_PREFIX: &str = "forebay";

/// How targets end, but for the day, whose documents follow OpenTelemetry.
pub const OTEL: &str = "otel";

/// How targets end, but for the day, whose documents have the names that their senders gave.
pub const RAW: &str = "raw";

/// Appends the target for an event of `tenant` at `event_ms` (milliseconds since the Unix epoch, UTC days).
pub fn push(out: &mut String, prefix: &str, tenant: &str, event_ms: i64) {
    push_routed(out, prefix, tenant, "", event_ms);
}

/// Appends the target that a rule chose; an empty `route` is the default.
pub fn push_routed(out: &mut String, prefix: &str, tenant: &str, route: &str, event_ms: i64) {
    let day =
        Timestamp::from_millisecond(event_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date();
    let dot = if route.is_empty() { "" } else { "." };
    let (year, month, day) = (day.year(), day.month(), day.day());
    // Writing to a String can't fail.
    let _infallible = write!(out, "{prefix}-{tenant}{dot}{route}-{year:04}.{month:02}.{day:02}");
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
        out.clear();
        push_routed(&mut out, DEFAULT_PREFIX, "acme", "audit", 0);
        assert_eq!(out, "forebay-acme.audit-1970.01.01");
    }
}
