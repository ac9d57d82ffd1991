//! The loss oracle: an acknowledged id is an obligation, and this says which ones were not met.
//!
//! Tests tell it what they sent and what was acknowledged, and afterwards what is in the store, in the dead-letter
//! topic, and what a rule dropped. Invariants it checks:
//! - every acknowledged id is indexed, dead-lettered or dropped on purpose (else it is *lost*);
//! - no id is in the store twice (*duplicated*);
//! - nothing is there that was never sent (*unexpected*).
//!
//! An id that was sent but not acknowledged may be there or not: the sender couldn't know.
//!
//! It is made for millions of ids: of each it keeps a 64-bit hash and a byte (two of five million collide with a
//! probability below one in a million), and the text of only the first [`NAMED`], so that failures have names.

mod report;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use twox_hash::XxHash3_64;

pub use report::{Findings, Report};

/// How many ids are kept as text; a later one is reported by its hash.
pub const NAMED: usize = 50_000;

/// Collects obligations; shared by the senders of a test.
#[derive(Debug, Default)]
pub struct Oracle {
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    acknowledged: Vec<u64>,
    attempted: Vec<u64>,
    names: HashMap<u64, Box<str>>,
}

/// The comparison of obligations with what is found; fed id by id, so that it can follow a scroll or a consumer.
#[derive(Debug)]
pub struct Audit {
    /// Sorted, so that an id is found by halving.
    ids: Vec<u64>,
    /// What is known of the id at the same place: bits of [`fate`].
    fates: Vec<u8>,
    names: HashMap<u64, Box<str>>,
    report: Report,
}

/// What is known of one id.
mod fate {
    pub(super) const ACKNOWLEDGED: u8 = 1;
    pub(super) const INDEXED: u8 = 2;
    pub(super) const DUPLICATED: u8 = 4;
    pub(super) const DEAD_LETTERED: u8 = 8;
    pub(super) const DROPPED: u8 = 16;
}

// === impl Oracle ===

impl Oracle {
    /// An oracle that nothing is owed to yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The event of this id was acknowledged: from now on it is owed.
    pub fn acknowledged(&self, id: impl AsRef<str>) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = sent.hash(id.as_ref());
        sent.acknowledged.push(hash);
    }

    /// The event of this id was sent, with no acknowledgement: it may be there, and isn't owed.
    pub fn attempted(&self, id: impl AsRef<str>) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = sent.hash(id.as_ref());
        sent.attempted.push(hash);
    }

    /// Starts the comparison with what is found; the obligations go on being collected for a later one.
    #[must_use]
    pub fn audit(&self) -> Audit {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut owed = sent.acknowledged.clone();
        owed.sort_unstable();
        owed.dedup();
        let mut ids = owed.clone();
        ids.extend_from_slice(&sent.attempted);
        ids.sort_unstable();
        ids.dedup();
        let fates =
            ids.iter().map(|id| u8::from(owed.binary_search(id).is_ok()) * fate::ACKNOWLEDGED).collect();
        Audit { ids, fates, names: sent.names.clone(), report: Report::default() }
    }

    /// Compares with everything at once: the ids in the store (with repetitions), in the dead-letter topic, and those
    /// that a rule dropped.
    #[must_use]
    pub fn check<T: AsRef<str>>(
        &self,
        indexed: impl IntoIterator<Item = T>,
        dead_lettered: impl IntoIterator<Item = T>,
        dropped: impl IntoIterator<Item = T>,
    ) -> Report {
        let mut audit = self.audit();
        indexed.into_iter().for_each(|id| audit.indexed(id));
        dead_lettered.into_iter().for_each(|id| audit.dead_lettered(id));
        dropped.into_iter().for_each(|id| audit.dropped(id));
        audit.finish()
    }
}

// === impl Sent ===

impl Sent {
    fn hash(&mut self, id: &str) -> u64 {
        let hash = XxHash3_64::oneshot(id.as_bytes());
        if self.names.len() < NAMED {
            let _known = self.names.entry(hash).or_insert_with(|| id.into());
        }
        hash
    }
}

// === impl Audit ===

impl Audit {
    /// The store has a document of this id; told once per document, so that a second one shows.
    pub fn indexed(&mut self, id: impl AsRef<str>) {
        if let Some(known) = self.fate(id.as_ref()) {
            *known |= if *known & fate::INDEXED == 0 { fate::INDEXED } else { fate::DUPLICATED };
        }
    }

