//! How a lane's results reach the next topic: what its two ways have in common.

use std::time::Duration;

use forebay_delivery::Receipt;
use forebay_kafka::{KafkaError, Member, Producer};
use forebay_worker::{Shared, WorkerError};

use super::batch::Batch;

/// What became of batches.
#[derive(Debug)]
pub(super) enum Progress {
    /// Nothing to report.
    Nothing,
    /// These are settled.
    Settled(Vec<Batch>),
    /// These were let go; their records come again, here or elsewhere.
    GivenUp(Vec<Batch>),
    /// Convert and send this one again, then [`Delivery::sent_again`].
    SendAgain(Box<Batch>, Receipt),
}

/// A way to hand results on. All its methods are called on the lane's thread.
pub(super) trait Delivery: Send {
    /// What records are sent with.
    fn producer(&self) -> &Producer;

    /// Whether a batch may be sent now. Time is the worker's.
    fn takes_more(&self, now: Duration) -> bool;

    /// A batch is about to be sent.
    fn begin(&mut self, now: Duration) -> Result<(), WorkerError>;

    /// A batch was sent.
    fn sent(&mut self, batch: Batch, receipt: Receipt);

    /// A batch was sent again.
    fn sent_again(&mut self, batch: Batch, receipt: Receipt);

    /// Looks after what was sent; to be called until it answers `Nothing`.
    fn advance(&mut self, shared: &Shared, member: &Member<'_>) -> Result<Progress, WorkerError>;

    /// What was sent is to be completed soon, and nothing follows it.
    fn finish(&mut self);

    /// What was sent will not be completed in time.
    fn give_up(&mut self);

    /// What it means that a record could not be sent.
    fn failed(&self, error: KafkaError) -> WorkerError;
}
