//! A batch of raw records becomes documents and dead letters.
//!
//! No I/O here: what comes of a record goes to an [`Outbox`]. Every record of the batch comes out exactly once, as a
//! document or as a dead letter; the counts say so and have to add up.

use forebay_kafka::{KafkaError, Record, RecordBatch};
use forebay_parse::{Parsed, Parser};
use forebay_record::{EventKey, RawEvent, stream, target};

use crate::letters::Place;
use crate::metrics::BatchCounts;
pub use crate::outbox::{Outbox, Sent};

/// Converts batches on one lane. It keeps its buffers from record to record.
#[derive(Debug)]
pub struct Converter {
    parser: Parser,
    topic: String,
    prefix: String,
    parsed: Parsed,
    key: String,
    target: TargetCache,
}

/// How many records became what.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Converted {
    /// Documents sent.
    pub documents: u64,
    /// Dead letters sent.
    pub dead_letters: u64,
}

impl Converter {
    /// `topic` is the one that batches come from, `prefix` the first part of every target.
    #[must_use]
    pub fn new(parser: Parser, topic: &str, prefix: &str) -> Self {
        Self {
            parser,
            topic: topic.to_owned(),
            prefix: prefix.to_owned(),
            parsed: Parsed::default(),
            key: String::new(),
            target: TargetCache::default(),
        }
    }

    /// Converts a batch. `partitions` is how many partitions the documents' topic has; `now_ms` is the time, in
    /// milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the outbox has failed for good; part of the batch may have been sent then.
    pub fn convert(
        &mut self,
        batch: &RecordBatch,
        partitions: u32,
        now_ms: i64,
        counts: &mut BatchCounts,
        outbox: &mut impl Outbox,
    ) -> Result<Converted, KafkaError> {
        let mut converted = Converted::default();
        for record in batch.iter() {
            if self.convert_record(record, partitions, now_ms, counts, outbox)? {
                converted.documents += 1;
            } else {
                converted.dead_letters += 1;
            }
        }
        Ok(converted)
    }

    /// Answers whether the record became a document.
    fn convert_record(
        &mut self,
        record: Record<'_>,
        partitions: u32,
        now_ms: i64,
        counts: &mut BatchCounts,
        outbox: &mut impl Outbox,
    ) -> Result<bool, KafkaError> {
        let place = Place { topic: &self.topic, record, now_ms };
        let event = match RawEvent::read(record.value) {
            Ok(event) => event,
            Err(error) => {
                counts.dead_letter("", "invalid_record");
                outbox.dead_letter(&place.undecodable(&error), record.key, record.value)?;
                return Ok(false);
            }
        };
        self.parsed.document.clear();
        if let Err(failure) = self.parser.parse(&event, now_ms, &mut self.parsed) {
            counts.dead_letter(event.tenant, failure.error_type);
            let letter = place.unparsed(&event, &failure.format, failure.error_type, failure.reason);
            outbox.dead_letter(&letter, record.key, record.value)?;
            return Ok(false);
        }
        let target = self.target.get(&self.prefix, event.tenant, self.parsed.event_ms);
        let facts = EventKey {
            tenant: event.tenant,
            target,
            event_ms: self.parsed.event_ms,
            replays: event.attempt,
            id: event.id,
        };
        self.key.clear();
        facts.push(&mut self.key);
        let partition = i32::try_from(stream::partition(stream_of(&event), partitions)).unwrap_or(0);
        match outbox.document(partition, self.key.as_bytes(), &self.parsed.document)? {
            Sent::Yes => {
                counts.document(event.tenant, &self.parsed);
                Ok(true)
            }
            Sent::TooLarge { size, max } => {
                counts.dead_letter(event.tenant, "document_too_large");
                outbox.dead_letter(&place.oversize(&event, target, size, max), record.key, record.value)?;
                Ok(false)
            }
        }
    }
}

/// Events without a stream have no order to keep; their ids spread them.
fn stream_of<'a>(event: &RawEvent<'a>) -> &'a [u8] {
    if event.stream.is_empty() { event.id.as_bytes() } else { event.stream.as_bytes() }
}

/// The target of the event before. Neighbours nearly always share tenant and day.
#[derive(Debug, Default)]
struct TargetCache {
    tenant: String,
    day: i64,
    target: String,
}

impl TargetCache {
    fn get(&mut self, prefix: &str, tenant: &str, event_ms: i64) -> &str {
        let day = target::day(event_ms);
        if self.day != day || self.tenant != tenant {
            self.day = day;
            tenant.clone_into(&mut self.tenant);
            self.target.clear();
            target::push(&mut self.target, prefix, tenant, event_ms);
        }
        &self.target
    }
}

#[cfg(test)]
mod tests;
