//! The way of records to Kafka.

use std::time::Duration;

use forebay_audit::{Hash, PARTITION};
use forebay_kafka::{Acks, Admin, KafkaError, Outgoing, Producer, ProducerOptions, ReadFrom, SendError};
use forebay_settings::Period;
use forebay_settings::sections::KafkaSettings;

use crate::topic::{on_a_thread, open};

/// How long a record may wait for its acknowledgement: a person waits for it.
const DELIVERY_TIMEOUT: Period = Period::from_secs(10);

/// How many bytes may wait for the broker: one record, and all that a client wants beside it.
const QUEUE_BYTES: usize = 4 * 1024 * 1024;

/// A producer for the audit topic.
#[derive(Debug)]
pub(crate) struct Outlet {
    settings: KafkaSettings,
    producer: Option<Producer>,
}

impl Outlet {
    /// Makes sure that the topic is there, and makes a producer.
    ///
    /// # Errors
    /// When no broker answers, or the topic isn't there: a broker that creates topics by itself would make one whose
    /// records are deleted after a while.
    pub(crate) async fn open(settings: &KafkaSettings) -> Result<Self, KafkaError> {
        let topic = &settings.topics.audit;
        if Admin::new(settings)?.topic(topic).await?.is_none() {
            return Err(KafkaError::UnknownTopic { topic: topic.clone() });
        }
        let mut settings = settings.clone();
        settings.delivery_timeout = settings.delivery_timeout.min(DELIVERY_TIMEOUT);
        settings.linger = Period::from_millis(0);
        let options = ProducerOptions { client_id: "forebay-audit".to_owned(), queue_bytes: QUEUE_BYTES };
        let producer = Producer::new(&settings, options)?;
        Ok(Self { settings, producer: Some(producer) })
    }

    /// The hash of the last record in the topic; `None` when there is none, or this process may not read there.
    ///
    /// # Errors
    /// When Kafka doesn't answer.
    pub(crate) async fn last(&self) -> Result<Option<Hash>, KafkaError> {
        match last(&self.settings).await {
            Err(KafkaError::Denied(reason)) => {
                tracing::debug!(
                    reason,
                    "the audit topic may not be read, records name none of other writers"
                );
                Ok(None)
            }
            last => last,
        }
    }

    /// Writes a record, and waits until all in-sync replicas have it.
    ///
    /// # Errors
    /// When they don't, or nobody knows: the same bytes may be sent again.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Result<(), KafkaError> {
        let Some(producer) = &self.producer else { return Err(KafkaError::Other("closed".to_owned())) };
        let acks = Acks::new();
        let topic = &self.settings.topics.audit;
        let record = Outgoing { topic, partition: Some(PARTITION), key: &[], value: bytes, headers: &[] };
        producer.send(&record, &acks).map_err(|error| match error {
            SendError::Kafka(error) => error,
            error @ SendError::QueueFull => KafkaError::Busy(error.to_string()),
            error @ SendError::TooLarge { .. } => KafkaError::TooLarge(error.to_string()),
        })?;
        acks.seal();
        let report = acks.wait().await;
        match report.first_error {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }
}

impl Drop for Outlet {
    /// Taking a client down may wait for its threads.
    fn drop(&mut self) {
        if let (Some(producer), Ok(runtime)) = (self.producer.take(), tokio::runtime::Handle::try_current()) {
            let _detached = runtime.spawn_blocking(move || drop(producer));
        }
    }
}

async fn last(settings: &KafkaSettings) -> Result<Option<Hash>, KafkaError> {
    let mut reader = open(settings, ReadFrom::Last(1)).await?;
    on_a_thread(move || {
        let mut last = None;
        while let Some(record) = reader.next_record()? {
            if record.partition == PARTITION {
                last = Some(Hash::of(&record.value));
            }
        }
        Ok(last)
    })
    .await
}

/// A name for a new writer of this kind. No other process has it.
pub(crate) fn writer_name(kind: &str) -> String {
    format!("{kind}/{}", uuid::Uuid::now_v7().simple())
}

/// How long to wait before the next attempt, after so many that failed.
pub(crate) fn backoff(failed: u32) -> Duration {
    Duration::from_secs(1 << failed.min(5))
}
