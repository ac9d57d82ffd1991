//! The indexer: loads of documents become bulk requests, and what is refused for good dead letters.

mod load;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use forebay_bulk::{BulkBuilder, ItemOutcome, RequestFailure};
use forebay_delivery::{Gate, PaceLimits, Receipt, Worker};
use forebay_writing::{Batch as _, Draft, Letters, Next, Options, Sending, Writing};

use crate::broker::Topic;
use crate::cluster::Reply;
use crate::convert::{PREFIX, refused};
use crate::node::acks::{Acks, Answer, What};
use crate::node::consumer::{Consumer, Polled};
use crate::node::context::{Context, End};
use crate::node::stage::{Gather, Stage};
use crate::oracle::Invariant;
use crate::plan::Bounds;
use load::Records;

/// What a document takes of a load, about: the record, and its two lines of the request.
const DOCUMENT: usize = 600;
/// How often a cluster that refused is asked whether it answers.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// The stage.
#[derive(Debug)]
pub struct Indexer {
    bounds: Bounds,
    writing: Writing<Records>,
    builder: BulkBuilder,
    last_number: u64,
    under_way: BTreeMap<u64, (Sending, usize)>,
    letters: Vec<(Letters<Records>, Rc<Acks>)>,
    inbox: Vec<(u64, Reply)>,
    next_at: Option<Duration>,
    /// Whether partitions may have gone, with loads that are still being written.
    is_stale: bool,
    /// When a cluster that refused was last asked whether it answers.
    asked_at: Duration,
    /// Whether a request was too large.
    split: bool,
    /// The largest load so far, in bytes.
    largest: usize,
    /// What a broken core never lets go of.
    kept: Vec<Receipt>,
}

// === impl Indexer ===

impl Indexer {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let options = Options {
            pace: PaceLimits { requests: bounds.requests, bytes: bounds.request_bytes },
            documents: bounds.load,
            in_flight: bounds.indexer_in_flight,
            retry_initial: Duration::from_millis(20),
            retry_max: Duration::from_millis(400),
            divert_after: bounds.divert_after,
            max_refused_share: 0.5,
        };
        Self {
            bounds,
            writing: Writing::new(options),
            builder: BulkBuilder::new(),
            last_number: 0,
            under_way: BTreeMap::new(),
            letters: Vec::new(),
            inbox: Vec::new(),
            next_at: None,
            is_stale: false,
            asked_at: Duration::ZERO,
            split: false,
            largest: 0,
            kept: Vec::new(),
        }
    }

    /// What the next load takes, about.
    pub(crate) const fn load_bytes(bounds: Bounds) -> usize {
        bounds.load * DOCUMENT
    }

    fn read_replies(&mut self, now: Duration, context: &mut Context<'_, '_>) {
        for (number, reply) in std::mem::take(&mut self.inbox) {
            let Some((sending, sent)) = self.under_way.remove(&number) else { continue };
            let all = sending.request().len();
            let answer = reply.read(sent).map(|answer| {
                let mut answer = context.world.core.answer(answer);
                // What a broken core didn't send, it believes to be done.
                answer.outcomes.resize(all, ItemOutcome::Indexed);
                answer
            });
            self.split |= matches!(answer, Err(RequestFailure::TooLarge));
            context.note("answered", || match &answer {
                Ok(answer) => {
                    let done = answer.outcomes.iter().filter(|outcome| outcome.is_done()).count();
                    format!("request {number}: {done} of {all} done")
                }
                Err(failure) => format!("request {number}: {failure}"),
            });
            self.writing.answered(sending, answer, now, context.random());
        }
    }

    fn look_after_letters(&mut self, now: Duration, context: &mut Context<'_, '_>) {
        for (letters, acks) in std::mem::take(&mut self.letters) {
            match context.world.core.letters_handed(&acks) {
                Answer::UnderWay => self.letters.push((letters, acks)),
                Answer::All { letters: ack, .. } if ack.records() == letters.errors.len() as u64 => {
                    self.writing.letters_sent(letters, ack);
                }
                Answer::All { .. } | Answer::Failed => {
                    let _pause = self.writing.letters_failed(letters, now, context.random());
                }
            }
        }
    }

    fn send(&mut self, sending: Sending, context: &mut Context<'_, '_>) -> Result<(), End> {
        self.last_number += 1;
        let number = self.last_number;
        let (request, core) = (sending.request(), context.world.core);
        let count = core.documents(request, self.split);
        let body = if count < request.len() {
            request.select(0..count).body().to_vec()
        } else {
            request.body().to_vec()
        };
        context.note("sends", || {
            let ids: Vec<String> = request.items().map(|item| item.id.into_owned()).collect();
            format!("request {number}: {}", ids.join(" "))
        });
        context.bulk(number, core.body(body, number))?;
        let _none = self.under_way.insert(number, (sending, count));
        Ok(())
    }

    fn send_letters(&mut self, letters: Letters<Records>, context: &mut Context<'_, '_>) -> Result<(), End> {
        let acks = Rc::new(Acks::default());
        for (polled, error) in letters.records.iter().zip(&letters.errors) {
            let from = (polled.partition, polled.offset);
            let letter = refused(&polled.record, from, &error.error_type, error.status);
            context.send((Topic::Letters, 0), letter, None, &acks, What::Letter)?;
        }
        self.letters.push((letters, acks));
        Ok(())
    }

    fn abandon(&mut self, worker: &Worker, context: &mut Context<'_, '_>) {
        let pid = context.pid;
        for receipt in self.writing.abandon(|receipt| worker.is_current(receipt)) {
            if let Err(receipt) = worker.forget_stale(receipt) {
                context.world.oracle.broken(Invariant::BooksAddUp, || {
                    format!("process {pid}: a load that was let go is still current")
                });
                receipt.give_up();
            }
        }
    }

    /// A cluster that refused is asked whether it answers, when there is nothing to write.
    fn ask(&mut self, now: Duration, context: &Context<'_, '_>) {
        let refuses_idly = self.writing.loads() == 0 && self.writing.refusal().is_some();
        if refuses_idly && now >= self.asked_at + ASK_EVERY {
            self.asked_at = now;
            if context.world.cluster.down_until.is_none() {
                self.writing.store_answers();
            }
        }
    }

    fn settle(&mut self, worker: &mut Worker, context: &mut Context<'_, '_>) {
        let pid = context.pid;
        for finished in self.writing.finished() {
            if let Err(error) = worker.settle(finished.receipt, &finished.tally) {
                context.world.oracle.broken(Invariant::BooksAddUp, || format!("process {pid}: {error}"));
                error.receipt.give_up();
            }
        }
        let (held, known) = (worker.held(), self.writing.bytes());
        if held != known && self.kept.is_empty() {
            context.world.oracle.broken(Invariant::BooksAddUp, || {
                format!("process {pid} holds {held} bytes in receipts, and {known} in documents")
            });
        }
        for event in self.writing.events() {
            context.note("says", || format!("{event:?}"));
        }
    }
}

