//! Transactions: what was written and the offsets that it came from count together, or not at all (KIP-98, KIP-447).
//!
//! ```text
//! init ──► begin ──► send .. ──► send_offsets ──► commit ──► begin ..
//!            ▲                        │ Abort
//!            └──────── abort ◄────────┘        then read again from what is committed
//! ```
//! Readers of committed records ([`crate::Intake`], [`crate::TopicReader`]) see the records of a transaction when it is
//! committed, and never those of one that was aborted.
//!
//! Two things keep a process that was left behind (paused, cut off) from writing beside its successor. One is the
//! transactional id: [`TransactionalProducer::init`] ends what an older client of the same id left open, and fences it.
//! The other is the member's generation, which goes along with the offsets: the group's coordinator refuses those of a
//! member that is not in the group any more, and with them the whole transaction.
//!
//! Every call blocks its thread for at least a round trip, except [`TransactionalProducer::begin`]. Records that were sent
//! in a transaction that is aborted get their report like all others: delivered where the broker had them already, which
//! counts for nothing then, or else failed.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use forebay_settings::sections::KafkaSettings;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::producer::Producer as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use thiserror::Error;

use crate::consumer::Member;
use crate::error::KafkaError;
use crate::producer::{Producer, ProducerOptions};

/// How long to wait before looking again whether every record has its report.
const REPORTS_PAUSE: Duration = Duration::from_millis(1);

/// How a transactional producer is set up.
#[derive(Clone, Debug)]
pub struct TransactionOptions {
    /// Its name in the broker's logs and quotas.
    pub client_id: String,
    /// Whose transactions they are. At most one client of an id is alive: a new one fences the one before.
    pub transactional_id: String,
    /// How many bytes of records may wait for the broker before [`crate::SendError::QueueFull`].
    pub queue_bytes: usize,
    /// How long a transaction may stay open before the broker aborts it (`transaction.timeout.ms`). Brokers refuse more
    /// than their `transaction.max.timeout.ms`, 15 minutes by default. Records fail when it is over, or earlier by
    /// `kafka.delivery_timeout`.
    pub timeout: Duration,
}

/// Why a step of a transaction failed, by what is to be done about it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum TransactionError {
    /// It is not known yet, or not possible right now: the same call again goes on where this one stopped.
    #[error("the transaction's step is not done yet: {0}")]
    Retry(KafkaError),
    /// Nothing of this transaction will count: abort it, and read again from what is committed.
    #[error("the transaction has to be aborted: {0}")]
    Abort(KafkaError),
    /// The client is fenced or broken: make a new one, and read again from what is committed.
    #[error("the transactional client has failed for good: {0}")]
    Fatal(KafkaError),
}

/// A producer whose records count when the transaction is committed that they are part of.
pub struct TransactionalProducer {
    producer: Producer,
    transactional_id: String,
    /// Whether there is a transaction that was neither committed nor aborted.
    open: AtomicBool,
}

// === impl TransactionalProducer ===

impl TransactionalProducer {
    /// Makes the client. Nothing waits for the broker here.
    ///
    /// # Errors
    /// When the settings can't be used.
    pub fn new(settings: &KafkaSettings, options: TransactionOptions) -> Result<Self, KafkaError> {
        let TransactionOptions { client_id, transactional_id, queue_bytes, timeout } = options;
        let delivery_timeout = settings.delivery_timeout.0.min(timeout);
        let producer = Producer::with(
            settings,
            ProducerOptions { client_id, queue_bytes },
            delivery_timeout,
            |properties| {
                properties
                    .with("transactional.id", &transactional_id)
                    .with("transaction.timeout.ms", timeout.as_millis())
            },
        )?;
        Ok(Self { producer, transactional_id, open: AtomicBool::new(false) })
    }

    /// Takes possession of the transactional id: what an older client of the same id left open is aborted, and it is fenced.
    /// To be called once, before the first [`begin`](Self::begin), and again while it says [`TransactionError::Retry`].
    ///
    /// # Errors
    /// [`TransactionError`]: `Retry` while no broker answers within `wait`.
    pub fn init(&self, wait: Duration) -> Result<(), TransactionError> {
        self.told(self.producer.client().init_transactions(wait))
    }

