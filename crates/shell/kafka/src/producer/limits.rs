//! How large a record each topic takes.
//!
//! Topics that `forebay bootstrap` made take any record of ours. One that somebody else made may take less: the broker
//! refuses a larger record, and with it the whole batch it stands in, each time it is sent. So the topic's own
//! `max.message.bytes` is looked up, and a larger record is refused before it is sent, by name. It is measured as it
//! stands, since nobody knows beforehand how well it compresses.
//!
//! Looking it up holds up nobody who doesn't ask for it: it is done by a thread that lives as long as the question, when a topic's
//! partitions are looked up, when a large record is sent to a topic of which nothing is known, and when the broker has
//! refused one. A broker that doesn't tell is taken at its word that it takes all.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use forebay_settings::sections::KafkaSettings;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};

use crate::MAX_RECORD_BYTES;
use crate::client::{Connection, PlainContext};
use crate::properties::Properties;

/// What a batch adds to its only record: the header of the batch (61 bytes) and the record's own fields.
pub(crate) const BATCH_OVERHEAD_BYTES: usize = 1024;

/// Smaller records are sent without a look at the limits, unless one is known to be lower.
const SMALL_BYTES: usize = 512 * 1024;

/// How large librdkafka lets a batch of several records get (`batch.size`), in bytes.
const BATCH_BYTES: usize = 1_000_000;

/// How old an answer may be.
pub(super) const FRESH: Duration = Duration::from_secs(300);

/// How old it may be when the broker has refused a record, which it contradicts.
pub(super) const CONTRADICTED: Duration = Duration::from_secs(2);

/// How long a broker may take to answer. One that can't doesn't answer at all.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How often to look whether the answer is there, for who waits.
const LOOK: Duration = Duration::from_millis(5);

/// What topics take, as far as it is known.
pub(super) struct Limits {
    settings: KafkaSettings,
    client_id: String,
    topics: Mutex<HashMap<String, Limit>>,
    /// No record of so many bytes, headers and overhead included, meets a limit.
    harmless: AtomicUsize,
}

/// What one topic takes.
#[derive(Clone, Copy, Debug)]
struct Limit {
    /// In bytes, overhead included; `None` while it isn't known.
    bytes: Option<usize>,
    asked_at: Instant,
}

// === impl Limits ===

