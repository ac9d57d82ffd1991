//! How long the honest client waited for its answers.

use std::time::Duration;

/// The shortest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Waits(Vec<Duration>);

impl Waits {
    /// What 99 of 100 did not exceed; zero if there are none.
    #[must_use]
    pub fn p99(&self) -> Duration {
        let rank = (self.0.len() * 99).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// What half of them did not exceed; zero if there are none.
    #[must_use]
    pub fn median(&self) -> Duration {
        self.0.get(self.0.len().saturating_sub(1) / 2).copied().unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Adds those of another window.
    pub fn add(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.sort_unstable();
    }

    /// The honest client hardly noticed: its p99 under attack is at most the double of that without, or two seconds, which
    /// attackers on the same busy machine may cost. Who stands behind the crowd waits for five, until it is thrown out. The exact
    /// comparison is `make attack`'s, on a machine that is quiet.
    #[must_use]
    pub fn is_hardly_more_than(&self, calm: &Self) -> bool {
        self.p99() <= (2 * calm.p99()).max(Duration::from_secs(2))
    }
}

impl From<Vec<Duration>> for Waits {
    fn from(mut waits: Vec<Duration>) -> Self {
        waits.sort_unstable();
        Self(waits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_sorted_waits() {
        let mut waits = Waits::from((1..=100).rev().map(Duration::from_millis).collect::<Vec<_>>());
        assert_eq!((waits.p99(), waits.median()), (Duration::from_millis(99), Duration::from_millis(50)));
        waits.add(Waits::from((101..=200).map(Duration::from_millis).collect::<Vec<_>>()));
        assert_eq!((waits.p99(), waits.count()), (Duration::from_millis(198), 200));
        assert_eq!(Waits::default().p99(), Duration::ZERO);
    }

    #[test]
    fn a_wait_of_seconds_is_noticed() {
        let of = |millis: u64| Waits::from(vec![Duration::from_millis(millis)]);
        assert!(of(1_900).is_hardly_more_than(&of(10)));
        assert!(!of(2_100).is_hardly_more_than(&of(10)));
        assert!(of(2_100).is_hardly_more_than(&of(1_060)));
    }
}
