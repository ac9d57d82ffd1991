//! Acknowledgements, counted for a whole batch.
//!
//! A future per record would cost more than the record. So every record of a batch carries the same counter as its
//! opaque, and the thread that serves delivery reports takes one from it. The counter starts at nought and goes below
//! while reports come in; `seal` adds what was sent. It can stand at nought again only when the batch is sealed and
//! every report is in, so that one atomic operation per report is all.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::error::KafkaError;

/// Counts the acknowledgements of the records that were sent with it. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Acks {
    batch: Arc<Batch>,
}

/// How a batch ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AckReport {
    /// Records that all in-sync replicas have.
    pub delivered: u64,
    /// Records that the broker has not, or of which nobody knows.
    pub failed: u64,
    /// Of those that failed, how many the broker refused for their size, or for that of the batch they stood in. The
    /// producer then asks for the topic's limit: when they are sent again a little later, one by one,
    /// [`SendError::TooLarge`](super::SendError::TooLarge) tells which they are.
    pub too_large: u64,
    /// The first failure.
    pub first_error: Option<KafkaError>,
}

/// What the records of a batch share. The counters of the two sides stand apart, so that sending and acknowledging
/// don't fight for a cache line.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    sender: Apart<AtomicU64>,
    balance: Apart<AtomicI64>,
    failed: AtomicU64,
    too_large: AtomicU64,
    first_error: OnceLock<KafkaError>,
    sealed: AtomicBool,
    complete: AtomicBool,
    changed: Notify,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Apart<T>(T);

// === impl Acks ===

impl Acks {
    /// A counter for a new batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that nothing more will be sent with this counter. Sealing again does nothing.
    pub fn seal(&self) {
        self.batch.seal();
    }

    /// How many records have been sent so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.batch.sender.0.load(Ordering::Relaxed)
    }

    /// How the batch ended; `None` until it is sealed and every record has its report. Every record gets one, at the
    /// latest when the delivery timeout is over.
    #[must_use]
    pub fn report(&self) -> Option<AckReport> {
        self.batch.report()
    }

    /// Waits until [`Acks::report`] has an answer: for ever, if nobody seals the batch. May be cancelled.
    pub async fn wait(&self) -> AckReport {
        loop {
            // Made before the check, so that what completes in between is not missed.
            let changed = self.batch.changed.notified();
            if let Some(report) = self.report() {
                return report;
            }
            changed.await;
        }
    }

    pub(crate) fn batch(&self) -> &Arc<Batch> {
        &self.batch
    }
}

// === impl Batch ===

impl Batch {
    /// A record has been handed to librdkafka, which will report on it exactly once.
    pub(crate) fn sent(&self) {
        let _before = self.sender.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The report on one record.
    pub(crate) fn settled(&self, error: Option<KafkaError>) {
        if let Some(error) = error {
            let _before = self.failed.fetch_add(1, Ordering::Relaxed);
            if matches!(error, KafkaError::TooLarge(_)) {
                let _before = self.too_large.fetch_add(1, Ordering::Relaxed);
            }
            let _first_stays = self.first_error.set(error);
        }
        if self.balance.0.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.finish();
        }
    }

    fn seal(&self) {
        if self.sealed.swap(true, Ordering::AcqRel) {
            return;
        }
        let sent = i64::try_from(self.sender.0.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        if self.balance.0.fetch_add(sent, Ordering::AcqRel) == -sent {
            self.finish();
        }
    }

    fn finish(&self) {
        self.complete.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    fn report(&self) -> Option<AckReport> {
        if !self.complete.load(Ordering::Acquire) {
            return None;
        }
        let failed = self.failed.load(Ordering::Relaxed);
        let sent = self.sender.0.load(Ordering::Relaxed);
        Some(AckReport {
            delivered: sent.saturating_sub(failed),
            failed,
            too_large: self.too_large.load(Ordering::Relaxed),
            first_error: self.first_error.get().cloned(),
        })
    }
}
