//! What is done to events on the way, counted.

/// What was counted since the last look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Secrets that were masked.
    pub masked: u64,
    /// Lookups in tables and databases that found nothing.
    pub lookup_misses: u64,
    /// Steps that failed on events that went on all the same.
    pub step_errors: u64,
    /// Programs that took long on an event.
    pub slow: u64,
    /// Steps that weren't done because their tenant's slow programs had used up their time.
    pub over_budget: u64,
}

/// A step was shut for a tenant's events because its program took too much of the lane's time, or opened again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Turn {
    /// Whose events these are.
    pub tenant: String,
    /// `rule/step`.
    pub step: String,
    /// Whether it was shut.
    pub shut: bool,
}

impl Counts {
    /// Adds others.
    pub const fn add(&mut self, more: Self) {
        self.masked += more.masked;
        self.lookup_misses += more.lookup_misses;
        self.step_errors += more.step_errors;
        self.slow += more.slow;
        self.over_budget += more.over_budget;
    }
}
