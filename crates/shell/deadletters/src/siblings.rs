//! Several letters of one event: which of them stands for it.
//!
//! An event has several letters when a tier was killed between writing one and committing its offset, when a sender sent
//! it twice, or when it failed again after a replay. At most one of those that are open may go back, or the event would be
//! sent several times:
//!
//! - A letter is **answered** when another one of the event was dealt with already, with the same replay count or a
//!   higher one, and either both are about the same record, or this one's record was there before the other failed. An
//!   event that fails again after its replay has a higher count, one that a sender sends anew comes later: both are open.
//! - Of those left, the one with the highest replay count, then the latest failure, stands for the event. The place breaks
//!   a tie, so that the answer doesn't depend on the order of reading.
//!
//! Nearly all events have one letter. So a first pass keeps eight bytes of each event ([`Census`]), and only those that
//! were seen twice are looked at closely in a second one ([`Siblings`]).

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use forebay_record::DeadLetter;

use crate::marks::Mark;
use crate::place::Place;

/// The first pass: which events have several letters. Eight bytes a letter.
#[derive(Debug, Default)]
pub struct Census {
    seen: Vec<u64>,
    hasher: RandomState,
}

/// The second pass: the letters of events that have several.
#[derive(Debug)]
pub struct Siblings {
    repeated: HashSet<u64>,
    hasher: RandomState,
    events: HashMap<String, Vec<Sibling>>,
}

/// The letters that others stand for.
#[derive(Debug, Default)]
pub struct Superseded(HashSet<Place>);

#[derive(Clone, Debug)]
struct Sibling {
    place: Place,
    mark: Option<Mark>,
    replay_count: u32,
    last_failed_at: i64,
    source: (i32, i64),
    source_timestamp: i64,
}

// === impl Census ===

impl Census {
    /// Notes a letter.
    pub fn add(&mut self, letter: &DeadLetter) {
        self.seen.push(self.hasher.hash_one(identity(letter)));
    }

    /// What is to be looked at closely. Two events whose hashes are the same are only looked at in vain.
    #[must_use]
    pub fn finish(mut self) -> Siblings {
        self.seen.sort_unstable();
        let repeated = self.seen.windows(2).filter(|pair| pair.first() == pair.last());
        let repeated = repeated.filter_map(|pair| pair.first().copied()).collect();
        Siblings { repeated, hasher: self.hasher, events: HashMap::new() }
    }
}

// === impl Siblings ===

impl Siblings {
    /// Whether no event has several letters, so that the second pass can be spared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.repeated.is_empty()
    }

    /// Notes a letter, if its event may have several.
    pub fn add(&mut self, letter: &DeadLetter, place: Place, mark: Option<Mark>) {
        let identity = identity(letter);
        if !self.repeated.contains(&self.hasher.hash_one(&identity)) {
            return;
        }
        self.events.entry(identity).or_default().push(Sibling {
            place,
            mark,
            replay_count: letter.replay_count,
            last_failed_at: letter.last_failed_at,
            source: (letter.source_partition, letter.source_offset),
            source_timestamp: letter.source_timestamp,
        });
    }

    /// The open letters that another one stands for.
    #[must_use]
    pub fn resolve(self) -> Superseded {
        Superseded(self.events.into_values().flat_map(|event| superseded(&event)).collect())
    }
}

impl Superseded {
    /// Whether another letter stands for the one at this place.
    #[must_use]
    pub fn contains(&self, place: Place) -> bool {
        self.0.contains(&place)
    }
}

fn superseded(event: &[Sibling]) -> Vec<Place> {
    let dealt_with = |one: &&Sibling| one.mark.is_some_and(|mark| mark != Mark::Superseded);
    let answered = |open: &Sibling| event.iter().filter(dealt_with).any(|done| done.answers(open));
    let open: Vec<&Sibling> = event.iter().filter(|one| one.mark.is_none()).collect();
    let stands = open.iter().filter(|one| !answered(one)).max_by_key(|one| one.age()).map(|one| one.place);
    open.iter().map(|one| one.place).filter(|place| Some(*place) != stands).collect()
}

impl Sibling {
    fn age(&self) -> (u32, i64, Place) {
        (self.replay_count, self.last_failed_at, self.place)
    }

    fn answers(&self, open: &Self) -> bool {
        let same_record = self.source == open.source && self.source_timestamp == open.source_timestamp;
        self.replay_count >= open.replay_count
            && (same_record || open.source_timestamp <= self.last_failed_at)
    }
}

