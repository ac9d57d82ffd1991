//! What a process can do to the world during a turn. It may be killed between any two of these steps.

use std::rc::Rc;
use std::time::Duration;

use crate::broker::group::MemberId;
use crate::broker::log::Record;
use crate::broker::transactions::Producer;
use crate::broker::{Tier, Topic};
use crate::node::acks::{Acks, What};
use crate::node::consumer::Consumer;
use crate::queue::{BulkFlight, Event, Fate, Flight, Life, Pid};
use crate::world::{AsyncCommit, World};

/// How long a step of a transaction may take before it is asked for again.
const STEP: Duration = Duration::from_millis(150);
/// When a producer gives a record up.
const DELIVERY_TIMEOUT: Duration = Duration::from_millis(800);
/// When an indexer gives a request up.
const BULK_TIMEOUT: Duration = Duration::from_millis(900);
/// When the coordinator aborts a transaction by itself.
const TRANSACTION_TIMEOUT: Duration = Duration::from_millis(1_500);

/// Why a turn isn't followed by another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// `kill -9`.
    Killed,
    /// Only a new client can put this right.
    Failed(&'static str),
    /// It has left its group, as it was told.
    Left,
}

/// Why a step of a transaction isn't done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Undone {
    /// It takes its time, or its answer was lost: ask again.
    Retry,
    /// The transaction has to be aborted.
    Abort,
    /// The producer is of no use any more.
    Fatal,
}

/// The world, as a process sees it during a turn.
#[derive(Debug)]
pub struct Context<'a, 'w> {
    /// Everything else.
    pub world: &'a mut World<'w>,
    /// Which process.
    pub pid: Pid,
    /// In which life.
    pub life: Life,
    /// How long calls took that had to be waited for.
    pub busy: Duration,
    tier: Tier,
    steps: &'a mut Option<u32>,
}

// === impl Context ===

impl<'a, 'w> Context<'a, 'w> {
    pub(crate) const fn new(
        world: &'a mut World<'w>,
        pid: Pid,
        life: Life,
        tier: Tier,
        steps: &'a mut Option<u32>,
    ) -> Self {
        Self { world, pid, life, busy: Duration::ZERO, tier, steps }
    }

