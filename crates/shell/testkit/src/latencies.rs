//! How long answers took.

use std::time::Duration;

/// Times of answers, the shortest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Latencies(Vec<Duration>);

// === impl Latencies ===

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl Latencies {
    /// The time that so many of a thousand answers were within; zero if there were none.
    #[must_use]
    pub fn within(&self, per_mille: usize) -> Duration {
        let at = (self.0.len() * per_mille).div_ceil(1000).saturating_sub(1);
        self.0.get(at).copied().unwrap_or_default()
    }

    /// 99 of 100 answers took no longer.
    #[must_use]
    pub fn p99(&self) -> Duration {
        self.within(990)
    }

    /// The same in milliseconds.
    #[must_use]
    pub fn p99_ms(&self) -> f64 {
        self.p99().as_secs_f64() * 1e3
    }

    /// Half of the answers took no longer, in milliseconds.
    #[must_use]
    pub fn median_ms(&self) -> f64 {
        self.within(500).as_secs_f64() * 1e3
    }

    /// Adds those of another window.
    pub fn add(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(range: std::ops::RangeInclusive<u64>) -> Latencies {
        range.rev().map(Duration::from_millis).collect()
    }

    #[test]
    fn of_a_hundred_the_ninety_ninth() {
        let times = millis(1..=100);
        assert_eq!((times.median_ms(), times.p99_ms()), (50.0, 99.0));
        assert_eq!(Latencies::default().within(990), Duration::ZERO);
    }

    #[test]
    fn windows_are_ranked_together() {
        let mut times = millis(101..=200);
        times.add(millis(1..=100));
        assert_eq!((times.median_ms(), times.p99()), (100.0, Duration::from_millis(198)));
    }
}
