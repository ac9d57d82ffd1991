//! One life of a consumer: from its making to its end. The order of calls is that of the production worker's loop.

use std::time::Duration;

use forebay_delivery::{Commits, Task, Worker, WorkerLimits};

use crate::broker::Tier;
use crate::broker::group::News;
use crate::cluster::Reply;
use crate::indexer::Indexer;
use crate::node::consumer::{Consumer, Polled};
use crate::node::context::{Context, End};
use crate::node::stage::Stage;
use crate::oracle::Invariant;
use crate::parser::at_least_once::AtLeastOnce;
use crate::parser::exactly_once::ExactlyOnce;
use crate::plan::Delivery;
use crate::world::World;

const PATIENCE: Duration = Duration::from_millis(300);
const POLL_WAIT: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(15);
/// How long partitions that are given up wait for what is under way for them.
const REVOKE_TIMEOUT: Duration = Duration::from_millis(300);
/// The longest time between two polls: patience, giving up partitions, and some calls that have to be waited for.
const POLL_GAP: Duration = Duration::from_millis(900);

/// A life.
#[derive(Debug)]
pub struct Life {
    began: Duration,
    worker: Worker,
    stage: Box<dyn Stage>,
    consumer: Consumer,
    /// The batch in the making, and since when.
    making: Vec<Polled>,
    since: Option<Duration>,
    giving_up: Option<GivingUp>,
    error: Option<&'static str>,
    polled_at: Duration,
}

/// Partitions that are given up, in the middle of a poll.
#[derive(Debug)]
struct GivingUp {
    partitions: Vec<i32>,
    until: Duration,
}

// === impl Life ===

impl Life {
    pub(crate) fn new(tier: Tier, pid: usize, number: u64, world: &World<'_>) -> Self {
        let plan = world.plan;
        let name = plan.static_members.then_some(pid as u64);
        let (stage, in_flight, batch): (Box<dyn Stage>, _, _) = match (tier, plan.delivery) {
            (Tier::Parser, Delivery::AtLeastOnce) => {
                (Box::new(AtLeastOnce::new(plan.bounds)), plan.bounds.parser_in_flight, 0)
            }
            (Tier::Parser, Delivery::ExactlyOnce) => {
                // Ids of places and of lives don't meet.
                let id = name.unwrap_or(number + 1_000);
                (Box::new(ExactlyOnce::new(plan.bounds, id)), plan.bounds.parser_in_flight, 0)
            }
            (Tier::Indexer, _) => {
                let bounds = plan.bounds;
                (Box::new(Indexer::new(bounds)), bounds.indexer_in_flight, Indexer::load_bytes(bounds))
            }
        };
        let limits = WorkerLimits {
            in_flight,
            batch,
            patience: PATIENCE,
            commit_every: Duration::from_millis(150),
            commit_again: world.core.commit_again(),
            commits: world.core.commits(match (tier, plan.delivery) {
                (Tier::Parser, Delivery::ExactlyOnce) => Commits::InTransactions,
                (Tier::Parser, Delivery::AtLeastOnce) | (Tier::Indexer, _) => Commits::ByWorker,
            }),
            drain: Duration::from_millis(800),
        };
        Self {
            began: world.now,
            worker: Worker::new(limits),
            stage,
            consumer: Consumer::new(tier, name),
            making: Vec::new(),
            since: None,
            giving_up: None,
            error: None,
            polled_at: world.now,
        }
    }

    pub(crate) fn member(&self) -> Option<u64> {
        self.consumer.member_and_epoch().map(|(member, _)| member)
    }

    pub(crate) fn reply(&mut self, number: u64, reply: Reply) {
        self.stage.reply(number, reply);
    }

    pub(crate) const fn continues(&mut self, now: Duration) {
        self.polled_at = now;
    }

    /// One turn of the loop. Answers after how long the next one is due.
    pub(crate) fn turn(&mut self, ends: bool, context: &mut Context<'_, '_>) -> Result<Duration, End> {
        let pause = self.go_on(ends, context)?;
        self.check(context);
        Ok(pause)
    }

