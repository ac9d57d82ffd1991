//! Who knows what is true: what clients were told, what is visible in which topic, what is indexed.
//!
//! It watches every step from outside of the pipeline, and says what is broken.

use std::collections::BTreeMap;
use std::fmt;

use forebay_record::dead_letter::header;
use forebay_writing::{TARGET_UNAVAILABLE, TOO_LARGE};

use crate::broker::log::{Entry, Record};
use crate::broker::{Broker, Tier, Topic};
use crate::cluster::Cluster;
use crate::convert::RAW;
use crate::plan::{Delivery, Kind, Plan};

/// What must never be.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Invariant {
    /// No committed offset moves past a record without an outcome.
    NothingSkipped,
    /// A committed offset doesn't move back.
    NothingTakenBack,
    /// No event is in the index twice.
    IndexedOnce,
    /// No record has two visible results: exactly once always, at least once while nothing fails.
    ForwardedOnce,
    /// Results keep the order of the records that they were made of: exactly once always, at least once while nothing fails.
    InOrder,
    /// At the end, every acknowledged event is indexed or dead-lettered.
    NothingLost,
    /// A worker holds no more than it may.
    MemoryBounded,
    /// A worker polls often enough to stay in its group.
    PollsInTime,
    /// No receipt is dropped by a worker that lives.
    NothingAbandoned,
    /// Its books add up: a receipt that is to be settled can be.
    BooksAddUp,
    /// What becomes a dead letter could not be parsed, mapped or taken, or its index was away for too long.
    DeadForCause,
    /// Once faults stop, everything ends in time.
    Progress,
    /// Nothing panics.
    NoPanic,
}

/// An invariant that doesn't hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// Where it shows.
    pub detail: String,
}

/// The oracle.
#[derive(Debug)]
pub struct Oracle {
    /// Whether no record may have two visible results: in transactions never, and else as long as nothing fails, however
    /// often workers come and go as they are told.
    forwards_once: bool,
    /// Of every record of the raw topic, how many visible results it has.
    forwarded: Vec<Vec<u32>>,
    /// For each partition of the raw topic and of the events topic, the last record that has a result there.
    last: BTreeMap<(i32, i32), i64>,
    /// Of every record of the events topic, whether a dead letter of it is visible.
    refused: Vec<Vec<bool>>,
    /// Of every planned event: whether its client was told that it is safe.
    acknowledged: Vec<bool>,
    /// Whether a dead letter of it is visible.
    dead: Vec<bool>,
    /// What every planned event is like.
    kinds: Vec<Kind>,
    /// Whether indices that are away for too long cost their documents the place in the queue.
    diverts: bool,
    /// The first thing that was wrong.
    violation: Option<Violation>,
}

// === impl Violation ===

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.detail)
    }
}

// === impl Oracle ===

