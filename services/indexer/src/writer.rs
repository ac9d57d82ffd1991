//! Writes loads: sends requests, waits between tries, dead-letters what is refused, settles.

use std::sync::Arc;
use std::thread::Thread;
use std::time::{Duration, Instant};

use forebay_bulk::{BulkRequest, ItemError};
use forebay_delivery::{Backoff, BrokerAck};
use forebay_kafka::{Acks, Producer, SendError, dead_letter};
use forebay_service::Context;
use forebay_service::clock::{now_ms, random};
use forebay_store::{ChangeKind, Store};
use forebay_telemetry::{Component, rate_limited_warn};
use tokio_util::sync::CancellationToken;

use crate::config::IndexerConfig;
use crate::letters;
use crate::load::{Finished, Load};
use crate::metrics::IndexerMetrics;
use crate::state::Shared;
use crate::writing::{After, failure_name};

/// How long to wait before a full queue of dead letters is tried again.
const QUEUE_PAUSE: Duration = Duration::from_millis(10);

/// Writes loads, several at once; clones share everything.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Arc<IndexerConfig>,
    store: Arc<dyn Store>,
    producer: Producer,
    metrics: IndexerMetrics,
    /// Whether the store takes documents.
    health: Component,
}

/// The way of one load: what it needs beside the writer.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) shared: Shared,
    /// Cancelled when there is no more time: what is under way is let go and read again.
    pub(crate) abandon: CancellationToken,
    /// The intake's thread, which is woken when there is room.
    pub(crate) intake: Thread,
}

/// The load was let go: its records are read again.
#[derive(Debug)]
struct LetGo;

impl Writer {
    pub(crate) fn new(
        config: Arc<IndexerConfig>,
        store: Arc<dyn Store>,
        producer: Producer,
        context: &Context,
    ) -> Self {
        let health = context.health.component("search");
        health.not_ready("the store has not answered yet");
        let metrics = IndexerMetrics::new(context.tenants.clone());
        Self { inner: Arc::new(Inner { config, store, producer, metrics, health }) }
    }

    /// Whether loads are under way: then `/livez` wants to see answers.
    pub(crate) fn busy(&self, busy: bool) {
        self.inner.health.busy(busy);
    }

