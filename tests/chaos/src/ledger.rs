//! The ledger: what the tiers count, and what has to hold between their counts and what is there.
//!
//! Counters live and die with a process, and are read twice a second, so a kill -9 takes what was counted since. What can be
//! said nevertheless:
//! - **always**, under any fault: nothing is counted that isn't there. Counted as indexed are at most the documents; as
//!   dead-lettered, at most the records of the dead-letter topic; as accepted, at most those of the raw topic.
//! - **in a calm phase**, in which no process ends: accepted = acknowledged to the client = indexed + dead-lettered, exactly,
//!   with no duplicate.

use std::ops::{Add, Sub};

use forebay_testkit::prometheus::series;

/// What the tiers have counted, summed over tenants, stages and processes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Events that ingest answered success for.
    pub accepted: u64,
    /// Events that the store took for the first time.
    pub indexed: u64,
    /// Events that the store had already.
    pub duplicate: u64,
    /// Events whose dead letter the broker has.
    pub dead_lettered: u64,
    /// Events that a rule dropped.
    pub dropped: u64,
    /// Batches that were read again for want of an outcome.
    pub abandoned: u64,
    /// Times that a consumer was given partitions.
    pub rebalances: u64,
    /// Times that a stage tried something again.
    pub retries: u64,
}

/// What is there, in brokers and store.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Contents {
    /// Records of the raw topic.
    pub raw: u64,
    /// Records of the dead-letter topic.
    pub letters: u64,
    /// Documents of all indices.
    pub documents: u64,
}

// === impl Counts ===

impl Counts {
    /// Reads them from what a process says.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let sum = |name: &str| series(text, name).map(|(_, value)| value as u64).sum();
        Self {
            accepted: sum("forebay_events_accepted_total"),
            indexed: sum("forebay_events_indexed_total"),
            duplicate: sum("forebay_events_duplicate_total"),
            dead_lettered: sum("forebay_events_dead_lettered_total"),
            dropped: sum("forebay_events_dropped_total"),
            abandoned: sum("forebay_receipts_abandoned_total"),
            rebalances: sum("forebay_consumer_rebalances_total"),
            retries: sum("forebay_retries_total"),
        }
    }

    /// The larger one of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.zip(other, u64::max)
    }

    /// What contradicts the contents, in words; nothing if all holds. It holds under any fault.
    #[must_use]
    pub fn beyond(&self, there: &Contents) -> Vec<String> {
        [
            ("accepted", self.accepted, "records in the raw topic", there.raw),
            ("indexed", self.indexed, "documents", there.documents),
            ("dead-lettered", self.dead_lettered, "records in the dead-letter topic", there.letters),
        ]
        .into_iter()
        .filter(|(_, counted, _, there)| counted > there)
        .map(|(what, counted, name, there)| format!("{counted} counted as {what}, but {there} {name}"))
        .collect()
    }

    /// What doesn't add up over a calm phase in which so many events were acknowledged, `bad` of them bad.
    #[must_use]
    pub fn unlike_calm(&self, acknowledged: u64, bad: u64) -> Vec<String> {
        [
            ("accepted", self.accepted, acknowledged),
            ("indexed", self.indexed, acknowledged.saturating_sub(bad)),
            ("dead-lettered", self.dead_lettered, bad),
            ("duplicate", self.duplicate, 0),
            ("dropped", self.dropped, 0),
        ]
        .into_iter()
        .filter(|(_, counted, owed)| counted != owed)
        .map(|(what, counted, owed)| {
            format!("{counted} counted as {what} in the calm phase instead of {owed}")
        })
        .collect()
    }

    fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            accepted: f(self.accepted, other.accepted),
            indexed: f(self.indexed, other.indexed),
            duplicate: f(self.duplicate, other.duplicate),
            dead_lettered: f(self.dead_lettered, other.dead_lettered),
            dropped: f(self.dropped, other.dropped),
            abandoned: f(self.abandoned, other.abandoned),
            rebalances: f(self.rebalances, other.rebalances),
            retries: f(self.retries, other.retries),
        }
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.zip(other, u64::saturating_sub)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
forebay_events_accepted_total{tenant=\"a\"} 10
forebay_events_accepted_total{tenant=\"b\"} 5
forebay_events_dead_lettered_total{tenant=\"a\",stage=\"parser\"} 2
forebay_events_dead_lettered_total{tenant=\"a\",stage=\"indexer\"} 1
";

    #[test]
    fn counts_are_summed_over_labels_and_processes() {
        let counts = Counts::read(TEXT);
        assert_eq!((counts.accepted, counts.dead_lettered, counts.indexed), (15, 3, 0));
        assert_eq!((counts + counts).accepted, 30);
        assert_eq!((counts - counts), Counts::default());
    }

    #[test]
    fn nothing_may_be_counted_that_is_not_there() {
        let counts = Counts { accepted: 5, indexed: 4, dead_lettered: 1, ..Counts::default() };
        let there = Contents { raw: 5, letters: 1, documents: 3 };
        assert!(counts.beyond(&Contents { documents: 4, ..there }).is_empty());
        let found = counts.beyond(&there);
        assert_eq!(found, ["4 counted as indexed, but 3 documents"]);
    }

    #[test]
    fn a_calm_phase_adds_up_exactly() {
        let counts = Counts { accepted: 10, indexed: 9, dead_lettered: 1, ..Counts::default() };
        assert!(counts.unlike_calm(10, 1).is_empty());
        let found = Counts { duplicate: 1, ..counts }.unlike_calm(10, 1);
        assert_eq!(found, ["1 counted as duplicate in the calm phase instead of 0"]);
    }
}
