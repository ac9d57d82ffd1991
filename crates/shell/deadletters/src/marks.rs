//! What has become of each letter: nothing yet, or a mark that closes it.
//!
//! Kafka can't change or delete one record, so a letter that was dealt with is marked beside the topic. A mark is set
//! once and never taken back, and it doesn't matter in which order marks are read: that makes the set safe to rebuild
//! from a log.
//!
//! A run of neighbours that were marked together takes a few bytes, and a batch some fifty in each chunk of 1,024 offsets that it
//! touches: letters dealt with in large batches take little, those dealt with one by one take more.
//!
//! A mark counts only for a letter that is not newer than the newest one that was marked with it. When somebody deletes
//! the topic and makes it anew, offsets begin again at 0, and old marks must not close new letters: neither by themselves, nor
//! because a neighbour among the new ones was marked.

pub mod wire;

use std::collections::HashMap;

use crate::place::{LetterTopic, Place};

/// How many letters share a chunk.
const CHUNK: i64 = 1024;

/// What closed a letter.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Mark {
    /// Its event was sent through the pipeline again.
    Replayed,
    /// It was moved to the parked topic.
    Parked,
    /// A person has given it up.
    Purged,
    /// Another letter of the same event stands for it.
    Superseded,
}

/// A set of marks.
#[derive(Debug, Default)]
pub struct Marks {
    /// Of each chunk, what was marked first comes first.
    chunks: HashMap<(LetterTopic, i32, i64), Vec<Layer>>,
}

/// What was marked together, or with letters that were as new.
#[derive(Debug)]
struct Layer {
    /// The Kafka timestamp of the newest of them, in milliseconds since the Unix epoch.
    newest_ms: i64,
    /// By their place in the chunk. They don't overlap.
    runs: Vec<Run>,
}

/// Neighbours with the same mark, both ends included.
#[derive(Debug)]
struct Run {
    from: u16,
    to: u16,
    mark: Mark,
}

// === impl Mark ===

impl Mark {
    /// Every mark.
    pub const ALL: [Self; 4] = [Self::Replayed, Self::Parked, Self::Purged, Self::Superseded];

    /// Its name in output and in the state topic.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Replayed => "replayed",
            Self::Parked => "parked",
            Self::Purged => "purged",
            Self::Superseded => "superseded",
        }
    }
}

// === impl Marks ===

impl Marks {
    /// Marks a letter. `newest_ms` is the Kafka timestamp of the newest letter that was marked with it, in milliseconds
    /// since the Unix epoch. The first mark of a letter stays.
    pub fn set(&mut self, topic: LetterTopic, place: Place, mark: Mark, newest_ms: i64) {
        let (chunk, at) = locate(topic, place);
        let layers = self.chunks.entry(chunk).or_default();
        if let Some(layer) = layers.iter_mut().find(|layer| layer.newest_ms == newest_ms) {
            layer.set(at, mark);
        } else {
            layers.push(Layer { newest_ms, runs: vec![Run { from: at, to: at, mark }] });
        }
    }

    /// The mark of the letter at this place with this Kafka timestamp; `None` when it is open.
    #[must_use]
    pub fn get(&self, topic: LetterTopic, place: Place, timestamp_ms: i64) -> Option<Mark> {
        let (chunk, at) = locate(topic, place);
        let layers = self.chunks.get(&chunk)?.iter();
        layers.filter(|layer| timestamp_ms <= layer.newest_ms).find_map(|layer| layer.get(at))
    }

    /// Whether nothing is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

impl Layer {
    fn set(&mut self, at: u16, mark: Mark) {
        let next = self.next(at);
        if let Some(before) = next.checked_sub(1).and_then(|before| self.runs.get_mut(before)) {
            if at <= before.to {
                return;
            }
            if before.to + 1 == at && before.mark == mark {
                before.to = at;
                return;
            }
        }
        self.runs.insert(next, Run { from: at, to: at, mark });
    }

