//! How long answers took.

use std::time::Duration;

/// Times of answers, the shortest first.
#[derive(Clone, Debug, Default)]
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

    /// 99 of 100 answers took no longer, in milliseconds.
    #[must_use]
    pub fn p99_ms(&self) -> f64 {
        self.within(990).as_secs_f64() * 1e3
    }

    /// Half of the answers took no longer, in milliseconds.
    #[must_use]
    pub fn median_ms(&self) -> f64 {
        self.within(500).as_secs_f64() * 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_the_ninety_ninth() {
        let times: Latencies = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!((times.median_ms(), times.p99_ms()), (50.0, 99.0));
        assert_eq!(Latencies::default().within(990), Duration::ZERO);
    }
}
