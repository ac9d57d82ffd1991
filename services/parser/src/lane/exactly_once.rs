//! Exactly once: batches are sent in transactions, which hold the offsets of their records too (KIP-98, KIP-447).
//!
//! Readers of committed records see a transaction's documents and dead letters all at once, when it is committed, or never.
//! When one fails it is aborted, and its records are read again. A lane that was left behind (paused, cut off) can't commit:
//! the group's coordinator refuses the offsets of a member that has been replaced, and with them the transaction.

use std::time::Duration;

use forebay_delivery::{Forwarding, Receipt, Transaction, TransactionStep};
use forebay_kafka::{
    KafkaError, Member, Producer, TransactionError, TransactionOptions, TransactionalProducer,
};
use forebay_service::clock::random;
use forebay_worker::{Shared, WorkerError};

use super::RETRY;
use super::batch::Batch;
use super::delivery::{Delivery, Progress};
use super::readiness::Readiness;
use crate::config::ParserConfig;

/// How long a step may take before the lane looks after other things.
const STEP: Duration = Duration::from_secs(1);
/// How long a step may take in all before people are told.
const STUCK: Duration = Duration::from_secs(5);
/// How long an abort may take when there is no time left. What isn't aborted by then, the brokers abort in a while.
const LAST_STEP: Duration = Duration::from_secs(5);

pub(super) struct ExactlyOnce {
    client: TransactionalProducer,
    transaction: Transaction,
    forwarding: Forwarding<Batch>,
    state: State,
    /// Since when the step under way takes its time.
    waits_since: Option<Duration>,
    readiness: Readiness,
    /// After an abort: nothing is taken in before.
    again_at: Duration,
}

/// What the client is in the middle of. A step that took too long is gone on with.
#[derive(Debug)]
enum State {
    /// The transactional id isn't ours yet.
    New,
    /// A transaction is open, or may be begun.
    Ready,
    /// The offsets are in the transaction, which is being committed.
    Committing(Vec<(i32, i64)>),
    /// The transaction is being aborted.
    Aborting,
}

// === impl ExactlyOnce ===

impl ExactlyOnce {
    pub(super) fn new(config: &ParserConfig, lane: usize, readiness: Readiness) -> Result<Self, KafkaError> {
        // Any name will do for safety, since the coordinator looks at the member. A lasting one lets a restarted lane end at
        // once what its crash left open.
        let instance = match config.kafka.instance_id.as_str() {
            "" => format!("{:016x}", random()),
            instance => instance.to_owned(),
        };
        let client = TransactionalProducer::new(
            &config.kafka,
            TransactionOptions {
                client_id: format!("forebay-parser-{lane}"),
                transactional_id: format!("{}-{instance}-{lane}", config.group),
                queue_bytes: config.lane_in_flight.saturating_mul(2),
                timeout: config.transaction_timeout,
            },
        )?;
        Ok(Self {
            client,
            transaction: Transaction::new(config.transaction_interval),
            forwarding: Forwarding::new(RETRY),
            state: State::New,
            waits_since: None,
            readiness,
            again_at: Duration::ZERO,
        })
    }

    /// Takes possession of the transactional id, as soon as a broker answers.
    fn init(&mut self, now: Duration) -> Result<Progress, WorkerError> {
        match self.client.init(STEP) {
            Ok(()) => {
                self.state = State::Ready;
                self.goes_on();
            }
            Err(TransactionError::Retry(error)) => self.waits(&error, now),
            Err(error) => return Err(WorkerError::Client(error.cause().clone())),
        }
        Ok(Progress::Nothing)
    }

    fn look(&mut self, shared: &Shared, member: &Member<'_>) -> Result<Progress, WorkerError> {
        let fare = self.forwarding.fare(Batch::handed);
        match self.transaction.next(shared.now(), fare) {
            TransactionStep::GoOn | TransactionStep::Close => Ok(Progress::Nothing),
            TransactionStep::Commit => {
                let offsets = shared.lock().polled_to();
                match self.client.send_offsets(member, &offsets, STEP) {
                    Ok(()) => {
                        self.state = State::Committing(offsets.clone());
                        self.commit(offsets, shared)
                    }
                    Err(error) => self.failed_step(error, shared),
                }
            }
            TransactionStep::Abort => {
                let error = self.forwarding.batches().find_map(Batch::error);
                let error = error.map_or_else(|| "not all is acknowledged".to_owned(), |e| e.to_string());
                tracing::warn!(error, "kafka did not take a batch, its transaction is aborted");
                self.readiness.refused(&error);
                self.abort(shared)
            }
        }
    }

