//! The writer of a service: it keeps nobody waiting.
//!
//! Entries go through a bounded queue to a task, which writes one after the other and tries each until it is written. Only then an
//! entry becomes a record, so that what doesn't fit in the queue breaks no chain: it is counted, and a record says how many
//! there were as soon as there is one again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use forebay_audit::{Action, Chain, Entry};
use forebay_kafka::KafkaError;
use forebay_settings::sections::KafkaSettings;
use forebay_telemetry::{CounterName, counter};
use jiff::Timestamp;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::actor;
use crate::outlet::{Outlet, backoff, writer_name};

/// How many entries wait while Kafka is away.
const QUEUE: usize = 1_024;

/// How long a service that stops waits for what isn't written yet.
const DRAIN: Duration = Duration::from_secs(3);

/// Takes what is to be recorded, and never waits. Clones share one queue.
#[derive(Clone, Debug)]
pub struct Auditor {
    shared: Arc<Shared>,
    queue: Sender<Entry>,
}

/// Writes what its [`Auditor`] takes.
#[derive(Debug)]
pub struct Background {
    shared: Arc<Shared>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// How long what isn't written yet is waited for at the end.
    drain: Duration,
}

#[derive(Debug)]
struct Shared {
    actor: String,
    /// Entries in the queue, and the one that is being written.
    waiting: AtomicU64,
    /// Entries that did not fit, and that no record tells of yet.
    untold: AtomicU64,
}

struct Task {
    settings: KafkaSettings,
    shared: Arc<Shared>,
    queue: Receiver<Entry>,
    stop: CancellationToken,
    chain: Chain,
    /// While there is something to write: a service has something every few days.
    outlet: Option<Outlet>,
}

// === impl Auditor ===

impl Auditor {
    /// This service did something to `subject`.
    #[must_use]
    pub fn entry(&self, action: Action, subject: &str) -> Entry {
        Entry::new(&self.shared.actor, action, subject)
    }

    /// Takes an entry, or counts it as lost where too many wait.
    pub fn record(&self, entry: Entry) {
        let _before = self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(entry).is_err() {
            let _before = self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            let _before = self.shared.untold.fetch_add(1, Ordering::Relaxed);
            counter(CounterName::AuditRecordsLost, &[]).increment(1);
        }
    }
}

// === impl Background ===

impl Background {
    /// Begins to write for a service of this name, such as `ingest`, on the runtime that this is called on. Nothing is
    /// connected before there is something to write.
    #[must_use]
    pub fn start(settings: &KafkaSettings, service: &str) -> (Auditor, Self) {
        Self::with_queue(settings, service, QUEUE)
    }

    fn with_queue(settings: &KafkaSettings, service: &str, length: usize) -> (Auditor, Self) {
        counter(CounterName::AuditRecordsLost, &[]).increment(0);
        let shared = Arc::new(Shared {
            actor: actor::service(service),
            waiting: AtomicU64::new(0),
            untold: AtomicU64::new(0),
        });
        let (sender, queue) = channel(length);
        let stop = CancellationToken::new();
        let task = Task {
            settings: settings.clone(),
            shared: Arc::clone(&shared),
            queue,
            stop: stop.clone(),
            chain: Chain::new(&writer_name(service)),
            outlet: None,
        };
        let auditor = Auditor { shared: Arc::clone(&shared), queue: sender };
        (auditor, Self { shared, stop, task: tokio::spawn(task.run()), drain: DRAIN })
    }

    /// Writes what is left, if Kafka takes it within seconds. What it doesn't is counted, and told in the log.
    pub async fn finish(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(self.drain, &mut self.task).await.is_err() {
            self.task.abort();
        }
        let lost = self.shared.waiting.load(Ordering::Relaxed);
        if lost > 0 {
            counter(CounterName::AuditRecordsLost, &[]).increment(lost);
            tracing::error!(lost, "stopped before all audit records were written");
        }
    }
}

// === impl Task ===

impl Task {
    async fn run(mut self) {
        while let Some(entry) = self.next().await {
            if !self.write(&entry).await {
                return;
            }
            let _before = self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            let lost = self.shared.untold.swap(0, Ordering::Relaxed);
            if lost > 0 {
                let gap =
                    Entry::new(&self.shared.actor, Action::AuditLost, "forebay_audit_records_lost_total");
                if !self.write(&gap.detail("records", &lost.to_string())).await {
                    return;
                }
            }
            if self.queue.is_empty() {
                self.outlet = None;
            }
        }
    }

    /// The next entry; after the stop those that are left.
    async fn next(&mut self) -> Option<Entry> {
        let stopped = self.stop.clone().cancelled_owned();
        tokio::select! {
            entry = self.queue.recv() => return entry,
            () = stopped => self.queue.close(),
        }
        self.queue.recv().await
    }

    /// Tries until it is written; answers whether it is. After the stop there is one attempt.
    async fn write(&mut self, entry: &Entry) -> bool {
        let mut bytes = None;
        let mut failed = 0;
        let mut told = String::new();
        loop {
            let error = match self.attempt(entry, &mut bytes).await {
                Ok(()) => {
                    counter(CounterName::AuditRecords, &[]).increment(1);
                    return true;
                }
                Err(error) => error.to_string(),
            };
            // Whatever is wrong with the client, a new one doesn't have it.
            self.outlet = None;
            if error != told {
                tracing::warn!(error, "an audit record can't be written, it is tried again");
                told = error;
            }
            if self.stop.is_cancelled() {
                return false;
            }
            let _stopped = self.stop.run_until_cancelled(tokio::time::sleep(backoff(failed))).await;
            failed += 1;
        }
    }

    /// One attempt. The record is made once, and then sent as it is: another one of its number would fork the chain.
    async fn attempt(&mut self, entry: &Entry, bytes: &mut Option<Vec<u8>>) -> Result<(), KafkaError> {
        let outlet = match &mut self.outlet {
            Some(outlet) => outlet,
            none => none.insert(Outlet::open(&self.settings).await?),
        };
        let bytes = match bytes {
            Some(bytes) => bytes,
            none => {
                let seen = outlet.last().await?;
                none.insert(self.chain.record(entry, Timestamp::now(), seen))
            }
        };
        outlet.send(bytes).await
    }
}

#[cfg(test)]
mod tests;
