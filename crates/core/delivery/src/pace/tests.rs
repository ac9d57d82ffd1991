use proptest::prelude::*;

use super::*;

const LIMITS: PaceLimits = PaceLimits { requests: 8, bytes: 4 << 20 };

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A full request of the size that is allowed.
fn full(pace: &Pace, at: Duration) -> Sent {
    Sent { at, bytes: pace.bytes(), full: true }
}

#[test]
fn a_round_trip_of_refusals_counts_once() {
    let mut pace = Pace::new(LIMITS);
    for _ in 0..8 {
        pace.refused(full(&pace, millis(0)), millis(10));
    }
    assert_eq!((pace.requests(), pace.bytes()), (4, 4 << 20));
}

/// Scenario: a node takes no request above 100 kB, whatever else it does.
/// Guarantees: requests get small enough within a dozen refusals, and most pass afterwards.
#[test]
fn requests_get_as_small_as_a_node_needs_them() {
    let mut pace = Pace::new(LIMITS);
    let (mut passed, mut first_pass) = (0, None);
    for n in 0..400 {
        let (at, now) = (millis(n * 10), millis(n * 10 + 5));
        if pace.bytes() > 100_000 {
            pace.refused(full(&pace, at), now);
        } else {
            pace.taken(full(&pace, at), now);
            passed += 1;
            let _first = first_pass.get_or_insert(n);
        }
    }
    assert!(first_pass.is_some_and(|n| n <= 12), "{first_pass:?}");
    assert!(passed > 250, "{passed}");
}

/// Scenario: refusals for long, then none. Guarantees: the old pace within 60 answers.
#[test]
fn the_old_pace_comes_back() {
    let mut pace = Pace::new(LIMITS);
    for n in 0..100 {
        pace.refused(full(&pace, millis(n * 10)), millis(n * 10 + 5));
    }
    assert_eq!((pace.requests(), pace.bytes()), (1, LEAST_BYTES));
    let mut answers = 0;
    while (pace.requests(), pace.bytes()) != (8, 4 << 20) {
        let at = millis(10_000 + answers * 10);
        pace.taken(full(&pace, at), at + millis(10));
        answers += 1;
        assert!(answers < 120, "{pace:?}");
    }
}

/// Scenario: answers take ever longer, without a refusal; then they are quick again.
/// Guarantees: concurrency shrinks, sizes don't, and the old pace comes back.
#[test]
fn a_slow_server_gets_fewer_requests() {
    let mut pace = Pace::new(LIMITS);
    let mut now = Duration::ZERO;
    for _ in 0..20 {
        pace.taken(full(&pace, now), now + millis(100));
        now += millis(100);
    }
    for _ in 0..20 {
        pace.taken(full(&pace, now), now + millis(3_000));
        now += millis(3_000);
    }
    assert!(pace.requests() <= 3 && pace.bytes() == 4 << 20, "{pace:?}");
    for _ in 0..100 {
        pace.taken(full(&pace, now), now + millis(100));
        now += millis(100);
    }
    assert_eq!(pace.requests(), 8);
}

#[test]
fn what_was_not_full_proves_nothing() {
    let mut pace = Pace::new(LIMITS);
    pace.refused(full(&pace, millis(0)), millis(1));
    for n in 0..50 {
        pace.taken(Sent { at: millis(n), bytes: 10, full: false }, millis(n + 1));
    }
    assert_eq!(pace.requests(), 4);
}

proptest! {
    /// Scenario: any course of answers, sizes and times, under any limits.
    /// Guarantees: the limits hold, and neither figure gets to nothing.
    #[test]
    fn stays_within_its_limits(
        requests in 0..20usize,
        bytes in 0..10_000_000usize,
        course in prop::collection::vec((0..3u8, 0..10_000u64, 0..10_000u64, 0..20_000_000usize, any::<bool>()), 0..300),
    ) {
        let mut pace = Pace::new(PaceLimits { requests, bytes });
        let mut now = Duration::ZERO;
        for (what, passes, took, size, full) in course {
            now += millis(passes);
            let sent = Sent { at: now.saturating_sub(millis(took)), bytes: size, full };
            match what {
                0 => pace.taken(sent, now),
                1 => pace.refused(sent, now),
                _ => pace.too_large(size),
            }
            prop_assert!((1..=requests.max(1)).contains(&pace.requests()));
            prop_assert!((1..=bytes.max(1)).contains(&pace.bytes()));
        }
    }
}
