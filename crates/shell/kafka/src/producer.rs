//! The producer: `acks=all`, idempotent, never waits.
//!
//! `send` copies the record into librdkafka's queue, which is bounded in bytes, and returns; when the queue is full it
//! says so, and the caller holds back what feeds it. A thread of the producer's own serves the delivery reports, each
//! of which goes to the batch's [`Acks`]. librdkafka repeats failed requests, in order and without duplicates (KIP-98),
//! until the delivery timeout is over.

mod acks;
mod limits;
mod proof;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use forebay_settings::sections::KafkaSettings;
use forebay_telemetry::{GaugeName, gauge};
use rdkafka::ClientContext;
use rdkafka::client::Client;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use thiserror::Error;

use self::acks::Batch;
pub use self::acks::{AckReport, Acks};
pub(crate) use self::limits::BATCH_OVERHEAD_BYTES;
use self::limits::Limits;
use crate::MAX_RECORD_BYTES;
use crate::client::Connection;
use crate::error::KafkaError;
use crate::properties::Properties;

/// What headers may add to a record of [`MAX_RECORD_BYTES`]: the envelope of a dead letter must always fit.
pub(crate) const MAX_HEADER_BYTES: usize = 64 * 1024;

/// What a header has beside its name and value: their lengths, in bytes.
const HEADER_FRAME: usize = 10;

/// How old the known number of partitions may be.
const PARTITIONS_FRESH: Duration = Duration::from_secs(60);

/// How long a caller may be held up for the number of partitions.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

/// How a producer is set up.
#[derive(Clone, Debug)]
pub struct ProducerOptions {
    /// Its name in the broker's logs and quotas.
    pub client_id: String,
    /// How many bytes of records may wait for the broker before [`SendError::QueueFull`].
    pub queue_bytes: usize,
}

/// A record on its way out.
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition; `None` leaves it to a hash of the key, or to chance when there is none.
    pub partition: Option<i32>,
    /// The key; empty for none.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// The headers: none on a hot path, since they cost more than all the rest.
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// Why a record was not taken. Its `Acks` does not count it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum SendError {
    /// The queue is full: wait for acknowledgements, then send again.
    #[error("the queue to kafka is full")]
    QueueFull,
    /// No attempt will help: it is more than Forebay sends ([`MAX_RECORD_BYTES`]), or than the topic takes.
    #[error("the record has {size} bytes; kafka takes at most {max}")]
    TooLarge {
        /// Key and value together, in bytes.
        size: usize,
        /// The limit for them, in bytes: the headers are taken off already.
        max: usize,
    },
    /// Anything else.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

/// A producer. Clones share one client, its queue and its thread.
#[derive(Clone)]
pub struct Producer {
    shared: Arc<Shared>,
}

struct Shared {
    client: ThreadedProducer<Context>,
    limits: Arc<Limits>,
    partitions: Mutex<HashMap<String, Partitions>>,
}

#[derive(Clone, Copy)]
struct Partitions {
    count: u32,
    refresh_at: Instant,
}

/// What librdkafka calls back.
pub(crate) struct Context {
    connection: Connection,
    limits: Arc<Limits>,
}

// === impl Producer ===

impl Producer {
    /// Makes a producer. It connects in the background; nothing waits for the broker here.
    ///
    /// # Errors
    /// When the settings can't be used.
    pub fn new(settings: &KafkaSettings, options: ProducerOptions) -> Result<Self, KafkaError> {
        Self::with(settings, options, settings.delivery_timeout.0, |properties| properties)
    }

