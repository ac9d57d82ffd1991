//! A lane: one thread, one member of the consumer group, one converter.
//!
//! ```text
//! poll ──► convert ──► send ──► (acknowledged?) ──► settle ──► commit
//!   ▲                              │ no: the whole batch again, after a pause
//!   └── room? (in-flight bytes) ◄──┘
//! ```
//! The loop is [`forebay_worker`]'s; here is what is done with a batch. How results reach the next topic, and when a batch is
//! settled, is the lane's `Delivery`: at least once, or exactly once.

mod at_least_once;
mod batch;
mod delivery;
mod exactly_once;
mod readiness;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use forebay_convert::Rules;
use forebay_delivery::{Backoff, Commits, Gate, WorkerLimits};
use forebay_kafka::{IntakeOptions, KafkaError, Member, PollLimits, Producer, RecordBatch};
use forebay_service::Context;
use forebay_service::clock::now_ms;
use forebay_settings::sections::parser::Delivery as DeliverySetting;
use forebay_telemetry::Component;
use forebay_traces::Tracer;
use forebay_worker::{
    COMMIT_AGAIN, COMMIT_EVERY, Gather, PATIENCE, Retention, Shared, Stage, WorkerError, WorkerOptions,
};
use tokio_util::sync::CancellationToken;

use crate::config::ParserConfig;
use crate::convert::Converter;
use crate::metrics::{LaneMetrics, STAGE};
use crate::rules::{self, LaneRules, SharedRules};
use crate::traced::BatchTraces;
use at_least_once::AtLeastOnce;
use batch::Batch;
use delivery::Delivery;
use exactly_once::ExactlyOnce;
use readiness::Readiness;

/// How much one batch takes: enough to share its costs, little enough to be acknowledged soon.
const BATCH: PollLimits = PollLimits { records: 5_000, bytes: 1024 * 1024 };
/// The pauses before a failed batch is sent again.
const RETRY: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));
/// How many empty batches are kept for their memory.
const SPARES: usize = 4;

/// A revision of the rules.
type Revision = <LaneRules as Rules>::Revision;

/// A lane that is ready to run.
#[derive(Debug)]
pub struct Lane {
    config: Arc<ParserConfig>,
    rules: SharedRules,
    producer: Producer,
    options: WorkerOptions,
    health: Component,
    tracer: Tracer,
    /// Of the process: the part that says whether results reach the next topic, and what metrics tell apart.
    context: Context,
    number: usize,
}

/// What one life of the client does with records.
struct LaneStage {
    config: Arc<ParserConfig>,
    shared: Shared,
    converter: Converter<LaneRules>,
    delivery: Box<dyn Delivery>,
    spares: Vec<RecordBatch>,
    tracer: Tracer,
    metrics: LaneMetrics,
    health: Component,
}

// === impl Lane ===

impl Lane {
    pub(crate) fn new(
        number: usize,
        config: Arc<ParserConfig>,
        rules: SharedRules,
        producer: Producer,
        context: &Context,
        tracer: &Tracer,
        retention: Retention,
    ) -> Result<Self> {
        let _usable = rules.lane()?;
        let health = context.health.component(&format!("parser-{number}"));
        let options = WorkerOptions {
            name: format!("parser-{number}"),
            stage: STAGE,
            kafka: config.kafka.clone(),
            intake: IntakeOptions {
                group: config.group.clone(),
                topic: config.kafka.topics.raw.clone(),
                client_id: format!("forebay-parser-{number}"),
                prefetch_bytes: config.lane_in_flight,
            },
            limits: WorkerLimits {
                in_flight: config.lane_in_flight,
                // A batch is little beside what may be under way: the last one needn't fit.
                batch: 0,
                patience: PATIENCE,
                commit_every: COMMIT_EVERY,
                commit_again: COMMIT_AGAIN,
                drain: config.drain_timeout,
                commits: match config.delivery {
                    DeliverySetting::AtLeastOnce => Commits::ByWorker,
                    DeliverySetting::ExactlyOnce => Commits::InTransactions,
                },
            },
            revoke_timeout: config.revoke_timeout,
            retention,
        };
        let (tracer, context) = (tracer.clone(), context.clone());
        Ok(Self { config, rules, producer, options, health, tracer, context, number })
    }

    /// Works until `shutdown` is cancelled and what is under way is done, or its time is up.
    ///
    /// # Errors
    /// When the producer, which all lanes share, has failed for good: the process has to be started anew.
    pub fn run(self, shutdown: &CancellationToken) -> Result<(), KafkaError> {
        forebay_worker::run(&self.options, &self.health, shutdown, |shared| self.stage(shared))
    }

