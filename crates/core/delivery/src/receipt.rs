//! The receipt of a batch: what has to be settled before its offsets move, and the memory that it holds.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A run of offsets in one partition, from the first up to, but without, the last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span {
    pub(crate) partition: i32,
    pub(crate) generation: u64,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// What all receipts of a tracker share: the bytes that they hold, and what was left undone.
#[derive(Debug, Default)]
pub(crate) struct Account {
    held: AtomicUsize,
    abandoned: AtomicU64,
    /// Offsets of batches that were given up; the flag spares every look the lock.
    left: Mutex<Vec<Span>>,
    has_left: AtomicBool,
}

/// The obligation to account for a batch.
///
/// It is settled by [`OffsetTracker::settle`](crate::OffsetTracker::settle), and only there. The bytes of its batch count
/// as held until it is gone, whichever way it goes.
#[derive(Debug)]
#[must_use = "a receipt that is dropped unsettled holds its offsets back"]
pub struct Receipt {
    spans: Vec<Span>,
    records: u64,
    bytes: usize,
    account: Arc<Account>,
    settled: bool,
}

// === impl Receipt ===

impl Receipt {
    pub(crate) fn new(spans: Vec<Span>, records: u64, bytes: usize, account: Arc<Account>) -> Self {
        let _before = account.held.fetch_add(bytes, Ordering::Relaxed);
        Self { spans, records, bytes, account, settled: false }
    }

    /// How many records have to be accounted for.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// How many bytes its batch holds.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Its batch holds so many bytes from now on: more once a request was made of it, fewer once most of it is done.
    pub fn resize(&mut self, bytes: usize) {
        let _before = self.account.held.fetch_add(bytes, Ordering::Relaxed);
        let _before = self.account.held.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }

    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Gives the batch up on purpose, as when a transaction is aborted: [`OffsetTracker::rewind`](crate::OffsetTracker::rewind)
    /// says where its records are read again.
    pub fn give_up(mut self) {
        self.settled = true;
        self.account.leave(std::mem::take(&mut self.spans));
    }

    /// Lets go of the obligation: it was met, or the records will come again on another assignment.
    pub(crate) fn release(mut self) -> Vec<Span> {
        self.settled = true;
        std::mem::take(&mut self.spans)
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        let _before = self.account.held.fetch_sub(self.bytes, Ordering::Relaxed);
        if !self.settled {
            let _before = self.account.abandoned.fetch_add(1, Ordering::Relaxed);
            self.account.leave(std::mem::take(&mut self.spans));
        }
    }
}

// === impl Account ===

impl Account {
    /// Bytes that receipts hold.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// How many receipts were dropped unsettled.
    pub(crate) fn abandoned(&self) -> u64 {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// What was given up since the last call.
    pub(crate) fn take_left(&self) -> Vec<Span> {
        if !self.has_left.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn leave(&self, mut spans: Vec<Span>) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).append(&mut spans);
        // After the spans, so that who sees the flag finds them.
        self.has_left.store(true, Ordering::Release);
    }
}
