//! Whether something that was refused again and again may be tried, and when.
//!
//! The pattern is the circuit breaker of M. Nygard's "Release It!": closed, all passes; open, nothing does; after a pause
//! that doubles with every refusal, one small probe decides. Who watches and what counts as a refusal is the caller's.
//!
//! ```text
//!           trip                 probe, when the pause is over
//! Closed ─────────► Open(until) ───────────────────────────────► Probing
//!    ▲                 ▲  └──────────── refused: a longer pause ────┤
//!    │                 └─────────────── unanswered: the same again ─┤
//!    └───────────────────────────────── passed ─────────────────────┘
//! ```
//! # Invariants
//! - At most one probe is under way.
//! - No probe begins before the pause is over, and no pause is longer than the backoff's limit.

use std::time::Duration;

use crate::backoff::Backoff;

/// A breaker. Time is a duration since any fixed moment, given by the caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Breaker {
    backoff: Backoff,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Closed,
    Open { until: Duration },
    Probing,
}

// === impl Breaker ===

impl Breaker {
    /// A closed breaker. `backoff` says how long it stays open before a probe.
    #[must_use]
    pub const fn new(backoff: Backoff) -> Self {
        Self { backoff, state: State::Closed }
    }

    /// Whether all may pass.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether a probe is under way.
    #[must_use]
    pub const fn is_probing(&self) -> bool {
        matches!(self.state, State::Probing)
    }

    /// When the next probe may begin; `None` while it is closed, or a probe is under way.
    #[must_use]
    pub const fn probe_at(&self) -> Option<Duration> {
        match self.state {
            State::Open { until } => Some(until),
            State::Closed | State::Probing => None,
        }
    }

    /// Opens it, if it is closed. `random` is uniform over all of `u64`.
    pub fn trip(&mut self, now: Duration, random: u64) {
        if self.is_closed() {
            self.state = State::Open { until: now + self.backoff.refused(random, None) };
        }
    }

    /// Begins a probe, if one may begin now; answers whether.
    pub fn probe(&mut self, now: Duration) -> bool {
        match self.state {
            State::Open { until } if until <= now => {
                self.state = State::Probing;
                true
            }
            State::Closed | State::Open { .. } | State::Probing => false,
        }
    }

    /// The probe was refused: the next one comes after a longer pause.
    pub fn refused(&mut self, now: Duration, random: u64) {
        if self.is_probing() {
            self.state = State::Open { until: now + self.backoff.refused(random, None) };
        }
    }

    /// The probe has no answer, which says nothing: another may begin at once.
    pub fn unanswered(&mut self, now: Duration) {
        if self.is_probing() {
            self.state = State::Open { until: now };
        }
    }

    /// What it guards works again: it is closed, whatever it was.
    pub fn passed(&mut self) {
        self.backoff.succeeded();
        self.state = State::Closed;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: Duration = Duration::from_secs(30);

    fn breaker() -> Breaker {
        Breaker::new(Backoff::new(Duration::from_millis(200), MAX))
    }

    #[test]
    fn a_probe_that_passes_closes_it_and_the_next_pause_is_short_again() {
        let mut breaker = breaker();
        let mut now = Duration::ZERO;
        breaker.trip(now, u64::MAX);
        for _ in 0..10 {
            now = breaker.probe_at().unwrap();
            assert!(breaker.probe(now));
            breaker.refused(now, u64::MAX);
        }
        now = breaker.probe_at().unwrap();
        assert!(breaker.probe(now));
        breaker.passed();
        assert!(breaker.is_closed());
        breaker.trip(now, u64::MAX);
        assert!(breaker.probe_at().unwrap() <= now + Duration::from_millis(200));
    }

    #[test]
    fn a_probe_without_an_answer_says_nothing() {
        let mut breaker = breaker();
        breaker.trip(Duration::ZERO, 0);
        assert!(breaker.probe(Duration::ZERO));
        assert!(!breaker.probe(MAX), "one at a time");
        breaker.unanswered(MAX);
        assert!(breaker.probe(MAX));
    }

    proptest! {
        /// Scenario: any course of trips, probes, refusals, passes and time.
        /// Guarantees: never two probes at once, none before its time, no pause above the limit, and an open breaker always
        /// gets to a probe.
        #[test]
        fn keeps_its_states(course in prop::collection::vec((0..5u8, 0..60_000u64, any::<u64>()), 0..200)) {
            let mut breaker = breaker();
            let mut now = Duration::ZERO;
            for (what, passes, random) in course {
                now += Duration::from_millis(passes);
                let before = breaker;
                match what {
                    0 => breaker.trip(now, random),
                    1 => {
                        let may = before.probe_at().is_some_and(|at| at <= now);
                        prop_assert_eq!(breaker.probe(now), may);
                        prop_assert_eq!(breaker.is_probing(), may || before.is_probing());
                    }
                    2 => breaker.refused(now, random),
                    3 => breaker.unanswered(now),
                    _ => breaker.passed(),
                }
                if let Some(at) = breaker.probe_at() {
                    prop_assert!(at <= now + MAX);
                }
                prop_assert!(breaker.is_closed() || breaker.is_probing() || breaker.probe_at().is_some());
            }
        }
    }
}
