//! Which offsets of a topic's partitions may be committed.
//!
//! Offsets are intervals with a generation. A partition's commit is the beginning of its first open interval, or the
//! end of the last one when none is open. Taking a partition away ends its generation, so that whatever is still under
//! way for it can move nothing, neither here nor when the partition comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use thiserror::Error;

use crate::outcome::Tally;
use crate::receipt::{Account, Receipt, Span};

/// Tracks the partitions that one consumer of one topic holds.
#[derive(Debug, Default)]
pub struct OffsetTracker {
    partitions: BTreeMap<i32, PartitionState>,
    /// Grows with every assignment, so that no two generations of a partition are the same.
    next_generation: u64,
    account: Arc<Account>,
}

#[derive(Debug)]
struct PartitionState {
    generation: u64,
    /// Open intervals, by their beginning. They don't overlap.
    open: BTreeMap<i64, i64>,
    /// One past the last record that was ever polled.
    high: Option<i64>,
    /// What was handed out to be committed last; to begin with, the first record polled, where the group stands already.
    committed: Option<i64>,
    /// What was handed out last didn't get through.
    commit_again: bool,
}

/// How far a partition is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// Its number.
    pub partition: i32,
    /// The first record without an outcome, or the next one to be polled; `None` before the first poll.
    pub next: Option<i64>,
    /// Whether a record that was polled has no outcome.
    pub is_open: bool,
}

/// Why a batch got no receipt.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum OpenError {
    /// The partition isn't held; the record belongs to somebody else now.
    #[error("partition {0} is not assigned")]
    NotAssigned(i32),
    /// The offset was handed out before in this generation.
    #[error("offset {offset} of partition {partition} was already polled")]
    Overlap {
        /// The partition.
        partition: i32,
        /// The offset that came again.
        offset: i64,
    },
}

/// A receipt that could not be settled; it comes back, still open.
#[derive(Debug, Error)]
#[error("{} of {} records are accounted for", .tally.total(), .receipt.records())]
pub struct SettleError {
    /// The receipt, as it was.
    pub receipt: Receipt,
    /// The tally that doesn't add up to it.
    pub tally: Tally,
}

impl OffsetTracker {
    /// How many receipts were dropped unsettled. More than 0 is a fault of ours, or a stop that ran out of time.
    #[must_use]
    pub fn abandoned(&self) -> u64 {
        self.account.abandoned()
    }

    /// The bytes that receipts hold, of batches and of whatever was made of them.
    #[must_use]
    pub fn held(&self) -> usize {
        self.account.held()
    }

    /// Partitions were assigned to this consumer. One that is held already starts anew.
    pub fn assign(&mut self, partitions: &[i32]) {
        for &partition in partitions {
            let state = self.begin();
            let _before = self.partitions.insert(partition, state);
        }
    }

    fn begin(&mut self) -> PartitionState {
        self.next_generation += 1;
        PartitionState {
            generation: self.next_generation,
            open: BTreeMap::new(),
            high: None,
            committed: None,
            commit_again: false,
        }
    }

    /// Partitions are taken away. Answers what may be committed for them while they are still ours; afterwards nothing
    /// that is under way for them moves an offset.
    pub fn revoke(&mut self, partitions: &[i32]) -> Vec<(i32, i64)> {
        let mut last = Vec::new();
        for partition in partitions {
            if let Some(mut state) = self.partitions.remove(partition) {
                // What was handed out may not have got through: around a rebalance commits are refused, and of one that
                // wasn't waited for nobody hears. Committed again here, it needn't be done again by the next owner.
                state.commit_again = true;
                last.extend(state.uncommitted().map(|offset| (*partition, offset)));
            }
        }
        last
    }

    /// Whether this consumer holds the partition.
    #[must_use]
    pub fn holds(&self, partition: i32) -> bool {
        self.partitions.contains_key(&partition)
    }

    /// Whether any of a receipt's partitions is still held in the generation the receipt was made in. Where none is,
    /// there's no use in working on the batch any longer.
    #[must_use]
    pub fn is_current(&self, receipt: &Receipt) -> bool {
        receipt.spans().iter().any(|span| self.current(span).is_some())
    }

    /// How far each partition is.
    #[must_use]
    pub fn heads(&self) -> Vec<Head> {
        let of = |(&partition, state): (&i32, &PartitionState)| {
            let open = state.open.keys().next().copied();
            Head { partition, next: open.or(state.high), is_open: open.is_some() }
        };
        self.partitions.iter().map(of).collect()
    }

    /// Whether a batch of any of these partitions is open.
    #[must_use]
    pub fn has_open(&self, partitions: &[i32]) -> bool {
        partitions
            .iter()
            .any(|partition| self.partitions.get(partition).is_some_and(|state| !state.open.is_empty()))
    }

