//! Who knows what is true: what clients were told, what is visible in which topic, what is indexed.
//!
//! It watches every step from outside of the pipeline, and says what is broken.

use std::collections::BTreeMap;
use std::fmt;

use forebay_delivery::Converted;
use forebay_record::dead_letter::header;
use forebay_writing::{TARGET_UNAVAILABLE, TOO_LARGE};

use crate::broker::log::{Conversion, Entry, Record};
use crate::broker::{Broker, Tier, Topic};
use crate::cluster::Cluster;
use crate::convert::RAW;
use crate::plan::{Delivery, Kind, MOST_DOCUMENTS, Plan, Planned};

/// What must never be.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Invariant {
    /// No committed offset moves past a record without an outcome. That one was dropped has to be counted before, where no
    /// transaction commits.
    NothingSkipped,
    /// A committed offset doesn't move back.
    NothingTakenBack,
    /// No document of an event is in the index twice.
    IndexedOnce,
    /// No record is both forwarded and refused, or has one of its documents, or a dead letter, visible twice: exactly once
    /// always, at least once while nothing fails.
    ForwardedOnce,
    /// A batch that is sent again is converted by the rules that it was converted by first.
    OneRevision,
    /// No record is counted as dropped twice: exactly once always (and not at all, if the process is killed between the
    /// transaction's end and the counting), at least once while nothing fails. Otherwise a batch that is done again after it
    /// was settled is counted again.
    DroppedOnce,
    /// Results keep the order of the records that they were made of: exactly once always, at least once while nothing fails.
    InOrder,
    /// At the end, every acknowledged event is indexed, with all of its documents, or dead-lettered, or dropped by a rule.
    NothingLost,
    /// A worker holds no more than it may.
    MemoryBounded,
    /// A worker polls often enough to stay in its group.
    PollsInTime,
    /// No receipt is dropped by a worker that lives.
    NothingAbandoned,
    /// Its books add up: a receipt that is to be settled can be, and what is counted for a batch is what became of its records.
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
    /// Whether what is dropped is counted before offsets move past it.
    counts_first: bool,
    /// Of every record of the raw topic, what became of it.
    raw: Vec<Vec<Results>>,
    /// For each partition of the raw topic and of the events topic, the last record that has a result there, and which of its
    /// documents that is.
    last: BTreeMap<(i32, i32), (i64, u8)>,
    /// Of every record of the events topic, whether a dead letter of it is visible.
    refused: Vec<Vec<bool>>,
    /// Of every planned event: whether its client was told that it is safe.
    acknowledged: Vec<bool>,
    /// Whether a dead letter of it as a whole is visible, and of each of its documents.
    dead: Vec<[bool; 1 + MOST_DOCUMENTS as usize]>,
    /// The planned events.
    planned: Vec<Planned>,
    /// Whether indices that are away for too long cost their documents the place in the queue.
    diverts: bool,
    /// The first thing that was wrong.
    violation: Option<Violation>,
}

