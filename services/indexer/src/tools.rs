//! What every life of the client needs, made once: the store, the way to the dead letters, metrics, health.

use std::sync::Arc;
use std::time::Duration;

use forebay_kafka::Producer;
use forebay_service::Context;
use forebay_service::clock::random;
use forebay_store::{ChangeKind, Store};
use forebay_telemetry::{Component, rate_limited_warn};
use forebay_traces::Tracer;
use tokio_util::sync::CancellationToken;

use crate::config::IndexerConfig;
use crate::metrics::IndexerMetrics;

/// The least pause between two questions to the store.
const LEAST_PAUSE: Duration = Duration::from_millis(50);

/// Shared by all lives.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) config: IndexerConfig,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) producer: Producer,
    pub(crate) metrics: IndexerMetrics,
    pub(crate) tracer: Tracer,
    /// The poll loop.
    pub(crate) worker: Component,
    /// Whether the store takes documents.
    pub(crate) search: Component,
    /// Whether the dead-letter topic takes what there is for it.
    pub(crate) letters: Component,
    /// Targets that aren't written, and whether they hold up the others.
    pub(crate) targets: Component,
}

// === impl Tools ===

impl Tools {
    pub(crate) fn new(
        config: IndexerConfig,
        store: Arc<dyn Store>,
        producer: Producer,
        context: &Context,
        tracer: Tracer,
    ) -> Self {
        let search = context.health.component("search");
        search.not_ready("the store has not answered yet");
        let targets = context.health.component("targets");
        targets.ready();
        let letters = context.health.component("dead_letters");
        letters.ready();
        let worker = context.health.component("indexer");
        let metrics = IndexerMetrics::new(context);
        Self { config, store, producer, metrics, tracer, worker, search, letters, targets }
    }

    /// Asks the store who it is until it answers, so that readiness and the log say what is missing before the first load
    /// does.
    pub(crate) async fn wait_for_store(self: Arc<Self>, shutdown: CancellationToken) {
        let mut backoff = self.config.backoff;
        loop {
            let reason = match self.store.ping().await {
                Ok(info) => {
                    tracing::info!(store = info.name, version = info.version, "the store answers");
                    self.search.ready();
                    return self.warn_without_template().await;
                }
                Err(failure) => failure.to_string(),
            };
            rate_limited_warn!(per_minute = 6, reason, "waiting for the store");
            self.search.not_ready(reason);
            let pause = backoff.refused(random(), None).max(LEAST_PAUSE);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Without its template an index gets whatever mapping the cluster guesses, which can't be mended later.
    async fn warn_without_template(&self) {
        let missing = self
            .store
            .bootstrap(true)
            .await
            .is_ok_and(|changes| changes.iter().any(|change| matches!(change.kind, ChangeKind::Create)));
        if missing {
            tracing::warn!(
                "an index template is missing, new indices get a guessed mapping: run `forebay bootstrap`"
            );
        }
    }
}