    /// Before, and after, whatever others can see.
    pub(crate) const fn step(&mut self) -> Result<(), End> {
        match self.steps {
            None => Ok(()),
            Some(0) => Err(End::Killed),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    /// Whether no broker answers it.
    pub(crate) fn is_away(&self) -> bool {
        self.world.is_away(self.pid)
    }

    /// Randomness for the core.
    pub(crate) const fn random(&mut self) -> u64 {
        self.world.rng.draw()
    }

    /// Whether something fails that only a new client can put right.
    pub(crate) const fn client_fails(&mut self) -> bool {
        let rate = self.world.rates.client_fails;
        self.world.rng.chance(rate)
    }

    /// Notes something that this process does.
    pub(crate) fn note(&mut self, kind: &str, text: impl FnOnce() -> String) {
        let pid = self.pid;
        self.world.trace.note(self.world.now, kind, &[pid as u64], || format!("process {pid}: {}", text()));
    }

    /// Sends a record. Its answer is counted in `acks`.
    pub(crate) fn send(
        &mut self,
        (topic, partition): (Topic, i32),
        record: Record,
        transaction: Option<u64>,
        acks: &Rc<Acks>,
        what: What,
    ) -> Result<(), End> {
        self.step()?;
        acks.sent();
        let (rates, rng) = (self.world.rates, &mut self.world.rng);
        let fate = if rng.chance(rates.produce_fails) {
            Fate::Refused
        } else if rng.chance(rates.produce_lost_ack) {
            Fate::WrittenInSecret
        } else {
            Fate::Written
        };
        let slow = rng.chance(rates.produce_slow);
        let mut leg = || if slow { rng.millis(50, 500) } else { rng.millis(1, 8) };
        let (there, mut back) = (leg(), leg());
        if fate == Fate::WrittenInSecret {
            back = DELIVERY_TIMEOUT.saturating_sub(there);
        }
        let flight = Flight {
            number: 0,
            topic,
            partition,
            record: Rc::new(record),
            transaction,
            acks: Rc::clone(acks),
            what,
            pid: self.pid,
            life: self.life,
            fate,
            back,
            until: self.world.now + DELIVERY_TIMEOUT,
        };
        self.world.set_out(flight, there);
        Ok(())
    }

    /// Sends a bulk request.
    pub(crate) fn bulk(&mut self, number: u64, body: Vec<u8>) -> Result<(), End> {
        self.step()?;
        let rng = &mut self.world.rng;
        let slow = rng.chance(self.world.rates.bulk_slow);
        let mut leg = || if slow { rng.millis(50, 1_000) } else { rng.millis(1, 20) };
        let (there, back) = (leg(), leg());
        let until = self.world.now + BULK_TIMEOUT;
        let flight = BulkFlight { body, pid: self.pid, life: self.life, number, back, until };
        self.world.after(there, Event::Bulk(Box::new(flight)));
        Ok(())
    }

    /// Commits, and doesn't wait.
    pub(crate) fn commit_later(&mut self, consumer: &Consumer, offsets: Vec<(i32, i64)>) -> Result<(), End> {
        self.step()?;
        let Some(commit) = self.commit_of(consumer, offsets) else { return Ok(()) };
        if self.is_away() || self.world.rng.chance(self.world.rates.commit_lost) {
            return Ok(());
        }
        let life = self.life;
        self.world.commits.entry(life).or_default().push_back(commit);
        let pause = self.world.rng.millis(1, 150);
        self.world.after(pause, Event::Commit(life));
        Ok(())
    }

    /// Commits, and waits; answers whether it got through, as far as is known.
    pub(crate) fn commit_now(&mut self, consumer: &Consumer, offsets: Vec<(i32, i64)>) -> Result<bool, End> {
        self.step()?;
        // One connection: what was sent before arrives before.
        self.world.commits_arrive(self.life, true);
        let Some(commit) = self.commit_of(consumer, offsets) else { return Ok(true) };
        self.busy += self.world.rng.millis(1, 10);
        if self.is_away() || self.world.rng.chance(self.world.rates.commit_lost) {
            return Ok(false);
        }
        let done = self.world.commit(&commit);
        self.step()?;
        Ok(done && !self.world.rng.chance(self.world.rates.commit_lost_answer))
    }

    fn commit_of(&self, consumer: &Consumer, mut offsets: Vec<(i32, i64)>) -> Option<AsyncCommit> {
        if self.world.core.knows_what_it_owns() {
            offsets.retain(|(partition, _)| consumer.owns(*partition));
        }
        let (member, epoch) = consumer.member_and_epoch()?;
        (!offsets.is_empty()).then_some(AsyncCommit { tier: self.tier, member, epoch, offsets })
    }

    /// Takes possession of a transactional id.
    pub(crate) fn init_transactions(&mut self, id: u64) -> Result<Result<Producer, Undone>, End> {
        self.step()?;
        if let Some(undone) = self.lost_request() {
            return Ok(Err(undone));
        }
        let (producer, open) = self.world.broker.transactions.init(id);
        open.into_iter().for_each(|number| self.world.end_transaction(number, false));
        self.step()?;
        Ok(self.lost_answer().map_or(Ok(producer), Err))
    }

    /// Begins a transaction. The coordinator hears of it with the first record; its time counts from now.
    pub(crate) fn begin_transaction(&mut self, producer: Producer) -> u64 {
        let number = self.world.broker.transactions.begin(producer);
        self.world.after(TRANSACTION_TIMEOUT, Event::Timeout(number));
        number
    }

    /// Puts offsets into a transaction.
    pub(crate) fn put_offsets(
        &mut self,
        number: u64,
        member: Option<(MemberId, u64)>,
        offsets: &[(i32, i64)],
    ) -> Result<Result<(), Undone>, End> {
        self.step()?;
        if let Some(undone) = self.lost_request() {
            return Ok(Err(undone));
        }
        let is_member =
            member.is_some_and(|(id, epoch)| self.world.broker.group(self.tier).epoch(id) == Some(epoch));
        if !is_member && self.world.core.shows_its_epoch() {
            self.note("fenced", || "the group's coordinator refuses its offsets".to_owned());
            return Ok(Err(Undone::Abort));
        }
        if self.world.broker.transactions.put_offsets(number, offsets).is_err() {
            return Ok(Err(Undone::Fatal));
        }
        let group = self.world.broker.group_mut(self.tier);
        offsets.iter().for_each(|(partition, _)| group.pend(*partition, number));
        self.step()?;
        Ok(self.lost_answer().map_or(Ok(()), Err))
    }

    /// Ends a transaction.
    pub(crate) fn end_transaction(&mut self, number: u64, commit: bool) -> Result<Result<(), Undone>, End> {
        self.step()?;
        if let Some(undone) = self.lost_request() {
            return Ok(Err(undone));
        }
        match self.world.broker.transactions.ended(number) {
            Some(how) if how == commit => {}
            Some(_) => return Ok(Err(Undone::Fatal)),
            None if !self.world.broker.transactions.is_open(number) => return Ok(Err(Undone::Fatal)),
            None => self.world.end_transaction(number, commit),
        }
        self.step()?;
        Ok(self.lost_answer().map_or(Ok(()), Err))
    }

    fn lost_request(&mut self) -> Option<Undone> {
        self.busy += self.world.rng.millis(1, 5);
        let rates = self.world.rates;
        if self.is_away() || self.world.rng.chance(rates.transaction_retry) {
            self.busy += STEP;
            return Some(Undone::Retry);
        }
        self.world.rng.chance(rates.transaction_abort).then_some(Undone::Abort)
    }

    fn lost_answer(&mut self) -> Option<Undone> {
        let is_lost = self.world.rng.chance(self.world.rates.transaction_retry);
        if is_lost {
            self.busy += STEP;
        }
        is_lost.then_some(Undone::Retry)
    }
}