    /// Makes a producer that gives up on a record after `delivery_timeout`, with properties of its own.
    pub(crate) fn with(
        settings: &KafkaSettings,
        options: ProducerOptions,
        delivery_timeout: Duration,
        own: impl FnOnce(Properties) -> Properties,
    ) -> Result<Self, KafkaError> {
        let ProducerOptions { client_id, queue_bytes } = options;
        let common = Properties::new(settings, &client_id)
            .with("acks", "all")
            .with("enable.idempotence", "true")
            .with("compression.type", &settings.compression)
            .with("linger.ms", settings.linger.0.as_millis())
            .with("message.timeout.ms", delivery_timeout.as_millis().max(1))
            .with("message.max.bytes", MAX_RECORD_BYTES + MAX_HEADER_BYTES)
            .with("queue.buffering.max.kbytes", (queue_bytes / 1024).max(1))
            // The queue is bounded in bytes; a second bound, in records, would only surprise.
            .with("queue.buffering.max.messages", 0);
        let config = own(common).build(settings)?;
        let limits = Limits::new(settings, &client_id);
        let connection = Connection::new(&settings.bootstrap_servers, "");
        let context = Context { connection, limits: Arc::clone(&limits) };
        let client = config.create_with_context(context).map_err(|error| KafkaError::of(&error, ""))?;
        Ok(Self { shared: Arc::new(Shared { client, limits, partitions: Mutex::new(HashMap::new()) }) })
    }

    /// Queues a record, which is copied; never waits. `acks` will get one report on it.
    ///
    /// # Errors
    /// When the record was not taken; the call may be repeated unless it is too large.
    pub fn send(&self, record: &Outgoing<'_>, acks: &Acks) -> Result<(), SendError> {
        let size = record.key.len() + record.value.len();
        let headers =
            record.headers.iter().map(|(name, value)| name.len() + value.len() + HEADER_FRAME).sum();
        let max = self.shared.limits.room(record.topic, size, headers);
        if size > max {
            return Err(SendError::TooLarge { size, max });
        }
        let sent = self.shared.client.send(BaseRecord {
            topic: record.topic,
            partition: record.partition,
            payload: Some(record.value),
            key: (!record.key.is_empty()).then_some(record.key),
            timestamp: None,
            headers: owned_headers(record.headers),
            delivery_opaque: Arc::clone(acks.batch()),
        });
        match sent {
            Ok(()) => {
                acks.batch().sent();
                Ok(())
            }
            Err((ClientError::MessageProduction(Code::QueueFull), _)) => Err(SendError::QueueFull),
            Err((ClientError::MessageProduction(Code::MessageSizeTooLarge), _)) => {
                Err(SendError::TooLarge { size, max })
            }
            Err((error, _)) => Err(SendError::Kafka(KafkaError::of(&error, record.topic))),
        }
    }

    /// Waits, for a large record, until it is known whether the topic takes it, so that [`Producer::send`] says so. For who
    /// can't do without an answer in advance: in a transaction a record that the broker refuses takes all others with it.
    pub fn await_limit(&self, topic: &str, size: usize) {
        self.shared.limits.wait(topic, size);
    }

    /// How many partitions a topic has. Known for a minute, then asked for again; a call that has to ask blocks for a
    /// round trip, or five seconds if there is no answer. While there is none, what was known last still counts.
    ///
    /// # Errors
    /// When the topic isn't there, or nothing is known and no broker answers.
    pub fn partitions(&self, topic: &str) -> Result<u32, KafkaError> {
        let now = Instant::now();
        let known = self.known(topic);
        if let Some(known) = known.filter(|known| now < known.refresh_at) {
            return Ok(known.count);
        }
        self.shared.limits.ask(topic, limits::FRESH);
        match (self.ask_partitions(topic), known) {
            (Ok(count), _) => Ok(self.remember(topic, count)),
            (Err(KafkaError::UnknownTopic { topic }), _) => Err(KafkaError::UnknownTopic { topic }),
            (Err(_), Some(known)) => Ok(self.remember(topic, known.count)),
            (Err(error), None) => Err(error),
        }
    }

