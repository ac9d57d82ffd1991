//! What happened, in order: as a number that stands for all of it, and as text where somebody wants to read it.

use std::fmt;
use std::time::Duration;

use crate::rng::mix;

/// A trace.
#[derive(Debug, Default)]
pub struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
}

// === impl Trace ===

impl Trace {
    /// With text, or without.
    #[must_use]
    pub fn new(with_text: bool) -> Self {
        Self { hash: 0, lines: with_text.then(Vec::new) }
    }

    /// Something happened; `facts` tell it from everything else of its kind.
    pub fn note(&mut self, now: Duration, kind: &str, facts: &[u64], text: impl FnOnce() -> String) {
        let time = now.as_secs() << 32 | u64::from(now.subsec_nanos());
        let kind_number = kind.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte));
        for fact in [time, kind_number].iter().chain(facts) {
            self.hash = mix(self.hash.wrapping_add(*fact).wrapping_add(1));
        }
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>9.3} ms  {kind:<10} {}", now.as_secs_f64() * 1e3, text()));
        }
    }

    /// The number that stands for all of it.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The text, if there is one.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