    /// Opens a transaction; records that are sent from now on are part of it. No round trip.
    ///
    /// # Errors
    /// [`TransactionError`]: `Fatal` also when one is open already.
    pub fn begin(&self) -> Result<(), TransactionError> {
        self.told(self.producer.client().begin_transaction())?;
        self.open.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// What records are sent with. Outside of a transaction, and in one that has to be aborted, it takes none.
    #[must_use]
    pub const fn producer(&self) -> &Producer {
        &self.producer
    }

    /// Whether there is a transaction that was neither committed nor aborted.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Makes offsets of the member's topic, of each partition the one to be read next, part of the transaction. They are
    /// committed with it. Without offsets nothing is done.
    ///
    /// # Errors
    /// [`TransactionError`]: `Abort` with [`KafkaError::StaleMember`] when the group has moved on.
    pub fn send_offsets(
        &self,
        member: &Member<'_>,
        offsets: &[(i32, i64)],
        wait: Duration,
    ) -> Result<(), TransactionError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let Some(metadata) = member.metadata() else {
            return Err(TransactionError::Abort(KafkaError::StaleMember(
                "the consumer is closed".to_owned(),
            )));
        };
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            self.told(list.add_partition_offset(member.topic(), *partition, Offset::Offset(*offset)))?;
        }
        self.told(self.producer.client().send_offsets_to_transaction(&list, &metadata, wait))
    }

    /// Commits the transaction: waits until every record has its report, then until the broker has the commit.
    ///
    /// # Errors
    /// [`TransactionError`]: `Retry` when that took longer than `wait`; `Abort` also when a record was not delivered.
    pub fn commit(&self, wait: Duration) -> Result<(), TransactionError> {
        let deadline = Instant::now() + wait;
        // The client would wait too, but looks only every tenth of a second.
        while self.producer.client().in_flight_count() > 0 && Instant::now() < deadline {
            thread::park_timeout(REPORTS_PAUSE);
        }
        let left = deadline.saturating_duration_since(Instant::now()).max(REPORTS_PAUSE);
        self.told(self.producer.client().commit_transaction(left))?;
        self.open.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Aborts the transaction; its records that are still queued are thrown away, and reported as failed. Where none is
    /// open, nothing is done.
    ///
    /// # Errors
    /// [`TransactionError`]: `Retry` when it took longer than `wait`.
    pub fn abort(&self, wait: Duration) -> Result<(), TransactionError> {
        if !self.is_open() {
            return Ok(());
        }
        self.told(self.producer.client().abort_transaction(wait))?;
        self.open.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Notes a failure for good.
    fn told<T>(&self, result: Result<T, ClientError>) -> Result<T, TransactionError> {
        result.map_err(|error| {
            let error = TransactionError::of(&error, &self.transactional_id);
            if let TransactionError::Fatal(fatal) = &error {
                self.producer.connection().fail(fatal.clone());
            }
            error
        })
    }
}

impl fmt::Debug for TransactionalProducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionalProducer")
            .field("transactional_id", &self.transactional_id)
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

// === impl TransactionError ===

impl TransactionError {
    /// What lies behind it.
    #[must_use]
    pub const fn cause(&self) -> &KafkaError {
        match self {
            Self::Retry(error) | Self::Abort(error) | Self::Fatal(error) => error,
        }
    }

    fn of(error: &ClientError, transactional_id: &str) -> Self {
        match error {
            ClientError::Transaction(told) => {
                let cause = KafkaError::because(told.code(), "", told.to_string());
                if told.is_fatal() {
                    Self::fatal(&format!("transactional id `{transactional_id}`: {told}"))
                } else if told.txn_requires_abort() {
                    Self::Abort(cause)
                } else if told.is_retriable() {
                    Self::Retry(cause)
                } else {
                    // A call out of turn: whatever the client believes, a new one begins with a clean slate.
                    Self::fatal(&format!("transactional id `{transactional_id}`: {told}"))
                }
            }
            // The records' reports are not all in.
            ClientError::Flush(Code::OperationTimedOut) => Self::Retry(KafkaError::of(error, "")),
            other => Self::fatal(&other.to_string()),
        }
    }

    fn fatal(reason: &str) -> Self {
        Self::Fatal(KafkaError::Fatal(reason.to_owned()))
    }
}
