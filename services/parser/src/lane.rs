//! A lane: one thread, one member of the consumer group, one converter.
//!
//! ```text
//! poll ──► convert ──► send ──► (acknowledged?) ──► settle ──► commit
//!   ▲                              │ no: the whole batch again, after a pause
//!   └── room? (in-flight bytes) ◄──┘
//! ```
//! The loop never blocks for long: what it waits for, it looks at again every few milliseconds, and when there is no
//! room for longer it pauses its partitions and polls on, which keeps its membership of the group.

mod assignment;
mod pending;

use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use forebay_delivery::{Backoff, Flow, Step};
use forebay_kafka::{CommitMode, Intake, IntakeOptions, KafkaError, PollLimits, Producer, RecordBatch};
use forebay_parse::Parser;
use forebay_service::Context;
use forebay_service::clock::{now_ms, random};
use forebay_telemetry::Component;
use tokio_util::sync::CancellationToken;

use crate::config::ParserConfig;
use crate::convert::Converter;
use crate::metrics::LaneMetrics;
use assignment::LaneAssignment;
use pending::{Batch, LaneState, Progress};

/// How much one batch takes: enough to share its costs, little enough to be acknowledged soon.
const BATCH: PollLimits = PollLimits { records: 5_000, bytes: 1024 * 1024 };
/// How long a poll waits for a first record.
const POLL_WAIT: Duration = Duration::from_millis(50);
/// How long to wait before looking again whether the brokers have acknowledged.
const ACK_PAUSE: Duration = Duration::from_millis(2);
/// How long to go without room before partitions are paused.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often offsets are committed.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
/// How often what was committed is committed again: the client library doesn't tell when an asynchronous commit failed,
/// and a quiet partition has nothing new to commit.
const COMMIT_AGAIN: Duration = Duration::from_secs(30);
/// The pauses before a failed batch is sent again, or a failed client made anew.
const RETRY: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));

/// A lane that is ready to run.
#[derive(Debug)]
pub struct Lane {
    number: usize,
    config: Arc<ParserConfig>,
    producer: Producer,
    converter: Converter,
    metrics: LaneMetrics,
    health: Component,
    began: Instant,
    producer_failed: bool,
    troubled: bool,
}

impl Lane {
    pub(crate) fn new(
        number: usize,
        config: Arc<ParserConfig>,
        producer: Producer,
        context: &Context,
    ) -> Result<Self> {
        let parser = Parser::new(config.parse.clone()).context("parser settings")?;
        let converter = Converter::new(parser, &config.kafka.topics.raw, &config.prefix);
        let health = context.health.component(&format!("parser-{number}"));
        health.not_ready("waiting for kafka");
        let metrics = LaneMetrics::new(context.tenants.clone());
        Ok(Self {
            number,
            config,
            producer,
            converter,
            metrics,
            health,
            began: Instant::now(),
            producer_failed: false,
            troubled: false,
        })
    }

    /// Works until `shutdown` is cancelled and what is under way is done, or its time is up.
    ///
    /// # Errors
    /// When the producer, which all lanes share, has failed for good: the process has to be started anew.
    pub fn run(mut self, shutdown: &CancellationToken) -> Result<(), KafkaError> {
        let mut backoff = RETRY;
        while !shutdown.is_cancelled() {
            match self.work(shutdown) {
                Ok(()) => return Ok(()),
                Err(error) if self.producer_failed => return Err(error),
                Err(error) => {
                    let pause = backoff.refused(random(), None).max(ACK_PAUSE);
                    tracing::error!(lane = self.number, %error, ?pause, "lane failed and starts again");
                    self.health.not_ready(error.to_string());
                    thread::park_timeout(pause);
                }
            }
        }
        Ok(())
    }

    /// One life of a client. Unsettled batches end with it; their records are read again.
    fn work(&mut self, shutdown: &CancellationToken) -> Result<(), KafkaError> {
        let state = Arc::new(Mutex::new(LaneState::default()));
        let options = IntakeOptions {
            group: self.config.group.clone(),
            topic: self.config.kafka.topics.raw.clone(),
            client_id: format!("forebay-parser-{}", self.number),
            prefetch_bytes: self.config.lane_in_flight,
        };
        let assignment = Arc::new(LaneAssignment::new(Arc::clone(&state), self.health.clone()));
        let mut intake = Intake::new(&self.config.kafka, options, assignment)?;
        let outcome = self.poll_loop(&mut intake, &state, shutdown);
        if outcome.is_ok() {
            self.drain(&mut intake, &state);
        }
        let abandoned = pending::lock(&state).stop();
        self.metrics.abandoned.increment(abandoned);
        intake.close();
        outcome
    }