    /// Waits, and blocks the thread, until every record has its report.
    ///
    /// # Errors
    /// When there are records without one after `timeout`. They stay queued.
    pub fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        self.shared.client.flush(timeout).map_err(|error| KafkaError::of(&error, ""))
    }

    /// Whether a broker answers, as far as is known: false at first, and when all are down. Follows within a second.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.connection().is_reachable()
    }

    /// What stands in the way at the moment: no broker, no topic, no access; [`KafkaError::Fatal`] for good once the client
    /// has failed. `None` when all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<KafkaError> {
        self.failed().or_else(|| self.connection().trouble())
    }

    /// Why the client has failed for good: it takes no record any more, and a new one must be made. `None` while it may
    /// still work.
    #[must_use]
    pub fn failed(&self) -> Option<KafkaError> {
        if self.connection().failed().is_none() {
            // An event about it may come or not, and doesn't say that it is for good.
            let told = self.shared.client.client().fatal_error();
            told.into_iter().for_each(|(_, reason)| self.connection().fail(KafkaError::Fatal(reason)));
        }
        self.connection().failed()
    }

    /// The client itself, for transactions.
    pub(crate) fn client(&self) -> &ThreadedProducer<Context> {
        &self.shared.client
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.shared.client.client().context().connection
    }

    fn known(&self, topic: &str) -> Option<Partitions> {
        self.shared.partitions.lock().unwrap_or_else(PoisonError::into_inner).get(topic).copied()
    }

    fn remember(&self, topic: &str, count: u32) -> u32 {
        let entry = Partitions { count, refresh_at: Instant::now() + PARTITIONS_FRESH };
        let mut known = self.shared.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        let _before = known.insert(topic.to_owned(), entry);
        count
    }

    fn ask_partitions(&self, topic: &str) -> Result<u32, KafkaError> {
        let client: &Client<Context> = self.shared.client.client();
        let count = partition_count(client, topic, METADATA_TIMEOUT);
        match &count {
            Ok(_) => self.connection().succeeded(),
            Err(error) => self.connection().troubled(error.clone()),
        }
        count
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").finish_non_exhaustive()
    }
}

/// Shows the place only: records hold what customers log.
impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({}, {} bytes)", self.topic, self.value.len())
    }
}

/// Asks for the number of a topic's partitions.
pub(crate) fn partition_count<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> Result<u32, KafkaError> {
    let metadata =
        client.fetch_metadata(Some(topic), timeout).map_err(|error| KafkaError::of(&error, topic))?;
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
        return Err(KafkaError::UnknownTopic { topic: topic.to_owned() });
    };
    if let Some(error) = found.error() {
        return Err(KafkaError::of_code(error.into(), topic));
    }
    match u32::try_from(found.partitions().len()) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(KafkaError::Busy(format!("topic `{topic}` has no partitions yet"))),
    }
}

fn owned_headers(headers: &[(&str, &[u8])]) -> Option<OwnedHeaders> {
    if headers.is_empty() {
        return None;
    }
    let owned = OwnedHeaders::new_with_capacity(headers.len());
    Some(headers.iter().fold(owned, |owned, (key, value)| owned.insert(Header { key, value: Some(*value) })))
}

// === impl Context ===

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        Connection::on_log(level, facility, message);
    }

    fn stats_raw(&self, json: &[u8]) {
        let statistics = self.connection.on_statistics(json);
        gauge(GaugeName::ProducerQueueBytes, &[]).set(statistics.msg_size as f64);
    }

    fn error(&self, error: ClientError, reason: &str) {
        self.connection.on_error(&error, reason);
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Arc<Batch>;

    fn delivery(&self, result: &DeliveryResult<'_>, batch: Arc<Batch>) {
        match result {
            Ok(_) => {
                self.connection.succeeded();
                batch.settled(None);
            }
            Err((error, message)) => {
                let error = KafkaError::of(error, message.topic());
                if matches!(error, KafkaError::TooLarge(_)) {
                    self.limits.ask(message.topic(), limits::CONTRADICTED);
                }
                self.connection.troubled(error.clone());
                batch.settled(Some(error));
            }
        }
    }
}
