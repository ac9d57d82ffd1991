//! What was found, counted by detector.

use crate::detector::Detector;

/// How often each detector found something.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    counts: [u32; Detector::COUNT],
    /// By the place of the custom detector in the configuration; empty as long as none found anything.
    custom: Vec<u32>,
}

impl Tally {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// All that was found.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().chain(&self.custom).map(|count| u64::from(*count)).sum()
    }

    /// What one detector found.
    #[must_use]
    pub fn of(&self, detector: Detector) -> u32 {
        self.counts.get(detector.index()).copied().unwrap_or(0)
    }

    /// What the custom detector at this place in the configuration found.
    #[must_use]
    pub fn of_custom(&self, place: usize) -> u32 {
        self.custom.get(place).copied().unwrap_or(0)
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        if self.custom.len() < other.custom.len() {
            self.custom.resize(other.custom.len(), 0);
        }
        for (count, more) in self.custom.iter_mut().zip(&other.custom) {
            *count += more;
        }
    }

    pub(crate) fn count(&mut self, detector: Detector) {
        if let Some(count) = self.counts.get_mut(detector.index()) {
            *count += 1;
        }
    }

    pub(crate) fn count_custom(&mut self, place: usize) {
        if self.custom.len() <= place {
            self.custom.resize(place + 1, 0);
        }
        if let Some(count) = self.custom.get_mut(place) {
            *count += 1;
        }
    }
}
