//! The parser: batches of raw events become documents and dead letters in the next topics.

pub mod at_least_once;
pub mod exactly_once;

use std::rc::Rc;
use std::time::Duration;

use forebay_convert::{Converter, Decision, Terms};
use forebay_delivery::{Backoff, Converted, Handed, Outcome};

use crate::broker::Topic;
use crate::broker::log::{Conversion, Record};
use crate::convert::{PREFIX, Scripted, refused_raw};
use crate::node::acks::{Acks, What};
use crate::node::consumer::Polled;
use crate::node::context::{Context, End};
use crate::oracle::Oracle;
use crate::seam::Core;

/// No record is too large for the brokers.
const TERMS: Terms = Terms { now_ms: 0, max_record: usize::MAX, attempt: None };
/// The pauses before a failed batch is sent again.
const RETRY: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(300));

/// A batch that was sent, and its acknowledgements.
#[derive(Debug)]
pub struct Batch {
    records: Vec<Polled>,
    /// The conversion that is under way.
    of: Conversion,
    converted: Converted,
    acks: Rc<Acks>,
}

// === impl Batch ===

impl Batch {
    /// Converts records that were polled, and sends what comes of them.
    fn send(
        records: Vec<Polled>,
        transaction: Option<u64>,
        context: &mut Context<'_, '_>,
    ) -> Result<Self, End> {
        context.world.last_batch += 1;
        let of = Conversion { batch: context.world.last_batch, mended: context.world.rules_mended };
        Self::convert(records, of, transaction, context)
    }

    /// Converts it once more, by the same rules, and sends what comes of it.
    fn send_again(self, transaction: Option<u64>, context: &mut Context<'_, '_>) -> Result<Self, End> {
        let mut of = self.of;
        if !context.world.core.keeps_the_revision() {
            of.mended = context.world.rules_mended;
        }
        Self::convert(self.records, of, transaction, context)
    }

    fn convert(
        records: Vec<Polled>,
        of: Conversion,
        transaction: Option<u64>,
        context: &mut Context<'_, '_>,
    ) -> Result<Self, End> {
        let acks = Rc::new(Acks::default());
        let mut converted = Converted::default();
        let mut converter = Converter::new(Scripted { mended: of.mended }, PREFIX);
        let revision = converter.current();
        for Polled { partition, offset, record } in &records {
            let from = (*partition, *offset);
            let outcome = match converter.convert(&record.value, &revision, TERMS) {
                Decision::Documents(made) => {
                    let partitions = context.world.broker.partitions(Topic::Events);
                    let to = (Topic::Events, i32::try_from(record.event).unwrap_or(0) % partitions);
                    for (part, document) in (1..).zip(made.documents()) {
                        let document = Record {
                            key: document.key.as_bytes().to_vec(),
                            value: document.body.to_vec(),
                            headers: Vec::new(),
                            event: record.event,
                            part,
                            of: Some(of),
                            from: Some(from),
                        };
                        context.send(to, document, transaction, &acks, What::Document)?;
                    }
                    Outcome::Forwarded(made.number())
                }
                Decision::Refused(refused) => {
                    let letter = Record { of: Some(of), ..refused_raw(record, from, refused) };
                    context.send((Topic::Letters, 0), letter, transaction, &acks, What::Letter)?;
                    Outcome::DeadLettered { documents: 0 }
                }
                Decision::Dropped { .. } => Outcome::Dropped,
            };
            converted.add(outcome);
        }
        Ok(Self { records, of, converted: context.world.core.converted(converted), acks })
    }

    fn handed(&self, core: &dyn Core) -> Option<Handed> {
        core.handed(self.converted, &self.acks)
    }

    /// It is settled: what became of its records is counted.
    fn settled(&self, oracle: &mut Oracle) {
        let records = self.records.iter();
        oracle.settled(
            records.map(|polled| (polled.partition, polled.offset, polled.record.event)),
            self.converted,
        );
    }

    fn offsets(records: &[Polled]) -> impl Iterator<Item = (i32, i64)> {
        records.iter().map(|polled| (polled.partition, polled.offset))
    }

    fn bytes(records: &[Polled]) -> usize {
        records.iter().map(|polled| polled.record.bytes()).sum()
    }
}
