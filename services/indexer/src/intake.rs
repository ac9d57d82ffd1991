//! The intake: one thread that polls, cuts loads, and commits.
//!
//! It hands a load to the writer when the load is full or its first record has waited long enough, and there is room:
//! fewer loads under way than may be, and bytes left. While there is no room it waits, and when that takes long it pauses
//! its partitions and polls on, which keeps its membership of the group.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use forebay_bulk::BulkBuilder;
use forebay_delivery::{Backoff, Flow, Step};
use forebay_kafka::{CommitMode, Intake, IntakeOptions, KafkaError, PollLimits, RecordBatch};
use forebay_service::Context;
use forebay_service::clock::random;
use forebay_telemetry::{Component, CounterName, GaugeName, Label, SecondsCounter, counter, gauge};
use metrics::{Counter, Gauge};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::config::IndexerConfig;
use crate::load::Load;
use crate::metrics::STAGE;
use crate::state::{IndexerAssignment, Shared};
use crate::writer::{Way, Writer};

/// How long a poll waits for a first record.
const POLL_WAIT: Duration = Duration::from_millis(50);
/// How long to wait for room before looking again; a writer that is done wakes the intake earlier.
const ROOM_PAUSE: Duration = Duration::from_millis(20);
/// How long to go without room before partitions are paused.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often offsets are committed.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
/// How often what was committed is committed again: the client library doesn't tell when an asynchronous commit failed,
/// and a quiet partition has nothing new to commit.
const COMMIT_AGAIN: Duration = Duration::from_secs(30);
/// The pauses before a failed client is made anew.
const RESTART: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));

/// The intake, ready to run.
#[derive(Debug)]
pub struct IntakeLoop {
    config: Arc<IndexerConfig>,
    writer: Writer,
    runtime: Handle,
    health: Component,
    builder: BulkBuilder,
    received: Counter,
    received_bytes: Counter,
    in_flight: Gauge,
    backpressure: SecondsCounter,
    began: Instant,
    troubled: bool,
}

/// One life of the Kafka client.
struct Life {
    intake: Intake,
    way: Way,
    /// The load in the making, and since when.
    records: RecordBatch,
    since: Option<Instant>,
    last_commit: Instant,
}

impl IntakeLoop {
    pub(crate) fn new(
        config: Arc<IndexerConfig>,
        writer: Writer,
        context: &Context,
        runtime: Handle,
    ) -> Self {
        let health = context.health.component("indexer");
        health.not_ready("waiting for kafka");
        Self {
            config,
            writer,
            runtime,
            health,
            builder: BulkBuilder::new(),
            received: counter(CounterName::RecordsReceived, &[(Label::Stage, STAGE)]),
            received_bytes: counter(CounterName::ReceivedBytes, &[(Label::Stage, STAGE)]),
            in_flight: gauge(GaugeName::InFlightBytes, &[(Label::Stage, STAGE)]),
            backpressure: SecondsCounter::new(CounterName::BackpressureSeconds, &[(Label::Stage, STAGE)]),
            began: Instant::now(),
            troubled: false,
        }
    }

    /// Works until `shutdown` is cancelled and what is under way is done, or its time is up.
    pub fn run(mut self, shutdown: &CancellationToken) {
        let mut backoff = RESTART;
        while !shutdown.is_cancelled() {
            match self.work(shutdown) {
                Ok(()) => return,
                Err(error) => {
                    let pause = backoff.refused(random(), None).max(ROOM_PAUSE);
                    tracing::error!(%error, ?pause, "intake failed and starts again");
                    self.health.not_ready(error.to_string());
                    thread::park_timeout(pause);
                }
            }
        }
    }

    fn work(&mut self, shutdown: &CancellationToken) -> Result<(), KafkaError> {
        let shared = Shared::default();
        let options = IntakeOptions {
            group: self.config.group.clone(),
            topic: self.config.kafka.topics.events.clone(),
            client_id: "forebay-indexer".to_owned(),
            prefetch_bytes: self.config.load.bytes.saturating_mul(2),
        };
        let assignment = IndexerAssignment { shared: shared.clone(), health: self.health.clone() };
        let intake = Intake::new(&self.config.kafka, options, Arc::new(assignment))?;
        let way = Way { shared, abandon: CancellationToken::new(), intake: thread::current() };
        let mut life =
            Life { intake, way, records: RecordBatch::new(), since: None, last_commit: Instant::now() };
        let outcome = self.poll_loop(&mut life, shutdown);
        if outcome.is_ok() {
            life.drain(self.config.drain_timeout);
        }
        life.way.abandon.cancel();
        life.intake.close();
        outcome
    }

    fn poll_loop(&mut self, life: &mut Life, shutdown: &CancellationToken) -> Result<(), KafkaError> {
        let mut flow = Flow::new(PATIENCE);
        let mut waited_since: Option<Instant> = None;
        let mut all_committed = Instant::now();
        while !shutdown.is_cancelled() {
            if all_committed.elapsed() >= COMMIT_AGAIN {
                life.way.shared.lock().tracker.commit_again();
                all_committed = Instant::now();
            }
            if life.last_commit.elapsed() >= COMMIT_INTERVAL {
                let _tried_again = life.commit(CommitMode::Async);
                self.writer.busy(life.way.shared.lock().loads > 0);
                self.tell_health(&life.intake);
            }
            let (room, drained) = self.room(life);
            let step = flow.next(self.began.elapsed(), room, drained);
            // Counted while it lasts, not when it is over: an outage is what this metric is looked at for.
            if let Some(since) = waited_since.take() {
                self.backpressure.add(since.elapsed());
            }
            waited_since = (!matches!(step, Step::Poll | Step::Resume)).then(Instant::now);
            match step {
                Step::Wait => thread::park_timeout(ROOM_PAUSE),
                Step::Pause | Step::StayPaused => {
                    if step == Step::Pause {
                        tracing::warn!("the store takes no more, intake pauses");
                        life.intake.pause();
                    }
                    life.keep_membership()?;
                }
                Step::Poll | Step::Resume => {
                    if step == Step::Resume {
                        tracing::info!("intake resumes");
                        life.intake.resume();
                    }
                    self.take(life)?;
                }
            }
        }
        Ok(())
    }

