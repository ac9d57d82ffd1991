//! A schedule from its beginning to its end.

mod faults;

use std::rc::Rc;
use std::time::Duration;

use crate::broker::Tier;
use crate::broker::Topic;
use crate::convert;
use crate::node::acks::Answer;
use crate::node::{Process, Turned};
use crate::oracle::{Invariant, Violation};
use crate::plan::{Plan, Rates};
use crate::queue::{Event, Life, Pid};
use crate::seam::Core;
use crate::trace::Trace;
use crate::world::World;

/// How long everything may take to end once faults have stopped.
const REST: Duration = Duration::from_secs(20);
/// And for each event of the schedule besides.
const REST_EACH: Duration = Duration::from_millis(10);
/// How often is looked whether all is done.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What came of a schedule.
#[derive(Debug)]
pub struct Outcome {
    /// What was wrong, if something was.
    pub violation: Option<Violation>,
    /// What happened.
    pub trace: Trace,
    /// How many events were acknowledged.
    pub acknowledged: usize,
    /// How many faults hit, those in passing not counted.
    pub faults: usize,
    /// How long it took, in its own time.
    pub took: Duration,
    /// How long it went on after the last fault.
    pub rest: Duration,
    /// How many steps it had.
    pub steps: u64,
}

/// A schedule that runs.
#[derive(Debug)]
struct Run<'a> {
    world: World<'a>,
    processes: Vec<Process>,
    last_life: Life,
    faults: usize,
    steps: u64,
}

/// Runs a schedule on a core.
#[must_use]
pub fn run(plan: &Plan, core: &dyn Core, trace: Trace) -> Outcome {
    let mut run = Run::new(plan, core, trace);
    while run.world.oracle.violation().is_none()
        && let Some((at, event)) = run.world.queue.pop()
    {
        run.world.now = run.world.now.max(at);
        run.steps += 1;
        if run.happens(event) {
            break;
        }
    }
    let acknowledged =
        (0..plan.events.len()).filter(|event| run.world.oracle.is_acknowledged(*event)).count();
    Outcome {
        violation: run.world.oracle.violation().cloned(),
        acknowledged,
        faults: run.faults,
        took: run.world.now,
        rest: run.world.now.saturating_sub(plan.last_fault_at()),
        steps: run.steps,
        trace: run.world.trace,
    }
}

