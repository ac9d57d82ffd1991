//! A worker: the loop of `crates/shell/worker` around the production core, with what a parser's lane does at least once.

mod rebalance;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::time::Duration;

use anyhow::{Context, Result};
use forebay_delivery::{
    Backoff, BrokerAck, Commits, Converted, Forwarding, Gate, Handed, Outcome, Progress, Task, Worker,
    WorkerLimits,
};

use super::client::Client;
use super::setup::{BATCH, DRAIN_TIMEOUT, PER_RECORD, POLL_WAIT, RECORD_BYTES};
use super::watch::Owner;
use super::world::{Event, Request, Span, World};

/// How long a loop waits that has nothing to do, as in `crates/shell/worker`.
const PAUSE: Duration = Duration::from_millis(2);
/// The bounds of a lane, as in `services/parser` and `crates/shell/worker`.
const LIMITS: WorkerLimits = WorkerLimits {
    in_flight: 16 * 1024 * 1024,
    batch: 0,
    patience: Duration::from_secs(2),
    commit_every: Duration::from_secs(1),
    commit_again: Duration::from_secs(30),
    drain: DRAIN_TIMEOUT,
    commits: Commits::ByWorker,
};
/// The pauses before a batch is sent again; none is, here.
const RETRY: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));

/// A batch that was handed on.
#[derive(Debug)]
struct Batch {
    number: u64,
    spans: Vec<Span>,
    converted: Converted,
}

/// What a worker's thread is in the middle of.
#[derive(Debug)]
enum Doing {
    /// Its loop.
    Working,
    /// These partitions are given up once what is under way for them has ended, or at that time.
    Concluding(Vec<i32>, Duration),
    /// Their last offsets are being committed.
    LastCommit(Vec<i32>),
    /// The last commit of a stop.
    StopCommit,
    /// The client is being closed, and commits once more.
    Closing,
    /// It has ended.
    Gone,
}

/// A worker, in one of its lives.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) owner: Owner,
    /// When it comes back after it was told to end.
    pub(super) back: Option<Duration>,
    name: Option<String>,
    began: Duration,
    client: Client,
    worker: Worker,
    forwarding: Forwarding<Batch>,
    acknowledged: BTreeSet<u64>,
    batches: u64,
    /// Where it reads on in each of its partitions; `None` until it knows what is committed.
    positions: BTreeMap<i32, Option<i64>>,
    is_paused: bool,
    doing: Doing,
    turn: (u64, Option<Duration>),
    beat: u64,
    /// When the last request arrives, and its answer: they stay in order.
    on_its_way: (Duration, Duration),
}

// === impl Batch ===

impl Batch {
    fn new(number: u64, spans: Vec<Span>) -> Self {
        let mut converted = Converted::default();
        let records: i64 = spans.iter().map(|(_, from, to)| to - from).sum();
        (0..records).for_each(|_| converted.add(Outcome::Forwarded(NonZeroU64::MIN)));
        Self { number, spans, converted }
    }

    /// The brokers have all of it.
    fn handed(&self) -> Handed {
        let (documents, letters) = (self.converted.documents(), self.converted.letters());
        let ack = |records| Some(BrokerAck::from_delivery_report(records));
        Handed::of(self.converted, ack(documents), ack(letters))
    }
}

// === impl Process ===

impl Process {
    /// Starts one, which the group knows by a name if it has one.
    pub(super) fn start(owner: Owner, name: Option<String>, world: &mut World) -> Self {
        let mut process = Self {
            owner,
            back: None,
            client: Client::new(member(world), name.clone()),
            name,
            began: world.now,
            worker: Worker::new(LIMITS),
            forwarding: Forwarding::new(RETRY),
            acknowledged: BTreeSet::new(),
            batches: 0,
            positions: BTreeMap::new(),
            is_paused: false,
            doing: Doing::Working,
            turn: (0, None),
            beat: 0,
            on_its_way: (Duration::ZERO, Duration::ZERO),
        };
        process.beat_at(world.now, world);
        process.wake(world.now, world);
        process
    }

    /// The partitions that it has.
    pub(super) fn partitions(&self) -> Vec<i32> {
        self.positions.keys().copied().collect()
    }

    /// Its epoch in the group.
    pub(super) fn epoch(&self) -> i32 {
        self.client.member().1
    }

    /// Whether it has ended.
    pub(super) const fn is_gone(&self) -> bool {
        matches!(self.doing, Doing::Gone)
    }

    /// `SIGTERM`.
    pub(super) fn stop(&mut self, back: Option<Duration>, world: &mut World) {
        self.back = back;
        self.worker.stop(world.now - self.began);
        self.wake(world.now, world);
    }

