//! Lines of followed files into the raw topic.
//!
//! They go the way that ingest's events go, with the same guarantee, but carry ids of their own: file identity and
//! offset, so that a line that is read twice is one document.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use forebay_kafka::{Acks, KafkaError, Outgoing, Producer, SendError};
use forebay_record::stream;
use forebay_record::{RawEvent, RawTemplate};
use forebay_tail::{Batch, Deliver};
use forebay_telemetry::{CounterName, Entry, Ledger, counter};

/// The longest attribute value that a path is cut to.
const MAX_PATH: usize = stream::MAX_LEN;

/// How long to wait for room in the producer's queue.
const QUEUE_PAUSE: Duration = Duration::from_millis(50);

/// Sends lines of followed files.
#[derive(Debug)]
pub(crate) struct Lines {
    producer: Producer,
    topic: String,
    tenant: String,
    host: String,
    ledger: Ledger,
}

/// Lines were not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinesError {
    /// Kafka could not be asked.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// A record was refused.
    #[error(transparent)]
    Send(SendError),
    /// The broker didn't acknowledge all.
    #[error("{failed} lines were not acknowledged: {reason}")]
    NotAcknowledged {
        /// How many.
        failed: u64,
        /// Why the first one.
        reason: String,
    },
}

// === impl Lines ===

impl Lines {
    pub(crate) fn new(producer: Producer, topic: String, tenant: String, ledger: Ledger) -> Self {
        Self { producer, topic, tenant, host: host_name(), ledger }
    }

    fn send(&self, batch: &Batch, from: usize, partitions: u32, acks: &Acks) -> Result<usize, LinesError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        let (mut template, mut current) = (RawTemplate::default(), None);
        let mut file = FileFacts::default();
        let mut value = Vec::new();
        for (number, line) in batch.lines().enumerate().skip(from) {
            if current != Some(line.path) {
                current = Some(line.path);
                file = FileFacts::new(&self.host, line.path, partitions);
                template = RawTemplate::new(&RawEvent {
                    tenant: &self.tenant,
                    source: "tail",
                    received_at: now,
                    observed_at: now,
                    stream: &file.stream,
                    attributes: vec![("host.name", &self.host), ("log.file.path", &file.path)],
                    ..RawEvent::default()
                });
            }
            value.clear();
            template.push(&mut value, &line.identity.line_id(line.offset), line.bytes);
            let record = Outgoing {
                topic: &self.topic,
                partition: Some(file.partition),
                key: file.stream.as_bytes(),
                value: &value,
                headers: &[],
            };
            match self.producer.send(&record, acks) {
                Ok(()) => {}
                Err(SendError::QueueFull) => return Ok(number),
                Err(error) => return Err(LinesError::Send(error)),
            }
        }
        Ok(batch.len())
    }
}

impl Deliver for Lines {
    type Error = LinesError;

    async fn deliver(&mut self, batch: &Batch) -> Result<(), LinesError> {
        let (producer, topic) = (self.producer.clone(), self.topic.clone());
        // The first time, this asks the broker.
        let partitions = tokio::task::spawn_blocking(move || producer.partitions(&topic)).await;
        let partitions = partitions.map_err(|error| KafkaError::Other(error.to_string()))??;
        let mut sent = 0;
        while sent < batch.len() {
            // A batch is far smaller than the queue, so a full queue empties with our own acknowledgements.
            let acks = Acks::new();
            let so_far = self.send(batch, sent, partitions, &acks);
            acks.seal();
            let report = acks.wait().await;
            let before = std::mem::replace(&mut sent, so_far?);
            if sent == before {
                // Full of what others sent: the broker needs a moment.
                tokio::time::sleep(QUEUE_PAUSE).await;
            }
            if report.failed > 0 {
                let reason = report.first_error.map(|error| error.to_string()).unwrap_or_default();
                return Err(LinesError::NotAcknowledged { failed: report.failed, reason });
            }
        }
        self.ledger.add(&self.tenant, Entry::Accepted, batch.len() as u64);
        counter(CounterName::TailLines, &[]).increment(batch.len() as u64);
        let bytes: usize = batch.lines().map(|line| line.bytes.len()).sum();
        counter(CounterName::TailBytes, &[]).increment(bytes as u64);
        Ok(())
    }
}

/// What all lines of a file share.
#[derive(Debug, Default)]
struct FileFacts {
    path: String,
    stream: String,
    partition: i32,
}

impl FileFacts {
    fn new(host: &str, path: &Path, partitions: u32) -> Self {
        let path = path.to_string_lossy();
        let path = forebay_record::dead_letter::cut(&path, MAX_PATH).to_owned();
        let stream = format!("{host}:{path}");
        let stream = forebay_record::dead_letter::cut(&stream, stream::MAX_LEN).to_owned();
        let partition = i32::try_from(stream::partition(stream.as_bytes(), partitions)).unwrap_or(0);
        Self { path, stream, partition }
    }
}

/// The machine's name, as the kernel has it.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}
