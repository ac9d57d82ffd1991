//! Everything outside of the workers: time, chance, what is going to happen, and the coordinator.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use super::coordinator::{Answered, Beat, Beaten, Coordinator};
use super::scenario::Fault;
use super::setup::Setup;
use super::watch::{Owner, Watch};
use crate::rng::{Rng, mix};

/// Records of a partition: its number, the first offset, and the first one behind them.
pub(super) type Span = (i32, i64, i64);

/// Something that is going to happen.
#[derive(Debug)]
pub(super) enum Event {
    /// A worker is started, or ends.
    Fault(Fault),
    /// A worker's thread goes on, unless it was told another time since.
    Turn(Owner, u64),
    /// A heartbeat is due, unless it was told another time since.
    Beat(Owner, u64),
    /// A client is made anew.
    Anew(Owner),
    /// A request reaches the coordinator.
    Arrives(Owner, Request),
    /// Its answer reaches the worker.
    Answer(Owner, Answer),
    /// Records reach the next topic.
    Done(Vec<Span>),
    /// The worker hears that all of a batch is there.
    Acknowledged(Owner, u64),
}

/// What a worker asks of the coordinator.
#[derive(Debug)]
pub(super) enum Request {
    Beat(Beat),
    Commit { of: (String, i32), offsets: Vec<(i32, i64)>, waits: bool },
    Fetch { of: (String, i32), partitions: Vec<i32> },
}

/// What it answers.
#[derive(Debug)]
pub(super) enum Answer {
    Beaten(Answered<Beaten>),
    Committed { offsets: Vec<(i32, i64)>, waits: bool, done: Answered<()> },
    Fetched { partitions: Vec<i32>, offsets: Answered<Vec<(i32, i64)>> },
}

/// The world.
#[derive(Debug)]
pub(super) struct World {
    pub(super) now: Duration,
    pub(super) rng: Rng,
    pub(super) setup: Setup,
    pub(super) watch: Watch,
    pub(super) coordinator: Coordinator,
    /// Commits that were refused.
    pub(super) refused: u64,
    /// Times that partitions were given up with work under way.
    pub(super) cut_short: u64,
    /// Starts and ends that are still to come.
    pub(super) faults: usize,
    /// Stands for all that happened.
    pub(super) trace: u64,
    queue: BTreeMap<(Duration, u64), Event>,
    last: u64,
}

// === impl World ===

impl World {
    /// Before anything happens.
    pub(super) fn new(setup: &Setup) -> Result<Self> {
        Ok(Self {
            now: Duration::ZERO,
            rng: Rng::new(setup.seed),
            watch: Watch::new(setup),
            coordinator: Coordinator::start(setup)?,
            setup: setup.clone(),
            refused: 0,
            cut_short: 0,
            faults: 0,
            trace: 0,
            queue: BTreeMap::new(),
            last: 0,
        })
    }

    /// Something is going to happen.
    pub(super) fn at(&mut self, at: Duration, event: Event) {
        self.faults += usize::from(matches!(event, Event::Fault(_)));
        self.last += 1;
        let _before = self.queue.insert((at, self.last), event);
    }

    /// What happens next; it is its time now.
    pub(super) fn next(&mut self) -> Option<Event> {
        let ((at, number), event) = self.queue.pop_first()?;
        self.now = at;
        self.faults -= usize::from(matches!(event, Event::Fault(_)));
        let micros = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        self.trace = mix(self.trace ^ micros.rotate_left(20) ^ number);
        Some(event)
    }

    /// How long a request or an answer is on its way.
    pub(super) fn way(&mut self) -> Duration {
        Duration::from_micros(self.rng.between(300, 1_500))
    }

    /// How long the coordinator takes until an answer may be given: it gathers writes for 5 ms
    /// (`group.coordinator.append.linger.ms`) and waits for the replicas.
    pub(super) fn writing(&mut self) -> Duration {
        Duration::from_micros(self.rng.between(5_000, 10_000))
    }

    /// How long a batch is under way.
    pub(super) fn outcome(&mut self) -> Duration {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let (least, most) = self.setup.outcome;
        Duration::from_micros(self.rng.between(micros(least), micros(most)))
    }

    /// A request has reached the coordinator.
    pub(super) fn ask(&mut self, request: Request) -> Result<Answer> {
        let now = self.now;
        Ok(match request {
            Request::Beat(beat) => Answer::Beaten(self.coordinator.beat(now, &beat)?),
            Request::Commit { of: (member, epoch), offsets, waits } => {
                let done = self.coordinator.commit(now, (&member, epoch), &offsets)?;
                if done.is_ok() {
                    offsets.iter().for_each(|(partition, offset)| self.watch.committed(*partition, *offset));
                } else {
                    self.refused += 1;
                }
                Answer::Committed { offsets, waits, done }
            }
            Request::Fetch { of: (member, epoch), partitions } => {
                let offsets = self.coordinator.fetch(now, (&member, epoch), &partitions)?;
                Answer::Fetched { partitions, offsets }
            }
        })
    }
}