// === impl Run ===

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, core: &'a dyn Core, trace: Trace) -> Self {
        let mut run = Self {
            world: World::new(plan, core, trace),
            processes: Vec::new(),
            last_life: 0,
            faults: 0,
            steps: 0,
        };
        for (tier, count) in [(Tier::Parser, plan.parsers), (Tier::Indexer, plan.indexers)] {
            (0..count).for_each(|_| run.add(tier));
        }
        let queue = &mut run.world.queue;
        for (number, event) in plan.events.iter().enumerate() {
            queue.push(event.at, Event::Client(number));
        }
        for (number, fault) in plan.faults.iter().enumerate() {
            queue.push(fault.at, Event::Fault(number));
        }
        queue.push(plan.calm_at, Event::Calm);
        queue.push(plan.calm_at + LOOK_EVERY, Event::Look);
        run
    }

    fn add(&mut self, tier: Tier) {
        let pid = self.processes.len();
        self.processes.push(Process::new(pid, tier));
        self.world.after(Duration::ZERO, Event::Start(pid));
    }

    /// Carries an event out; answers whether the schedule is over.
    fn happens(&mut self, event: Event) -> bool {
        match event {
            Event::Client(number) => self.client(number),
            Event::Fault(number) => self.fault(number),
            Event::Calm => self.calm(),
            Event::Turn(pid, ticket) => self.turn(pid, ticket),
            Event::Produce(flight) => self.world.produce(flight),
            Event::Ack(acks, what, ok, pid, life) => {
                acks.answered(what, ok);
                if !matches!(acks.answer(), Answer::UnderWay) {
                    self.wake(pid, life);
                }
            }
            Event::Commit(life) => self.world.commits_arrive(life, false),
            Event::Expire(tier, member) => self.expire(tier, member),
            Event::Expel(tier, generation) => self.expel(tier, generation),
            Event::Timeout(number) => {
                if self.world.broker.transactions.is_open(number) {
                    self.world.end_transaction(number, false);
                }
            }
            Event::Bulk(flight) => self.bulk(&flight),
            Event::BulkReply(pid, life, number, reply) => {
                if let Some(process) = self.processes.get_mut(pid)
                    && process.number() == life
                {
                    process.reply(number, *reply);
                    self.wake(pid, life);
                }
            }
            Event::Start(pid) => self.start(pid),
            Event::Continue(pid) => self.continues(pid),
            Event::Joined(pid) => self.joined(pid),
            Event::BrokerUp => self.broker_up(),
            Event::ClusterUp => self.cluster_up(),
            Event::ClusterIdle => self.cluster_idle(),
            Event::IndexOpens(tenant) => self.index_opens(tenant),
            Event::Look => return self.look(),
        }
        false
    }

    /// A client sends an event, and sends it again until it hears that it is safe. Between the two stands ingest, which
    /// answers when the brokers have it.
    fn client(&mut self, number: usize) {
        let Some(planned) = self.world.plan.events.get(number) else { return };
        if self.world.oracle.is_acknowledged(number) {
            return;
        }
        let (rates, rng) = (self.world.rates, &mut self.world.rng);
        let is_lost = rng.chance(rates.produce_fails);
        let answer_is_lost = rng.chance(rates.produce_lost_ack);
        let again = rng.millis(100, 500);
        if !self.world.broker.is_down() && !is_lost {
            let partitions = self.world.broker.partitions(Topic::Raw);
            let partition = i32::try_from(number / 2).unwrap_or(0) % partitions;
            self.world.append(Topic::Raw, partition, Rc::new(convert::raw(number, planned)), None);
            if !answer_is_lost {
                self.world.oracle.acknowledged(number);
                return;
            }
        }
        self.world.after(again, Event::Client(number));
    }

    fn turn(&mut self, pid: Pid, ticket: u64) {
        let Some(process) = self.processes.get_mut(pid) else { return };
        if process.ticket != ticket || process.is_stopped || !process.is_running() {
            return;
        }
        match process.turn(&mut self.world, &mut self.last_life) {
            Turned::GoesOn(pause) => {
                // Time passes on every turn.
                let pause = pause.max(Duration::from_micros(200));
                self.schedule(pid, pause);
            }
            Turned::Ended(back) => {
                self.world.trace.note(self.world.now, "ended", &[pid as u64], || format!("process {pid}"));
                self.world.after(back, Event::Start(pid));
            }
        }
    }

    fn schedule(&mut self, pid: Pid, pause: Duration) {
        let at = self.world.now + pause;
        if let Some(process) = self.processes.get_mut(pid) {
            process.ticket += 1;
            process.turn_at = at;
            self.world.queue.push(at, Event::Turn(pid, process.ticket));
        }
    }

    /// Something has come for a process: it goes on soon.
    fn wake(&mut self, pid: Pid, life: Life) {
        let soon = Duration::from_micros(300);
        let is_later = self.processes.get(pid).is_some_and(|process| {
            process.number() == life && !process.is_stopped && process.turn_at > self.world.now + soon
        });
        if is_later {
            self.schedule(pid, soon);
        }
    }

    fn start(&mut self, pid: Pid) {
        let Some(process) = self.processes.get_mut(pid) else { return };
        if process.is_running() {
            return;
        }
        self.last_life += 1;
        process.start(self.last_life, &mut self.world);
        let (tier, kind) = (process.tier, process.tier as u64);
        self.world
            .trace
            .note(self.world.now, "starts", &[pid as u64, kind], || format!("process {pid}, {tier:?}"));
        self.schedule(pid, Duration::ZERO);
    }

    fn bulk(&mut self, flight: &crate::queue::BulkFlight) {
        let world = &mut self.world;
        let reply = world.cluster.bulk(&flight.body, &world.rates, &mut world.rng);
        let answered = world.now + flight.back;
        let silent = matches!(reply, crate::cluster::Reply::Silence);
        let (at, reply) = if answered > flight.until || silent {
            (flight.until.max(world.now), crate::cluster::Reply::Silence)
        } else {
            (answered, reply)
        };
        let facts = [flight.pid as u64, flight.number];
        world.trace.note(world.now, "bulk", &facts, || match &reply {
            crate::cluster::Reply::Http(status, _, body) => format!(
                "request {} of process {}: {status} {}",
                flight.number,
                flight.pid,
                String::from_utf8_lossy(body)
            ),
            crate::cluster::Reply::Silence => {
                format!("request {} of process {}: no answer", flight.number, flight.pid)
            }
        });
        world.queue.push(at, Event::BulkReply(flight.pid, flight.life, flight.number, Box::new(reply)));
        self.look_for_duplicates();
    }

    fn look_for_duplicates(&mut self) {
        if let Some((event, part)) = self.world.cluster.twice() {
            self.world.oracle.broken(Invariant::IndexedOnce, || {
                format!("event {event}, part {part}, is in the index twice")
            });
        }
    }

    /// Nothing breaks from now on, and what is broken is mended.
    fn calm(&mut self) {
        self.world.trace.note(self.world.now, "calm", &[], String::new);
        self.world.calm = true;
        self.world.rates = Rates::default();
        self.broker_up();
        self.cluster_up();
        self.cluster_idle();
        self.world.cluster.refusals.clear();
        self.world.cluster.mended |= self.world.plan.mended_at_calm;
        for pid in 0..self.processes.len() {
            self.processes[pid].killed_in = None;
            self.joined(pid);
            self.continues(pid);
        }
    }

    /// Whether everything is where it belongs, and if it isn't, whether there is still time.
    fn look(&mut self) -> bool {
        if self.is_done() {
            self.world.oracle.at_the_end(&self.world.cluster);
            return true;
        }
        if self.world.now > self.world.plan.last_fault_at() + self.may_rest() {
            let detail = self.what_is_left();
            self.world.oracle.broken(Invariant::Progress, || detail);
            return true;
        }
        self.world.after(LOOK_EVERY, Event::Look);
        false
    }

    fn may_rest(&self) -> Duration {
        REST + REST_EACH * u32::try_from(self.world.plan.events.len()).unwrap_or(u32::MAX)
    }

    fn is_done(&self) -> bool {
        let world = &self.world;
        let told = (0..world.plan.events.len()).all(|event| world.oracle.is_acknowledged(event));
        told && world.plan.last_fault_at() < world.now && self.left().next().is_none()
    }

    /// Of each partition that isn't read to its end, the first record that is left.
    fn left(&self) -> impl Iterator<Item = (Tier, i32, i64)> {
        let broker = &self.world.broker;
        [Tier::Parser, Tier::Indexer].into_iter().flat_map(move |tier| {
            (0..broker.partitions(tier.topic())).filter_map(move |partition| {
                let log = broker.log(tier.topic(), partition);
                let committed = broker.group(tier).committed(partition);
                let first = log.read(committed, 1).next().map(|(offset, _)| offset);
                let undecided = (log.stable() < log.end_offset()).then(|| log.stable());
                first.or(undecided).map(|offset| (tier, partition, offset))
            })
        })
    }

    fn what_is_left(&self) -> String {
        let left: Vec<String> = self
            .left()
            .map(|(tier, partition, offset)| format!("{:?}/{partition} from {offset} on", tier.topic()))
            .collect();
        format!("{:?} after the last fault, not done: {}", self.may_rest(), left.join(", "))
    }
}
