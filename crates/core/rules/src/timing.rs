//! How long steps take, measured on a few of the events: on all of them it would cost more than many a step.

use std::time::Duration;

use vrl::value::Value;

use crate::observe::{Observer, StepOutcome};

/// A step took so long on one event, its condition included.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Timing {
    /// The rule.
    pub rule: String,
    /// The step.
    pub step: String,
    /// CPU time of the lane. It includes that of asking for it, some hundred nanoseconds.
    pub took: Duration,
}

/// Says which events are measured: one in so many, and none with 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sampler {
    every: u32,
    passed: u32,
}

/// Measures the steps of one event.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    cpu: fn() -> Duration,
    began: Duration,
    pub(crate) steps: Vec<((usize, usize), Duration)>,
}

// === impl Sampler ===

impl Sampler {
    pub(crate) const fn new(every: u32) -> Self {
        Self { every, passed: 0 }
    }

    /// Whether the event at hand is measured.
    pub(crate) const fn takes_next(&mut self) -> bool {
        if self.every == 0 {
            return false;
        }
        self.passed += 1;
        let takes = self.passed >= self.every;
        if takes {
            self.passed = 0;
        }
        takes
    }
}

// === impl Stopwatch ===

impl Stopwatch {
    pub(crate) const fn new(cpu: fn() -> Duration) -> Self {
        Self { cpu, began: Duration::ZERO, steps: Vec::new() }
    }
}

impl Observer for Stopwatch {
    fn begins(&mut self, _: (usize, usize), _: &Value) {
        self.began = (self.cpu)();
    }

    fn ends(&mut self, place: (usize, usize), _: StepOutcome, _: &Value) {
        self.steps.push((place, (self.cpu)().saturating_sub(self.began)));
    }

    fn passed(&mut self, _: (usize, usize), _: StepOutcome) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_so_many_is_measured() {
        let mut sampler = Sampler::new(3);
        let taken: Vec<bool> = (0..7).map(|_| sampler.takes_next()).collect();
        assert_eq!(taken, [false, false, true, false, false, true, false]);
        assert!(!Sampler::default().takes_next());
    }
}
