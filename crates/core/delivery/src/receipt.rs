//! The receipt of a batch: what has to be settled before its offsets move.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many receipts were dropped unsettled. Shared with every receipt of a tracker; more than 0 is a fault of ours,
/// or a stop that ran out of time.
#[derive(Clone, Debug, Default)]
pub struct Abandoned(Arc<AtomicU64>);

impl Abandoned {
    /// The count so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A run of offsets in one partition, from the first up to, but without, the last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span {
    pub(crate) partition: i32,
    pub(crate) generation: u64,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// The obligation to account for a batch.
///
/// It is settled by [`OffsetTracker::settle`](crate::OffsetTracker::settle), and only there.
#[derive(Debug)]
#[must_use = "a receipt that is dropped unsettled holds its offsets back"]
pub struct Receipt {
    spans: Vec<Span>,
    records: u64,
    abandoned: Abandoned,
    settled: bool,
}

impl Receipt {
    pub(crate) const fn new(spans: Vec<Span>, records: u64, abandoned: Abandoned) -> Self {
        Self { spans, records, abandoned, settled: false }
    }

    /// How many records have to be accounted for.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Lets go of the obligation: it was met, or the records will come again on another assignment.
    pub(crate) fn release(mut self) -> Vec<Span> {
        self.settled = true;
        std::mem::take(&mut self.spans)
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if !self.settled {
            let _before = self.abandoned.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
