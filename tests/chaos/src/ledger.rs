//! The ledger: what the tiers count, and what has to hold between their counts and what is there.
//!
//! Counters live and die with a process, and are read twice a second, so a kill -9 takes what was counted since. What can be
//! said nevertheless:
//! - **always**, under any fault: nothing is counted that isn't there. Counted as indexed are at most the documents; as
//!   dead-lettered, at most the records of the dead-letter topic; as accepted, at most those of the raw topic.
//! - **in a calm phase**, in which no process ends: accepted = acknowledged to the client, and accepted + split = indexed +
//!   dead-lettered + dropped, exactly, each of them what the events' fates say, with no duplicate.

use std::ops::{Add, Sub};

use forebay_testkit::prometheus::series;

use crate::events::Fate;

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
    /// Documents that were made of events beyond the first of each.
    pub split: u64,
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

/// What was acknowledged to the client, and what has to become of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Owed {
    /// Events that were acknowledged.
    pub events: u64,
    /// Documents.
    pub documents: u64,
    /// Dead letters.
    pub letters: u64,
    /// Events that a rule drops.
    pub dropped: u64,
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
            split: sum("forebay_events_split_total"),
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

    /// What doesn't add up over a calm phase in which so much was acknowledged.
    #[must_use]
    pub fn unlike_calm(&self, owed: &Owed) -> Vec<String> {
        let outcomes = owed.documents + owed.letters + owed.dropped;
        [
            ("accepted", self.accepted, owed.events),
            ("indexed", self.indexed, owed.documents),
            ("dead-lettered", self.dead_lettered, owed.letters),
            ("duplicate", self.duplicate, 0),
            ("dropped", self.dropped, owed.dropped),
            ("split", self.split, outcomes.saturating_sub(owed.events)),
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
            split: f(self.split, other.split),
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

// === impl Owed ===

impl Owed {
    /// One more event was acknowledged, with this fate.
    #[must_use]
    pub fn and(self, fate: Fate) -> Self {
        let (documents, letters, dropped) = match fate {
            Fate::Document | Fate::Routed => (1, 0, 0),
            Fate::Parts(parts) => (u64::from(parts), 0, 0),
            Fate::Letter => (0, 1, 0),
            Fate::Dropped => (0, 0, 1),
        };
        Self {
            events: self.events + 1,
            documents: self.documents + documents,
            letters: self.letters + letters,
            dropped: self.dropped + dropped,
        }
    }
}

impl Sub for Owed {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            events: self.events - other.events,
            documents: self.documents - other.documents,
            letters: self.letters - other.letters,
            dropped: self.dropped - other.dropped,
        }
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
        let counts =
            Counts { accepted: 10, indexed: 10, split: 2, dead_lettered: 1, dropped: 1, ..Counts::default() };
        let fates = [Fate::Document; 7].into_iter().chain([Fate::Parts(3), Fate::Letter, Fate::Dropped]);
        let owed = fates.fold(Owed::default(), Owed::and);
        assert_eq!(counts.unlike_calm(&owed), [""; 0]);
        let found = Counts { duplicate: 1, ..counts }.unlike_calm(&owed);
        assert_eq!(found, ["1 counted as duplicate in the calm phase instead of 0"]);
        let found = Counts { split: 0, ..counts }.unlike_calm(&owed);
        assert_eq!(found, ["0 counted as split in the calm phase instead of 2"]);
    }
}
