//! At least once: a batch is settled when the brokers have all of it, and sent again as a whole otherwise.

use std::time::Duration;

use forebay_delivery::{Forwarding, Gate, Progress, Receipt, Worker};

use super::{Batch, RETRY};
use crate::node::consumer::{Consumer, Polled};
use crate::node::context::{Context, End};
use crate::node::stage::{Gather, Stage};
use crate::plan::Bounds;

/// The stage.
#[derive(Debug)]
pub struct AtLeastOnce {
    bounds: Bounds,
    forwarding: Forwarding<Batch>,
    next_at: Option<Duration>,
    /// The largest batch so far, in bytes.
    largest: usize,
    /// What a broken core never lets go of.
    kept: Vec<Receipt>,
}

// === impl AtLeastOnce ===

impl AtLeastOnce {
    pub(crate) const fn new(bounds: Bounds) -> Self {
        Self { bounds, forwarding: Forwarding::new(RETRY), next_at: None, largest: 0, kept: Vec::new() }
    }
}

impl Stage for AtLeastOnce {
    fn gather(&self) -> Gather {
        Gather { records: self.bounds.batch, wait: Duration::ZERO }
    }

    fn gate(&self, _now: Duration) -> Gate {
        Gate::Open
    }

    fn take(
        &mut self,
        worker: &mut Worker,
        records: Vec<Polled>,
        _now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<(), End> {
        let bytes = Batch::bytes(&records);
        self.largest = self.largest.max(bytes);
        let receipt = worker
            .open(Batch::offsets(&records), bytes)
            .map_err(|_| End::Failed("a batch can't be opened"))?;
        context.world.core.opened(worker, bytes, &mut self.kept);
        match Batch::send(records, None, context) {
            Ok(batch) => {
                self.forwarding.sent(batch, receipt);
                Ok(())
            }
            Err(end) => {
                receipt.give_up();
                Err(end)
            }
        }
    }

    fn advance(
        &mut self,
        worker: &mut Worker,
        _consumer: &Consumer,
        now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<(), End> {
        self.next_at = None;
        loop {
            let core = context.world.core;
            let random = context.random();
            match self.forwarding.advance(now, worker, || random, |batch: &Batch| batch.handed(core)) {
                Progress::Nothing => return Ok(()),
                Progress::Settled(batch) => batch.settled(&mut context.world.oracle),
                Progress::Stale(_) => {}
                Progress::Refused(pause) => {
                    self.next_at = Some(now + pause);
                    return Ok(());
                }
                Progress::SendAgain(batch, receipt) => match batch.send_again(None, context) {
                    Ok(batch) => self.forwarding.sent_again(batch, receipt),
                    Err(end) => {
                        receipt.give_up();
                        return Err(end);
                    }
                },
            }
        }
    }

    fn next_at(&self) -> Option<Duration> {
        self.next_at
    }

    fn may_hold(&self) -> usize {
        self.bounds.parser_in_flight + self.largest
    }
}
