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
//!
//! A prefix has no dash in it, which the settings see to: with one, `forebay-eu-acme-<day>` would be the tenant `acme` of the
//! prefix `forebay-eu`, and the tenant `eu-acme` of `forebay`, and what deletes by names would take one for the other.
//!
//! Where a day is too much for one index, targets are hourly: `<prefix>-<tenant>-<yyyy.MM.dd.HH>`. They never roll over by
//! size, since the event would then not determine its index any more
//! ([ADR 4](../../../../docs/adr/0004-no-rollover-by-size.md)).

use std::fmt::Write;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::tenant;

/// The default first part of every target.
pub const DEFAULT_PREFIX: &str = "forebay";

/// How targets end, but for the day, whose documents follow OpenTelemetry.
pub const OTEL: &str = "otel";

/// How targets end, but for the day, whose documents have the names that their senders gave.
pub const RAW: &str = "raw";

/// How much time one target covers, by the events' own times, in UTC.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Span {
    /// A day: `2026.11.21`.
    #[default]
    Day,
    /// An hour: `2026.11.21.13`.
    Hour,
}

/// What a target's name says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parts<'a> {
    /// Whose events it has.
    pub tenant: &'a str,
    /// What a rule chose, and the schema's own name; empty for the default.
    pub route: &'a str,
    /// The earliest time of an event in it, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// How much time it covers from there.
    pub span: Span,
}

// === impl Span ===

impl Span {
    /// Its length in milliseconds.
    #[must_use]
    pub const fn ms(self) -> i64 {
        match self {
            Self::Day => 86_400_000,
            Self::Hour => 3_600_000,
        }
    }

    /// Which one of them a time is in, counted from the Unix epoch: what a caller may cache a target by.
    #[must_use]
    pub const fn of(self, event_ms: i64) -> i64 {
        event_ms.div_euclid(self.ms())
    }
}

// === impl Parts ===

impl Parts<'_> {
    /// Where its time ends, in milliseconds since the Unix epoch: every event in it is older.
    #[must_use]
    pub const fn end_ms(&self) -> i64 {
        self.start_ms.saturating_add(self.span.ms())
    }
}

/// Appends the target for an event of `tenant` at `event_ms` (milliseconds since the Unix epoch, UTC days).
pub fn push(out: &mut String, prefix: &str, tenant: &str, event_ms: i64) {
    push_routed(out, prefix, tenant, "", Span::Day, event_ms);
}

/// Appends the target that a rule chose; an empty `route` is the default.
pub fn push_routed(out: &mut String, prefix: &str, tenant: &str, route: &str, span: Span, event_ms: i64) {
    let time = Timestamp::from_millisecond(event_ms)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(TimeZone::UTC)
        .datetime();
    let dot = if route.is_empty() { "" } else { "." };
    let (year, month, day) = (time.year(), time.month(), time.day());
    // Writing to a String can't fail.
    let _infallible = write!(out, "{prefix}-{tenant}{dot}{route}-{year:04}.{month:02}.{day:02}");
    if span == Span::Hour {
        let _infallible = write!(out, ".{:02}", time.hour());
    }
}

/// What a target's name says; `None` unless it is exactly as [`push_routed`] writes it. Whoever deletes by names asks here,
/// so that what isn't understood stays.
#[must_use]
pub fn parse<'a>(prefix: &str, name: &'a str) -> Option<Parts<'a>> {
    let rest = name.strip_prefix(prefix)?.strip_prefix('-')?;
    let (owner, time) = rest.rsplit_once('-')?;
    let (tenant, route) = match owner.split_once('.') {
        Some((tenant, route)) if is_route(route) => (tenant, route),
        Some(_) => return None,
        None => (owner, ""),
    };
    if !tenant::is_valid(tenant) {
        return None;
    }
    let (start_ms, span) = start(time)?;
    let mut same = String::with_capacity(name.len());
    push_routed(&mut same, prefix, tenant, route, span, start_ms);
    (same == name).then_some(Parts { tenant, route, start_ms, span })
}

/// A rule's route, a schema, or both.
fn is_route(route: &str) -> bool {
    let is_part = |part: &str| {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) && part.bytes().all(allowed)
    };
    match route.split_once('.') {
        None => is_part(route),
        Some((route, schema)) => is_part(route) && matches!(schema, OTEL | RAW),
    }
}