impl Stage for Indexer {
    fn gather(&self) -> Gather {
        Gather { records: self.bounds.load, wait: Duration::from_millis(20) }
    }

    fn gate(&self, now: Duration) -> Gate {
        self.writing.gate(now)
    }

    fn take(
        &mut self,
        worker: &mut Worker,
        records: Vec<Polled>,
        now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<(), End> {
        let offsets: Vec<(i32, i64)> =
            records.iter().map(|polled| (polled.partition, polled.offset)).collect();
        let records = Records::new(records);
        let bytes = records.bytes();
        let receipt = worker.open(offsets, bytes).map_err(|_| End::Failed("a load can't be opened"))?;
        context.world.core.opened(worker, bytes, &mut self.kept);
        let draft = Draft::new(records, &mut self.builder, PREFIX);
        self.largest = self.largest.max(draft.bytes());
        self.writing.take(draft, receipt, now);
        Ok(())
    }

    fn advance(
        &mut self,
        worker: &mut Worker,
        _consumer: &Consumer,
        now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<(), End> {
        if std::mem::take(&mut self.is_stale) {
            self.abandon(worker, context);
        }
        self.ask(now, context);
        self.read_replies(now, context);
        self.look_after_letters(now, context);
        self.next_at = loop {
            match self.writing.next(now) {
                Next::Send(sending) => self.send(sending, context)?,
                Next::Letters(letters) => self.send_letters(letters, context)?,
                Next::WaitUntil(at) => break Some(at),
                Next::Idle => break None,
            }
        };
        self.settle(worker, context);
        Ok(())
    }

    fn give_up(&mut self, _context: &mut Context<'_, '_>) -> Result<(), End> {
        // The partitions go right after this call.
        self.is_stale = true;
        Ok(())
    }

    fn reply(&mut self, number: u64, reply: Reply) {
        self.inbox.push((number, reply));
    }

    fn next_at(&self) -> Option<Duration> {
        self.next_at
    }

    /// Documents that are sent again may be copied before the memory that they came with is free: twice as much at most.
    fn may_hold(&self) -> usize {
        2 * (self.bounds.indexer_in_flight + self.largest)
    }
}