    /// Something happens to it.
    pub(super) fn happen(&mut self, event: Event, world: &mut World) -> Result<()> {
        match event {
            Event::Turn(_, number) if number == self.turn.0 => {
                self.turn.1 = None;
                self.go_on(world)
            }
            Event::Beat(_, number) if number == self.beat => {
                self.send_beat(world);
                Ok(())
            }
            Event::Anew(_) => {
                self.make_client_anew(world);
                Ok(())
            }
            Event::Answer(_, answer) => self.answered(answer, world),
            Event::Acknowledged(_, number) => {
                let _new = self.acknowledged.insert(number);
                // A poll isn't interrupted by it; who waits for it is.
                if matches!(self.doing, Doing::Concluding(..)) {
                    self.wake(world.now, world);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn go_on(&mut self, world: &mut World) -> Result<()> {
        self.advance(world);
        match self.doing {
            Doing::Working => {}
            Doing::Concluding(..) => return self.conclude(world),
            Doing::LastCommit(_) | Doing::StopCommit | Doing::Closing | Doing::Gone => return Ok(()),
        }
        loop {
            match self.worker.next(world.now - self.began, Gate::Open) {
                Task::Poll | Task::KeepMembership => return self.poll(world),
                Task::Resume => {
                    self.is_paused = false;
                    return self.poll(world);
                }
                Task::Pause => {
                    self.is_paused = true;
                    return self.poll(world);
                }
                Task::Wait => {
                    self.wake(world.now + PAUSE, world);
                    return Ok(());
                }
                Task::Commit { offsets, wait } => {
                    if self.commit(offsets, wait, world) && wait {
                        self.doing = Doing::StopCommit;
                        return Ok(());
                    }
                }
                Task::Rewind(from) => {
                    for (partition, offset) in from {
                        if let Some(position) = self.positions.get_mut(&partition) {
                            *position = Some(offset);
                        }
                    }
                }
                Task::Leave => {
                    self.leave(world);
                    return Ok(());
                }
            }
        }
    }

    /// Looks after what is under way.
    fn advance(&mut self, world: &mut World) {
        loop {
            let now = world.now - self.began;
            let acknowledged = &self.acknowledged;
            let answer = |batch: &Batch| acknowledged.contains(&batch.number).then(|| batch.handed());
            match self.forwarding.advance(now, &mut self.worker, || world.rng.draw(), answer) {
                Progress::Settled(batch) | Progress::Stale(batch) => {
                    let _known = self.acknowledged.remove(&batch.number);
                }
                Progress::SendAgain(batch, receipt) => {
                    self.hand_on(&batch, world);
                    self.forwarding.sent_again(batch, receipt);
                }
                Progress::Nothing | Progress::Refused(_) => return,
            }
        }
    }

    /// A poll: it tells of a rebalance, or brings records.
    fn poll(&mut self, world: &mut World) -> Result<()> {
        if let Some(change) = self.client.change() {
            self.change(change, world);
            return Ok(());
        }
        let (spans, has_more) = if self.is_paused { (Vec::new(), false) } else { self.fetch(world) };
        let records: i64 = spans.iter().map(|(_, from, to)| to - from).sum();
        if records == 0 {
            self.wake(world.now + POLL_WAIT, world);
            return Ok(());
        }
        let offsets =
            spans.iter().flat_map(|(partition, from, to)| (*from..*to).map(move |at| (*partition, at)));
        let bytes = usize::try_from(records * RECORD_BYTES).unwrap_or(usize::MAX);
        let receipt = self.worker.open(offsets, bytes).context("a batch can't be opened")?;
        self.batches += 1;
        let batch = Batch::new(self.batches, spans);
        self.hand_on(&batch, world);
        self.forwarding.sent(batch, receipt);
        let worked = PER_RECORD * u32::try_from(records).unwrap_or(u32::MAX);
        let pause = if has_more { Duration::ZERO } else { world.setup.poll };
        self.wake(world.now + worked.max(pause), world);
        Ok(())
    }

    /// What is there, evenly from all partitions, and whether there is more.
    fn fetch(&mut self, world: &mut World) -> (Vec<Span>, bool) {
        let room = BATCH / i64::try_from(self.positions.len().max(1)).unwrap_or(1);
        let (now, end) = (world.now, world.watch.end(world.now));
        let (mut spans, mut has_more) = (Vec::new(), false);
        for (partition, position) in &mut self.positions {
            let Some(from) = *position else { continue };
            let to = end.min(from + room.max(1)).max(from);
            world.watch.read(*partition, (from, to), now);
            has_more |= to < end;
            if to > from {
                *position = Some(to);
                spans.push((*partition, from, to));
            }
        }
        (spans, has_more)
    }

    /// A batch sets out for the next topic. It gets there whatever becomes of the worker.
    fn hand_on(&self, batch: &Batch, world: &mut World) {
        let takes = world.outcome();
        world.at(world.now + takes / 2, Event::Done(batch.spans.clone()));
        world.at(world.now + takes, Event::Acknowledged(self.owner, batch.number));
    }

    /// Commits what is of its own partitions. Answers whether there is anything.
    fn commit(&mut self, mut offsets: Vec<(i32, i64)>, waits: bool, world: &mut World) -> bool {
        offsets.retain(|(partition, _)| self.positions.contains_key(partition));
        let is_any = !offsets.is_empty();
        if is_any {
            let of = self.client.member();
            self.send(Request::Commit { of, offsets, waits }, world);
        }
        is_any
    }

    /// Goes on at that time, or earlier if that was said before.
    fn wake(&mut self, at: Duration, world: &mut World) {
        let (number, known) = &mut self.turn;
        if known.is_none_or(|known| at < known) {
            *number += 1;
            *known = Some(at);
            world.at(at, Event::Turn(self.owner, *number));
        }
    }

    /// The next heartbeat is sent at that time.
    fn beat_at(&mut self, at: Duration, world: &mut World) {
        self.beat += 1;
        world.at(at, Event::Beat(self.owner, self.beat));
    }

    fn send(&mut self, request: Request, world: &mut World) {
        let arrives = self.on_its_way.0.max(world.now + world.way());
        self.on_its_way.0 = arrives;
        world.at(arrives, Event::Arrives(self.owner, request));
    }
}

/// A name that a client gives itself.
fn member(world: &mut World) -> String {
    format!("{:016x}{:016x}", world.rng.draw(), world.rng.draw())
}
