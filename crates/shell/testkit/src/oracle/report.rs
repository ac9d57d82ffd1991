//! What the oracle found, and how it says so.

use std::fmt;

/// How many ids a report names of each kind of failure; the counts are exact.
const SAMPLE: usize = 20;

/// What the oracle found. The lists hold at most 20 examples each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Distinct ids that were acknowledged.
    pub acknowledged: usize,
    /// Distinct expected ids that are in the store.
    pub indexed: usize,
    /// Distinct expected ids that are in the dead-letter topic.
    pub dead_lettered: usize,
    /// Distinct expected ids that a rule dropped on purpose.
    pub dropped: usize,
    /// Ids that are both in the store and in the dead-letter topic, as after a replay or a crash between the two.
    pub in_both: usize,
    /// Acknowledged and nowhere.
    pub lost: Findings,
    /// In the store more than once.
    pub duplicated: Findings,
    /// Found, but never sent.
    pub unexpected: Findings,
}

/// One kind of failure: how many, and some of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many there are.
    pub count: usize,
    /// The first of them by name, or by hash where the name wasn't kept.
    pub examples: Vec<String>,
}

// === impl Report ===

impl Report {
    /// Whether nothing was lost, duplicated or invented.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost.count == 0 && self.duplicated.count == 0 && self.unexpected.count == 0
    }

    /// For a test's last line.
    ///
    /// # Panics
    /// When the report isn't clean; the message is the report.
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} acknowledged: {} indexed, {} dead-lettered ({} of them in both), {} dropped on purpose",
            self.acknowledged, self.indexed, self.dead_lettered, self.in_both, self.dropped
        )?;
        let kinds =
            [("lost", &self.lost), ("duplicated", &self.duplicated), ("unexpected", &self.unexpected)];
        for (kind, findings) in kinds {
            writeln!(f, "{} {kind} {:?}", findings.count, findings.examples)?;
        }
        Ok(())
    }
}

// === impl Findings ===

impl Findings {
    pub(super) fn add(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < SAMPLE {
            self.examples.push(name());
        }
    }
}
