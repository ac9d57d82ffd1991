//! A batch that was sent, and its acknowledgements.

use forebay_delivery::{Converted, Handed};
use forebay_kafka::{Acks, KafkaError, Producer, RecordBatch};
use forebay_settings::sections::TopicSettings;
use forebay_telemetry::SecondsCounter;
use forebay_traces::Tracer;

use super::Revision;
use crate::convert::{Converter, With};
use crate::metrics::BatchCounts;
use crate::outbox::KafkaOutbox;
use crate::rules::LaneRules;
use crate::traced::BatchTraces;

/// A batch that was sent.
#[derive(Debug)]
pub(super) struct Batch {
    /// What it was made of: to be converted again should the brokers refuse it.
    pub(super) records: RecordBatch,
    /// What it is converted by, however often: what it becomes must not change between two tries.
    pub(super) revision: Revision,
    /// What came of it, for the metrics.
    pub(super) counts: BatchCounts,
    /// The spans of those of its events whose way is traced.
    pub(super) traces: Option<Box<BatchTraces>>,
    /// What came of it, to be held against the acknowledgements.
    converted: Converted,
    documents: Acks,
    dead_letters: Acks,
}

// === impl Batch ===

impl Batch {
    pub(super) fn new(records: RecordBatch, revision: Revision) -> Self {
        Self {
            records,
            revision,
            counts: BatchCounts::default(),
            traces: None,
            converted: Converted::default(),
            documents: Acks::new(),
            dead_letters: Acks::new(),
        }
    }

    /// Converts the records and sends what comes of them.
    pub(super) fn convert(
        &mut self,
        converter: &mut Converter<LaneRules>,
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
        let with = With { revision: &self.revision, partitions, now_ms };
        self.converted = converter.convert(&self.records, with, &mut self.counts, &mut outbox)?;
        self.documents.seal();
        self.dead_letters.seal();
        Ok(())
    }

    /// How the brokers answered; `None` until they have for everything that was sent. Where nothing was, that is at once.
    pub(super) fn handed(&self) -> Option<Handed> {
        let (documents, dead_letters) = (self.documents.report()?, self.dead_letters.report()?);
        Some(Handed::of(self.converted, documents.all_delivered(), dead_letters.all_delivered()))
    }

    /// The brokers have answered, or nobody waits for that any more.
    pub(super) fn traces_end(&mut self, tracer: &Tracer, error: Option<&'static str>) {
        if let Some(traces) = self.traces.take() {
            traces.end(tracer, error);
        }
    }

    /// Why the brokers did not take it.
    pub(super) fn error(&self) -> Option<KafkaError> {
        let of = |acks: &Acks| acks.report()?.first_error;
        of(&self.documents).or_else(|| of(&self.dead_letters))
    }
}