    fn go_on(&mut self, ends: bool, context: &mut Context<'_, '_>) -> Result<Duration, End> {
        let now = self.now(context);
        if self.giving_up.is_some() {
            return self.conclude(now, context);
        }
        if let Some(error) = self.error.take() {
            return Err(End::Failed(error));
        }
        if ends && !self.worker.is_stopping() {
            context.note("drains", String::new);
            self.stage.finish();
            self.worker.stop(now);
        }
        self.stage.advance(&mut self.worker, &self.consumer, now, context)?;
        let gate = self.stage.gate(now);
        let task = self.worker.next(now, gate);
        self.carry_out(task, now, context)
    }

    fn carry_out(
        &mut self,
        task: Task,
        now: Duration,
        context: &mut Context<'_, '_>,
    ) -> Result<Duration, End> {
        match task {
            Task::Poll => self.take(now, context),
            Task::Resume => {
                context.note("resumes", String::new);
                if context.world.core.resumes() {
                    self.consumer.resume();
                }
                self.take(now, context)
            }
            Task::Wait => Ok(self.until_something(now, PAUSE)),
            Task::Pause => {
                context.note("pauses", String::new);
                self.consumer.pause();
                self.keep_membership(now, context)
            }
            Task::KeepMembership => self.keep_membership(now, context),
            Task::Commit { offsets, wait } => {
                let to_commit = context.world.core.to_commit(&self.worker, offsets.clone());
                if !wait {
                    context.commit_later(&self.consumer, to_commit)?;
                } else if !context.commit_now(&self.consumer, to_commit)? {
                    self.worker.commit_failed(&offsets);
                }
                Ok(Duration::ZERO)
            }
            Task::Rewind(from) => {
                context.note("rewinds", || format!("{from:?}"));
                self.making
                    .retain(|polled| !from.iter().any(|(partition, _)| *partition == polled.partition));
                if context.client_fails() {
                    return Err(End::Failed("a seek failed"));
                }
                if context.world.core.rewinds() {
                    self.consumer.seek(&from);
                }
                Ok(Duration::ZERO)
            }
            Task::Leave => {
                context.note("leaves", String::new);
                self.leave(context)?;
                Err(End::Left)
            }
        }
    }

    /// Polls into the batch in the making, and hands it on when it is due.
    fn take(&mut self, now: Duration, context: &mut Context<'_, '_>) -> Result<Duration, End> {
        let gather = self.stage.gather();
        let got = self.poll(gather.records.saturating_sub(self.making.len()), now, context)?;
        if self.giving_up.is_some() {
            return Ok(Duration::ZERO);
        }
        if self.making.is_empty() {
            self.since = None;
            return Ok(self.until_something(now, POLL_WAIT));
        }
        let since = *self.since.get_or_insert(now);
        let waited = now.saturating_sub(since);
        if self.making.len() >= gather.records || waited >= gather.wait {
            self.since = None;
            let records = std::mem::take(&mut self.making);
            self.stage.take(&mut self.worker, records, now, context)?;
        } else if !got {
            return Ok(self.until_something(now, gather.wait.saturating_sub(waited).min(POLL_WAIT)));
        }
        Ok(context.world.rng.millis(0, 4))
    }

    /// A poll that takes nothing, since all partitions are paused, but keeps the membership.
    fn keep_membership(&mut self, now: Duration, context: &mut Context<'_, '_>) -> Result<Duration, End> {
        let _leaked = self.poll(1, now, context)?;
        if self.giving_up.is_some() { Ok(Duration::ZERO) } else { Ok(self.until_something(now, POLL_WAIT)) }
    }

