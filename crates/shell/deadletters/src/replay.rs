//! Replaying: what matches, the latest of each event, back into the pipeline.
//!
//! The topic is read twice: once to learn which letter of each event is the latest, once to send those. Sending goes in
//! batches, each of which is acknowledged by the brokers before the next one, so that the report says what is true when
//! it is broken off.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use forebay_kafka::{Acks, KafkaError, Outgoing, Producer, ProducerOptions, SendError, dead_letter};
use forebay_settings::sections::KafkaSettings;
use forebay_telemetry::{CounterName, Label, counter};
use serde::Serialize;
use tokio::runtime::Handle;

use crate::DeadLettersError;
use crate::decide::{DEFAULT_MAX_REPLAYS, ReplayDecision, decide};
use crate::filter::Filter;
use crate::latest::Latest;
use crate::scan::{Entry, Letters};

/// How many records are acknowledged together.
const BATCH: u64 = 1000;

/// How many records are read between two reports of progress.
const PROGRESS_EVERY: u64 = 1000;

/// How many different reasons a report names; the rest is summed up as `other`.
const MAX_REASONS: usize = 100;

/// What the producer may hold, in bytes.
const QUEUE_BYTES: usize = 32 * 1024 * 1024;

/// How long to wait when the producer's queue is full.
const QUEUE_PAUSE: Duration = Duration::from_millis(5);

/// How to replay.
#[derive(Clone, Copy, Debug)]
pub struct ReplayOptions {
    /// Only tell what would be done.
    pub dry_run: bool,
    /// At most so many events; `None` for all.
    pub limit: Option<u64>,
    /// How often an event is replayed before it is parked.
    pub max_replays: u32,
}

/// What a replay did, or would have done.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Report {
    /// Letters that matched.
    pub matched: u64,
    /// Letters passed over for a later one of the same event.
    pub superseded: u64,
    /// Events sent back into the pipeline, and acknowledged.
    pub replayed: u64,
    /// Events that were replayed too often, now in the parked topic.
    pub parked: u64,
    /// Events that can't be sent back, by the reason.
    pub skipped: BTreeMap<String, u64>,
    /// Records in the topic that are no letters, or damaged ones.
    pub malformed: u64,
    /// Events that the brokers did not take: they are where they were.
    pub failed: u64,
    /// What was replayed or parked, by the type of the error that it had failed with.
    pub by_error_type: BTreeMap<String, u64>,
    /// Why it ended early, if it did.
    pub error: Option<String>,
}

/// How far a replay is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Records read, in both passes.
    pub read: u64,
    /// Records still to be read, about.
    pub remaining: u64,
    /// Events sent back or parked.
    pub sent: u64,
}

/// Replays what matches. `progress` hears from it now and then, and may break it off; what was sent until then stays sent,
/// and is in the report.
///
/// # Errors
/// When Kafka can't be read. That it can't be written is in the report, with what was done before.
pub async fn replay(
    settings: &KafkaSettings,
    filter: Filter,
    options: ReplayOptions,
    progress: impl FnMut(Progress) -> ControlFlow<()> + Send + 'static,
) -> Result<Report, DeadLettersError> {
    let settings = settings.clone();
    let handle = Handle::current();
    let work = move || Replay::new(settings, options, progress, handle).run(&filter);
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(DeadLettersError::Broken(error.to_string())))
}

struct Replay<P> {
    settings: KafkaSettings,
    options: ReplayOptions,
    progress: P,
    handle: Handle,
    report: Report,
    read: u64,
    batch: Batch,
}

/// Records that are sent but not yet acknowledged.
#[derive(Default)]
struct Batch {
    replayed: Acks,
    parked: Acks,
    error_types: Vec<String>,
}

// === impl Replay ===

impl<P: FnMut(Progress) -> ControlFlow<()>> Replay<P> {
    fn new(settings: KafkaSettings, options: ReplayOptions, progress: P, handle: Handle) -> Self {
        Self {
            settings,
            options,
            progress,
            handle,
            report: Report::default(),
            read: 0,
            batch: Batch::default(),
        }
    }

    fn run(mut self, filter: &Filter) -> Result<Report, DeadLettersError> {
        let Some(latest) = self.find_latest(filter)? else { return Ok(self.report) };
        if latest.is_empty() {
            return Ok(self.report);
        }
        self.send_latest(filter, &latest)?;
        Ok(self.report)
    }

    /// The first pass. `None` when it was broken off.
    fn find_latest(&mut self, filter: &Filter) -> Result<Option<Latest>, KafkaError> {
        let mut letters = Letters::open(&self.settings, filter.clone())?;
        let mut latest = Latest::default();
        while let Some(entry) = letters.next_entry()? {
            self.report.matched += 1;
            let place = (entry.record.partition, entry.record.offset);
            self.report.superseded += u64::from(latest.add(&entry.letter, place).is_some());
            // The second pass reads it all again.
            if self.tell(letters.scanned(), letters.remaining() * 2 + letters.scanned()).is_break() {
                return Ok(None);
            }
        }
        self.report.malformed = letters.malformed();
        self.read = letters.scanned();
        Ok(Some(latest))
    }