    /// Whether nothing is open.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.partitions.values().all(|state| state.open.is_empty())
    }

    /// A batch was polled: its records as (partition, offset), within each partition in rising order. It holds `bytes`.
    ///
    /// # Errors
    /// When a record's partition isn't held, or an offset comes again. Nothing is opened then.
    pub fn open(
        &mut self,
        records: impl IntoIterator<Item = (i32, i64)>,
        bytes: usize,
    ) -> Result<Receipt, OpenError> {
        let mut spans: Vec<Span> = Vec::new();
        let mut count = 0;
        for (partition, offset) in records {
            count += 1;
            // Records of a partition come in runs, so the span is nearly always the last one.
            let known = spans.iter_mut().rev().find(|span| span.partition == partition);
            if let Some(span) = known {
                if offset < span.to {
                    return Err(OpenError::Overlap { partition, offset });
                }
                span.to = offset + 1;
            } else {
                let state = self.partitions.get(&partition).ok_or(OpenError::NotAssigned(partition))?;
                if state.high.is_some_and(|high| offset < high) {
                    return Err(OpenError::Overlap { partition, offset });
                }
                spans.push(Span { partition, generation: state.generation, from: offset, to: offset + 1 });
            }
        }
        for span in &spans {
            if let Some(state) = self.partitions.get_mut(&span.partition) {
                let _before = state.open.insert(span.from, span.to);
                state.high = Some(span.to);
                let _first = state.committed.get_or_insert(span.from);
            }
        }
        Ok(Receipt::new(spans, count, bytes, Arc::clone(&self.account)))
    }

    /// All records of a batch have their outcome.
    ///
    /// # Errors
    /// When the tally doesn't add up to the batch; the receipt comes back and stays open.
    pub fn settle(&mut self, receipt: Receipt, tally: &Tally) -> Result<(), SettleError> {
        if tally.total() != receipt.records() {
            return Err(SettleError { receipt, tally: *tally });
        }
        for span in receipt.release() {
            if self.current(&span).is_some()
                && let Some(state) = self.partitions.get_mut(&span.partition)
            {
                let _open = state.open.remove(&span.from);
            }
        }
        Ok(())
    }

    /// A batch whose partitions were all taken away is let go: its records come again, to whoever has them now.
    ///
    /// # Errors
    /// When a partition of it is still held; the receipt comes back.
    pub fn forget_stale(&self, receipt: Receipt) -> Result<(), Receipt> {
        if self.is_current(&receipt) {
            return Err(receipt);
        }
        let _spans = receipt.release();
        Ok(())
    }

    /// What may be committed since the last call: for each partition that moved, the offset of the next record to read.
    pub fn committable(&mut self) -> Vec<(i32, i64)> {
        let mut moved = Vec::new();
        for (&partition, state) in &mut self.partitions {
            if let Some(offset) = state.uncommitted() {
                state.committed = Some(offset);
                state.commit_again = false;
                moved.push((partition, offset));
            }
        }
        moved
    }

    /// A commit failed; what it held is handed out again by the next [`committable`](Self::committable).
    pub fn commit_failed(&mut self, offsets: &[(i32, i64)]) {
        for (partition, _) in offsets {
            if let Some(state) = self.partitions.get_mut(partition) {
                state.commit_again = true;
            }
        }
    }

    /// All that was handed out is handed out again by the next [`committable`](Self::committable): for commits of which
    /// nobody knows whether they got through.
    pub fn commit_again(&mut self) {
        for state in self.partitions.values_mut() {
            state.commit_again = true;
        }
    }

    /// Where to read again, because receipts of partitions that are held were given up or dropped unsettled: of each such
    /// partition the first record without an outcome. Its generation ends, and a new one begins there.
    pub fn rewind(&mut self) -> Vec<(i32, i64)> {
        let left = self.account.take_left();
        let partitions: BTreeSet<i32> =
            left.iter().filter(|span| self.current(span).is_some()).map(|span| span.partition).collect();
        let mut from = Vec::new();
        for partition in partitions {
            let fresh = self.begin();
            if let Some(state) = self.partitions.get_mut(&partition)
                && let Some(first) = state.open.keys().next().copied()
            {
                let PartitionState { committed, commit_again, .. } = *state;
                // What was settled before the first open record stays committable.
                *state = PartitionState { high: Some(first), committed, commit_again, ..fresh };
                from.push((partition, first));
            }
        }
        from
    }

    /// What a transaction commits that holds everything polled so far: of each partition that moved, the offset of the next
    /// record to read.
    #[must_use]
    pub fn polled_to(&self) -> Vec<(i32, i64)> {
        let moved = |(&partition, state): (&i32, &PartitionState)| {
            let high = state.high?;
            (state.committed != Some(high)).then_some((partition, high))
        };
        self.partitions.iter().filter_map(moved).collect()
    }

    /// A transaction has committed these offsets, so that they needn't be handed out any more.
    pub fn committed_by_transaction(&mut self, offsets: &[(i32, i64)]) {
        for (partition, offset) in offsets {
            if let Some(state) = self.partitions.get_mut(partition) {
                state.committed = Some(*offset);
                state.commit_again = false;
            }
        }
    }

    fn current(&self, span: &Span) -> Option<&PartitionState> {
        self.partitions.get(&span.partition).filter(|state| state.generation == span.generation)
    }
}

impl PartitionState {
    /// The next record to read, if it lies beyond what was handed out, or if that didn't get through.
    fn uncommitted(&self) -> Option<i64> {
        let next = self.open.keys().next().copied().or(self.high)?;
        (self.commit_again || self.committed.is_some_and(|committed| committed < next)).then_some(next)
    }
}

#[cfg(test)]
mod tests;
