//! Exactly once: batches are sent in transactions, which hold the offsets of their records too. The states and the order of
//! steps are those of the production lane.

use std::time::Duration;

use forebay_delivery::{Forwarding, Gate, Receipt, Transaction, TransactionStep, Worker};

use super::{Batch, RETRY};
use crate::broker::transactions::Producer;
use crate::node::consumer::{Consumer, Polled};
use crate::node::context::{Context, End, Undone};
use crate::node::stage::{Gather, Stage};
use crate::plan::Bounds;

/// How old a transaction gets.
const INTERVAL: Duration = Duration::from_millis(80);

/// The stage.
#[derive(Debug)]
pub struct ExactlyOnce {
    bounds: Bounds,
    id: u64,
    producer: Option<Producer>,
    /// The number of the transaction that is open, or was last.
    number: u64,
    transaction: Transaction,
    forwarding: Forwarding<Batch>,
    state: State,
    /// After an abort: nothing is taken in before.
    again_at: Duration,
    /// The largest batch so far, in bytes.
    largest: usize,
    /// What a broken core never lets go of.
    kept: Vec<Receipt>,
}

/// What the client is in the middle of.
#[derive(Clone, Debug)]
enum State {
    New,
    Ready,
    Committing(Vec<(i32, i64)>),
    Aborting,
}

// === impl ExactlyOnce ===

impl ExactlyOnce {
    pub(crate) const fn new(bounds: Bounds, id: u64) -> Self {
        Self {
            bounds,
            id,
            producer: None,
            number: 0,
            transaction: Transaction::new(INTERVAL),
            forwarding: Forwarding::new(RETRY),
            state: State::New,
            again_at: Duration::ZERO,
            largest: 0,
            kept: Vec::new(),
        }
    }

    fn look(
        &mut self,
        worker: &mut Worker,
        consumer: &Consumer,
        now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<bool, End> {
        let core = context.world.core;
        let fare = self.forwarding.fare(|batch| batch.handed(core));
        match self.transaction.next(now, fare) {
            TransactionStep::GoOn | TransactionStep::Close => Ok(false),
            TransactionStep::Commit => {
                let offsets = worker.polled_to();
                let put = if core.offsets_go_into_the_transaction() {
                    context.put_offsets(self.number, consumer.member_and_epoch(), &offsets)?
                } else {
                    let _hoped = context.commit_now(consumer, offsets.clone())?;
                    Ok(())
                };
                match put {
                    Ok(()) => {
                        self.state = State::Committing(offsets.clone());
                        self.commit(&offsets, worker, now, context)
                    }
                    Err(undone) => self.undone(undone, now, context),
                }
            }
            TransactionStep::Abort => self.abort(now, context),
        }
    }

    fn commit(
        &mut self,
        offsets: &[(i32, i64)],
        worker: &mut Worker,
        now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<bool, End> {
        match context.end_transaction(self.number, true)? {
            Ok(()) => {
                let core = context.world.core;
                let settled = self.forwarding.committed(worker, offsets, |batch| batch.handed(core));
                settled.iter().for_each(|batch| batch.settled(&mut context.world.oracle));
                self.transaction.ended();
                self.state = State::Ready;
                Ok(true)
            }
            Err(undone) => self.undone(undone, now, context),
        }
    }

    fn abort(&mut self, now: Duration, context: &mut Context<'_, '_>) -> Result<bool, End> {
        self.state = State::Aborting;
        match context.end_transaction(self.number, false)? {
            Ok(()) => {
                let pause = self.let_go_of_all(context);
                self.again_at = now + pause;
                Ok(true)
            }
            Err(undone) => self.undone(undone, now, context),
        }
    }

    fn undone(&mut self, undone: Undone, now: Duration, context: &mut Context<'_, '_>) -> Result<bool, End> {
        match undone {
            Undone::Retry => Ok(false),
            Undone::Abort if !matches!(self.state, State::Aborting) => self.abort(now, context),
            Undone::Abort | Undone::Fatal => Err(End::Failed("a transaction failed for good")),
        }
    }

    /// The transaction is over, and nothing of it counts.
    fn let_go_of_all(&mut self, context: &mut Context<'_, '_>) -> Duration {
        self.transaction.ended();
        self.state = State::Ready;
        let (_batches, pause) = self.forwarding.give_up(context.random());
        pause
    }
}

impl Stage for ExactlyOnce {
    fn gather(&self) -> Gather {
        Gather { records: self.bounds.batch, wait: Duration::ZERO }
    }

    fn gate(&self, now: Duration) -> Gate {
        let takes =
            matches!(self.state, State::Ready) && self.transaction.takes_more() && now >= self.again_at;
        if takes { Gate::Open } else { Gate::Shut }
    }

    fn take(
        &mut self,
        worker: &mut Worker,
        records: Vec<Polled>,
        now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<(), End> {
        let bytes = Batch::bytes(&records);
        self.largest = self.largest.max(bytes);
        let receipt = worker
            .open(Batch::offsets(&records), bytes)
            .map_err(|_| End::Failed("a batch can't be opened"))?;
        context.world.core.opened(worker, bytes, &mut self.kept);
        if !self.transaction.is_open()
            && let Some(producer) = self.producer
        {
            self.number = context.begin_transaction(producer);
            self.transaction.begun(now);
        }
        match Batch::send(records, Some(self.number), context) {
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
        consumer: &Consumer,
        now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<(), End> {
        loop {
            let did = match self.state.clone() {
                State::New => match context.init_transactions(self.id)? {
                    Ok(producer) => {
                        self.producer = Some(producer);
                        self.state = State::Ready;
                        false
                    }
                    Err(Undone::Retry | Undone::Abort) => false,
                    Err(Undone::Fatal) => return Err(End::Failed("no transactional id")),
                },
                State::Ready => self.look(worker, consumer, now, context)?,
                State::Committing(offsets) => self.commit(&offsets, worker, now, context)?,
                State::Aborting => self.abort(now, context)?,
            };
            if !did {
                return Ok(());
            }
        }
    }

    fn finish(&mut self) {
        self.transaction.finish();
    }

    fn give_up(&mut self, context: &mut Context<'_, '_>) -> Result<(), End> {
        if !self.transaction.is_open() {
            return Ok(());
        }
        if context.end_transaction(self.number, false)?.is_err() {
            self.state = State::Aborting;
            return Ok(());
        }
        let _pause = self.let_go_of_all(context);
        Ok(())
    }

    fn may_hold(&self) -> usize {
        self.bounds.parser_in_flight + self.largest
    }
}
