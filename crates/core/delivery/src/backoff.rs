//! How long to wait before trying again: exponential, capped, with full jitter.
//!
//! Full jitter (a uniform draw between nothing and the current cap) spreads the tries of many workers best, which is
//! what a server that has just refused needs. The randomness comes in as an argument.

use std::time::Duration;

/// The pauses between tries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Backoff {
    initial: Duration,
    max: Duration,
    refusals: u32,
}

impl Backoff {
    /// The first pause is at most `initial`, every further one at most twice the one before, none longer than `max`.
    #[must_use]
    pub const fn new(initial: Duration, max: Duration) -> Self {
        Self { initial, max, refusals: 0 }
    }

    /// How often it was refused in a row.
    #[must_use]
    pub const fn refusals(&self) -> u32 {
        self.refusals
    }

    /// It was refused again: how long to wait now. `random` is uniform over all of `u64`. A server that says how long to
    /// wait (`Retry-After`) is never asked earlier.
    pub fn refused(&mut self, random: u64, retry_after: Option<Duration>) -> Duration {
        let cap = self.initial.saturating_mul(1 << self.refusals.min(20)).min(self.max);
        self.refusals = self.refusals.saturating_add(1);
        // 53 bits are what an f64 holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit into an f64")]
        let share = (random >> 11) as f64 / (1_u64 << 53) as f64;
        let pause = cap.mul_f64(share);
        retry_after.map_or(pause, |least| least.min(self.max).saturating_add(pause))
    }

    /// It worked: the next refusal begins anew.
    pub fn succeeded(&mut self) {
        self.refusals = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: Duration = Duration::from_secs(30);

    #[test]
    fn the_cap_doubles_up_to_the_limit_and_begins_anew() {
        let mut backoff = Backoff::new(Duration::from_millis(200), MAX);
        let pauses: Vec<_> = (0..10).map(|_| backoff.refused(u64::MAX, None).as_secs_f64().ceil()).collect();
        assert_eq!(pauses, [1., 1., 1., 2., 4., 7., 13., 26., 30., 30.]);
        backoff.succeeded();
        assert!(backoff.refused(u64::MAX, None) <= Duration::from_millis(200));
    }

    #[test]
    fn a_server_is_not_asked_before_it_said() {
        let mut backoff = Backoff::new(Duration::from_millis(200), MAX);
        assert_eq!(backoff.refused(0, Some(Duration::from_secs(5))), Duration::from_secs(5));
        assert_eq!(backoff.refused(0, Some(Duration::from_secs(9_999))), MAX);
    }

    proptest! {
        /// Scenario: any number of refusals, any randomness. Guarantees: no pause exceeds the limit, nothing overflows.
        #[test]
        fn never_waits_longer_than_the_limit(draws: Vec<u64>, initial in 0..u64::MAX) {
            let mut backoff = Backoff::new(Duration::from_millis(initial), MAX);
            for draw in draws {
                prop_assert!(backoff.refused(draw, None) <= MAX);
            }
        }
    }
}
