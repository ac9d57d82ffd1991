//! The ingest tier: events come in over HTTP and go to `forebay.raw`.
//!
//! A request passes through these steps, each in its module:
//!
//! 1. [`auth`] finds the tenant, [`options`] reads what else the head says;
//! 2. [`body`] reads and decompresses within limits, [`admission`] lets in what there is room for, fairly between
//!    tenants, and no more than Kafka takes in time ([`overload`] says so to the others);
//! 3. `forebay_wire` divides the body into events and checks each;
//! 4. [`deliver`](mod@deliver) sends the good ones with their ids and waits for the brokers;
//! 5. [`answer`] says what became of them.
//!
//! What is promised: no success before all in-sync replicas have every accepted event; the bytes of an event are passed
//! on as they came; memory is bounded, whatever clients send.

pub mod admission;
pub mod answer;
pub mod auth;
pub mod body;
pub mod config;
mod connection;
pub mod deliver;
pub mod handler;
mod metrics;
pub mod options;
pub mod overload;
pub mod prepare;
mod progress;
mod server;
pub mod tokens;
mod upstream;

use std::sync::Arc;

use anyhow::{Context as _, Result};
use forebay_kafka::{Producer, ProducerOptions};
use forebay_service::{Context, Running};
use forebay_settings::Settings;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::Admission;
use crate::config::{Access, IngestConfig};
use crate::handler::App;
use crate::metrics::Meters;
use crate::progress::Progress;
use crate::upstream::Upstream;

/// Binds the port and serves it until `shutdown`, then drains. Kafka need not be there yet: until it is, requests get
/// 503 and the process isn't ready.
///
/// # Errors
/// When the settings can't be used or the port can't be bound.
pub async fn start(settings: &Settings, context: &Context, shutdown: CancellationToken) -> Result<Running> {
    let config = IngestConfig::new(settings)?;
    let options =
        ProducerOptions { client_id: "forebay-ingest".to_owned(), queue_bytes: config.limits.max_in_flight };
    let producer = Producer::new(&settings.kafka, options).context("can't make a producer")?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("ingest.listen: can't listen on {}", config.listen))?;
    let address = listener.local_addr().context("ingest.listen: the port has no address")?;

    let kafka = context.health.component("ingest.kafka");
    let upstream = Upstream::new(producer, &config.topic);
    // Ours to cancel: a producer that has failed for good stops this tier, and what else runs in the process learns of it.
    let stop = shutdown.child_token();
    let watch = tokio::spawn({
        let (upstream, kafka, stop) = (upstream.clone(), kafka.clone(), stop.clone());
        async move {
            // Also when the watch panics.
            let _stops = stop.clone().drop_guard();
            upstream.watch(kafka, stop).await
        }
    });
    if let Access::Tokens(tokens) = &config.access {
        let _until_shutdown = tokio::spawn(tokens.clone().follow(stop.clone()));
    }
    let app = Arc::new(App {
        admission: Admission::new(config.limits.max_in_flight, config.limits.max_latency),
        access: config.access,
        limits: config.limits,
        upstream,
        meters: Meters::new(context.tenants.clone()),
        progress: Progress::new(kafka.clone()),
        deliveries: TaskTracker::new(),
    });
    tracing::info!(%address, topic = config.topic, "ingest takes events at POST /v1/ingest");
    let task = tokio::spawn(async move {
        server::serve(listener, Arc::clone(&app), stop).await;
        watch.await.context("the watch over kafka panicked")?.context("ingest can't go on")?;
        kafka.not_ready("stopped");
        flush(&app).await
    });
    Ok(Running::new(Some(address), task))
}

/// Gives what is still queued the rest of its time: its clients have had no success for it, but it may be delivered.
async fn flush(app: &Arc<App>) -> Result<()> {
    let (producer, timeout) = (app.upstream.producer().clone(), app.limits.drain_timeout);
    let flushed =
        tokio::task::spawn_blocking(move || producer.flush(timeout)).await.context("the flush panicked")?;
    if let Err(error) = flushed {
        tracing::warn!(%error, "events were still queued at the stop, none of them was answered with success");
    }
    Ok(())
}