    fn stage(&self, shared: Shared) -> Result<LaneStage, WorkerError> {
        let config = Arc::clone(&self.config);
        // It was usable when the lane was made.
        let rules = self.rules.lane();
        let rules = rules.map_err(|error| WorkerError::Tier(KafkaError::Settings(error.to_string())))?;
        let part = format!("parser-{}.delivery", self.number);
        let readiness = Readiness::new(self.context.health.component(&part));
        let delivery: Box<dyn Delivery> = match config.delivery {
            DeliverySetting::AtLeastOnce => Box::new(AtLeastOnce::new(self.producer.clone(), readiness)),
            DeliverySetting::ExactlyOnce => Box::new(ExactlyOnce::new(&config, self.number, readiness)?),
        };
        Ok(LaneStage {
            converter: Converter::new(rules, &config.kafka.topics.raw, &config.prefix).with_span(config.span),
            config,
            shared,
            delivery,
            spares: Vec::new(),
            tracer: self.tracer.clone(),
            metrics: LaneMetrics::new(&self.context),
            health: self.health.clone(),
        })
    }
}

// === impl LaneStage ===

impl LaneStage {
    /// Converts a batch by this revision of the rules and sends what comes of it.
    fn send(&mut self, records: RecordBatch, revision: Revision) -> Result<Batch, WorkerError> {
        let began = Instant::now();
        let mut batch = Batch::new(records, revision);
        let Self { converter, delivery, config, metrics, tracer, .. } = self;
        let tracing = BatchTraces::begin(tracer, converter.traces());
        let producer = delivery.producer();
        let sent = producer.partitions(&config.kafka.topics.events).and_then(|partitions| {
            let topics = &config.kafka.topics;
            batch.convert(converter, producer, topics, partitions, now_ms(), &mut metrics.backpressure)
        });
        batch.traces = tracing.and_then(|tracing| tracing.converted(tracer, converter.traces(), config));
        metrics.batch_seconds.record(began.elapsed());
        metrics.rules_did(converter.rules().take_counts());
        metrics.steps_took(converter.rules().take_timings());
        rules::tell(converter.rules().take_turns());
        sent.map_err(|error| delivery.failed(error))?;
        Ok(batch)
    }
}

impl Stage for LaneStage {
    fn gather(&self) -> Gather {
        Gather { limits: BATCH, wait: Duration::ZERO }
    }

    fn gate(&self) -> Gate {
        if self.delivery.takes_more(self.shared.now()) { Gate::Open } else { Gate::Shut }
    }

    fn spare(&mut self) -> RecordBatch {
        self.spares.pop().unwrap_or_default()
    }

    fn take(&mut self, records: RecordBatch) -> Result<(), WorkerError> {
        let offsets = records.iter().map(|record| (record.partition, record.offset));
        // Can't fail unless the client gives records of partitions that it has not assigned. Starting the client anew reads
        // them again from what is committed.
        let receipt = self.shared.lock().open(offsets, records.bytes());
        let receipt = receipt.map_err(|error| KafkaError::Other(error.to_string()))?;
        self.delivery.begin(self.shared.now())?;
        let revision = self.converter.current();
        match self.send(records, revision) {
            Ok(batch) => {
                self.delivery.sent(batch, receipt);
                Ok(())
            }
            Err(error) => {
                receipt.give_up();
                Err(error)
            }
        }
    }

    fn advance(&mut self, member: &Member<'_>) -> Result<(), WorkerError> {
        loop {
            match self.delivery.advance(&self.shared, member)? {
                delivery::Progress::Nothing => return Ok(()),
                delivery::Progress::Settled(batches) => {
                    for mut batch in batches {
                        batch.traces_end(&self.tracer, None);
                        self.metrics.settled(&batch.counts);
                        self.reuse(batch.records);
                    }
                    self.health.progress();
                }
                delivery::Progress::GivenUp(batches) => {
                    for mut batch in batches {
                        batch.traces_end(&self.tracer, Some("given_up"));
                        self.reuse(batch.records);
                    }
                    // Not done, but not stuck either: we know who refuses, and the log says so.
                    self.health.progress();
                }
                delivery::Progress::SendAgain(mut batch, receipt) => {
                    let error = batch.error().map_or("not_delivered", |error| error.name());
                    batch.traces_end(&self.tracer, Some(error));
                    self.metrics.retries.increment(1);
                    self.health.progress();
                    let Batch { records, revision, .. } = *batch;
                    match self.send(records, revision) {
                        Ok(batch) => self.delivery.sent_again(batch, receipt),
                        Err(error) => {
                            receipt.give_up();
                            return Err(error);
                        }
                    }
                }
            }
        }
    }

    fn finish(&mut self) {
        self.delivery.finish();
    }

    fn give_up(&mut self) {
        self.delivery.give_up();
    }
}

impl LaneStage {
    fn reuse(&mut self, mut records: RecordBatch) {
        if self.spares.len() < SPARES {
            records.clear();
            self.spares.push(records);
        }
    }
}
