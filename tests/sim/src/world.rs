//! Everything outside of the processes: brokers, cluster, time, chance, and the oracle that watches.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use crate::broker::group::MemberId;
use crate::broker::log::Record;
use crate::broker::{Broker, Tier, Topic};
use crate::cluster::Cluster;
use crate::oracle::Oracle;
use crate::plan::{Plan, Rates};
use crate::queue::{Event, Fate, Flight, Life, Pid, Queue};
use crate::rng::Rng;
use crate::seam::Core;
use crate::trace::Trace;

/// A commit on its way.
#[derive(Debug)]
pub struct AsyncCommit {
    /// Whose group.
    pub tier: Tier,
    /// Who commits.
    pub member: MemberId,
    /// In which epoch.
    pub epoch: u64,
    /// What.
    pub offsets: Vec<(i32, i64)>,
}

/// The records of one producer for one partition.
#[derive(Debug, Default)]
pub struct Lane {
    /// Their numbers.
    numbers: VecDeque<u64>,
    /// When the last one arrives, unless something holds it up.
    last_at: Duration,
}

/// The world.
#[derive(Debug)]
pub struct World<'a> {
    /// Now.
    pub now: Duration,
    /// The schedule.
    pub plan: &'a Plan,
    /// The core that the workers run.
    pub core: &'a dyn Core,
    /// What goes wrong at the moment.
    pub rates: Rates,
    /// Whether nothing breaks any more.
    pub calm: bool,
    /// Chance.
    pub rng: Rng,
    /// What is going to happen.
    pub queue: Queue,
    /// The brokers.
    pub broker: Broker,
    /// The cluster.
    pub cluster: Cluster,
    /// Who knows what is true.
    pub oracle: Oracle,
    /// What happened.
    pub trace: Trace,
    /// Whether the rules parse what they didn't.
    pub rules_mended: bool,
    /// The number of the last batch of a parser.
    pub last_batch: u64,
    /// Lives that haven't ended by a kill.
    pub alive: BTreeSet<Life>,
    /// Processes that can't reach the brokers.
    pub cut: BTreeSet<Pid>,
    /// Records on their way: a producer keeps their order within a partition.
    pub lanes: BTreeMap<(Life, Topic, i32), Lane>,
    /// The number of the last one.
    pub last_flight: u64,
    /// Commits on their way, in the order of each connection.
    pub commits: BTreeMap<Life, VecDeque<AsyncCommit>>,
}

// === impl World ===

impl<'a> World<'a> {
    /// Before anything happens.
    #[must_use]
    pub fn new(plan: &'a Plan, core: &'a dyn Core, trace: Trace) -> Self {
        Self {
            now: Duration::ZERO,
            plan,
            core,
            rates: plan.rates,
            calm: false,
            rng: Rng::new(plan.seed),
            queue: Queue::default(),
            broker: Broker::new(plan),
            cluster: Cluster::new(plan),
            oracle: Oracle::new(plan),
            trace,
            rules_mended: false,
            last_batch: 0,
            alive: BTreeSet::new(),
            cut: BTreeSet::new(),
            lanes: BTreeMap::new(),
            last_flight: 0,
            commits: BTreeMap::new(),
        }
    }

    /// Something is going to happen after a while.
    pub fn after(&mut self, pause: Duration, event: Event) {
        self.queue.push(self.now + pause, event);
    }

    /// Whether a process gets no answer from the brokers.
    #[must_use]
    pub fn is_away(&self, pid: Pid) -> bool {
        self.broker.is_down() || self.cut.contains(&pid)
    }

    /// A record is written.
    pub fn append(&mut self, topic: Topic, partition: i32, record: Rc<Record>, transaction: Option<u64>) {
        if transaction.is_none() {
            self.oracle.visible(topic, partition, &record);
        }
        if let Some(number) = transaction {
            self.broker.transactions.touch(number, topic, partition);
        }
        let event = record.event;
        let offset = self.broker.log_mut(topic, partition).append(record, transaction);
        let facts = [topic as u64, offset.unsigned_abs(), event as u64];
        self.trace.note(self.now, "written", &facts, || {
            let of = transaction.map_or_else(String::new, |number| format!(" in transaction {number}"));
            format!("{topic:?}/{partition} offset {offset}: event {event}{of}")
        });
    }

