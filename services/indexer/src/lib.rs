//! The indexer tier: `forebay.events` into a search server, dead letters beside.
//!
//! One thread polls ([`forebay_worker`]) and cuts the stream into *loads*, each with a receipt (`stage`). What is sent when,
//! what an answer means, and what becomes of an index that refuses is decided by a plain state machine
//! ([`forebay_writing`]); `writer` carries it out, several requests at once. A load's offsets move when each of its documents
//! is indexed, found to be there already, or in the dead-letter topic with the broker's acknowledgement.
//!
//! While the cluster refuses, loads stay where they are and are tried again; no room is left for more, so that intake
//! pauses, its membership of the group kept. Memory is bounded by `indexer.max_in_flight`.

mod config;
mod letters;
mod metrics;
mod records;
mod report;
mod stage;
mod tools;
mod traced;
mod writer;

use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, Result};
use forebay_kafka::{Producer, ProducerOptions};
use forebay_service::{Context, Running};
use forebay_settings::Settings;
use forebay_store::Store;
use forebay_traces::Tracer;
use forebay_worker::Retention;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::config::IndexerConfig;
use crate::stage::IndexerStage;
use crate::tools::Tools;

/// How much of a queue dead letters get.
const DEAD_LETTER_QUEUE: usize = 32 * 1024 * 1024;

/// Starts the tier on the current runtime. It waits for Kafka, the topics and the store when these aren't there yet.
///
/// # Errors
/// When the settings can't be used, or the system gives no thread.
pub fn start(
    settings: &Settings,
    context: &Context,
    store: Arc<dyn Store>,
    shutdown: CancellationToken,
) -> Result<Running> {
    let config = IndexerConfig::new(settings);
    let retention = Retention::new(&settings.kafka);
    let worker = config.worker(retention.clone());
    let watching =
        retention.watch(settings.kafka.clone(), settings.kafka.topics.events.clone(), shutdown.clone());
    let _watching = tokio::spawn(watching);
    let options = ProducerOptions { client_id: "forebay-indexer".to_owned(), queue_bytes: DEAD_LETTER_QUEUE };
    let producer = Producer::new(&settings.kafka, options).context("can't make a producer")?;
    let (tracer, exporting) = Tracer::start(&settings.telemetry.traces, "forebay-indexer")?;
    let tools = Arc::new(Tools::new(config, store, producer, context, tracer));
    let _detached = tokio::spawn(Arc::clone(&tools).wait_for_store(shutdown.clone()));
    let runtime = Handle::current();
    let (ended, end) = oneshot::channel();
    let thread = thread::Builder::new().name("indexer".to_owned()).spawn(move || {
        let health = tools.worker.clone();
        let outcome = forebay_worker::run(&worker, &health, &shutdown, |shared| {
            Ok(IndexerStage::new(Arc::clone(&tools), shared, &runtime))
        });
        // Nobody listens any more when the process is on its way out.
        let _listened = ended.send(outcome);
    });
    let _detached = thread.context("can't start the intake")?;
    tracing::info!(group = settings.indexer.group, "indexer started");
    Ok(Running::new(
        None,
        tokio::spawn(async move {
            let ended = end.await.context("the intake panicked");
            exporting.finish().await;
            ended?.context("the indexer can't go on in this process")
        }),
    ))
}
