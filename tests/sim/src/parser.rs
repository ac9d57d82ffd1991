//! The parser: batches of raw events become documents and dead letters in the next topics.

pub mod at_least_once;
pub mod exactly_once;

use std::rc::Rc;
use std::time::Duration;

use forebay_delivery::{Backoff, Handed};

use crate::broker::Topic;
use crate::convert::{Converted, convert};
use crate::node::acks::{Acks, What};
use crate::node::consumer::Polled;
use crate::node::context::{Context, End};
use crate::seam::Core;

/// The pauses before a failed batch is sent again.
const RETRY: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(300));

/// A batch that was sent, and its acknowledgements.
#[derive(Debug)]
pub struct Batch {
    records: Vec<Polled>,
    acks: Rc<Acks>,
}

// === impl Batch ===

impl Batch {
    /// Converts records and sends what comes of them.
    fn send(
        records: Vec<Polled>,
        transaction: Option<u64>,
        context: &mut Context<'_, '_>,
    ) -> Result<Self, End> {
        let batch = Self { records, acks: Rc::new(Acks::default()) };
        let partitions = context.world.broker.partitions(Topic::Events);
        for polled in &batch.records {
            let from = (polled.partition, polled.offset);
            match convert(&polled.record, from, context.world.rules_mended) {
                Converted::Document(record) => {
                    let partition = i32::try_from(record.event).unwrap_or(0) % partitions;
                    let to = (Topic::Events, partition);
                    context.send(to, record, transaction, &batch.acks, What::Document)?;
                }
                Converted::Letter(record) => {
                    context.send((Topic::Letters, 0), record, transaction, &batch.acks, What::Letter)?;
                }
            }
        }
        Ok(batch)
    }

    fn handed(&self, core: &dyn Core) -> Option<Handed> {
        core.handed(&self.acks)
    }

    fn offsets(records: &[Polled]) -> impl Iterator<Item = (i32, i64)> {
        records.iter().map(|polled| (polled.partition, polled.offset))
    }

    fn bytes(records: &[Polled]) -> usize {
        records.iter().map(|polled| polled.record.bytes()).sum()
    }
}
