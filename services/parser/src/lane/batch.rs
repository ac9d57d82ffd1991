//! A batch that was sent, and its acknowledgements.

use forebay_delivery::Handed;
use forebay_kafka::{Acks, KafkaError, Producer, RecordBatch};
use forebay_settings::sections::TopicSettings;
use forebay_telemetry::SecondsCounter;

use crate::convert::Converter;
use crate::metrics::BatchCounts;
use crate::outbox::KafkaOutbox;

/// A batch that was sent.
#[derive(Debug)]
pub(super) struct Batch {
    /// What it was made of: to be converted again should the brokers refuse it.
    pub(super) records: RecordBatch,
    /// What came of it, for the metrics.
    pub(super) counts: BatchCounts,
    documents: Acks,
    dead_letters: Acks,
}

// === impl Batch ===

impl Batch {
    pub(super) fn new(records: RecordBatch) -> Self {
        Self { records, counts: BatchCounts::default(), documents: Acks::new(), dead_letters: Acks::new() }
    }

    /// Converts the records and sends what comes of them.
    pub(super) fn convert(
        &mut self,
        converter: &mut Converter,
        producer: &Producer,
        topics: &TopicSettings,
        partitions: u32,
        now_ms: i64,
        backpressure: &mut SecondsCounter,
    ) -> Result<(), KafkaError> {
        let mut outbox = KafkaOutbox {
            producer,
            events_topic: &topics.events,
            dead_letter_topic: &topics.dead_letters,
            documents: &self.documents,
            dead_letters: &self.dead_letters,
            backpressure,
        };
        let _counts = converter.convert(&self.records, partitions, now_ms, &mut self.counts, &mut outbox)?;
        self.documents.seal();
        self.dead_letters.seal();
        Ok(())
    }

    /// How the brokers answered; `None` until they have for every record.
    pub(super) fn handed(&self) -> Option<Handed> {
        let (documents, dead_letters) = (self.documents.report()?, self.dead_letters.report()?);
        match (documents.all_delivered(), dead_letters.all_delivered()) {
            (Some(forwarded), Some(dead_lettered)) => Some(Handed::Over { forwarded, dead_lettered }),
            _ => Some(Handed::Failed),
        }
    }

    /// Why the brokers did not take it.
    pub(super) fn error(&self) -> Option<KafkaError> {
        let of = |acks: &Acks| acks.report()?.first_error;
        of(&self.documents).or_else(|| of(&self.dead_letters))
    }
}