    /// The dead-letter topic has the event of this id. Twice is no failure: that topic is written at least once.
    pub fn dead_lettered(&mut self, id: impl AsRef<str>) {
        if let Some(known) = self.fate(id.as_ref()) {
            *known |= fate::DEAD_LETTERED;
        }
    }

    /// A rule dropped the event of this id on purpose.
    pub fn dropped(&mut self, id: impl AsRef<str>) {
        if let Some(known) = self.fate(id.as_ref()) {
            *known |= fate::DROPPED;
        }
    }

    /// Adds it all up.
    #[must_use]
    pub fn finish(self) -> Report {
        let Self { ids, fates, names, mut report } = self;
        for (id, known) in ids.into_iter().zip(fates) {
            let has = |bit: u8| known & bit != 0;
            report.acknowledged += usize::from(has(fate::ACKNOWLEDGED));
            report.indexed += usize::from(has(fate::INDEXED));
            report.dead_lettered += usize::from(has(fate::DEAD_LETTERED));
            report.dropped += usize::from(has(fate::DROPPED));
            report.in_both += usize::from(has(fate::INDEXED) && has(fate::DEAD_LETTERED));
            let name = || names.get(&id).map_or_else(|| format!("hash {id:016x}"), ToString::to_string);
            if has(fate::DUPLICATED) {
                report.duplicated.add(name);
            }
            if known == fate::ACKNOWLEDGED {
                report.lost.add(name);
            }
        }
        report
    }

    fn fate(&mut self, id: &str) -> Option<&mut u8> {
        if let Ok(at) = self.ids.binary_search(&XxHash3_64::oneshot(id.as_bytes())) {
            return self.fates.get_mut(at);
        }
        self.report.unexpected.add(|| id.to_owned());
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owing(ids: &[&str]) -> Oracle {
        let oracle = Oracle::new();
        ids.iter().for_each(|id| oracle.acknowledged(id));
        oracle
    }

    #[test]
    fn every_way_of_meeting_an_obligation_counts() {
        let report = owing(&["a", "b", "c"]).check(["a"], ["b"], ["c"]);
        report.assert_clean();
        assert_eq!((report.acknowledged, report.indexed, report.dead_lettered, report.dropped), (3, 1, 1, 1));
    }

    #[test]
    fn an_id_that_is_nowhere_is_lost() {
        let report = owing(&["a", "b"]).check(["a"], [], []);
        assert_eq!(report.lost, Findings { count: 1, examples: vec!["b".into()] });
        assert!(!report.is_clean());
    }

    #[test]
    fn a_second_document_is_a_duplicate_and_a_second_dead_letter_is_not() {
        let report = owing(&["a", "b"]).check(["a", "a"], ["b", "b"], []);
        assert_eq!(report.duplicated.examples, ["a"]);
        assert_eq!(report.lost.count, 0);
        assert_eq!(report.dead_lettered, 1);
    }

    #[test]
    fn what_was_never_sent_is_unexpected() {
        let report = owing(&["a"]).check(["a", "x"], [], []);
        assert_eq!(report.unexpected.examples, ["x"]);
    }

    /// Scenario: two requests were cut before their answer, and one of them had got through.
    /// Guarantees: neither its presence nor the other's absence is a failure.
    #[test]
    fn an_attempt_may_be_there_or_not() {
        let oracle = owing(&["a"]);
        oracle.attempted("b");
        oracle.attempted("c");
        oracle.check(["a", "b"], [], []).assert_clean();
    }

    /// Scenario: a request is retried, so that its id is acknowledged after an attempt, or acknowledged twice.
    /// Guarantees: it is owed once.
    #[test]
    fn acknowledged_twice_is_owed_once() {
        let oracle = owing(&["a", "a"]);
        oracle.attempted("a");
        assert_eq!(oracle.check(["a"], [], []).acknowledged, 1);
        assert_eq!(oracle.check([] as [&str; 0], [], []).lost.count, 1);
    }

    #[test]
    fn names_run_out_and_counts_do_not() {
        let oracle = Oracle::new();
        (0..NAMED + 10).for_each(|n| oracle.acknowledged(n.to_string()));
        let report = oracle.check((0..NAMED).map(|n| n.to_string()), [], []);
        assert_eq!(report.lost.count, 10);
        assert!(report.lost.examples.iter().all(|name| name.starts_with("hash ")), "{report}");
    }
}