    fn get(&self, at: u16) -> Option<Mark> {
        let run = self.runs.get(self.next(at).checked_sub(1)?)?;
        (at <= run.to).then_some(run.mark)
    }

    /// The first run that begins behind this place.
    fn next(&self, at: u16) -> usize {
        self.runs.partition_point(|run| run.from <= at)
    }
}

/// The chunk of a letter, and its place in it.
fn locate(topic: LetterTopic, place: Place) -> ((LetterTopic, i32, i64), u16) {
    let within = u16::try_from(place.offset.rem_euclid(CHUNK)).unwrap_or(0);
    ((topic, place.partition, place.offset.div_euclid(CHUNK)), within)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn place(partition: i32, offset: i64) -> Place {
        Place { partition, offset }
    }

    /// Scenario: the topic was deleted and made anew; the offset of an old, marked letter now holds a new one.
    /// Guarantees: the new one is open.
    #[test]
    fn a_mark_does_not_close_a_letter_that_is_newer_than_all_that_were_marked() {
        let mut marks = Marks::default();
        marks.set(LetterTopic::DeadLetters, place(0, 7), Mark::Replayed, 1000);
        assert_eq!(marks.get(LetterTopic::DeadLetters, place(0, 7), 1000), Some(Mark::Replayed));
        assert_eq!(marks.get(LetterTopic::DeadLetters, place(0, 7), 1001), None);
    }

    /// Scenario: the topic was made anew, and of the new letters some were marked.
    /// Guarantees: those that weren't are open, whatever stood at their offsets before.
    #[test]
    fn an_old_mark_stays_old_when_a_neighbour_is_marked() {
        let mut marks = Marks::default();
        for offset in 0..100 {
            marks.set(LetterTopic::DeadLetters, place(0, offset), Mark::Replayed, 1000);
        }
        marks.set(LetterTopic::DeadLetters, place(0, 50), Mark::Parked, 2000);
        let get = |offset, at| marks.get(LetterTopic::DeadLetters, place(0, offset), at);
        assert_eq!((get(49, 1500), get(50, 2000), get(51, 2000)), (None, Some(Mark::Parked), None));
        assert_eq!((get(49, 1000), get(50, 1000)), (Some(Mark::Replayed), Some(Mark::Replayed)));
    }

    #[test]
    fn topics_and_partitions_are_told_apart() {
        let mut marks = Marks::default();
        marks.set(LetterTopic::DeadLetters, place(1, 7), Mark::Parked, 1);
        assert_eq!(marks.get(LetterTopic::Parked, place(1, 7), 1), None);
        assert_eq!(marks.get(LetterTopic::DeadLetters, place(0, 7), 1), None);
    }

    proptest! {
        /// Scenario: any marks in any order, given with letters of several ages.
        /// Guarantees: each letter has one of the marks that it got with letters no older than itself, the others none.
        #[test]
        fn holds_what_was_set(
            set in prop::collection::vec((0..3_i32, 0..3000_i64, 0..5_i64, 0..4_usize, 0..3_i64), 0..100),
        ) {
            let mut marks = Marks::default();
            let mut model: BTreeMap<(i32, i64), Vec<(i64, Mark)>> = BTreeMap::new();
            for (partition, from, length, mark, newest) in set {
                for offset in from..=from + length {
                    marks.set(LetterTopic::DeadLetters, place(partition, offset), Mark::ALL[mark], newest);
                    model.entry((partition, offset)).or_default().push((newest, Mark::ALL[mark]));
                }
            }
            for (partition, offset, at) in (0..3).flat_map(|p| (0..3010).flat_map(move |o| (0..4).map(move |at| (p, o, at)))) {
                let found = marks.get(LetterTopic::DeadLetters, place(partition, offset), at);
                let mut set = model.get(&(partition, offset)).into_iter().flatten().filter(|(newest, _)| at <= *newest);
                let is_one = set.clone().any(|(_, mark)| Some(*mark) == found);
                prop_assert_eq!(is_one, set.next().is_some());
                prop_assert_eq!(found.is_none(), !is_one);
            }
        }
    }
}
