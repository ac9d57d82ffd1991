//! How old the oldest record without an outcome is, partition by partition.
//!
//! An offset lag says how many records wait; this says for how long, which is what people ask, and what a topic's retention is
//! held against. The tracker knows offsets alone, so the time at which each batch begins is kept here, as long as it may be the
//! oldest. Of records that nobody has read yet nothing is known but that they are younger than the last one that was read.

use std::collections::{BTreeMap, VecDeque};

use crate::tracker::Head;

/// When the records of a consumer's partitions were written. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Default)]
pub struct Ages {
    partitions: BTreeMap<i32, Marks>,
}

#[derive(Debug)]
struct Marks {
    /// Since when the partition is looked at: what stands in for a time that isn't known.
    since_ms: i64,
    /// Where batches begin, and when their first records were written; by offset.
    begins: VecDeque<(i64, i64)>,
    /// When the last record that was read was written.
    last_ms: Option<i64>,
}

// === impl Ages ===

impl Ages {
    /// A batch was polled at `now_ms`: of each record partition, offset and time, in the order of the offsets. A time of 0 is
    /// none.
    pub fn took(&mut self, records: impl IntoIterator<Item = (i32, i64, i64)>, now_ms: i64) {
        let mut begun: BTreeMap<i32, i64> = BTreeMap::new();
        // Records of a partition come in runs.
        let mut run: Option<(i32, i64)> = None;
        for (partition, offset, at_ms) in records {
            let at_ms = if at_ms > 0 { at_ms } else { now_ms };
            if let Some((known, last_ms)) = &mut run
                && *known == partition
            {
                *last_ms = at_ms;
                continue;
            }
            if let Some((partition, last_ms)) = run.replace((partition, at_ms)) {
                self.of(partition, now_ms).last_ms = Some(last_ms);
            }
            if begun.insert(partition, offset).is_none() {
                self.of(partition, now_ms).begin(offset, at_ms);
            }
        }
        if let Some((partition, last_ms)) = run {
            self.of(partition, now_ms).last_ms = Some(last_ms);
        }
    }

    /// When the oldest record of a partition that has no outcome was written; `None` when there is none. `unread` says whether
    /// records wait behind what was polled: if they alone do, the true time is that or later.
    pub fn oldest_ms(&mut self, head: Head, unread: bool, now_ms: i64) -> Option<i64> {
        let marks = self.of(head.partition, now_ms);
        if let Some(next) = head.next {
            while marks.begins.get(1).is_some_and(|(offset, _)| *offset <= next) {
                let _done = marks.begins.pop_front();
            }
        }
        if head.is_open {
            let begin = marks.begins.front().map(|(_, at_ms)| *at_ms);
            Some(begin.unwrap_or(marks.since_ms))
        } else {
            unread.then(|| marks.last_ms.unwrap_or(marks.since_ms))
        }
    }

    /// Forgets all partitions but these.
    pub fn keep(&mut self, heads: &[Head]) {
        self.partitions.retain(|partition, _| heads.iter().any(|head| head.partition == *partition));
    }

    fn of(&mut self, partition: i32, now_ms: i64) -> &mut Marks {
        self.partitions.entry(partition).or_insert_with(|| Marks {
            since_ms: now_ms,
            begins: VecDeque::new(),
            last_ms: None,
        })
    }
}

// === impl Marks ===

impl Marks {
    /// A batch begins here. What was polled before from there on is read again.
    fn begin(&mut self, offset: i64, at_ms: i64) {
        while self.begins.back().is_some_and(|(known, _)| *known >= offset) {
            let _again = self.begins.pop_back();
        }
        self.begins.push_back((offset, at_ms));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{OffsetTracker, Tally};

    const NOW: i64 = 1_000_000;

    fn head(next: Option<i64>, is_open: bool) -> Head {
        Head { partition: 0, next, is_open }
    }

    #[test]
    fn without_records_the_age_counts_from_the_first_look() {
        let mut ages = Ages::default();
        assert_eq!(ages.oldest_ms(head(None, false), false, NOW), None, "nothing waits");
        assert_eq!(ages.oldest_ms(head(None, false), true, NOW + 5), Some(NOW));
        ages.keep(&[]);
        assert_eq!(ages.oldest_ms(head(None, false), true, NOW + 9), Some(NOW + 9), "it came back");
    }

    /// Scenario: a batch is given up and read again, from its middle.
    /// Guarantees: the time is that of the record which is open now.
    #[test]
    fn what_is_read_again_keeps_its_time() {
        let mut ages = Ages::default();
        ages.took([(0, 10, 100), (0, 11, 110)], NOW);
        ages.took([(0, 12, 120)], NOW);
        ages.took([(0, 11, 110), (0, 12, 120)], NOW);
        assert_eq!(ages.oldest_ms(head(Some(11), true), true, NOW), Some(110));
        assert_eq!(ages.oldest_ms(head(Some(13), false), true, NOW), Some(120));
        assert_eq!(ages.oldest_ms(head(Some(13), false), false, NOW), None);
    }

    proptest! {
        /// Scenario: batches of two partitions, settled in any order; offset n was written at n + 1.
        /// Guarantees: the oldest is the first open record, and when none is open, the last one that was read.
        #[test]
        fn follows_the_tracker(batches in prop::collection::vec((0..3_i64, 1..4_i64, any::<u8>()), 1..30)) {
            let (mut ages, mut tracker) = (Ages::default(), OffsetTracker::default());
            tracker.assign(&[0, 1]);
            let (mut next, mut open) = ([0_i64; 2], Vec::new());
            for (zeros, ones, settle) in batches {
                let of = |partition: usize, n: i64, next: &mut [i64; 2]| {
                    let from = next[partition];
                    next[partition] += n;
                    (from..from + n).map(move |offset| (i32::try_from(partition).unwrap(), offset, offset + 1))
                };
                let records: Vec<_> = of(0, zeros, &mut next).chain(of(1, ones, &mut next)).collect();
                ages.took(records.iter().copied(), NOW);
                let offsets: Vec<_> = records.iter().map(|(partition, offset, _)| (*partition, *offset)).collect();
                open.push((tracker.open(offsets.iter().copied(), 0).unwrap(), offsets));
                if settle % 3 > 0 {
                    let (receipt, offsets) = open.swap_remove(usize::from(settle) % open.len());
                    let mut tally = Tally::default();
                    tally.indexed = offsets.len() as u64;
                    tracker.settle(receipt, &tally).unwrap();
                }
                for head in tracker.heads() {
                    let of = |partition: i32| open.iter().flat_map(|(_, offsets)| offsets).filter(move |(p, _)| *p == partition);
                    let first = of(head.partition).map(|(_, offset)| *offset).min();
                    prop_assert_eq!(head.is_open, first.is_some());
                    let polled = next[usize::try_from(head.partition).unwrap()];
                    let expected = first.or((polled > 0).then(|| polled - 1)).map_or(NOW, |offset| offset + 1);
                    prop_assert_eq!(ages.oldest_ms(head, true, NOW), Some(expected));
                    prop_assert_eq!(ages.oldest_ms(head, false, NOW).is_some(), first.is_some());
                }
            }
        }
    }
}