    /// Answers whether there were records.
    fn poll(&mut self, most: usize, now: Duration, context: &mut Context<'_, '_>) -> Result<bool, End> {
        self.polled_at = context.world.now;
        if context.client_fails() {
            return Err(End::Failed("a poll failed"));
        }
        match self.consumer.news(context)? {
            News::Nothing => {}
            News::Lost => {
                let lost = self.consumer.lost();
                context.note("lost", || format!("{lost:?}"));
                self.stage.give_up(context)?;
                context.world.core.lost(&mut self.worker, &lost);
                self.making.clear();
                return Ok(false);
            }
            News::Revoke(partitions) => {
                context.note("revoked", || format!("{partitions:?}"));
                self.stage.finish();
                self.giving_up = Some(GivingUp { partitions, until: now + REVOKE_TIMEOUT });
                return Ok(false);
            }
            News::Assign(partitions) => {
                context.note("assigned", || format!("{partitions:?}"));
                self.worker.assigned(&partitions);
                self.consumer.assigned(&partitions);
            }
        }
        let polled = self.consumer.fetch(most, context);
        let got = !polled.is_empty();
        self.making.extend(polled);
        Ok(got)
    }

    /// In the middle of a poll: what is under way for partitions that are given up goes on for a while.
    fn conclude(&mut self, now: Duration, context: &mut Context<'_, '_>) -> Result<Duration, End> {
        let Some(GivingUp { partitions, until }) = self.giving_up.take() else {
            return Ok(Duration::ZERO);
        };
        match self.stage.advance(&mut self.worker, &self.consumer, now, context) {
            Ok(()) if !self.worker.has_open(&partitions) => {}
            Ok(()) if now < until && context.world.core.waits_for_what_is_under_way() => {
                self.giving_up = Some(GivingUp { partitions, until });
                return Ok(self.until_something(now, PAUSE));
            }
            Ok(()) => self.stage.give_up(context)?,
            Err(End::Failed(error)) => {
                self.error = Some(error);
                self.stage.give_up(context)?;
            }
            Err(end) => return Err(end),
        }
        self.part_with(&partitions, context)?;
        self.polled_at = context.world.now;
        Ok(Duration::ZERO)
    }

    fn part_with(&mut self, partitions: &[i32], context: &mut Context<'_, '_>) -> Result<(), End> {
        let core = context.world.core;
        let offsets = core.revoked(&mut self.worker, partitions);
        let offsets = core.to_commit(&self.worker, offsets);
        context.note("gives up", || format!("{partitions:?}, commits {offsets:?}"));
        if !offsets.is_empty() {
            let _or_it_is_read_again = context.commit_now(&self.consumer, offsets)?;
        }
        self.making.retain(|polled| !partitions.contains(&polled.partition));
        self.consumer.give_up(partitions, context);
        Ok(())
    }

    /// What is under way had its time.
    fn leave(&mut self, context: &mut Context<'_, '_>) -> Result<(), End> {
        let partitions = self.consumer.partitions();
        if self.worker.has_open(&partitions) {
            self.stage.give_up(context)?;
        }
        self.part_with(&partitions, context)?;
        self.consumer.leave(context);
        Ok(())
    }

    /// The client is closed after a failure: what is done is committed as far as that goes.
    pub(crate) fn close(&mut self, context: &mut Context<'_, '_>) {
        let partitions = self.consumer.partitions();
        let _nobody_kills_it_now = self.stage.give_up(context);
        let _nobody_kills_it_now = self.part_with(&partitions, context);
        self.consumer.leave(context);
    }

    fn now(&self, context: &Context<'_, '_>) -> Duration {
        context.world.now.saturating_sub(self.began)
    }

    fn until_something(&self, now: Duration, at_most: Duration) -> Duration {
        let next = self.stage.next_at().map_or(at_most, |at| at.saturating_sub(now));
        next.max(Duration::from_millis(1)).min(at_most)
    }

    fn check(&self, context: &mut Context<'_, '_>) {
        let (pid, oracle) = (context.pid, &mut context.world.oracle);
        let (held, may) = (self.worker.held(), self.stage.may_hold());
        if held > may {
            oracle.broken(Invariant::MemoryBounded, || {
                format!("process {pid} holds {held} bytes, {may} at most")
            });
        }
        if self.worker.abandoned() > 0 {
            oracle.broken(Invariant::NothingAbandoned, || format!("process {pid} dropped a receipt"));
        }
        let gap = context.world.now.saturating_sub(self.polled_at);
        if gap > POLL_GAP {
            oracle.broken(Invariant::PollsInTime, || format!("process {pid} didn't poll for {gap:?}"));
        }
    }
}
