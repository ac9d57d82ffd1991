//! The ingest tier: events come in by every protocol that shippers speak, and go to `forebay.raw`.
//!
//! 1. `listen` accepts connections and datagrams; `http` serves those that speak HTTP.
//! 2. [`protocols`] has a shell for each protocol: it finds out who sends (`access`), reads within limits, and has `forebay_wire`
//!    decode what it read into a batch.
//! 3. `intake` is the one way to Kafka: `admission` lets in what there is room for, fairly between tenants, and no more than
//!    Kafka takes in time; events get their envelope and their ids, and are sent; the brokers are waited for.
//! 4. The shell answers in its protocol's way: success, or a `refusal`.
//!
//! Others see of it how it is started, its settings checked ([`config`]) and its protocols described ([`protocols`]).
//!
//! What is promised: no success before all in-sync replicas have every accepted event; text is passed on as it came; memory
//! is bounded, whatever clients send.

mod access;
mod admission;
mod aside;
mod audit;
pub mod config;
mod http;
mod intake;
mod listen;
mod metrics;
pub mod protocols;
mod refusal;
mod tarpit;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use forebay_audit_log::Background;
use forebay_kafka::{Producer, ProducerOptions};
use forebay_service::{Context, Running};
use forebay_settings::Settings;
use forebay_traces::Tracer;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
use crate::admission::Admission;
use crate::config::{IngestConfig, Limits};
use crate::intake::Intake;
use crate::intake::progress::Progress;
use crate::intake::quotas::Quotas;
use crate::intake::upstream::Upstream;
use crate::listen::Bound;
use crate::metrics::Meters;

/// Binds the listeners and serves them until `shutdown`, then drains. Kafka need not be there yet: until it is, requests get
/// 503 and the process isn't ready.
///
/// # Errors
/// When the settings can't be used or a listener can't be bound.
pub async fn start(settings: &Settings, context: &Context, shutdown: CancellationToken) -> Result<Running> {
    let config = IngestConfig::new(settings)?;
    let options =
        ProducerOptions { client_id: "forebay-ingest".to_owned(), queue_bytes: config.limits.max_in_flight };
    let producer = Producer::new(&settings.kafka, options).context("can't make a producer")?;
    let mut bound = Vec::with_capacity(config.listeners.len());
    for listener in config.listeners {
        bound.push(Bound::new(listener).await?);
    }
    let address = bound.first().and_then(Bound::address);

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
    for tls in config.tls {
        let _until_shutdown = tokio::spawn(tls.follow(stop.clone()));
    }
    let (auditor, auditing) = Background::start(&settings.kafka, "ingest");
    let (tracer, exporting) = Tracer::start(&settings.telemetry.traces, "forebay-ingest")?;
    let (quotas, admission) = shares(&config.access, &config.limits);
    if let Access::File(file) = &config.access {
        let (quotas, admission) = (Arc::clone(&quotas), admission.clone());
        audit::began(&auditor, file);
        let followed = Arc::clone(file);
        let _until_shutdown = tokio::spawn(Arc::clone(file).follow(stop.clone(), move |before, access| {
            quotas.set(access.tenants());
            admission.weigh(access.tenants());
            audit::changed(&auditor, &followed, before, access);
        }));
    }
    let intake = Arc::new(Intake {
        admission,
        quotas,
        access: config.access,
        limits: config.limits,
        upstream,
        meters: Meters::new(context.tenants.clone()),
        tracer,
        progress: Progress::new(kafka.clone()),
        deliveries: TaskTracker::new(),
    });
    let _until_shutdown = tokio::spawn(tell_what_is_in_use(Arc::clone(&intake), stop.clone()));
    for Bound { listener, .. } in &bound {
        let (name, address, protocol) = (&listener.name, &listener.address, listener.protocol);
        tracing::info!(listener = name, %address, ?protocol, topic = config.topic, "ingest takes events");
    }
    let task = tokio::spawn(async move {
        listen::serve(bound, Arc::clone(&intake), stop).await;
        let drained = async {
            watch.await.context("the watch over kafka panicked")?.context("ingest can't go on")?;
            kafka.not_ready("stopped");
            flush(&intake).await
        };
        let drained = tokio::join!(drained, auditing.finish()).0;
        exporting.finish().await;
        drained
    });
    Ok(Running::new(address, task))
}

/// What all tenants together, and each of them, may send.
fn shares(access: &Access, limits: &Limits) -> (Arc<Quotas>, Admission) {
    let admission = Admission::new(limits.max_in_flight, limits.max_latency);
    let quotas = match access {
        Access::Open(_) => Quotas::new(&forebay_access::Tenants::new()),
        Access::File(file) => {
            let access = file.current();
            admission.weigh(access.tenants());
            Quotas::new(access.tenants())
        }
    };
    (Arc::new(quotas), admission)
}

/// Tells every second what is in use: an instance without HTTP requests has nothing else that would.
async fn tell_what_is_in_use(intake: Arc<Intake>, shutdown: CancellationToken) {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        intake.meters.in_use(intake.admission.in_use());
    }
}

/// Gives what is still queued the rest of its time: its clients have had no success for it, but it may be delivered.
async fn flush(intake: &Arc<Intake>) -> Result<()> {
    let (producer, timeout) = (intake.upstream.producer().clone(), intake.limits.drain_timeout);
    let flushed =
        tokio::task::spawn_blocking(move || producer.flush(timeout)).await.context("the flush panicked")?;
    if let Err(error) = flushed {
        tracing::warn!(%error, "events were still queued at the stop, none of them was answered with success");
    }
    Ok(())
}
