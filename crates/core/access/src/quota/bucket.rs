//! A token bucket, kept as the time at which it will be full again: the generic cell rate algorithm (ITU-T I.371, annex A).
//! There is nothing to refill, and a bucket that nobody looks at costs nothing.

use std::time::Duration;

/// How far ahead of its rate somebody is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Bucket {
    full_at: Duration,
}

impl Bucket {
    /// Whether there is anything in it, if it holds `burst`.
    ///
    /// What is taken may be more than is there: how much a request brings is known only when it has been read, and a
    /// request that is larger than the bucket has to get through some day. The next one waits until the debt is paid.
    ///
    /// # Errors
    /// When it is empty, with the time until it isn't.
    pub fn ready(&self, burst: Duration, now: Duration) -> Result<(), Duration> {
        let ahead = self.full_at.saturating_sub(now);
        if ahead < burst { Ok(()) } else { Err(ahead - burst + Duration::from_nanos(1)) }
    }

    /// Takes so much: the time that its rate needs for it.
    pub fn take(&mut self, cost: Duration, now: Duration) {
        self.full_at = self.full_at.max(now).saturating_add(cost);
    }

    /// Gives back what was taken and not used.
    pub fn give(&mut self, cost: Duration) {
        self.full_at = self.full_at.saturating_sub(cost);
    }

    /// Whether it is full, so that it may be forgotten.
    #[must_use]
    pub fn is_full(&self, now: Duration) -> bool {
        self.full_at <= now
    }
}

/// The time that a rate needs for so many, rounded up to nanoseconds.
#[must_use]
pub fn cost(count: u64, per_second: u64) -> Duration {
    let nanos = (u128::from(count) * 1_000_000_000).div_ceil(u128::from(per_second.max(1)));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Scenario: somebody asks at random times for random amounts, and takes whenever he may.
        /// Guarantees: from any time to any other he gets no more than the burst, what the rate gives in between, and one
        /// request; and whoever waits as long as he is told is let in.
        #[test]
        fn no_more_is_let_in_than_rate_and_burst_allow(
            rate in 1_u64..1_000_000,
            burst_ms in 1_u64..20_000,
            steps in prop::collection::vec((0_u64..3_000, 1_u64..100_000), 1..200),
        ) {
            let burst = Duration::from_millis(burst_ms);
            let (mut bucket, mut now, mut taken) = (Bucket::default(), Duration::ZERO, Vec::new());
            for (pause_ms, count) in steps {
                now += Duration::from_millis(pause_ms);
                match bucket.ready(burst, now) {
                    Ok(()) => {
                        bucket.take(cost(count, rate), now);
                        taken.push((now, count));
                    }
                    Err(wait) => {
                        prop_assert!(wait > Duration::ZERO);
                        prop_assert!(bucket.ready(burst, now + wait).is_ok());
                        prop_assert!(bucket.ready(burst, now + wait - Duration::from_nanos(1)).is_err());
                    }
                }
            }
            for (first, (from, _)) in taken.iter().enumerate() {
                let mut sum = 0;
                for (until, count) in &taken[first..] {
                    let allowed = (*until - *from + burst).as_secs_f64() * rate as f64;
                    prop_assert!(sum as f64 <= allowed + 1.0, "{sum} from {from:?} to {until:?}");
                    sum += count;
                }
            }
        }
    }

    #[test]
    fn what_is_given_back_is_there_again() {
        let (second, mut bucket) = (Duration::from_secs(1), Bucket::default());
        bucket.take(cost(100, 10), Duration::ZERO);
        assert_eq!(
            bucket.ready(second, Duration::ZERO),
            Err(Duration::from_secs(9) + Duration::from_nanos(1))
        );
        bucket.give(cost(95, 10));
        assert_eq!(bucket.ready(second, Duration::ZERO), Ok(()));
        bucket.give(Duration::MAX);
        assert!(bucket.is_full(Duration::ZERO));
    }
}