    /// A record sets out for the brokers.
    pub fn set_out(&mut self, mut flight: Flight, pause: Duration) {
        self.last_flight += 1;
        flight.number = self.last_flight;
        let lane = self.lanes.entry((flight.life, flight.topic, flight.partition)).or_default();
        lane.numbers.push_back(flight.number);
        lane.last_at = lane.last_at.max(self.now + pause);
        self.queue.push(lane.last_at, Event::Produce(Box::new(flight)));
    }

    /// A record has reached the brokers.
    pub fn produce(&mut self, flight: Box<Flight>) {
        let lane = (flight.life, flight.topic, flight.partition);
        let is_next = self.lanes.get(&lane).is_none_or(|lane| lane.numbers.front() == Some(&flight.number));
        let is_away = self.is_away(flight.pid);
        if !is_next || (is_away && self.now < flight.until) {
            let again = if is_away { self.rng.millis(20, 120) } else { self.rng.millis(0, 3) };
            return self.after(again, Event::Produce(flight));
        }
        if let Some(lane) = self.lanes.get_mut(&lane) {
            let _this_one = lane.numbers.pop_front();
        }
        // What a killed process had not sent yet is gone.
        if !self.alive.contains(&flight.life) && self.rng.chance(500) {
            return;
        }
        if is_away {
            return self.answer(&flight, false);
        }
        let is_theirs = flight.transaction.is_none_or(|number| self.broker.transactions.is_open(number));
        if flight.fate == Fate::Refused || !is_theirs {
            return self.answer(&flight, false);
        }
        self.append(flight.topic, flight.partition, Rc::clone(&flight.record), flight.transaction);
        self.answer(&flight, flight.fate == Fate::Written);
    }

    fn answer(&mut self, flight: &Flight, ok: bool) {
        let Flight { acks, what, pid, life, back, .. } = flight;
        self.after(*back, Event::Ack(Rc::clone(acks), *what, ok, *pid, *life));
    }

    /// Commits for a member, if it is one.
    pub fn commit(&mut self, commit: &AsyncCommit) -> bool {
        let AsyncCommit { tier, member, epoch, offsets } = commit;
        let is_theirs = self.broker.group(*tier).epoch(*member) == Some(*epoch);
        self.trace.note(self.now, "commit", &[*member, u64::from(is_theirs)], || {
            let end = if is_theirs { "" } else { ", refused: an old epoch" };
            format!("{tier:?} member {member}: {offsets:?}{end}")
        });
        if is_theirs {
            self.move_group(*tier, offsets);
        }
        is_theirs
    }

    /// Commits that are on their way on a connection arrive, the oldest or all.
    pub fn commits_arrive(&mut self, life: Life, all: bool) {
        while let Some(commit) = self.commits.get_mut(&life).and_then(VecDeque::pop_front) {
            let _nobody_hears = self.broker.is_down() || self.commit(&commit);
            if !all {
                return;
            }
        }
    }

    /// A transaction ends, unless it has.
    pub fn end_transaction(&mut self, number: u64, commit: bool) {
        let Some(ended) = self.broker.end_transaction(number, commit) else { return };
        self.trace.note(self.now, "transaction", &[number, u64::from(commit)], || {
            format!("{number} {}, offsets {:?}", if commit { "committed" } else { "aborted" }, ended.offsets)
        });
        if commit {
            for (topic, partition, record) in &ended.visible {
                self.oracle.visible(*topic, *partition, record);
            }
            self.move_group(Tier::Parser, &ended.offsets);
        }
    }

    fn move_group(&mut self, tier: Tier, offsets: &[(i32, i64)]) {
        for (partition, to) in offsets {
            let from = self.broker.group_mut(tier).commit(*partition, *to);
            self.oracle.committed(tier, *partition, (from, *to), (&self.broker, &self.cluster));
        }
    }

    /// A member isn't heard of any more.
    pub fn goes_silent(&mut self, tier: Tier, member: MemberId) {
        self.broker.group_mut(tier).heard(member, Some(self.now));
        self.after(crate::broker::group::SESSION, Event::Expire(tier, member));
    }

    /// A group has changed: who doesn't follow is thrown out.
    pub fn watch_rebalance(&mut self, tier: Tier) {
        let generation = self.broker.group(tier).generation();
        self.after(crate::broker::group::REBALANCE_TIMEOUT, Event::Expel(tier, generation));
    }
}