    /// Asks the store who it is until it answers, so that readiness and the log say what is missing before the first load
    /// does.
    pub(crate) async fn wait_for_store(self, shutdown: CancellationToken) {
        let mut backoff = self.inner.config.backoff;
        loop {
            let reason = match self.inner.store.ping().await {
                Ok(info) => {
                    tracing::info!(store = info.name, version = info.version, "the store answers");
                    self.inner.health.ready();
                    self.inner.warn_without_template().await;
                    return;
                }
                Err(failure) => failure.to_string(),
            };
            rate_limited_warn!(per_minute = 6, reason, "waiting for the store");
            self.inner.health.not_ready(reason);
            tokio::select! {
                () = tokio::time::sleep(backoff.refused(random(), None)) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Writes a load and settles it. Whatever comes of it, its bytes are free afterwards.
    pub(crate) async fn write(self, mut load: Load, way: Way) {
        let bytes = load.bytes();
        let done = self.inner.write(&mut load, &way).await;
        self.inner.metrics.splits.increment(load.writing.splits());
        let mut state = way.shared.lock();
        state.loads -= 1;
        state.bytes -= bytes;
        match done {
            Ok(ack) => {
                let Finished { receipt, tally, tenants, records } = load.finish(ack);
                match state.tracker.settle(receipt, &tally) {
                    Ok(()) => self.inner.metrics.settled(&tenants),
                    // Each of a load's records has exactly one fate, so this is a fault of ours. The offset is held.
                    Err(error) => {
                        self.inner.metrics.abandoned.increment(1);
                        tracing::error!(%error, "a load could not be settled");
                    }
                }
                state.reuse(records);
            }
            Err(LetGo) => {
                if state.tracker.forget_stale(load.receipt).is_err() {
                    self.inner.metrics.abandoned.increment(1);
                    tracing::warn!("a load was let go unsettled, its records will be read again");
                }
                state.reuse(load.records);
            }
        }
        drop(state);
        way.intake.unpark();
    }
}

impl Inner {
    async fn write(&self, load: &mut Load, way: &Way) -> Result<Option<BrokerAck>, LetGo> {
        let mut backoff = self.config.backoff;
        while let Some(part) = load.writing.next_part() {
            let after = self.send(load, part).await;
            let settled = load.writing.take_settled();
            if !settled.is_empty() || after == After::GoOn {
                if backoff.refusals() > 0 {
                    tracing::info!(refusals = backoff.refusals(), "the store takes documents again");
                }
                backoff.succeeded();
                self.health.ready();
            }
            self.health.progress();
            load.count(settled);
            if let After::Wait { reason, detail, items, retry_after } = after {
                self.metrics.retried(reason, items);
                self.wait(load, way, &mut backoff, &detail, retry_after).await?;
            }
        }
        if load.refused.is_empty() {
            return Ok(None);
        }
        let ack = self.dead_letter(load, way).await?;
        let error_type = load.refused.first().map_or("", |(_, error)| error.error_type.as_str());
        rate_limited_warn!(
            per_minute = 6,
            documents = load.refused.len(),
            error_type,
            "documents dead-lettered"
        );
        Ok(Some(ack))
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
                "there is no index template, new indices get a guessed mapping: run `forebay bootstrap`"
            );
        }
    }

    async fn send(&self, load: &mut Load, part: BulkRequest) -> After {
        self.metrics.requests_in_flight.increment(1);
        let began = Instant::now();
        let answer = self.store.write(&part).await;
        let (took, documents, bytes) = (began.elapsed(), part.len(), part.body().len());
        self.metrics.requests_in_flight.decrement(1);
        match answer {
            Ok(answer) => {
                self.metrics.request("ok", took, documents, bytes);
                load.writing.answered(&part, answer)
            }
            Err(failure) => {
                self.metrics.request(failure_name(&failure), took, documents, bytes);
                load.writing.failed(part, failure)
            }
        }
    }

    /// Waits before the next try, unless there is no use in one.
    async fn wait(
        &self,
        load: &Load,
        way: &Way,
        backoff: &mut Backoff,
        detail: &str,
        retry_after: Option<Duration>,
    ) -> Result<(), LetGo> {
        let pause = backoff.refused(random(), retry_after);
        let refusals = backoff.refusals();
        self.health.not_ready(format!("the store refuses, {refusals} times in a row: {detail}"));
        rate_limited_warn!(per_minute = 6, detail, refusals, ?pause, "the store refuses for now");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = way.abandon.cancelled() => return Err(LetGo),
        }
        if way.shared.lock().tracker.is_current(&load.receipt) { Ok(()) } else { Err(LetGo) }
    }

    /// Sends the refused records to the dead-letter topic until the brokers have them all.
    async fn dead_letter(&self, load: &Load, way: &Way) -> Result<BrokerAck, LetGo> {
        let mut backoff = self.config.backoff;
        loop {
            let acks = Acks::new();
            for (tag, error) in &load.refused {
                self.send_dead_letter(load, *tag, error, &acks, way).await?;
            }
            acks.seal();
            let report = acks.wait().await;
            let first_error = report.first_error.clone();
            match report.all_delivered() {
                Some(ack) if ack.records() == load.refused.len() as u64 => return Ok(ack),
                _ => {}
            }
            let error = first_error.map_or_else(String::new, |error| error.to_string());
            let detail = format!("the dead-letter topic can't be written: {error}");
            self.wait(load, way, &mut backoff, &detail, None).await?;
        }
    }

    async fn send_dead_letter(
        &self,
        load: &Load,
        tag: u32,
        error: &ItemError,
        acks: &Acks,
        way: &Way,
    ) -> Result<(), LetGo> {
        let Some(record) = load.records.get(tag as usize) else { return Ok(()) };
        let topics = &self.config.kafka.topics;
        let letter = letters::letter(&topics.events, record, error, now_ms());
        loop {
            match dead_letter::send(
                &self.producer,
                &topics.dead_letters,
                &letter,
                record.key,
                record.value,
                acks,
            ) {
                Ok(()) => return Ok(()),
                Err(SendError::QueueFull) => tokio::select! {
                    () = tokio::time::sleep(QUEUE_PAUSE) => {}
                    () = way.abandon.cancelled() => return Err(LetGo),
                },
                // It isn't counted by the acks, so the round comes up short and is done again after a pause.
                Err(error) => {
                    rate_limited_warn!(per_minute = 6, %error, "a dead letter can't be sent");
                    return Ok(());
                }
            }
        }
    }
}
