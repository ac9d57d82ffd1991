//! Whether the records of a topic are those that were written, all of them, in their order.
//!
//! Records come in the order of their offsets. The memory taken grows with their number, by about 200 bytes each: records of
//! people's actions are few.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::mem::{Discriminant, discriminant};

use crate::anchor::{Anchor, Head, Known};
use crate::entry::clip;
use crate::fault::{Fault, Place};
use crate::hash::Hash;
use crate::record::Record;

/// The partition that all records stand in, since partitions have no order between them.
pub const PARTITION: i32 = 0;

/// The most faults of a kind that are told one by one: whoever fills the topic with one kind hides no other.
const MAX_FAULTS: usize = 1_000;

/// The longest reason why a record can't be read, in characters: it may quote what stands there.
const MAX_WHY: usize = 256;

/// Takes records, and finds what is wrong with them.
#[derive(Debug, Default)]
pub struct Verifier {
    writers: BTreeMap<String, Writer>,
    known: HashSet<Hash>,
    next_offsets: BTreeMap<i32, i64>,
    /// The record before, in the one partition.
    before: Option<(Place, Hash)>,
    anchor: Option<Anchor>,
    accepted: HashSet<Known>,
    verdict: Verdict,
}

/// What came of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verdict {
    /// How many records there are.
    pub records: u64,
    /// How many of them repeat the one right before, as a writer leaves them that had no answer.
    pub repeated: u64,
    /// How many faults the anchor has as accepted. They are there still, and count no more.
    pub accepted: u64,
    /// What is wrong, the first thousand of each kind.
    pub faults: Vec<Fault>,
    /// How many faults more there are.
    pub more_faults: u64,
    /// The last record of each writer.
    pub heads: BTreeMap<String, Head>,
    /// What the faults are known by again, those accepted before included.
    known: Vec<Known>,
    /// How many of each kind are told.
    told: HashMap<Discriminant<Fault>, usize>,
}

#[derive(Debug, Default)]
struct Writer {
    records: BTreeMap<u64, Kept>,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    hash: Hash,
    previous: Hash,
    place: Place,
}

// === impl Verdict ===

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.faults.is_empty()
    }

    /// What later verdicts begin with. Faults that it has are accepted: they will be told no more.
    #[must_use]
    pub fn into_anchor(self, topic: &str) -> Anchor {
        Anchor { topic: topic.to_owned(), heads: self.heads, accepted: self.known }
    }
}

// === impl Verifier ===

impl Verifier {
    /// Compares with an anchor, where there is one.
    #[must_use]
    pub fn new(anchor: Option<Anchor>) -> Self {
        let accepted = anchor.iter().flat_map(|anchor| anchor.accepted.iter().cloned()).collect();
        Self { anchor, accepted, ..Self::default() }
    }

    /// Takes the next record of a partition.
    pub fn add(&mut self, place: Place, bytes: &[u8]) {
        self.verdict.records += 1;
        self.expect_offset(place);
        let hash = Hash::of(bytes);
        if place.partition != PARTITION {
            return self.fault(Fault::WrongPartition { place }, &[hash]);
        }
        match Record::read(bytes) {
            Ok(record) => {
                if record.seen.is_some_and(|seen| !self.known.contains(&seen)) {
                    let Record { writer, sequence, .. } = &record;
                    let fault = Fault::Unseen { place, writer: writer.clone(), sequence: *sequence };
                    self.fault(fault, &[hash]);
                }
                self.link(Kept { hash, previous: record.previous, place }, record);
            }
            Err(error) => {
                let why = clip(&error.to_string(), MAX_WHY);
                self.fault(Fault::Unreadable { place, why }, &[hash]);
            }
        }
        self.before = Some((place, hash));
        // Also one that can't be read: it was there to be seen.
        let _new = self.known.insert(hash);
    }

    /// All were taken. `ends` are the offsets that the next record of each partition will get.
    #[must_use]
    pub fn finish(mut self, ends: &[(i32, i64)]) -> Verdict {
        for (partition, end) in ends {
            self.expect_offset(Place { partition: *partition, offset: *end });
        }
        let mut missing = Vec::new();
        for (name, writer) in &self.writers {
            let mut next = 0;
            for (sequence, kept) in &writer.records {
                if *sequence > next {
                    let (writer, from, to) = (name.clone(), next, *sequence - 1);
                    missing.push((Fault::Missing { place: kept.place, writer, from, to }, kept.hash));
                }
                next = sequence.saturating_add(1);
            }
        }
        for (fault, hash) in missing {
            self.fault(fault, &[hash]);
        }
        for (name, head) in self.anchor.take().iter().flat_map(|anchor| &anchor.heads) {
            self.compare(name, head);
        }
        let head = |writer: &Writer| {
            let (sequence, kept) = writer.records.last_key_value()?;
            Some(Head { sequence: *sequence, hash: kept.hash })
        };
        let heads = self.writers.iter().filter_map(|(name, writer)| Some((name.clone(), head(writer)?)));
        self.verdict.heads = heads.collect();
        self.verdict
    }

