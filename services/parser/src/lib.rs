//! The parser tier: `forebay.raw` in, `forebay.events` out, dead letters beside.
//!
//! The work is done on *lanes*: threads that are each a member of the consumer group, own their partitions, and share
//! nothing but the producer. A lane polls a batch, converts it ([`convert`]), sends the results and waits for nothing;
//! the batch's offsets move when the brokers have acknowledged every document and dead letter of it ([`lane`]).
//!
//! `parser.delivery` chooses between two ways. At least once: a batch that failed in part is sent again as a whole, which is
//! safe because an event's id, and with it the document's, is fixed where the event enters. Exactly once: a lane has a
//! producer of its own, and commits results and offsets in one transaction.

mod audit;
mod config;
pub mod convert;
pub mod lane;
mod metrics;
mod outbox;
mod rules;
mod traced;

use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, Result};
use forebay_audit_log::Background;
use forebay_kafka::{KafkaError, Producer, ProducerOptions};
use forebay_service::{Context, Running};
use forebay_settings::Settings;
use forebay_traces::Tracer;
use forebay_worker::Retention;
use tokio::sync::oneshot::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::ParserConfig;
use crate::lane::Lane;
use crate::rules::SharedRules;

/// The stack of a lane, in bytes of address space: rules may nest values deep.
const LANE_STACK: usize = 256 << 20;

/// How a lane ended, as far as it could say so.
type LaneEnd = Result<Result<(), KafkaError>, RecvError>;

/// Starts the lanes. They wait for Kafka and for the topics when these aren't there yet.
///
/// # Errors
/// When the settings can't be used, or the system gives no thread.
pub fn start(settings: &Settings, context: &Context, shutdown: CancellationToken) -> Result<Running> {
    let config = Arc::new(ParserConfig::new(settings));
    let (auditor, auditing) = Background::start(&settings.kafka, "parser");
    let (tracer, exporting) = Tracer::start(&settings.telemetry.traces, "forebay-parser")?;
    let rules = SharedRules::start(&settings.parser, auditor, shutdown.clone())?;
    let options = ProducerOptions {
        client_id: "forebay-parser".to_owned(),
        queue_bytes: config.lane_in_flight.saturating_mul(config.lanes).saturating_mul(2),
    };
    let producer = Producer::new(&settings.kafka, options).context("can't make a producer")?;
    let retention = Retention::new(&settings.kafka);
    let watching =
        retention.clone().watch(settings.kafka.clone(), settings.kafka.topics.raw.clone(), shutdown.clone());
    let _watching = tokio::spawn(watching);
    let mut lanes = JoinSet::new();
    for number in 0..config.lanes {
        let (config, rules, producer) = (Arc::clone(&config), rules.clone(), producer.clone());
        let lane = Lane::new(number, config, rules, producer, context, &tracer, retention.clone())?;
        let shutdown = shutdown.clone();
        let name = format!("parser-{number}");
        let (ended, end) = tokio::sync::oneshot::channel();
        let thread = thread::Builder::new().name(name).stack_size(LANE_STACK).spawn(move || {
            // Nobody listens any more when the process is on its way out.
            let _listened = ended.send(lane.run(&shutdown));
        });
        let _detached = thread.context("can't start a lane")?;
        let _lane = lanes.spawn(end);
    }
    tracing::info!(
        lanes = config.lanes,
        group = config.group,
        delivery = config.delivery.name(),
        "parser started"
    );
    let task = tokio::spawn(async move {
        let ended = end_of(lanes).await;
        tokio::join!(auditing.finish(), exporting.finish());
        ended
    });
    Ok(Running::new(None, task))
}

/// Whichever ends first: one that failed must not wait for another that has nothing to do.
async fn end_of(mut lanes: JoinSet<LaneEnd>) -> Result<()> {
    while let Some(lane) = lanes.join_next().await {
        lane?.context("a lane panicked")?.context("the producer failed")?;
    }
    Ok(())
}