impl Oracle {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let per = |partitions: i32| usize::try_from(partitions).unwrap_or(0);
        Self {
            forwards_once: plan.delivery == Delivery::ExactlyOnce || plan.is_gentle(),
            forwarded: vec![Vec::new(); per(plan.raw_partitions)],
            last: BTreeMap::new(),
            refused: vec![Vec::new(); per(plan.events_partitions)],
            acknowledged: vec![false; plan.events.len()],
            dead: vec![false; plan.events.len()],
            kinds: plan.events.iter().map(|event| event.kind).collect(),
            diverts: !plan.bounds.divert_after.is_zero(),
            violation: None,
        }
    }

    /// The first thing that was wrong.
    #[must_use]
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Something is wrong.
    pub fn broken(&mut self, invariant: Invariant, detail: impl FnOnce() -> String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { invariant, detail: detail() });
        }
    }

    /// A client was told that its event is safe.
    pub fn acknowledged(&mut self, event: usize) {
        if let Some(acknowledged) = self.acknowledged.get_mut(event) {
            *acknowledged = true;
        }
    }

    /// Whether it was.
    #[must_use]
    pub fn is_acknowledged(&self, event: usize) -> bool {
        self.acknowledged.get(event).copied().unwrap_or(false)
    }

    /// A record can be seen by readers of committed records.
    pub fn visible(&mut self, topic: Topic, at: i32, record: &Record) {
        if topic == Topic::Letters
            && let Some(dead) = self.dead.get_mut(record.event)
        {
            *dead = true;
            self.check_cause(record);
        }
        let Some((partition, offset)) = record.from else { return };
        if topic == Topic::Events {
            self.check_order((partition, at), offset, record.event);
        }
        let of_raw = topic == Topic::Events || record.source_topic() == Some(RAW);
        if !of_raw {
            *slot(&mut self.refused, partition, offset) = true;
            return;
        }
        let results = slot(&mut self.forwarded, partition, offset);
        *results += 1;
        if *results > 1 && self.forwards_once {
            let event = record.event;
            self.broken(Invariant::ForwardedOnce, || {
                format!("raw/{partition} offset {offset} (event {event}) has two visible results")
            });
        }
    }

    fn check_order(&mut self, way: (i32, i32), offset: i64, event: usize) {
        let last = self.last.insert(way, offset);
        if self.forwards_once && last.is_some_and(|last| last > offset) {
            self.broken(Invariant::InOrder, || {
                format!("event {event}, raw/{} offset {offset}, stands behind what came after it", way.0)
            });
        }
    }

    fn check_cause(&mut self, letter: &Record) {
        let event = letter.event;
        let (stage, error) = (letter.header(header::STAGE), letter.header(header::ERROR_TYPE));
        let may = match (stage, error, self.kinds.get(event)) {
            (Some("parse"), _, Some(kind)) => *kind == Kind::Unparsable,
            (Some("index"), Some("document_parsing_exception"), Some(kind)) => *kind == Kind::Unmappable,
            (Some("index"), Some(TOO_LARGE), Some(kind)) => *kind == Kind::Huge,
            (Some("index"), Some(TARGET_UNAVAILABLE), Some(_)) => self.diverts,
            _ => false,
        };
        if !may {
            let kind = self.kinds.get(event).copied();
            self.broken(Invariant::DeadForCause, || {
                format!("event {event}, {kind:?}, is a dead letter of {stage:?}: {error:?}")
            });
        }
    }

    /// A group's offset moves.
    pub fn committed(
        &mut self,
        tier: Tier,
        partition: i32,
        (from, to): (i64, i64),
        world: (&Broker, &Cluster),
    ) {
        if to < from {
            self.broken(Invariant::NothingTakenBack, || {
                format!("{tier:?} group, partition {partition}: from {from} back to {to}")
            });
            return;
        }
        let (broker, cluster) = world;
        let log = broker.log(tier.topic(), partition);
        if to > log.end_offset() {
            self.broken(Invariant::NothingSkipped, || {
                format!("{tier:?} group, partition {partition}: {to} is beyond the end {}", log.end_offset())
            });
        }
        for (offset, entry) in log.range(from, to) {
            let has_outcome = match entry {
                Entry::Nothing => true,
                Entry::Undecided(..) => false,
                Entry::Visible(record) => match tier {
                    Tier::Parser => *slot(&mut self.forwarded, partition, offset) > 0,
                    Tier::Indexer => *slot(&mut self.refused, partition, offset) || cluster.has(record.event),
                },
            };
            if !has_outcome {
                self.broken(Invariant::NothingSkipped, || {
                    format!("{tier:?} group, partition {partition}: committed {to}, past offset {offset} without an outcome")
                });
                return;
            }
        }
    }

    /// Everything has come to rest.
    pub fn at_the_end(&mut self, cluster: &Cluster) {
        let lost = (0..self.acknowledged.len())
            .find(|event| self.is_acknowledged(*event) && !cluster.has(*event) && !self.dead[*event]);
        if let Some(event) = lost {
            self.broken(Invariant::NothingLost, || {
                format!("event {event} was acknowledged, and is neither indexed nor dead-lettered")
            });
        }
    }
}

/// The place of an offset, which may be the first of its partition that is asked for.
fn slot<T: Clone + Default>(of: &mut [Vec<T>], partition: i32, offset: i64) -> &mut T {
    let partition = &mut of[usize::try_from(partition).unwrap_or(0)];
    let at = usize::try_from(offset).unwrap_or(0);
    if partition.len() <= at {
        partition.resize(at + 1, T::default());
    }
    &mut partition[at]
}
