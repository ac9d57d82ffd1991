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
}

impl Counts {
    /// Adds others.
    pub const fn add(&mut self, more: Self) {
        self.masked += more.masked;
        self.lookup_misses += more.lookup_misses;
        self.step_errors += more.step_errors;
    }
}
