use proptest::prelude::*;

use super::*;

const RECEIVED: i64 = 1_795_251_600_000; // 2026-11-21T09:00:00Z

fn utc(text: &str) -> Option<i64> {
    Clock::new("UTC").unwrap().read(text.as_bytes(), RECEIVED)
}

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

#[test]
fn reads_the_layouts_that_software_writes() {
    let base = ms("2026-11-21T09:00:00Z");
    assert_eq!(base, RECEIVED);
    for (text, expected) in [
        ("2026-11-21T09:00:00Z", base),
        ("2026-11-21T09:00:00.123Z", base + 123),
        ("2026-11-21T09:00:00.123456789Z", base + 123),
        ("2026-11-21T09:00:00.5+00:00", base + 500),
        ("2026-11-21 09:00:00,12", base + 120),
        ("2026-11-21 10:00:00 +0100", base),
        ("2026-11-21T10:00:00+01", base),
        ("2026-11-21T05:30:00-03:30", base),
        ("2026-11-21 09:00:00 UTC", base),
        ("2026-11-21 09:00", base),
        ("2026-11-21", base - 9 * 3_600_000),
        ("2026/11/21 09:00:00", base),
        ("20261121T090000Z", base),
        ("20261121T090000", base),
        ("21/Nov/2026:04:00:00 -0500", base),
        ("Sat Nov 21 09:00:00 2026", base),
        ("Sat Nov 21 09:00:00.902022 2026", base + 902),
        ("Nov 21 2026 09:00:00", base),
        ("Nov 21 09:00:00", base),
        ("Nov  1 09:00:00", base - 20 * 86_400_000),
        ("Sat, 21 Nov 2026 09:00:00 GMT", base),
        ("21 Nov 2026 10:00:00 +0100", base),
        ("1795251600", base),
        ("1795251600.25", base + 250),
        ("1795251600123", base + 123),
        ("1795251600123456", base + 123),
        ("1795251600123456789", base + 123),
    ] {
        assert_eq!(utc(text), Some(expected), "{text}");
    }
}

#[test]
fn leaves_alone_what_is_no_stamp() {
    for text in [
        "",
        "0",
        "12.5",
        "99999999",
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-02-30",
        "2026-11-21T25:00:00Z",
        "2026-11-21T09:00:00+99:00",
        "2026-11-21T09:00:00Zz",
        "2026-11-21T09:00:00.Z",
        "2026-11-21T09:00:00+01:",
        "31/Feb/2026:00:00:00 +0000",
        "Nov 31 09:00:00",
        "Foo 21 09:00:00",
        "123456789012345678901234567890",
        "1e12",
        "1795251600.2x",
        "2026-11/21 00:00:00",
    ] {
        assert_eq!(utc(text), None, "{text}");
    }
}

/// Scenario: year-less stamps received around New Year, in three zones, on both sides of the turn.
/// Guarantees: each gets the year that brings it nearest to the time of receipt.
#[test]
fn a_missing_year_is_the_nearest_one() {
    for (zone, text, received, expected) in [
        ("UTC", "Dec 31 23:59:59", "2027-01-01T00:00:01Z", "2026-12-31T23:59:59Z"),
        ("UTC", "Jan  1 00:00:01", "2026-12-31T23:59:58Z", "2027-01-01T00:00:01Z"),
        ("Asia/Tokyo", "Jan  1 00:00:05", "2026-12-31T15:00:06Z", "2026-12-31T15:00:05Z"),
        ("Asia/Tokyo", "Dec 31 23:59:59", "2026-12-31T15:00:06Z", "2026-12-31T14:59:59Z"),
        ("America/Los_Angeles", "Dec 31 18:00:00", "2027-01-01T02:00:03Z", "2027-01-01T02:00:00Z"),
        ("America/Los_Angeles", "Jan  1 00:00:00", "2027-01-01T08:00:03Z", "2027-01-01T08:00:00Z"),
        ("UTC", "Feb 29 12:00:00", "2025-01-10T00:00:00Z", "2024-02-29T12:00:00Z"),
    ] {
        let clock = Clock::new(zone).unwrap();
        assert_eq!(clock.read(text.as_bytes(), ms(received)), Some(ms(expected)), "{text} in {zone}");
    }
}

#[test]
fn a_stamp_without_a_zone_is_in_the_configured_one() {
    let berlin = Clock::new("Europe/Berlin").unwrap();
    assert_eq!(berlin.read(b"2026-07-01 12:00:00", RECEIVED), Some(ms("2026-07-01T10:00:00Z")));
    assert_eq!(berlin.read(b"2026/12/01 12:00:00", RECEIVED), Some(ms("2026-12-01T11:00:00Z")));
    assert_eq!(berlin.read(b"2026-12-01T12:00:00Z", RECEIVED), Some(ms("2026-12-01T12:00:00Z")));
    // The clock jumps from 02:00 to 03:00 on this day.
    assert_eq!(berlin.read(b"2026-03-29 02:30:00", RECEIVED), Some(ms("2026-03-29T01:30:00Z")));
    assert!(Clock::new("Mars/Olympus").is_err());
}

proptest! {
    /// Scenario: arbitrary text, and near misses of stamps. Guarantees: an answer, no panic.
    #[test]
    fn survives_anything(text in ".{0,70}", near in "[0-9]{1,4}[-/ :.TZ+0-9A-Za-z]{0,40}", received: i64) {
        let clock = Clock::new("Europe/Berlin").unwrap();
        let _any = clock.read(text.as_bytes(), received);
        let _any = clock.read(near.as_bytes(), received);
    }
}