    /// The second pass.
    fn send_latest(&mut self, filter: &Filter, latest: &Latest) -> Result<(), KafkaError> {
        let producer = self.producer()?;
        let mut letters = Letters::open(&self.settings, filter.clone())?;
        let before = self.read;
        let mut taken = 0;
        while let Some(entry) = letters.next_entry()? {
            if !latest.is_latest(&entry.letter, (entry.record.partition, entry.record.offset)) {
                continue;
            }
            if self.options.limit.is_some_and(|limit| taken >= limit) {
                break;
            }
            taken += u64::from(self.take(producer.as_ref(), &entry));
            let enough = self.batch.sent() >= BATCH;
            if (enough && !self.settle())
                || self.tell(before + letters.scanned(), letters.remaining()).is_break()
            {
                break;
            }
        }
        let _delivered = self.settle();
        Ok(())
    }

    /// Does what is to be done about one letter; answers whether it was replayed or parked.
    fn take(&mut self, producer: Option<&Producer>, entry: &Entry) -> bool {
        let Entry { letter, record } = entry;
        let topics = &self.settings.topics;
        let (sent, count) = match decide(letter, &record.key, &record.value, topics, self.options.max_replays)
        {
            ReplayDecision::Skip(reason) => {
                self.skip(reason);
                return false;
            }
            ReplayDecision::Replay { topic, key, value } => {
                let outgoing =
                    Outgoing { topic: &topic, partition: None, key: &key, value: &value, headers: &[] };
                let acks = &self.batch.replayed;
                (
                    producer.map(|producer| patiently(|| producer.send(&outgoing, acks))),
                    &mut self.report.replayed,
                )
            }
            ReplayDecision::Park => {
                let (topic, acks) = (&topics.parked, &self.batch.parked);
                let send = |producer: &Producer| {
                    patiently(|| dead_letter::send(producer, topic, letter, &record.key, &record.value, acks))
                };
                (producer.map(send), &mut self.report.parked)
            }
        };
        match sent {
            // A dry run: it counts as done.
            None => {
                *count += 1;
                count_reason(&mut self.report.by_error_type, &letter.error_type, 1);
            }
            Some(Ok(())) => self.batch.error_types.push(letter.error_type.clone()),
            Some(Err(SendError::TooLarge { .. })) => {
                self.skip("too_large");
                return false;
            }
            Some(Err(error)) => {
                self.report.failed += 1;
                let _first_stays = self.report.error.get_or_insert_with(|| error.to_string());
            }
        }
        true
    }

    /// Waits for the acknowledgements of what was sent; answers whether to go on.
    fn settle(&mut self) -> bool {
        let batch = std::mem::take(&mut self.batch);
        batch.replayed.seal();
        batch.parked.seal();
        let (replayed, parked) =
            self.handle.block_on(async { (batch.replayed.wait().await, batch.parked.wait().await) });
        self.report.replayed += replayed.delivered;
        self.report.parked += parked.delivered;
        self.report.failed += replayed.failed + parked.failed;
        for (outcome, records) in [("replayed", replayed.delivered), ("parked", parked.delivered)] {
            counter(CounterName::Replayed, &[(Label::Outcome, outcome)]).increment(records);
        }
        let error = replayed.first_error.or(parked.first_error);
        if let Some(error) = error {
            // Which of the batch have failed is not known, so that their types are not counted.
            let _first_stays = self.report.error.get_or_insert_with(|| error.to_string());
        } else {
            for error_type in &batch.error_types {
                count_reason(&mut self.report.by_error_type, error_type, 1);
            }
        }
        self.report.error.is_none()
    }

    fn producer(&self) -> Result<Option<Producer>, KafkaError> {
        if self.options.dry_run {
            return Ok(None);
        }
        let options = ProducerOptions { client_id: "forebay-replay".to_owned(), queue_bytes: QUEUE_BYTES };
        Producer::new(&self.settings, options).map(Some)
    }

    fn skip(&mut self, reason: &str) {
        count_reason(&mut self.report.skipped, reason, 1);
    }

    fn tell(&mut self, read: u64, remaining: u64) -> ControlFlow<()> {
        if !read.is_multiple_of(PROGRESS_EVERY) {
            return ControlFlow::Continue(());
        }
        let sent = self.report.replayed + self.report.parked + self.batch.sent();
        (self.progress)(Progress { read, remaining, sent })
    }
}

impl Batch {
    fn sent(&self) -> u64 {
        self.replayed.sent() + self.parked.sent()
    }
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self { dry_run: false, limit: None, max_replays: DEFAULT_MAX_REPLAYS }
    }
}

/// Tries until the queue has room. It gets room, or its records time out: this ends.
fn patiently(mut send: impl FnMut() -> Result<(), SendError>) -> Result<(), SendError> {
    loop {
        match send() {
            Err(SendError::QueueFull) => std::thread::park_timeout(QUEUE_PAUSE),
            other => return other,
        }
    }
}

fn count_reason(counts: &mut BTreeMap<String, u64>, reason: &str, count: u64) {
    let name = if counts.len() < MAX_REASONS || counts.contains_key(reason) { reason } else { "other" };
    *counts.entry(name.to_owned()).or_default() += count;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_only_so_many_reasons() {
        let mut counts = BTreeMap::new();
        for n in 0..300 {
            count_reason(&mut counts, &format!("reason {n}"), 1);
        }
        count_reason(&mut counts, "reason 7", 1);
        assert_eq!(counts.len(), MAX_REASONS + 1);
        assert_eq!((counts["other"], counts["reason 7"]), (200, 2));
    }
}
