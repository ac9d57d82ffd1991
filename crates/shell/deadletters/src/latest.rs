//! The latest letter of each event.
//!
//! An event that failed, was replayed and failed again has several letters. Only the latest may go back, or the event
//! would be sent several times, with counts that go backwards. Letters of one event needn't stand in one partition, so
//! that the order of reading says nothing: the time of the failure decides, then the replay count.

use std::collections::HashMap;

use forebay_record::DeadLetter;

/// Where a letter stands: partition and offset in the dead-letter topic.
pub type Place = (i32, i64);

/// The latest letter of each event, among those added.
#[derive(Debug, Default)]
pub struct Latest {
    letters: HashMap<String, (Age, Place)>,
}

/// Orders letters of one event; the place breaks a tie, so that the outcome doesn't depend on the order of reading.
type Age = (i64, u32, Place);

impl Latest {
    /// Adds a letter; answers the place of the one that it takes the place of, or its own if there is a later one.
    pub fn add(&mut self, letter: &DeadLetter, place: Place) -> Option<Place> {
        let age = (letter.last_failed_at, letter.replay_count, place);
        match self.letters.get_mut(&identity(letter)) {
            None => {
                let _none = self.letters.insert(identity(letter), (age, place));
                None
            }
            Some(known) if known.0 < age => Some(std::mem::replace(known, (age, place)).1),
            Some(_) => Some(place),
        }
    }

    /// Whether the letter at this place is its event's latest.
    #[must_use]
    pub fn is_latest(&self, letter: &DeadLetter, place: Place) -> bool {
        self.letters.get(&identity(letter)).is_some_and(|(_, latest)| *latest == place)
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.letters.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
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

    #[test]
    fn the_later_failure_wins_in_any_order() {
        let early = letter();
        let late = DeadLetter { last_failed_at: 3000, replay_count: 1, ..letter() };
        let other = DeadLetter { tenant: "globex".to_owned(), ..letter() };
        for order in [[(&early, (0, 1)), (&late, (1, 0))], [(&late, (1, 0)), (&early, (0, 1))]] {
            let mut latest = Latest::default();
            assert_eq!(latest.add(&other, (2, 2)), None);
            assert_eq!(latest.add(order[0].0, order[0].1), None);
            assert_eq!(latest.add(order[1].0, order[1].1), Some((0, 1)), "the early one gives way");
            assert!(latest.is_latest(&late, (1, 0)) && !latest.is_latest(&early, (0, 1)));
            assert_eq!(latest.len(), 2, "another tenant's event of the same id is another event");
        }
    }

    #[test]
    fn records_without_an_id_are_told_apart_by_their_place() {
        let nameless = |offset| DeadLetter { event_id: String::new(), source_offset: offset, ..letter() };
        let mut latest = Latest::default();
        assert_eq!(latest.add(&nameless(1), (0, 0)), None);
        assert_eq!(latest.add(&nameless(2), (0, 1)), None);
        assert_eq!(latest.add(&nameless(2), (0, 2)), Some((0, 1)), "the same record, dead-lettered twice");
    }

    proptest! {
        /// Scenario: letters of few events, in any order. Guarantees: exactly one letter of each event is the latest.
        #[test]
        fn each_event_has_one_latest(letters in prop::collection::vec((0..5_u8, 0..3_i64, 0..3_u32), 0..50)) {
            let letters: Vec<DeadLetter> = letters
                .into_iter()
                .map(|(id, last_failed_at, replay_count)| DeadLetter {
                    event_id: id.to_string(), last_failed_at, replay_count, ..letter()
                })
                .collect();
            let mut latest = Latest::default();
            for (offset, letter) in (0..).zip(&letters) {
                let _place = latest.add(letter, (0, offset));
            }
            let count = (0..).zip(&letters).filter(|(offset, letter)| latest.is_latest(letter, (0, *offset))).count();
            prop_assert_eq!(count, latest.len());
        }
    }
}