    fn expect_offset(&mut self, place: Place) {
        let next = self.next_offsets.entry(place.partition).or_insert(0);
        if place.offset > *next {
            let to = place.offset - 1;
            let fault = Fault::Deleted { place: Place { offset: *next, ..place }, to };
            *next = place.offset.saturating_add(1);
            return self.fault(fault, &[]);
        }
        *next = place.offset.saturating_add(1).max(*next);
    }

    /// Tells a fault about these records, unless it was accepted.
    fn fault(&mut self, fault: Fault, records: &[Hash]) {
        let known = fault.known(records);
        let told = self.verdict.told.entry(discriminant(&fault)).or_default();
        if let Some(known) = &known
            && self.accepted.contains(known)
        {
            self.verdict.accepted += 1;
        } else if *told < MAX_FAULTS {
            *told += 1;
            self.verdict.faults.push(fault);
        } else {
            self.verdict.more_faults += 1;
            return;
        }
        self.verdict.known.extend(known);
    }

    fn link(&mut self, kept: Kept, record: Record) {
        let Kept { hash, place, .. } = kept;
        let Record { writer: name, sequence, previous, .. } = record;
        let writer = self.writers.entry(name.clone()).or_default();
        let last = writer.records.last_key_value().map(|(last, _)| *last);
        match writer.records.get(&sequence) {
            // Written again, right away, by a writer that had no answer.
            Some(there) if there.hash == hash && follows(self.before, kept) => {
                self.verdict.repeated += 1;
                return;
            }
            Some(there) if there.hash == hash => {
                let fault = Fault::Copied { place, writer: name, sequence, first: there.place };
                return self.fault(fault, &[hash]);
            }
            Some(there) => {
                let next = sequence.checked_add(1).and_then(|next| writer.records.get(&next));
                let held = next.is_some_and(|next| next.previous == there.hash);
                let (first, hashes) = (there.place, [there.hash, hash]);
                return self.fault(Fault::Forked { place, writer: name, sequence, first, held }, &hashes);
            }
            None => {}
        }
        let before = sequence.checked_sub(1).map(|before| writer.records.get(&before).copied());
        let fits = match before {
            None => previous == Hash::genesis(),
            Some(Some(before)) => previous == before.hash,
            // Missing, which is told in the end, or out of order, which is told when it comes.
            Some(None) => true,
        };
        let _none = writer.records.insert(sequence, kept);
        if last.is_some_and(|last| last > sequence) {
            self.fault(Fault::Reordered { place, writer: name.clone(), sequence }, &[hash]);
        }
        if !fits {
            let before = before.flatten();
            let hashes: Vec<Hash> = before.iter().map(|before| before.hash).chain([hash]).collect();
            let before = before.map(|before| before.place);
            self.fault(Fault::Altered { place, writer: name, sequence, before }, &hashes);
        }
    }

    fn compare(&mut self, name: &str, head: &Head) {
        let records = self.writers.get(name).map(|writer| &writer.records);
        let writer = name.to_owned();
        match records.and_then(|records| records.get(&head.sequence)) {
            Some(kept) if kept.hash == head.hash => {}
            Some(kept) => {
                let (place, sequence) = (kept.place, head.sequence);
                self.fault(Fault::NotAnchored { place, writer, sequence }, &[]);
            }
            None => {
                let last = records.and_then(|records| records.last_key_value()).map(|(last, _)| *last);
                self.fault(Fault::CutOff { writer, anchored: head.sequence, last }, &[]);
            }
        }
    }
}

/// Whether a record stands right behind one of the same bytes.
fn follows(before: Option<(Place, Hash)>, kept: Kept) -> bool {
    before.is_some_and(|(place, hash)| {
        hash == kept.hash && place.offset.checked_add(1) == Some(kept.place.offset)
    })
}

#[cfg(test)]
mod tests;
