//! The intake: one member of a consumer group, reading one topic, owned by one thread.
//!
//! It is not asynchronous on purpose. A worker runs one intake per lane, on a thread of its own; records come in
//! batches, so that nothing is paid per record but one copy. Offsets are committed only on request. While it is paused,
//! polling goes on, which keeps the membership and serves rebalances; librdkafka's own threads send the heartbeats.
//!
//! The broker may be away, or the topic not be there yet: polls then come back empty, the log says what is missing, and
//! [`Intake::trouble`] tells who asks.

mod anew;
mod batch;
mod joining;
mod member;
mod protocol;
mod rebalance;
mod rewind;
mod setup;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use forebay_settings::sections::KafkaSettings;
use forebay_telemetry::GaugeName;
use rdkafka::consumer::{BaseConsumer, CommitMode as ClientCommitMode, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::{BorrowedMessage, Message};

pub use self::batch::{Record, RecordBatch};
use self::joining::Joining;
pub use self::member::Member;
pub use self::protocol::Protocol;
use self::rebalance::Context;
use self::rewind::Rewind;
use self::setup::Setup;
use crate::error::KafkaError;

/// What to do when partitions come and go. Called on the polling thread, inside [`Intake::poll`] and
/// [`Intake::close`], and must not block for long.
pub trait Assignment: Send + Sync + 'static {
    /// These partitions are ours from now on. Reading starts at the committed offset, or at the first record.
    fn assigned(&self, partitions: &[i32]);
    /// These partitions are about to be given up. The answer, offsets next to read, is committed before they are. Who
    /// commits in transactions ends the open one here, with `member`, and answers nothing.
    fn revoked(&self, member: &Member<'_>, partitions: &[i32]) -> Vec<(i32, i64)>;
    /// These partitions are gone already: work in hand is somebody else's now, and nothing can be committed.
    fn lost(&self, partitions: &[i32]);
}

/// How an intake is set up.
#[derive(Clone, Debug)]
pub struct IntakeOptions {
    /// The consumer group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// Its name in the broker's logs and quotas.
    pub client_id: String,
    /// How many bytes librdkafka may fetch ahead. Beside it, one fetch of at most 16 MiB may be in memory.
    pub prefetch_bytes: usize,
}

/// When a batch is full. What is in the batch already counts.
#[derive(Clone, Copy, Debug)]
pub struct PollLimits {
    /// At most so many records.
    pub records: usize,
    /// No further record when there are so many bytes; the last one may go past it.
    pub bytes: usize,
}

/// Whether a commit waits for the broker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CommitMode {
    /// Returns at once. A failure that comes later is only logged, since the client library reports it to nobody: offsets
    /// that must not be lost have to be handed in again.
    Async,
    /// Waits for the broker's answer.
    Sync,
}

/// One member of a consumer group.
pub struct Intake {
    consumer: BaseConsumer<Context>,
    setup: Setup,
    protocol: Protocol,
    rewind: Rewind,
    joining: Joining,
    /// When to make the client anew, while there is none that works.
    anew_at: Option<Instant>,
}

// === impl Intake ===

impl Intake {
    /// Makes an intake and subscribes. It connects and joins in the background, while it is polled.
    ///
    /// # Errors
    /// When the settings can't be used.
    pub fn new(
        settings: &KafkaSettings,
        options: IntakeOptions,
        assignment: Arc<dyn Assignment>,
    ) -> Result<Self, KafkaError> {
        let protocol = Protocol::first(settings);
        let setup = Setup::new(settings, options, assignment);
        let consumer = setup.consumer(protocol, false)?;
        Ok(Self {
            consumer,
            setup,
            protocol,
            rewind: Rewind::default(),
            joining: Joining::new(),
            anew_at: None,
        })
    }

    /// Appends records to `batch` until it is full or there are none at hand; waits at most `wait` for the first.
    ///
    /// Records of partitions that are given up meanwhile are taken out of `batch`, also those that were in it before: their
    /// new owner reads them again, and should they come back to us, they come from what was committed.
    ///
    /// Must be called regularly, also while paused: a member that does not poll for five minutes
    /// (`max.poll.interval.ms`) loses its partitions.
    ///
    /// # Errors
    /// Only when the client can't go on and must be made anew. Trouble that time may mend is logged and waited out.
    pub fn poll(
        &mut self,
        batch: &mut RecordBatch,
        limits: PollLimits,
        wait: Duration,
    ) -> Result<(), KafkaError> {
        if !self.is_made_anew(batch, wait)? {
            return Ok(());
        }
        self.look_whether_kept_out(batch)?;
        self.rewind.go(&self.consumer);
        let mut before = batch.len();
        let deadline = Instant::now() + wait;
        let mut wait = wait;
        while batch.len() < limits.records && batch.bytes() < limits.bytes {
            let polled = self.consumer.poll(wait);
            let given_up = self.consumer.context().take_given_up();
            if !given_up.is_empty() {
                batch.remove_partitions(&given_up);
                self.rewind.forget(&given_up);
            }
            before = before.min(batch.len());
            let mut is_early = false;
            let failure = match polled {
                Some(Ok(message)) => {
                    is_early = self.rewind.waits_for(message.partition());
                    if !is_early {
                        batch.push(&record(&message));
                        wait = Duration::ZERO;
                    }
                    None
                }
                Some(Err(error)) => Some(error),
                // Nothing, or an event that was no record: wait for the rest of the time.
                None if batch.len() > before || Instant::now() >= deadline => break,
                None => {
                    wait = deadline.saturating_duration_since(Instant::now());
                    None
                }
            };
            if is_early {
                // Reading has begun, so going back is possible now.
                self.rewind.go(&self.consumer);
            }
            if let Some(error) = failure {
                self.overcome(&error, batch)?;
                before = before.min(batch.len());
                if self.anew_at.is_some() {
                    break;
                }
            }
        }
        if batch.len() > before {
            self.consumer.context().connection.succeeded();
        }
        Ok(())
    }

