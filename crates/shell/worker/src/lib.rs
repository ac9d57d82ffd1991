//! The poll loop that every consumer of ours runs: one thread, one member of a consumer group.
//!
//! What to do next is decided by [`forebay_delivery::Worker`]; this crate carries it out on an [`forebay_kafka::Intake`],
//! counts, and says in `/readyz` what stands in the way. What is done with the records is a [`Stage`]: a parser's lane, an
//! indexer's writer.
//!
//! ```text
//! ┌─► stage.advance ──► worker.next ──► poll, commit, pause, ... ──► batch full or old enough? ──► stage.take ─┐
//! └────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//! When partitions are to be given up, the stage gets [`WorkerOptions::revoke_timeout`] to end what is under way for them, so
//! that their new owner does little twice. A client that fails is made anew, with a new stage: whatever had no outcome is
//! read again.

mod backlog;
mod life;
mod rebalance;
mod retention;
mod shared;

use std::thread;
use std::time::Duration;

use forebay_delivery::{Backoff, Gate, WorkerLimits};
use forebay_kafka::{IntakeOptions, KafkaError, Member, PollLimits, RecordBatch};
use forebay_service::clock::random;
use forebay_settings::sections::KafkaSettings;
use forebay_telemetry::Component;
use tokio_util::sync::CancellationToken;

pub use retention::Retention;
pub use shared::Shared;

use crate::life::Life;

/// How long a consumer goes without room before its partitions are paused.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// How often offsets are committed.
pub const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// How often what was committed is committed again: the client library doesn't tell when an asynchronous commit failed,
/// and a quiet partition has nothing new to commit.
pub const COMMIT_AGAIN: Duration = Duration::from_secs(30);

/// How long a poll waits for a first record.
const POLL_WAIT: Duration = Duration::from_millis(50);
/// How long to wait before looking again for room, or at what is under way. A stage may wake its loop earlier.
const PAUSE: Duration = Duration::from_millis(2);
/// The pauses before a failed client is made anew.
const RESTART: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));

/// How a worker is set up.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// Its name in the log.
    pub name: String,
    /// The value of the label `stage` in its metrics.
    pub stage: &'static str,
    /// The cluster.
    pub kafka: KafkaSettings,
    /// Group, topic and client.
    pub intake: IntakeOptions,
    /// The bounds of what is under way.
    pub limits: WorkerLimits,
    /// How long partitions that are given up wait for what is under way for them.
    pub revoke_timeout: Duration,
    /// How long the topic keeps records.
    pub retention: Retention,
}

/// How much is gathered before a stage takes it.
#[derive(Clone, Copy, Debug)]
pub struct Gather {
    /// It is taken once there is so much.
    pub limits: PollLimits,
    /// It is taken once its first record has waited so long.
    pub wait: Duration,
}

/// What is done with the records. Its methods are called on the worker's thread, and return soon.
pub trait Stage: Send + 'static {
    /// How much it wants at once.
    fn gather(&self) -> Gather;

    /// Whether it could use another batch, apart from the bytes under way.
    fn gate(&self) -> Gate;

    /// An empty batch, with the memory of an earlier one where there is one.
    fn spare(&mut self) -> RecordBatch;

    /// Opens a batch at the worker, and begins to work on it.
    ///
    /// # Errors
    /// When the client, or the whole tier, has to be started anew.
    fn take(&mut self, records: RecordBatch) -> Result<(), WorkerError>;

    /// Looks after what is under way: settles, sends again. Called on every turn, and while partitions are given up.
    ///
    /// # Errors
    /// When the client, or the whole tier, has to be started anew.
    fn advance(&mut self, member: &Member<'_>) -> Result<(), WorkerError>;

    /// What is under way is to end soon, and nothing follows it: partitions are given up, or the worker stops.
    fn finish(&mut self) {}

    /// What is under way will not end in time: lets go of what must not outlive the partitions.
    fn give_up(&mut self) {}
}

/// Why a worker can't go on.
#[derive(Clone, Debug)]
pub enum WorkerError {
    /// A new client, and a new stage, read again from what is committed.
    Client(KafkaError),
    /// Something that the tier shares has failed for good: the process has to be started anew.
    Tier(KafkaError),
}

impl From<KafkaError> for WorkerError {
    fn from(error: KafkaError) -> Self {
        match error {
            // Another process has this one's instance id. A new client would throw that one out in turn.
            KafkaError::Fenced(_) => Self::Tier(error),
            error => Self::Client(error),
        }
    }
}

/// Works until `shutdown` is cancelled and what is under way is done, or its time is up. Each life of the client gets a
/// stage of its own from `make`.
///
/// # Errors
/// When the tier has to be started anew.
pub fn run<S: Stage>(
    options: &WorkerOptions,
    health: &Component,
    shutdown: &CancellationToken,
    mut make: impl FnMut(Shared) -> Result<S, WorkerError>,
) -> Result<(), KafkaError> {
    let mut backoff = RESTART;
    health.not_ready("waiting for kafka");
    while !shutdown.is_cancelled() {
        let life = Life::begin(options, health, &mut make);
        let error = match life.and_then(|life| life.live(shutdown)) {
            Ok(()) => return Ok(()),
            Err(WorkerError::Tier(error)) => return Err(error),
            Err(WorkerError::Client(error)) => error,
        };
        let pause = backoff.refused(random(), None).max(PAUSE);
        tracing::error!(worker = options.name, %error, ?pause, "worker failed and starts again");
        health.not_ready(error.to_string());
        thread::park_timeout(pause);
    }
    Ok(())
}