fn start(text: &str) -> Option<(i64, Span)> {
    let mut numbers = text.split('.');
    let mut next = || numbers.next();
    let (year, month, day) = (next()?.parse().ok()?, next()?.parse().ok()?, next()?.parse().ok()?);
    let (hour, span) = match next() {
        Some(hour) => (hour.parse().ok()?, Span::Hour),
        None => (0, Span::Day),
    };
    if next().is_some() || !(0..24).contains(&hour) {
        return None;
    }
    let time = Date::new(year, month, day).ok()?.at(hour, 0, 0, 0);
    Some((time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond(), span))
}

/// The day of an event, in days since the Unix epoch: what a caller may cache a target by.
#[must_use]
pub fn day(event_ms: i64) -> i64 {
    event_ms.div_euclid(86_400_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        push_routed(&mut out, DEFAULT_PREFIX, "acme", "audit", Span::Day, 0);
        assert_eq!(out, "forebay-acme.audit-1970.01.01");
        out.clear();
        push_routed(&mut out, DEFAULT_PREFIX, "acme", "", Span::Hour, 1_796_083_199_999);
        assert_eq!(out, "forebay-acme-2026.11.30.23");
    }

    #[test]
    fn a_name_says_whose_and_when() {
        let parts = parse("forebay", "forebay-acme-eu.audit.otel-1970.01.02").unwrap();
        assert_eq!((parts.tenant, parts.route), ("acme-eu", "audit.otel"));
        assert_eq!((parts.start_ms, parts.end_ms()), (86_400_000, 2 * 86_400_000));
        let parts = parse("fore_bay", "fore_bay-acme-1970.01.01.23").unwrap();
        assert_eq!((parts.tenant, parts.route, parts.span), ("acme", "", Span::Hour));
        assert_eq!(parts.end_ms(), 86_400_000);
    }

    #[test]
    fn what_is_no_target_says_nothing() {
        for name in [
            "",
            "forebay",
            "forebay-2026.11.21",
            "forebay-acme",
            "forebay-acme-",
            "forebay-acme-2026.11",
            "forebay-acme-2026.11.31",
            "forebay-acme-2026.1.21",
            "forebay-acme-+2026.11.21",
            "forebay-acme-02026.11.21",
            "forebay-acme-2026.11.21.24",
            "forebay-acme-2026.11.21.1",
            "forebay-acme-2026.11.21.13.00",
            "forebay-acme-2026.11.21-000001",
            "forebay-acme-2026-11-21",
            "forebay-acme.-2026.11.21",
            "forebay-acme.a.b-2026.11.21",
            "forebay-acme.a.otel.b-2026.11.21",
            "forebay-acme.A-2026.11.21",
            "forebay-Acme-2026.11.21",
            "forebay--2026.11.21",
            "forebay-acme-2026.11.21 ",
            "restored-forebay-acme-2026.11.21",
            ".ds-forebay-acme-2026.11.21",
            "forebayacme-2026.11.21",
        ] {
            assert_eq!(parse("forebay", name), None, "{name}");
        }
    }

    proptest! {
        /// Guarantees: what is written is read back, with the event's time in it.
        #[test]
        fn a_target_reads_as_it_was_written(
            tenant in "[a-z0-9][a-z0-9_-]{0,20}",
            route in "([a-z0-9][a-z0-9_-]{0,9}(\\.(otel|raw))?)?",
            event_ms in -60_000_000_000_000_i64..200_000_000_000_000,
            hourly in any::<bool>(),
        ) {
            let span = if hourly { Span::Hour } else { Span::Day };
            let mut name = String::new();
            push_routed(&mut name, "a_b.c", &tenant, &route, span, event_ms);
            let parts = parse("a_b.c", &name).unwrap();
            prop_assert_eq!((parts.tenant, parts.route, parts.span), (&*tenant, &*route, span));
            prop_assert!((parts.start_ms..parts.end_ms()).contains(&event_ms));
        }

        /// Guarantees: of two prefixes, neither reads the other's names, since neither has a dash.
        #[test]
        fn no_name_has_two_prefixes(
            prefixes in ("[a-z0-9][a-z0-9_.]{0,9}", "[a-z0-9][a-z0-9_.]{0,9}"),
            tenant in "[a-z0-9][a-z0-9_-]{0,20}",
            event_ms in 0_i64..200_000_000_000_000,
        ) {
            let (ours, theirs) = prefixes;
            let mut name = String::new();
            push(&mut name, &theirs, &tenant, event_ms);
            prop_assert_eq!(parse(&ours, &name).is_some(), ours == theirs);
        }

        /// Guarantees: no name breaks it.
        #[test]
        fn any_name_is_survived(name in any::<String>(), time in "[0-9.+-]{0,14}") {
            let _parts = (parse("forebay", &name), parse("forebay", &format!("forebay-acme-{time}")));
        }
    }
}