/// An id is unique for its tenant. A record that could not be read has none, but stood in one place.
fn identity(letter: &DeadLetter) -> String {
    if letter.event_id.is_empty() {
        format!("{}\t{}\t{}", letter.source_topic, letter.source_partition, letter.source_offset)
    } else {
        format!("{}\t{}", letter.tenant, letter.event_id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decide::tests::letter;

    /// What is superseded among these letters, which stand at offsets 0, 1, ... of partition 0.
    fn of(letters: &[(DeadLetter, Option<Mark>)]) -> Vec<i64> {
        let mut census = Census::default();
        letters.iter().for_each(|(letter, _)| census.add(letter));
        let mut siblings = census.finish();
        let places = || (0..).map(|offset| Place { partition: 0, offset });
        places().zip(letters).for_each(|(place, (letter, mark))| siblings.add(letter, place, *mark));
        let superseded = siblings.resolve();
        places()
            .zip(letters)
            .filter(|(place, _)| superseded.contains(*place))
            .map(|(place, _)| place.offset)
            .collect()
    }

    fn failed(replay_count: u32, source: i64, source_timestamp: i64, last_failed_at: i64) -> DeadLetter {
        DeadLetter { replay_count, source_offset: source, source_timestamp, last_failed_at, ..letter() }
    }

    #[test]
    fn the_latest_of_several_open_letters_stands_for_the_event() {
        let early = failed(0, 1, 10, 100);
        let late = failed(0, 2, 20, 200);
        let replayed = failed(1, 3, 30, 150);
        let other = DeadLetter { tenant: "globex".to_owned(), ..failed(0, 4, 10, 50) };
        let open = |letter: &DeadLetter| (letter.clone(), None);
        assert_eq!(of(&[open(&early), open(&late), open(&other)]), [0]);
        assert_eq!(of(&[open(&late), open(&early), open(&other)]), [1]);
        assert_eq!(of(&[open(&replayed), open(&late)]), [1], "the count says more than a clock");
    }

    /// Scenario: an indexer was killed after it wrote a letter; the letter was replayed; then the record came again.
    /// Guarantees: the second letter is about the failure that was answered, and isn't open.
    #[test]
    fn a_second_letter_of_a_failure_that_was_dealt_with_is_answered() {
        let done = (failed(0, 7, 10, 100), Some(Mark::Replayed));
        let again = (failed(0, 7, 10, 5000), None);
        assert_eq!(of(&[done, again]), [1]);
        let done = (failed(0, 7, 10, 100), Some(Mark::Purged));
        let sibling = (failed(0, 8, 11, 90), None);
        assert_eq!(of(&[done, sibling]), [1], "its record was there before the other failed");
    }

    /// Scenario: an event failed again after its replay; another was sent anew under its id and failed.
    /// Guarantees: both are open.
    #[test]
    fn a_new_failure_is_open() {
        let done = (failed(0, 7, 10, 100), Some(Mark::Replayed));
        assert!(of(&[done.clone(), (failed(1, 9, 150, 200), None)]).is_empty(), "a higher count");
        assert!(of(&[done, (failed(0, 9, 150, 200), None)]).is_empty(), "a record that came later");
    }

    #[test]
    fn a_superseded_letter_answers_nothing() {
        let superseded = (failed(0, 7, 10, 100), Some(Mark::Superseded));
        assert!(of(&[superseded, (failed(0, 7, 10, 90), None)]).is_empty());
    }

    #[test]
    fn records_without_an_id_are_told_apart_by_their_place() {
        let nameless =
            |offset| (DeadLetter { event_id: String::new(), source_offset: offset, ..letter() }, None);
        assert!(of(&[nameless(1), nameless(2)]).is_empty());
        assert_eq!(of(&[nameless(1), nameless(1)]), [0], "the same record, dead-lettered twice");
    }

    proptest! {
        /// Scenario: letters of few events, all open, in any order. Guarantees: exactly one of each event stands.
        #[test]
        fn each_event_with_open_letters_only_has_one_that_stands(
            letters in prop::collection::vec((0..5_u8, 0..3_i64, 0..3_u32, 0..4_i64), 0..50),
        ) {
            let letters: Vec<(DeadLetter, Option<Mark>)> = letters
                .into_iter()
                .map(|(id, at, count, source)| {
                    (DeadLetter { event_id: id.to_string(), ..failed(count, source, at, at) }, None)
                })
                .collect();
            let events: HashSet<&str> = letters.iter().map(|(letter, _)| letter.event_id.as_str()).collect();
            prop_assert_eq!(letters.len() - of(&letters).len(), events.len());
        }

        /// Scenario: letters with any marks. Guarantees: of each event at most one stands; none that is marked is named.
        #[test]
        fn at_most_one_stands(
            letters in prop::collection::vec((0..3_u8, 0..4_i64, 0..3_u32, 0..4_i64, 0..8_usize), 0..40),
        ) {
            let letters: Vec<(DeadLetter, Option<Mark>)> = letters
                .into_iter()
                .map(|(id, at, count, source, mark)| {
                    let letter = DeadLetter { event_id: id.to_string(), ..failed(count, source, at, at) };
                    (letter, Mark::ALL.get(mark).copied())
                })
                .collect();
            let superseded = of(&letters);
            for id in ["0", "1", "2"] {
                let standing = (0..).zip(&letters).filter(|(at, (letter, mark))| {
                    letter.event_id == id && mark.is_none() && !superseded.contains(at)
                });
                prop_assert!(standing.count() <= 1);
            }
            for at in superseded {
                prop_assert!(letters[usize::try_from(at).unwrap()].1.is_none());
            }
        }
    }
}
