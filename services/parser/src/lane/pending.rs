//! The batches that a lane has sent and that are not acknowledged yet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use forebay_delivery::{Backoff, OffsetTracker, Receipt, Tally};
use forebay_kafka::{Acks, KafkaError, Producer, RecordBatch};
use forebay_settings::sections::TopicSettings;
use forebay_telemetry::SecondsCounter;

use super::RETRY;
use crate::convert::Converter;
use crate::metrics::{BatchCounts, LaneMetrics};
use crate::outbox::KafkaOutbox;

/// How many empty batches are kept for their memory.
const SPARES: usize = 4;

/// A lane's partitions and what is under way for them.
#[derive(Debug)]
pub(super) struct LaneState {
    tracker: OffsetTracker,
    batches: VecDeque<Batch>,
    bytes: usize,
    spares: Vec<RecordBatch>,
    backoff: Backoff,
}

/// A batch that was sent.
#[derive(Debug)]
pub(super) struct Batch {
    records: RecordBatch,
    receipt: Receipt,
    documents: Acks,
    dead_letters: Acks,
    counts: BatchCounts,
    /// Set once it has failed: when to send it again.
    again_at: Option<Instant>,
}

/// What [`LaneState::advance`] came to.
#[derive(Debug)]
pub(super) enum Progress {
    /// The oldest batch isn't done yet.
    Nothing,
    /// The oldest batch is settled; `idle` says that it was the last one.
    Settled { idle: bool },
    /// The oldest batch failed, and its pause is over.
    SendAgain(RecordBatch, Receipt),
}

/// Locks a lane's state. Only the lane's own thread ever does; a poisoned lock is that thread's own panic.
pub(super) fn lock(state: &Mutex<LaneState>) -> MutexGuard<'_, LaneState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for LaneState {
    fn default() -> Self {
        Self {
            tracker: OffsetTracker::default(),
            batches: VecDeque::new(),
            bytes: 0,
            spares: Vec::new(),
            backoff: RETRY,
        }
    }
}

impl LaneState {
    /// Bytes of records that have no outcome yet.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.batches.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    pub(super) fn assign(&mut self, partitions: &[i32]) {
        self.tracker.assign(partitions);
    }

    /// Takes partitions away; answers what may be committed for them.
    pub(super) fn revoke(&mut self, partitions: &[i32]) -> Vec<(i32, i64)> {
        self.tracker.revoke(partitions)
    }

    /// A batch was polled.
    pub(super) fn open(&mut self, records: &RecordBatch) -> Result<Receipt, KafkaError> {
        let offsets = records.iter().map(|record| (record.partition, record.offset));
        // Neither can happen unless the client gives records of partitions that it has not assigned. Starting the client
        // anew reads them again from what is committed.
        self.tracker.open(offsets, 0).map_err(|error| KafkaError::Other(error.to_string()))
    }

    pub(super) fn push(&mut self, batch: Batch) {
        self.bytes += batch.records.bytes();
        self.batches.push_back(batch);
    }

    pub(super) fn push_front(&mut self, batch: Batch) {
        self.bytes += batch.records.bytes();
        self.batches.push_front(batch);
    }

    pub(super) fn committable(&mut self) -> Vec<(i32, i64)> {
        self.tracker.committable()
    }

    pub(super) fn commit_again(&mut self) {
        self.tracker.commit_again();
    }

    pub(super) fn commit_failed(&mut self, offsets: &[(i32, i64)]) {
        self.tracker.commit_failed(offsets);
    }

    /// An empty batch, with the memory of an earlier one where there is one.
    pub(super) fn spare(&mut self) -> RecordBatch {
        self.spares.pop().unwrap_or_default()
    }

    pub(super) fn reuse(&mut self, mut records: RecordBatch) {
        if self.spares.len() < SPARES {
            records.clear();
            self.spares.push(records);
        }
    }

    /// Looks at the oldest batch.
    pub(super) fn advance(&mut self, metrics: &mut LaneMetrics, random: impl Fn() -> u64) -> Progress {
        let Some(mut batch) = self.batches.pop_front() else {
            return Progress::Nothing;
        };
        if let Some(at) = batch.again_at {
            if Instant::now() < at {
                self.batches.push_front(batch);
                return Progress::Nothing;
            }
            self.bytes -= batch.records.bytes();
            return match self.tracker.forget_stale(batch.receipt) {
                Ok(()) => {
                    self.reuse(batch.records);
                    Progress::Settled { idle: self.batches.is_empty() }
                }
                Err(receipt) => Progress::SendAgain(batch.records, receipt),
            };
        }
        let (Some(documents), Some(dead_letters)) = (batch.documents.report(), batch.dead_letters.report())
        else {
            self.batches.push_front(batch);
            return Progress::Nothing;
        };
        let error = documents.first_error.clone().or_else(|| dead_letters.first_error.clone());
        let mut tally = Tally::default();
        if let (Some(documents), Some(dead_letters)) =
            (documents.all_delivered(), dead_letters.all_delivered())
        {
            tally.forward(documents);
            tally.dead_letter(dead_letters);
        }
        match self.tracker.settle(batch.receipt, &tally) {
            Ok(()) => {
                self.backoff.succeeded();
                self.bytes -= batch.records.bytes();
                metrics.settled(&batch.counts);
                self.reuse(batch.records);
                Progress::Settled { idle: self.batches.is_empty() }
            }
            Err(short) => {
                let pause = self.backoff.refused(random(), None);
                let error = error.map_or_else(|| short.to_string(), |error| error.to_string());
                tracing::warn!(error, ?pause, "kafka did not take a batch, it is sent again");
                batch.receipt = short.receipt;
                batch.again_at = Some(Instant::now() + pause);
                self.batches.push_front(batch);
                Progress::Nothing
            }
        }
    }

    /// The lane stops: whatever is still open will be read again by whoever gets the partitions. Answers how many batches
    /// of this life of the client were given up without an outcome.
    pub(super) fn stop(&mut self) -> u64 {
        self.bytes = 0;
        // What is settled was committed before; the partitions are given up with the client.
        for batch in self.batches.drain(..) {
            drop(batch.receipt);
        }
        self.tracker.abandoned()
    }
}

impl Batch {
    pub(super) fn new(records: RecordBatch, receipt: Receipt) -> Self {
        Self {
            records,
            receipt,
            documents: Acks::new(),
            dead_letters: Acks::new(),
            counts: BatchCounts::default(),
            again_at: None,
        }
    }

    /// Converts the records and sends what comes of them.
    pub(super) fn convert(
        &mut self,
        converter: &mut Converter,
        producer: &Producer,
        topics: &TopicSettings,
        partitions: u32,
        now_ms: i64,
        backpressure: &mut SecondsCounter,
    ) -> Result<(), KafkaError> {
        let mut outbox = KafkaOutbox {
            producer,
            events_topic: &topics.events,
            dead_letter_topic: &topics.dead_letters,
            documents: &self.documents,
            dead_letters: &self.dead_letters,
            backpressure,
        };
        let _counts = converter.convert(&self.records, partitions, now_ms, &mut self.counts, &mut outbox)?;
        self.documents.seal();
        self.dead_letters.seal();
        Ok(())
    }
}