impl Limits {
    pub(super) fn new(settings: &KafkaSettings, client_id: &str) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
            client_id: client_id.to_owned(),
            topics: Mutex::default(),
            harmless: AtomicUsize::new(SMALL_BYTES),
        })
    }

    /// How many bytes the key and value of a record may have that has `size` of them and `headers` bytes of headers.
    pub(super) fn room(self: &Arc<Self>, topic: &str, size: usize, headers: usize) -> usize {
        let around = headers + BATCH_OVERHEAD_BYTES;
        if size + around <= self.harmless.load(Ordering::Relaxed) {
            return MAX_RECORD_BYTES;
        }
        let known = self.lock().get(topic).copied();
        if known.is_none() {
            self.ask(topic, FRESH);
        }
        let limit = known.and_then(|known| known.bytes);
        limit.map_or(MAX_RECORD_BYTES, |limit| limit.saturating_sub(around).min(MAX_RECORD_BYTES))
    }

    /// Asks the broker, unless the last answer is younger than `age`. Doesn't wait for the answer.
    pub(super) fn ask(self: &Arc<Self>, topic: &str, age: Duration) {
        {
            let mut topics = self.lock();
            let asked_at = Instant::now();
            match topics.get_mut(topic) {
                Some(known) if known.asked_at.elapsed() < age => return,
                Some(known) => known.asked_at = asked_at,
                None => drop(topics.insert(topic.to_owned(), Limit { bytes: None, asked_at })),
            }
        }
        let (limits, topic) = (Arc::clone(self), topic.to_owned());
        let spawned = thread::Builder::new().name("kafka-limits".to_owned()).spawn(move || {
            if let Some(bytes) = limits.answer(&topic) {
                limits.learn(&topic, bytes);
            }
        });
        if let Err(error) = spawned {
            tracing::debug!(error = %error, "no thread to ask for a topic's limit");
        }
    }

    /// Waits until it is known whether a topic takes a record of `size` bytes, or the broker has had its time to say.
    pub(super) fn wait(self: &Arc<Self>, topic: &str, size: usize) {
        if size + BATCH_OVERHEAD_BYTES <= self.harmless.load(Ordering::Relaxed) {
            return;
        }
        self.ask(topic, FRESH);
        let is_asked = |limit: &Limit| limit.bytes.is_none() && limit.asked_at.elapsed() < TIMEOUT;
        while self.lock().get(topic).is_some_and(is_asked) {
            thread::park_timeout(LOOK);
        }
    }

    /// What the broker says; `None` when it doesn't.
    fn answer(&self, topic: &str) -> Option<usize> {
        let config = Properties::new(&self.settings, &self.client_id).build(&self.settings).ok()?;
        let context = PlainContext(Connection::new(&self.settings.bootstrap_servers, topic));
        let client: AdminClient<PlainContext> = config.create_with_context(context).ok()?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
        let options = AdminOptions::new().request_timeout(Some(TIMEOUT));
        let asked = [ResourceSpecifier::Topic(topic)];
        match runtime.block_on(client.describe_configs(&asked, &options)) {
            Ok(answers) => {
                let config = answers.into_iter().next()?.ok()?;
                config.get("max.message.bytes")?.value.as_deref()?.parse().ok()
            }
            Err(error) => {
                tracing::debug!(topic, error = %error, "the broker doesn't tell how large a record the topic takes");
                None
            }
        }
    }

    fn learn(&self, topic: &str, bytes: usize) {
        let mut topics = self.lock();
        let Some(known) = topics.get_mut(topic) else { return };
        let before = known.bytes.replace(bytes);
        let lowest = topics.values().filter_map(|known| known.bytes).fold(SMALL_BYTES, usize::min);
        drop(topics);
        self.harmless.store(lowest, Ordering::Relaxed);
        if before == Some(bytes) || bytes >= MAX_RECORD_BYTES {
            return;
        }
        if bytes < BATCH_BYTES {
            tracing::warn!(
                topic,
                max_message_bytes = bytes,
                "the topic may refuse even batches of small records: raise its max.message.bytes, or lower \
                 kafka.properties.batch.size"
            );
        } else {
            tracing::info!(topic, max_message_bytes = bytes, "the topic doesn't take the largest records");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Limit>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the settings, which may hold passwords.
impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("topics", &self.lock()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: limits are learned, lowered and raised.
    /// Guarantees: records are measured with what surrounds them, and only by their own topic's limit.
    #[test]
    fn a_record_is_measured_by_its_topic() {
        let settings =
            KafkaSettings { bootstrap_servers: "127.0.0.1:9".to_owned(), ..KafkaSettings::default() };
        let limits = Limits::new(&settings, "test");
        assert_eq!(limits.room("t", 1000, 0), MAX_RECORD_BYTES);
        let asked_at = Instant::now();
        for topic in ["t", "u"] {
            let _before = limits.lock().insert(topic.to_owned(), Limit { bytes: None, asked_at });
        }
        limits.learn("t", 10_000);
        assert_eq!(limits.room("t", 9_000, 0), 10_000 - BATCH_OVERHEAD_BYTES);
        assert_eq!(limits.room("t", 9_000, 500), 10_000 - BATCH_OVERHEAD_BYTES - 500);
        assert_eq!(limits.room("u", 9_000, 500), MAX_RECORD_BYTES);
        limits.learn("t", usize::MAX);
        assert_eq!(limits.room("t", 9_000, 0), MAX_RECORD_BYTES);
        limits.learn("t", 10);
        assert_eq!(limits.room("t", 9_000, 0), 0);
    }
}