    /// What stands in the way at the broker is told in `/readyz`, and that it is over.
    fn tell_health(&mut self, intake: &Intake) {
        match intake.trouble() {
            // Other kinds pass without a word, so that nothing would say when they are over.
            Some(trouble @ (KafkaError::Unreachable(_) | KafkaError::UnknownTopic { .. })) => {
                self.health.not_ready(trouble.to_string());
                self.troubled = true;
            }
            _ if intake.is_reachable() && std::mem::take(&mut self.troubled) => self.health.ready(),
            _ => {}
        }
    }

    /// Whether another load may be begun, and whether so much is free that it won't be full again at once.
    fn room(&self, life: &Life) -> (bool, bool) {
        let state = life.way.shared.lock();
        #[expect(clippy::cast_precision_loss, reason = "a gauge; far below 2^52")]
        self.in_flight.set(state.bytes as f64);
        // A load holds its records and the request that is made of them.
        let next = self.config.load.bytes.saturating_mul(2);
        let fits = |limit: usize| state.bytes == 0 || state.bytes + next <= limit;
        let room = state.loads < self.config.loads_in_flight && fits(self.config.max_in_flight);
        (room, state.loads <= self.config.loads_in_flight / 2)
    }

    /// Polls into the load in the making, and hands it on when it is due.
    fn take(&mut self, life: &mut Life) -> Result<(), KafkaError> {
        let limits: PollLimits = self.config.load;
        let waited = life.since.map_or(Duration::ZERO, |since| since.elapsed());
        let wait = self.config.wait.saturating_sub(waited).min(POLL_WAIT);
        life.intake.poll(&mut life.records, limits, wait)?;
        if life.records.is_empty() {
            life.since = None;
            return Ok(());
        }
        let since = *life.since.get_or_insert_with(Instant::now);
        let full = life.records.len() >= limits.records || life.records.bytes() >= limits.bytes;
        if full || since.elapsed() >= self.config.wait {
            self.hand_on(life)?;
        }
        Ok(())
    }

    fn hand_on(&mut self, life: &mut Life) -> Result<(), KafkaError> {
        life.since = None;
        let load = {
            let mut state = life.way.shared.lock();
            let next = state.spare();
            let records = std::mem::replace(&mut life.records, next);
            self.received.increment(records.len() as u64);
            self.received_bytes.increment(records.bytes() as u64);
            let offsets = records.iter().map(|record| (record.partition, record.offset));
            // Can't happen unless the client gives records of partitions that it has not assigned. Starting it anew reads
            // them again from what is committed.
            let receipt =
                state.tracker.open(offsets, 0).map_err(|error| KafkaError::Other(error.to_string()))?;
            let load = Load::new(records, receipt, &mut self.builder);
            state.loads += 1;
            state.bytes += load.bytes();
            load
        };
        let _task = self.runtime.spawn(self.writer.clone().write(load, life.way.clone()));
        Ok(())
    }
}

impl Life {
    /// A poll that takes nothing, since all partitions are paused, but keeps the membership.
    fn keep_membership(&mut self) -> Result<(), KafkaError> {
        // Whatever the client still hands out belongs to the load in the making.
        let limits = PollLimits { records: self.records.len() + 1, bytes: usize::MAX };
        self.intake.poll(&mut self.records, limits, POLL_WAIT)
    }

    /// Commits what is settled; answers whether nothing is left to commit. What fails is tried again with the next commit.
    fn commit(&mut self, mode: CommitMode) -> bool {
        self.last_commit = Instant::now();
        let offsets = self.way.shared.lock().tracker.committable();
        if offsets.is_empty() {
            return true;
        }
        let committed = self.intake.commit(&offsets, mode);
        if let Err(error) = &committed {
            tracing::warn!(%error, "commit failed, it is tried again");
            self.way.shared.lock().tracker.commit_failed(&offsets);
        }
        committed.is_ok()
    }

    /// Waits for the loads under way, as long as that may take, and commits them. The load in the making was never opened;
    /// its records are read again.
    fn drain(&mut self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        self.intake.pause();
        while Instant::now() < deadline && self.way.shared.lock().loads > 0 {
            if let Err(error) = self.keep_membership() {
                tracing::warn!(%error, "drain cut short, what is under way will be read again");
                break;
            }
        }
        let left = self.way.shared.lock().loads;
        if left > 0 {
            tracing::warn!(loads = left, "drain ran out of time, they will be read again");
        }
        self.way.shared.lock().tracker.commit_again();
        // In the middle of a rebalance, as when others leave at the same time, the broker refuses commits; polling gets us
        // through it.
        while !self.commit(CommitMode::Sync) && Instant::now() < deadline {
            if self.keep_membership().is_err() {
                break;
            }
        }
    }
}