    /// Stops fetching from all partitions, also from those assigned later. What was fetched ahead is thrown away and
    /// read again after [`Intake::resume`], so this is for a pause of seconds, not for the time between two batches.
    pub fn pause(&mut self) {
        let context = self.consumer.context();
        if !context.paused.swap(true, Ordering::Relaxed) {
            let list = context.all_owned();
            context.shift(GaugeName::ConsumerPaused, list.count() as f64);
            self.log_failure("pause", self.consumer.pause(&list));
        }
    }

    /// Goes on fetching.
    pub fn resume(&mut self) {
        let context = self.consumer.context();
        if context.paused.swap(false, Ordering::Relaxed) {
            let list = context.all_owned();
            context.shift(GaugeName::ConsumerPaused, -(list.count() as f64));
            context.set_ends(BTreeMap::new());
            self.log_failure("resume", self.consumer.resume(&list));
        }
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.consumer.context().paused.load(Ordering::Relaxed)
    }

    /// Commits offsets: of each partition the one to be read next. Partitions that are not ours any more are left out.
    ///
    /// # Errors
    /// [`KafkaError::StaleMember`] when the group has moved on, [`KafkaError::Unreachable`] at once while no broker answers; in
    /// `Async` mode most failures come later, as a log line. None of them is fatal: what was not committed is read again.
    pub fn commit(&self, offsets: &[(i32, i64)], mode: CommitMode) -> Result<(), KafkaError> {
        // The client library would keep it for as long as a session lasts, and not let the member leave before.
        if let Some(trouble) = self.consumer.context().connection.unreachable() {
            return Err(trouble);
        }
        let mode = match mode {
            CommitMode::Async => ClientCommitMode::Async,
            CommitMode::Sync => ClientCommitMode::Sync,
        };
        let committed = match self.consumer.context().still_owned(offsets) {
            Ok(Some(list)) => self.consumer.commit(&list, mode),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        committed.map_err(|error| KafkaError::of(&error, &self.setup.options.topic))
    }

    /// Its standing in the group, as of now: what a transaction hands in with its offsets.
    #[must_use]
    pub fn member(&self) -> Member<'_> {
        Member::new(&self.consumer)
    }

    /// Reads partitions of ours again from these offsets: for work in hand that was abandoned. From now on the first record
    /// that comes of such a partition is the one asked for, or the first one behind it, also where librdkafka can't go
    /// back yet (right after an assignment): until then nothing comes.
    ///
    /// # Errors
    /// When an offset can't be one. Partitions that are not ours are left out.
    pub fn seek(&mut self, offsets: &[(i32, i64)]) -> Result<(), KafkaError> {
        self.rewind.ask(offsets)?;
        self.rewind.go(&self.consumer);
        Ok(())
    }

    /// Asks the broker where the partitions end, for at most `patience`, if they are paused: nothing is fetched then, so that
    /// nobody would notice how the backlog grows. Does nothing while no broker answers.
    pub fn look_at_ends(&self, patience: Duration) {
        let context = self.consumer.context();
        if !self.is_paused() || !self.is_reachable() {
            return;
        }
        let deadline = Instant::now() + patience;
        let mut ends = BTreeMap::new();
        for partition in self.partitions() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match self.consumer.fetch_watermarks(context.topic(), partition, left) {
                Ok(range) => drop(ends.insert(partition, range)),
                Err(error) => {
                    tracing::debug!(topic = context.topic(), partition, %error, "the end isn't known");
                    break;
                }
            }
        }
        context.set_ends(ends);
    }

    /// How many records each partition of ours is behind, as known within the last second or so (while paused, since the last
    /// [look](Self::look_at_ends)); without those of which nothing is known yet. No request is made for it.
    #[must_use]
    pub fn lag(&self) -> Vec<(i32, i64)> {
        self.consumer.context().lag()
    }

    /// The partitions that have records which were not polled yet, as known within the last second or so.
    #[must_use]
    pub fn unread(&self) -> BTreeSet<i32> {
        self.consumer.context().unread()
    }

    /// The partitions that are ours now.
    #[must_use]
    pub fn partitions(&self) -> Vec<i32> {
        self.consumer.context().owned().iter().copied().collect()
    }

    /// The group protocol that it speaks now.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether a broker answers, as far as is known: false at first, and when all are down. Follows within a second,
    /// while polled.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.consumer.context().connection.is_reachable()
    }

    /// What stands in the way at the moment: no broker, no topic, no access. `None` when all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<KafkaError> {
        self.consumer.context().connection.trouble()
    }

    /// Leaves the group at once, rather than by a session that times out: [`Assignment::revoked`] is asked, and what it
    /// answers is committed. Dropping the intake does the same.
    pub fn close(self) {
        drop(self);
    }

    fn log_failure(&self, step: &'static str, result: KafkaResult<()>) {
        if let Err(error) = result {
            tracing::warn!(topic = %self.setup.options.topic, step, error = %error, "consumer step failed");
        }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("topic", &self.setup.options.topic)
            .field("partitions", &self.partitions())
            .finish()
    }
}

fn record<'a>(message: &'a BorrowedMessage<'_>) -> Record<'a> {
    Record {
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
        key: message.key().unwrap_or_default(),
        value: message.payload().unwrap_or_default(),
    }
}
