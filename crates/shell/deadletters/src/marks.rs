//! What has become of each letter: nothing yet, or a mark that closes it.
//!
//! Kafka can't change or delete one record, so a letter that was dealt with is marked beside the topic. A mark is set
//! once and never taken back, and it doesn't matter in which order marks are read: that makes the set safe to rebuild
//! from a log.
//!
//! Four bits a letter, in chunks of 1,024 offsets, so that ten million letters that were all dealt with take 5 MB.
//!
//! A mark counts only for a letter that is not newer than the newest one that was marked with it. When somebody deletes
//! the topic and makes it anew, offsets begin again at 0, and old marks must not close new letters.

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
    chunks: HashMap<(LetterTopic, i32, i64), Chunk>,
}

#[derive(Debug)]
struct Chunk {
    /// The Kafka timestamp of the newest letter that was marked here, in milliseconds since the Unix epoch.
    newest_ms: i64,
    /// Two letters a byte.
    nibbles: Box<[u8]>,
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

    const fn code(self) -> u8 {
        match self {
            Self::Replayed => 1,
            Self::Parked => 2,
            Self::Purged => 3,
            Self::Superseded => 4,
        }
    }

    fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.code() == code)
    }
}

// === impl Marks ===

impl Marks {
    /// Marks a letter. `newest_ms` is the Kafka timestamp of the newest letter that was marked with it, in milliseconds
    /// since the Unix epoch. The first mark of a letter stays.
    pub fn set(&mut self, topic: LetterTopic, place: Place, mark: Mark, newest_ms: i64) {
        let (chunk, at, shift) = locate(topic, place);
        let chunk = self.chunks.entry(chunk).or_insert_with(Chunk::new);
        chunk.newest_ms = chunk.newest_ms.max(newest_ms);
        if let Some(byte) = chunk.nibbles.get_mut(at)
            && (*byte >> shift) & 0x0f == 0
        {
            *byte |= mark.code() << shift;
        }
    }

    /// The mark of the letter at this place with this Kafka timestamp; `None` when it is open.
    #[must_use]
    pub fn get(&self, topic: LetterTopic, place: Place, timestamp_ms: i64) -> Option<Mark> {
        let (chunk, at, shift) = locate(topic, place);
        let chunk = self.chunks.get(&chunk).filter(|chunk| timestamp_ms <= chunk.newest_ms)?;
        Mark::of((chunk.nibbles.get(at)? >> shift) & 0x0f)
    }

    /// Whether nothing is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

impl Chunk {
    fn new() -> Self {
        let bytes = usize::try_from(CHUNK / 2).unwrap_or(0);
        Self { newest_ms: i64::MIN, nibbles: vec![0; bytes].into_boxed_slice() }
    }
}

/// The chunk of a letter, the byte in it, and by how much the byte is to be shifted.
fn locate(topic: LetterTopic, place: Place) -> ((LetterTopic, i32, i64), usize, u32) {
    let within = place.offset.rem_euclid(CHUNK);
    let at = usize::try_from(within / 2).unwrap_or(0);
    let shift = if within % 2 == 0 { 0 } else { 4 };
    ((topic, place.partition, place.offset.div_euclid(CHUNK)), at, shift)
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

    #[test]
    fn topics_and_partitions_are_told_apart() {
        let mut marks = Marks::default();
        marks.set(LetterTopic::DeadLetters, place(1, 7), Mark::Parked, 1);
        assert_eq!(marks.get(LetterTopic::Parked, place(1, 7), 1), None);
        assert_eq!(marks.get(LetterTopic::DeadLetters, place(0, 7), 1), None);
    }

    proptest! {
        /// Scenario: any marks in any order. Guarantees: each letter has the first mark that it got, the others none.
        #[test]
        fn holds_what_was_set(set in prop::collection::vec((0..3_i32, 0..5000_i64, 0..4_usize), 0..200)) {
            let mut marks = Marks::default();
            let mut model = BTreeMap::new();
            for (partition, offset, mark) in set {
                marks.set(LetterTopic::DeadLetters, place(partition, offset), Mark::ALL[mark], 5);
                let _first = model.entry((partition, offset)).or_insert(Mark::ALL[mark]);
            }
            for partition in 0..3 {
                for offset in 0..5000 {
                    let found = marks.get(LetterTopic::DeadLetters, place(partition, offset), 5);
                    prop_assert_eq!(found, model.get(&(partition, offset)).copied());
                }
            }
        }
    }
}