    fn poll_loop(
        &mut self,
        intake: &mut Intake,
        state: &Mutex<LaneState>,
        shutdown: &CancellationToken,
    ) -> Result<(), KafkaError> {
        let mut flow = Flow::new(PATIENCE);
        let mut last_commit = Instant::now();
        let mut all_committed = Instant::now();
        let mut waited_since: Option<Instant> = None;
        while !shutdown.is_cancelled() {
            self.advance(state)?;
            if all_committed.elapsed() >= COMMIT_AGAIN {
                pending::lock(state).commit_again();
                all_committed = Instant::now();
            }
            if last_commit.elapsed() >= COMMIT_INTERVAL {
                let _tried_again = commit(intake, state, CommitMode::Async);
                last_commit = Instant::now();
                self.tell_health(intake);
            }
            let held = pending::lock(state).bytes();
            let limit = self.config.lane_in_flight;
            let step = flow.next(self.began.elapsed(), held < limit, held < limit / 2);
            // Counted while it lasts, not when it is over: an outage is what this metric is looked at for.
            if let Some(since) = waited_since.take() {
                self.metrics.backpressure.add(since.elapsed());
            }
            waited_since = (!matches!(step, Step::Poll | Step::Resume)).then(Instant::now);
            match step {
                Step::Wait => thread::park_timeout(ACK_PAUSE),
                Step::Pause | Step::StayPaused => {
                    if step == Step::Pause {
                        tracing::warn!(
                            lane = self.number,
                            held,
                            limit,
                            "kafka acknowledges slowly, intake pauses"
                        );
                        intake.pause();
                    }
                    self.keep_membership(intake)?;
                }
                Step::Poll | Step::Resume => {
                    if step == Step::Resume {
                        tracing::info!(lane = self.number, "intake resumes");
                        intake.resume();
                    }
                    self.take(intake, state)?;
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

    /// Polls a batch, converts it and sends the results.
    fn take(&mut self, intake: &mut Intake, state: &Mutex<LaneState>) -> Result<(), KafkaError> {
        let mut records = pending::lock(state).spare();
        intake.poll(&mut records, BATCH, POLL_WAIT)?;
        if records.is_empty() {
            pending::lock(state).reuse(records);
            return Ok(());
        }
        self.metrics.received.increment(records.len() as u64);
        self.metrics.received_bytes.increment(records.bytes() as u64);
        let receipt = pending::lock(state).open(&records)?;
        let batch = self.send(records, receipt)?;
        self.health.busy(true);
        pending::lock(state).push(batch);
        Ok(())
    }

    /// Converts a batch and sends what comes of it.
    fn send(
        &mut self,
        records: RecordBatch,
        receipt: forebay_delivery::Receipt,
    ) -> Result<Batch, KafkaError> {
        let began = Instant::now();
        let mut batch = Batch::new(records, receipt);
        let partitions = self.producer.partitions(&self.config.kafka.topics.events)?;
        let Self { converter, producer, config, metrics, .. } = self;
        let converted = batch.convert(
            converter,
            producer,
            &config.kafka.topics,
            partitions,
            now_ms(),
            &mut metrics.backpressure,
        );
        metrics.batch_seconds.record(began.elapsed());
        self.producer_failed |= converted.as_ref().is_err_and(KafkaError::is_fatal);
        converted?;
        Ok(batch)
    }

    /// Looks which batches are done, and sends those that failed again.
    fn advance(&mut self, state: &Mutex<LaneState>) -> Result<(), KafkaError> {
        loop {
            let progress = pending::lock(state).advance(&mut self.metrics, random);
            match progress {
                Progress::Nothing => return Ok(()),
                Progress::Settled { idle } => {
                    self.health.progress();
                    self.health.busy(!idle);
                }
                Progress::SendAgain(records, receipt) => {
                    self.metrics.retries.increment(1);
                    // Not done, but not stuck either: we know who refuses, and the log says so.
                    self.health.progress();
                    let batch = self.send(records, receipt)?;
                    pending::lock(state).push_front(batch);
                }
            }
        }
    }

    /// A poll that takes nothing, since all partitions are paused, but keeps the membership.
    fn keep_membership(&self, intake: &mut Intake) -> Result<(), KafkaError> {
        let mut nothing = RecordBatch::new();
        intake.poll(&mut nothing, PollLimits { records: 1, bytes: 1 }, POLL_WAIT)?;
        if nothing.is_empty() {
            return Ok(());
        }
        // It was never opened, so a commit of what comes after it would pass over it. A new client reads it again.
        Err(KafkaError::Other("a paused partition gave a record".to_owned()))
    }

    /// Waits for what is under way, as long as that may take, and commits it.
    fn drain(&mut self, intake: &mut Intake, state: &Mutex<LaneState>) {
        let deadline = Instant::now() + self.config.drain_timeout;
        intake.pause();
        while Instant::now() < deadline && !pending::lock(state).is_empty() {
            if let Err(error) = self.advance(state).and_then(|()| self.keep_membership(intake)) {
                tracing::warn!(lane = self.number, %error, "drain cut short, what is under way will be read again");
                break;
            }
        }
        let left = pending::lock(state).len();
        if left > 0 {
            tracing::warn!(
                lane = self.number,
                batches = left,
                "drain ran out of time, they will be read again"
            );
        }
        pending::lock(state).commit_again();
        // In the middle of a rebalance, as when other lanes leave at the same time, the broker refuses commits; polling
        // gets us through it.
        while !commit(intake, state, CommitMode::Sync) && Instant::now() < deadline {
            if self.keep_membership(intake).is_err() {
                break;
            }
        }
    }
}

/// Commits what is settled; answers whether nothing is left to commit. What fails is tried again with the next commit.
fn commit(intake: &Intake, state: &Mutex<LaneState>, mode: CommitMode) -> bool {
    let offsets = pending::lock(state).committable();
    if offsets.is_empty() {
        return true;
    }
    let committed = intake.commit(&offsets, mode);
    if let Err(error) = &committed {
        tracing::warn!(%error, "commit failed, it is tried again");
        pending::lock(state).commit_failed(&offsets);
    }
    committed.is_ok()
}
