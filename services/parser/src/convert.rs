//! A batch of raw records becomes documents and dead letters.
//!
//! No I/O here: what becomes of a record is decided by [`forebay_convert`], and goes to an [`Outbox`]. Every record of the
//! batch has exactly one outcome, a dropped one too; the counts say so and have to add up.

use forebay_convert::{Decision, Made, Place, Refused, Rules, Terms, Traces};
use forebay_delivery::{Converted, Outcome};
use forebay_kafka::{KafkaError, MAX_RECORD_BYTES, Record, RecordBatch};
use forebay_record::stream;
use forebay_record::target::Span;

use crate::metrics::BatchCounts;
pub use crate::outbox::{Outbox, Sent};

/// Converts batches on one lane. It keeps its buffers from record to record.
#[derive(Debug)]
pub struct Converter<R> {
    converter: forebay_convert::Converter<R>,
    topic: String,
}

/// What all records of a batch are converted with.
#[derive(Clone, Copy, Debug)]
pub struct With<'a, V> {
    /// The revision of the rules: for a batch that is sent again the one that it was converted by first.
    pub revision: &'a V,
    /// How many partitions the documents' topic has.
    pub partitions: u32,
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: i64,
}

impl<R: Rules> Converter<R> {
    /// `topic` is the one that batches come from, `prefix` the first part of every target.
    #[must_use]
    pub fn new(rules: R, topic: &str, prefix: &str) -> Self {
        Self { converter: forebay_convert::Converter::new(rules, prefix), topic: topic.to_owned() }
    }

    /// The same, with targets that cover so much time; without this call they are daily.
    #[must_use]
    pub fn with_span(self, span: Span) -> Self {
        Self { converter: self.converter.with_span(span), ..self }
    }

    /// The revision of the rules that new batches are converted by.
    pub fn current(&self) -> R::Revision {
        self.converter.current()
    }

    /// The traces that the events belong to.
    pub const fn traces(&mut self) -> &mut Traces {
        self.converter.traces()
    }

    /// The rules.
    pub const fn rules(&mut self) -> &mut R {
        self.converter.rules()
    }

    /// Converts a batch.
    ///
    /// # Errors
    /// When the outbox has failed for good; part of the batch may have been sent then.
    pub fn convert(
        &mut self,
        batch: &RecordBatch,
        with: With<'_, R::Revision>,
        counts: &mut BatchCounts,
        outbox: &mut impl Outbox,
    ) -> Result<Converted, KafkaError> {
        let mut converted = Converted::default();
        let terms = Terms { now_ms: with.now_ms, max_record: MAX_RECORD_BYTES, attempt: None };
        for record in batch.iter() {
            let place = Place {
                topic: &self.topic,
                partition: record.partition,
                offset: record.offset,
                timestamp_ms: record.timestamp_ms,
                now_ms: with.now_ms,
            };
            converted.add(match self.converter.convert(record.value, with.revision, terms) {
                Decision::Documents(made) => forward(made, place, record, with.partitions, counts, outbox)?,
                Decision::Refused(refused) => {
                    dead_letter(refused, place, record, counts, outbox)?;
                    Outcome::DeadLettered { documents: 0 }
                }
                Decision::Dropped { event, reason } => {
                    counts.dropped(event.tenant, &reason);
                    counts.came_again(&event);
                    Outcome::Dropped
                }
            });
        }
        Ok(converted)
    }
}

/// Sends all documents of a record. One that no broker takes costs the record its others: it is refused as a whole, though some
/// of them may be on their way. When the letter is replayed they meet themselves, under the same ids.
fn forward<R: Rules>(
    made: Made<'_, R>,
    place: Place<'_>,
    record: Record<'_>,
    partitions: u32,
    counts: &mut BatchCounts,
    outbox: &mut impl Outbox,
) -> Result<Outcome, KafkaError> {
    let partition = i32::try_from(stream::partition(made.stream(), partitions)).unwrap_or(0);
    for (before, document) in (0..).zip(made.documents()) {
        match outbox.document(partition, document.key.as_bytes(), document.body)? {
            Sent::Yes => {}
            Sent::TooLarge { size, max } => {
                dead_letter(made.too_large(&document, size, max), place, record, counts, outbox)?;
                return Ok(Outcome::DeadLettered { documents: before });
            }
        }
    }
    counts.forwarded(&made);
    Ok(Outcome::Forwarded(made.number()))
}

fn dead_letter(
    refused: Refused<'_>,
    place: Place<'_>,
    record: Record<'_>,
    counts: &mut BatchCounts,
    outbox: &mut impl Outbox,
) -> Result<(), KafkaError> {
    counts.dead_letter(refused.tenant(), &refused.refusal.error_type);
    if let Some(event) = &refused.event {
        counts.came_again(event);
    }
    let masked = refused.masked_value();
    outbox.dead_letter(&refused.letter(place), record.key, masked.as_deref().unwrap_or(record.value))
}

#[cfg(test)]
mod tests;