/// What became of a record of the raw topic.
#[derive(Clone, Debug, Default)]
struct Results {
    /// How often each of its documents is visible.
    documents: [u32; MOST_DOCUMENTS as usize],
    /// How many dead letters are.
    letters: u32,
    /// How often it was counted as dropped.
    dropped: u32,
    /// The conversion that the last of these came of.
    of: Option<Conversion>,
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
            counts_first: plan.delivery == Delivery::AtLeastOnce,
            raw: vec![Vec::new(); per(plan.raw_partitions)],
            last: BTreeMap::new(),
            refused: vec![Vec::new(); per(plan.events_partitions)],
            acknowledged: vec![false; plan.events.len()],
            dead: vec![Default::default(); plan.events.len()],
            planned: plan.events.clone(),
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
            dead[usize::from(record.part)] = true;
            self.check_cause(record);
        }
        let Some((partition, offset)) = record.from else { return };
        if topic == Topic::Events {
            self.check_order((partition, at), (offset, record.part), record.event);
        }
        let of_raw = topic == Topic::Events || record.source_topic() == Some(RAW);
        if !of_raw {
            *slot(&mut self.refused, partition, offset) = true;
            return;
        }
        let results = slot(&mut self.raw, partition, offset);
        match topic {
            Topic::Events => results.documents[usize::from(record.part) - 1] += 1,
            Topic::Raw | Topic::Letters => results.letters += 1,
        }
        let before = std::mem::replace(&mut results.of, record.of);
        let (is_twice, event) = (results.is_twice(), record.event);
        if is_twice && self.forwards_once {
            self.broken(Invariant::ForwardedOnce, || {
                format!("raw/{partition} offset {offset} (event {event}) has a visible result too many")
            });
        }
        if let (Some(before), Some(now)) = (before, record.of)
            && before.batch == now.batch
            && before.mended != now.mended
        {
            self.broken(Invariant::OneRevision, || {
                format!("raw/{partition} offset {offset} (event {event}) was converted again by other rules")
            });
        }
    }

    fn check_order(&mut self, way: (i32, i32), (offset, part): (i64, u8), event: usize) {
        let last = self.last.insert(way, (offset, part));
        if self.forwards_once && last.is_some_and(|last| last > (offset, part)) {
            self.broken(Invariant::InOrder, || {
                format!("event {event}, raw/{} offset {offset}, stands behind what came after it", way.0)
            });
        }
    }

    /// A parser has settled a batch of these records (partition, offset, event), and counts them so.
    pub fn settled(&mut self, records: impl Iterator<Item = (i32, i64, usize)>, counted: Converted) {
        let (mut all, mut complete, mut refused, mut dropped) = (0, 0, 0, 0);
        for (partition, offset, event) in records {
            let (number, once) = (self.documents_of(event), self.forwards_once);
            let results = slot(&mut self.raw, partition, offset);
            all += 1;
            complete += u64::from(number > 0 && results.is_complete(number));
            refused += u64::from(results.letters > 0);
            if number == 0 {
                dropped += 1;
                results.dropped += 1;
                if results.dropped > 1 && once {
                    self.broken(Invariant::DroppedOnce, || {
                        format!("raw/{partition} offset {offset} (event {event}) is counted as dropped twice")
                    });
                }
            }
        }
        let is_true = counted.records() == all
            && counted.forwarded() <= complete
            && counted.dead_lettered() <= refused
            && counted.dropped() == dropped;
        if !is_true {
            self.broken(Invariant::BooksAddUp, || {
                format!(
                    "of {all} records, {complete} are forwarded, {refused} refused, {dropped} dropped; counted is {counted:?}"
                )
            });
        }
    }

    /// How many documents the rules make of an event.
    fn documents_of(&self, event: usize) -> u8 {
        self.planned.get(event).map_or(1, |planned| planned.documents)
    }

    fn check_cause(&mut self, letter: &Record) {
        let event = letter.event;
        let (stage, error) = (letter.header(header::STAGE), letter.header(header::ERROR_TYPE));
        let may = match (stage, error, self.planned.get(event).map(|planned| planned.kind)) {
            (Some("parse"), _, Some(kind)) => kind == Kind::Unparsable,
            (Some("index"), Some("document_parsing_exception"), Some(kind)) => kind == Kind::Unmappable,
            (Some("index"), Some(TOO_LARGE), Some(kind)) => kind == Kind::Huge,
            (Some("index"), Some(TARGET_UNAVAILABLE), Some(_)) => self.diverts,
            _ => false,
        };
        if !may {
            let kind = self.planned.get(event).map(|planned| planned.kind);
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
                    Tier::Parser => {
                        let number = self.documents_of(record.event);
                        let results = slot(&mut self.raw, partition, offset);
                        let is_counted = number > 0 || results.dropped > 0 || !self.counts_first;
                        results.letters > 0 || (results.is_complete(number) && is_counted)
                    }
                    Tier::Indexer => {
                        *slot(&mut self.refused, partition, offset) || cluster.has(record.event, record.part)
                    }
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
        let is_lost = |event: usize, part: u8| {
            let [whole, parts @ ..] = &self.dead[event];
            !whole && !parts[usize::from(part) - 1] && !cluster.has(event, part)
        };
        let parts = |event: usize| (1..=self.documents_of(event)).map(move |part| (event, part));
        let acknowledged = (0..self.acknowledged.len()).filter(|event| self.is_acknowledged(*event));
        let lost = acknowledged.flat_map(parts).find(|(event, part)| is_lost(*event, *part));
        if let Some((event, part)) = lost {
            self.broken(Invariant::NothingLost, || {
                format!(
                    "event {event} was acknowledged; document {part} is neither indexed nor dead-lettered"
                )
            });
        }
    }
}

// === impl Results ===

impl Results {
    /// Whether all the documents of its event, which are so many, are visible.
    fn is_complete(&self, number: u8) -> bool {
        self.documents.iter().take(usize::from(number)).all(|count| *count > 0)
    }

    /// Whether there is more than each of its documents, or a dead letter, once.
    fn is_twice(&self) -> bool {
        let documents: u32 = self.documents.iter().sum();
        self.documents.iter().any(|count| *count > 1) || self.letters + documents.min(1) > 1
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