    fn commit(&mut self, offsets: Vec<(i32, i64)>, shared: &Shared) -> Result<Progress, WorkerError> {
        match self.client.commit(STEP) {
            Ok(()) => {
                let batches = self.forwarding.committed(&mut shared.lock(), &offsets, Batch::handed);
                self.transaction.ended();
                self.state = State::Ready;
                self.goes_on();
                if !batches.is_empty() {
                    self.readiness.taken();
                }
                Ok(Progress::Settled(batches))
            }
            Err(error) => self.failed_step(error, shared),
        }
    }

    fn abort(&mut self, shared: &Shared) -> Result<Progress, WorkerError> {
        self.state = State::Aborting;
        match self.client.abort(STEP) {
            Ok(()) => {
                let (batches, pause) = self.let_go();
                self.goes_on();
                self.again_at = shared.now() + pause;
                Ok(Progress::GivenUp(batches))
            }
            Err(error) => self.failed_step(error, shared),
        }
    }

    fn failed_step(&mut self, error: TransactionError, shared: &Shared) -> Result<Progress, WorkerError> {
        match error {
            TransactionError::Retry(error) => {
                self.waits(&error, shared.now());
                Ok(Progress::Nothing)
            }
            TransactionError::Abort(error) if !matches!(self.state, State::Aborting) => {
                tracing::warn!(%error, "a transaction is aborted, its records are read again");
                self.abort(shared)
            }
            TransactionError::Abort(error) | TransactionError::Fatal(error) => {
                Err(WorkerError::Client(error))
            }
        }
    }

    /// A step is not done yet. It is gone on with; when that lasts, `/readyz` and the log say so.
    fn waits(&mut self, error: &KafkaError, now: Duration) {
        let since = *self.waits_since.get_or_insert(now);
        if now.saturating_sub(since) < STUCK {
            tracing::debug!(%error, "a step of a transaction takes its time");
            return;
        }
        // Counted anew, so that the log isn't filled.
        self.waits_since = Some(now);
        let reason = format!("kafka is not done with a step of a transaction: {error}");
        tracing::warn!("{reason}");
        self.readiness.shut(reason);
    }

    fn goes_on(&mut self) {
        self.waits_since = None;
        self.readiness.open();
    }

    /// The transaction is over, and nothing of it counts.
    fn let_go(&mut self) -> (Vec<Batch>, Duration) {
        self.transaction.ended();
        self.state = State::Ready;
        self.forwarding.give_up(random())
    }
}

impl Delivery for ExactlyOnce {
    fn producer(&self) -> &Producer {
        self.client.producer()
    }

    fn takes_more(&self, now: Duration) -> bool {
        matches!(self.state, State::Ready) && self.transaction.takes_more() && now >= self.again_at
    }

    fn begin(&mut self, now: Duration) -> Result<(), WorkerError> {
        if !self.transaction.is_open() {
            self.client.begin().map_err(|error| WorkerError::Client(error.cause().clone()))?;
            self.transaction.begun(now);
        }
        Ok(())
    }

    fn sent(&mut self, batch: Batch, receipt: Receipt) {
        self.forwarding.sent(batch, receipt);
    }

    fn sent_again(&mut self, batch: Batch, receipt: Receipt) {
        self.forwarding.sent_again(batch, receipt);
    }

    fn advance(&mut self, shared: &Shared, member: &Member<'_>) -> Result<Progress, WorkerError> {
        match &self.state {
            State::New => self.init(shared.now()),
            State::Ready => self.look(shared, member),
            State::Committing(offsets) => {
                let offsets = offsets.clone();
                self.commit(offsets, shared)
            }
            State::Aborting => self.abort(shared),
        }
    }

    fn finish(&mut self) {
        self.transaction.finish();
    }

    fn give_up(&mut self) {
        if !self.transaction.is_open() {
            return;
        }
        if let Err(error) = self.client.abort(LAST_STEP) {
            tracing::warn!(%error, "a transaction could not be aborted, the brokers do it in a while");
            self.state = State::Aborting;
            return;
        }
        let _batches_and_pause = self.let_go();
    }

    /// The client is this lane's own: a new one begins with a clean slate.
    fn failed(&self, error: KafkaError) -> WorkerError {
        WorkerError::Client(error)
    }
}
