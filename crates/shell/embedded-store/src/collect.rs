//! Collects the first hits in order of time, counts all, and pages without skipping or repeating.
//!
//! The order is by (time, sequence): every document gets a sequence number when it is written, so that no two are
//! equal. A document without a time counts as one of time 0.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use forebay_store::{Cursor, Order};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use crate::index::{SEQUENCE_NAME, TIMESTAMP_NAME};

/// A document's place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) time_ms: i64,
    pub(crate) sequence: u64,
}

/// A hit and where its document lies.
pub(crate) type Found = (Place, DocAddress);

/// What to collect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newest {
    pub(crate) limit: usize,
    pub(crate) order: Order,
    pub(crate) after: Option<Place>,
    pub(crate) since_ms: Option<i64>,
    pub(crate) until_ms: Option<i64>,
}

/// What was collected: hits in order, and how many there are in all.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) hits: Vec<Found>,
    pub(crate) total: u64,
}

/// [`Newest`] at work in one segment.
pub(crate) struct Segment {
    wanted: Newest,
    ordinal: SegmentOrdinal,
    times: Column<i64>,
    sequences: Column<u64>,
    /// The best so far, the worst of them on top.
    best: BinaryHeap<Reverse<Ranked>>,
    total: u64,
}

/// A hit that compares by the order asked for: greater comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    key: (i128, i128),
    place: Place,
    address: DocAddress,
}

// === impl Place ===

impl Place {
    pub(crate) fn to_cursor(self) -> Cursor {
        Cursor(format!("{}.{}", self.time_ms, self.sequence))
    }

    pub(crate) fn from_cursor(cursor: &Cursor) -> Option<Self> {
        let (time, sequence) = cursor.0.split_once('.')?;
        Some(Self { time_ms: time.parse().ok()?, sequence: sequence.parse().ok()? })
    }

    fn ranked(self, order: Order, address: DocAddress) -> Ranked {
        let key = (i128::from(self.time_ms), i128::from(self.sequence));
        let key = match order {
            Order::NewestFirst => key,
            Order::OldestFirst => (-key.0, -key.1),
        };
        Ranked { key, place: self, address }
    }

    /// Whether this comes behind `other`.
    fn is_behind(self, other: Self, order: Order) -> bool {
        match order {
            Order::NewestFirst => self < other,
            Order::OldestFirst => self > other,
        }
    }
}

impl Collector for Newest {
    type Fruit = Collected;
    type Child = Segment;

    fn for_segment(&self, ordinal: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<Segment> {
        Ok(Segment {
            wanted: *self,
            ordinal,
            times: reader.fast_fields().i64(TIMESTAMP_NAME)?,
            sequences: reader.fast_fields().u64(SEQUENCE_NAME)?,
            best: BinaryHeap::new(),
            total: 0,
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, parts: Vec<Collected>) -> tantivy::Result<Collected> {
        let mut merged = Collected::default();
        for part in parts {
            merged.total += part.total;
            merged.hits.extend(part.hits);
        }
        merged.hits.sort_unstable_by_key(|(place, address)| Reverse(place.ranked(self.order, *address)));
        merged.hits.truncate(self.limit);
        Ok(merged)
    }
}

impl SegmentCollector for Segment {
    type Fruit = Collected;

    fn collect(&mut self, doc: DocId, _score: Score) {
        let wanted = self.wanted;
        let place = Place {
            time_ms: self.times.first(doc).unwrap_or(0),
            sequence: self.sequences.first(doc).unwrap_or(0),
        };
        if wanted.since_ms.is_some_and(|since| place.time_ms < since)
            || wanted.until_ms.is_some_and(|until| place.time_ms >= until)
        {
            return;
        }
        self.total += 1;
        if wanted.limit == 0 || wanted.after.is_some_and(|after| !place.is_behind(after, wanted.order)) {
            return;
        }
        let ranked = place.ranked(wanted.order, DocAddress::new(self.ordinal, doc));
        if self.best.len() < wanted.limit {
            self.best.push(Reverse(ranked));
        } else if let Some(mut worst) = self.best.peek_mut()
            && ranked > worst.0
        {
            *worst = Reverse(ranked);
        }
    }

    fn harvest(self) -> Collected {
        let hits = self.best.into_iter().map(|Reverse(ranked)| (ranked.place, ranked.address)).collect();
        Collected { hits, total: self.total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let place = Place { time_ms: -5, sequence: u64::MAX };
        assert_eq!(Place::from_cursor(&place.to_cursor()), Some(place));
        assert_eq!(Place::from_cursor(&Cursor("x".to_owned())), None);
    }
}
