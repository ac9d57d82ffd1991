//! Looking on while rules are applied: previews, coverage, profiles.

use vrl::value::Value;

/// What a step did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StepOutcome {
    /// Its work.
    Done,
    /// Nothing: its condition wasn't met.
    Skipped,
    /// It dropped the event.
    Dropped,
    /// It made several events of it.
    Split,
    /// It failed.
    Failed,
}

/// Somebody who looks on. A step's place is that of [`Rules::steps`](crate::Rules::steps).
pub trait Observer {
    /// Whether it looks at all. Where nobody does, events needn't become values for it.
    const LOOKS: bool = true;

    /// A step begins on an event.
    fn begins(&mut self, place: (usize, usize), event: &Value);

    /// It is done. `event` is what it made of it.
    fn ends(&mut self, place: (usize, usize), outcome: StepOutcome, event: &Value);

    /// A step was passed that didn't have to see the event. A step that says how the body is read is passed when that is done,
    /// before all others; it is skipped where another one says so too and counts.
    fn passed(&mut self, place: (usize, usize), outcome: StepOutcome);
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    const LOOKS: bool = false;

    fn begins(&mut self, _: (usize, usize), _: &Value) {}

    fn ends(&mut self, _: (usize, usize), _: StepOutcome, _: &Value) {}

    fn passed(&mut self, _: (usize, usize), _: StepOutcome) {}
}
