//! The indexer tier: `forebay.events` into a search server, dead letters beside.
//!
//! One thread polls ([`intake`]) and cuts the stream into *loads*, each one bulk request with a receipt. Several loads are
//! written at once (`writer`); what is to be done with an answer is decided by a plain state machine ([`writing`]). A
//! load's offsets move when each of its documents is indexed, found to be there already, or in the dead-letter topic with
//! the broker's acknowledgement.
//!
//! While the cluster refuses, loads stay where they are and are tried again; no room is left for more, so that intake
//! pauses, its membership of the group kept. Memory is bounded by `indexer.max_in_flight`.

mod config;
pub mod intake;
mod letters;
pub mod load;
mod metrics;
mod state;
mod writer;
pub mod writing;

use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, Result};
use forebay_kafka::{Producer, ProducerOptions};
use forebay_service::{Context, Running};
use forebay_settings::Settings;
use forebay_store::Store;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::config::IndexerConfig;
use crate::intake::IntakeLoop;
use crate::writer::Writer;

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
    let config = Arc::new(IndexerConfig::new(settings));
    let options = ProducerOptions { client_id: "forebay-indexer".to_owned(), queue_bytes: DEAD_LETTER_QUEUE };
    let producer = Producer::new(&settings.kafka, options).context("can't make a producer")?;
    let writer = Writer::new(Arc::clone(&config), store, producer, context);
    let _detached = tokio::spawn(writer.clone().wait_for_store(shutdown.clone()));
    let intake = IntakeLoop::new(Arc::clone(&config), writer, context, Handle::current());
    let (ended, end) = tokio::sync::oneshot::channel();
    let thread = thread::Builder::new().name("indexer-intake".to_owned()).spawn(move || {
        intake.run(&shutdown);
        // Nobody listens any more when the process is on its way out.
        let _listened = ended.send(());
    });
    let _detached = thread.context("can't start the intake")?;
    tracing::info!(group = config.group, "indexer started");
    Ok(Running::new(None, tokio::spawn(async move { end.await.context("the intake panicked") })))
}
