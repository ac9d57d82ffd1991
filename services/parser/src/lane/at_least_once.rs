//! At least once: a batch is settled when the brokers have acknowledged all of it, and sent again as a whole otherwise.
//!
//! A document may stand in the topic twice then, under the same id, which the store meets.

use std::time::Duration;

use forebay_delivery::{Forwarding, Progress as Step, Receipt};
use forebay_kafka::{KafkaError, Member, Producer};
use forebay_service::clock::random;
use forebay_worker::{Shared, WorkerError};

use super::RETRY;
use super::batch::Batch;
use super::delivery::{Delivery, Progress};
use super::readiness::Readiness;

pub(super) struct AtLeastOnce {
    /// Shared with the other lanes.
    producer: Producer,
    forwarding: Forwarding<Batch>,
    readiness: Readiness,
}

// === impl AtLeastOnce ===

impl AtLeastOnce {
    pub(super) fn new(producer: Producer, readiness: Readiness) -> Self {
        // There is nothing to be had first.
        readiness.open();
        Self { producer, forwarding: Forwarding::new(RETRY), readiness }
    }
}

impl Delivery for AtLeastOnce {
    fn producer(&self) -> &Producer {
        &self.producer
    }

    fn takes_more(&self, _now: Duration) -> bool {
        true
    }

    fn begin(&mut self, _now: Duration) -> Result<(), WorkerError> {
        Ok(())
    }

    fn sent(&mut self, batch: Batch, receipt: Receipt) {
        self.forwarding.sent(batch, receipt);
    }

    fn sent_again(&mut self, batch: Batch, receipt: Receipt) {
        self.forwarding.sent_again(batch, receipt);
    }

    fn advance(&mut self, shared: &Shared, _member: &Member<'_>) -> Result<Progress, WorkerError> {
        let mut error = None;
        let answer = |batch: &Batch| {
            let handed = batch.handed();
            error = batch.error();
            handed
        };
        let step = self.forwarding.advance(shared.now(), &mut shared.lock(), random, answer);
        Ok(match step {
            Step::Nothing => Progress::Nothing,
            Step::Settled(batch) => {
                self.readiness.taken();
                Progress::Settled(vec![batch])
            }
            Step::Stale(batch) => Progress::GivenUp(vec![batch]),
            Step::SendAgain(batch, receipt) => Progress::SendAgain(Box::new(batch), receipt),
            Step::Refused(pause) => {
                let error = error.map_or_else(|| "it is not all acknowledged".to_owned(), |e| e.to_string());
                tracing::warn!(error, ?pause, "kafka did not take a batch, it is sent again");
                self.readiness.refused(&error);
                Progress::Nothing
            }
        })
    }

    fn finish(&mut self) {}

    /// What is under way goes on: batches of other partitions are still of use, and those of lost ones do no harm.
    fn give_up(&mut self) {}

    fn failed(&self, error: KafkaError) -> WorkerError {
        // All lanes share the producer.
        if error.is_fatal() { WorkerError::Tier(error) } else { WorkerError::Client(error) }
    }
}
