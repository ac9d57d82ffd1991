//! The way to Kafka: the producer, the topic and its partitions, and whether all of it is there.
//!
//! Kafka or the topic may be missing when ingest starts, or go away later. Ingest doesn't exit for that: it says that
//! it isn't ready, refuses what comes with 503, and goes on as soon as they are there. Only a producer that has failed for
//! good ends the process: a new one makes a new producer, while this one would refuse for ever.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_kafka::{KafkaError, Producer};
use forebay_record::stream;
use forebay_telemetry::Component;
use tokio_util::sync::CancellationToken;

/// How often Kafka is asked for the topic while it can't be used, and how often its state is looked at otherwise.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The way to Kafka. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    producer: Producer,
    topic: Arc<str>,
    /// 0 as long as it isn't known.
    partitions: Arc<AtomicU32>,
    trouble: Arc<Mutex<Option<KafkaError>>>,
}

impl Upstream {
    /// A way to `topic`, of which nothing is known yet.
    #[must_use]
    pub(crate) fn new(producer: Producer, topic: &str) -> Self {
        Self { producer, topic: topic.into(), partitions: Arc::default(), trouble: Arc::default() }
    }

    /// The producer.
    #[must_use]
    pub(crate) const fn producer(&self) -> &Producer {
        &self.producer
    }

    /// The topic.
    #[must_use]
    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// Whether Kafka and the topic were there when that was looked at last.
    #[must_use]
    pub(crate) fn is_there(&self) -> bool {
        self.partitions.load(Ordering::Relaxed) > 0
            && self.trouble.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// The partition that holds a stream.
    ///
    /// # Errors
    /// When the topic isn't there, or no broker has answered yet.
    pub(crate) fn partition(&self, stream_name: &str) -> Result<i32, KafkaError> {
        let partitions = self.partitions.load(Ordering::Relaxed);
        if partitions == 0 {
            let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
            return Err(
                trouble.unwrap_or_else(|| KafkaError::Unreachable("no broker has answered yet".to_owned()))
            );
        }
        let partition = stream::partition(stream_name.as_bytes(), partitions);
        Ok(i32::try_from(partition).unwrap_or(0))
    }

    /// Watches Kafka and the topic until `shutdown`, and tells `health`.
    ///
    /// # Errors
    /// When the producer has failed for good.
    pub(crate) async fn watch(
        self,
        health: Component,
        shutdown: CancellationToken,
    ) -> Result<(), KafkaError> {
        loop {
            if let Some(error) = self.producer.failed() {
                health.not_ready(error.to_string());
                return Err(error);
            }
            let (producer, topic) = (self.producer.clone(), Arc::clone(&self.topic));
            // Asking blocks for a round trip, or for seconds when nobody answers.
            let asked = tokio::task::spawn_blocking(move || producer.partitions(&topic));
            let Some(answer) = shutdown.run_until_cancelled(asked).await else { return Ok(()) };
            match answer {
                Ok(answer) => self.learn(answer, &health),
                Err(error) => tracing::error!(%error, "asking kafka for the topic failed"),
            }
            if shutdown.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
                return Ok(());
            }
        }
    }

    fn learn(&self, answer: Result<u32, KafkaError>, health: &Component) {
        let trouble = match answer {
            Ok(partitions) => {
                self.partitions.store(partitions, Ordering::Relaxed);
                if self.producer.is_reachable() { None } else { self.producer.trouble() }
            }
            Err(error) => {
                if matches!(error, KafkaError::UnknownTopic { .. }) {
                    self.partitions.store(0, Ordering::Relaxed);
                }
                Some(error)
            }
        };
        let mut before = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match &trouble {
            None => {
                if before.is_some() {
                    tracing::info!(topic = %self.topic, "kafka takes events again");
                }
                health.ready();
            }
            Some(error) => {
                if before.as_ref() != Some(error) {
                    tracing::warn!(topic = %self.topic, %error, "kafka can't take events, refusing them with 503");
                }
                health.not_ready(error.to_string());
            }
        }
        *before = trouble;
    }
}
