//! What is known about the letters besides themselves: the state topic, read as a whole.
//!
//! It holds marks (which letters are closed) and the audit lines. A record that was emptied is one whose letters have left
//! their topic.

use std::collections::BTreeMap;

use forebay_kafka::{KafkaError, ReadFrom, StoredRecord};
use forebay_settings::sections::{KafkaSettings, TopicSettings};

use crate::DeadLettersError;
use crate::audit::{self, AuditLine};
use crate::marks::wire::{self, MarkRecord};
use crate::marks::{Mark, Marks};
use crate::place::{LetterTopic, Place};
use crate::scan::open_reader;

/// The most audit lines that are kept in memory: the latest.
const MAX_RUNS: usize = 1000;

/// What is known.
#[derive(Debug, Default)]
pub struct State {
    /// Which letters are closed.
    pub marks: Marks,
    runs: BTreeMap<(String, String), AuditLine>,
    records: Vec<Extent>,
    /// How many letters each of the runs that were asked for has dealt with.
    of_run: u64,
}

/// The letters that a record of marks reaches to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Extent {
    pub(crate) key: String,
    pub(crate) topic: LetterTopic,
    pub(crate) partition: i32,
    /// The last offset that it marks.
    pub(crate) last: i64,
}

impl State {
    /// Reads it all. Blocks. Where the topic isn't there nothing is known, which is how an installation begins.
    ///
    /// # Errors
    /// When Kafka can't be read, or a record of marks can't: without it letters would seem open that are not.
    pub fn read(settings: &KafkaSettings) -> Result<Self, DeadLettersError> {
        Self::read_for(settings, None)
    }

    /// The same, and counts what the run of this name has done.
    pub(crate) fn read_for(settings: &KafkaSettings, run: Option<&str>) -> Result<Self, DeadLettersError> {
        let topic = settings.topics.dead_letter_state();
        let mut state = Self::default();
        let mut reader = match open_reader(settings, &topic, ReadFrom::Beginning) {
            Ok(reader) => reader,
            Err(KafkaError::UnknownTopic { .. }) => return Ok(state),
            Err(error) => return Err(error.into()),
        };
        while let Some(record) = reader.next_record()? {
            state.add(&record, &settings.topics, run).map_err(|reason| {
                let place = Place { partition: record.partition, offset: record.offset };
                DeadLettersError::State { topic: topic.clone(), place, reason }
            })?;
        }
        Ok(state)
    }

    /// The latest runs, the earliest first.
    pub fn runs(&self) -> impl Iterator<Item = &AuditLine> {
        self.runs.values()
    }

    /// How many letters the run that was asked for has dealt with.
    pub(crate) const fn of_run(&self) -> u64 {
        self.of_run
    }

    /// The records of marks that none of the letters still in these partitions need: `starts` has their first offsets.
    pub(crate) fn obsolete(
        &self,
        starts: &BTreeMap<(LetterTopic, i32), i64>,
    ) -> impl Iterator<Item = &Extent> {
        let gone = |extent: &&Extent| {
            starts.get(&(extent.topic, extent.partition)).is_some_and(|start| extent.last < *start)
        };
        self.records.iter().filter(gone)
    }

    fn add(
        &mut self,
        record: &StoredRecord,
        topics: &TopicSettings,
        run: Option<&str>,
    ) -> Result<(), wire::WireError> {
        let Ok(key) = std::str::from_utf8(&record.key) else { return Ok(()) };
        if record.value.is_empty() {
            return Ok(());
        }
        if key.starts_with(wire::KEY_PREFIX) {
            let marks = MarkRecord::decode(&record.value)?;
            // The marks of a topic that isn't in use any more close nothing.
            if let Some(topic) = LetterTopic::named(&marks.topic, topics) {
                self.add_marks(key, topic, &marks, run);
            }
        } else if key.starts_with(audit::KEY_PREFIX)
            && let Ok(line) = serde_json::from_slice::<AuditLine>(&record.value)
        {
            let _before = self.runs.insert((line.started_at.clone(), line.run.clone()), line);
            if self.runs.len() > MAX_RUNS {
                let _earliest = self.runs.pop_first();
            }
        }
        Ok(())
    }

    fn add_marks(&mut self, key: &str, topic: LetterTopic, record: &MarkRecord, run: Option<&str>) {
        let partition = record.partition;
        for (offset, mark) in &record.marks {
            let place = Place { partition, offset: *offset };
            self.marks.set(topic, place, *mark, record.newest_ms);
        }
        if run == Some(&record.run) {
            let done = record.marks.values().filter(|mark| **mark != Mark::Superseded).count();
            self.of_run += u64::try_from(done).unwrap_or(0);
        }
        if let Some((last, _)) = record.marks.last_key_value() {
            self.records.push(Extent { key: key.to_owned(), topic, partition, last: *last });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(key: &str, value: Vec<u8>) -> StoredRecord {
        let headers = Vec::new();
        StoredRecord {
            partition: 0,
            offset: 0,
            timestamp_ms: 0,
            key: key.as_bytes().to_vec(),
            value,
            headers,
        }
    }

    fn marks(offsets: std::ops::Range<i64>, run: &str) -> MarkRecord {
        MarkRecord {
            topic: "forebay.dlq".to_owned(),
            partition: 0,
            newest_ms: 1000,
            run: run.to_owned(),
            marks: offsets.map(|offset| (offset, Mark::Replayed)).collect(),
        }
    }

    fn read(records: &[StoredRecord], run: Option<&str>) -> State {
        let mut state = State::default();
        for record in records {
            state.add(record, &TopicSettings::default(), run).unwrap();
        }
        state
    }

    /// Scenario: two runs of a day, a record that was emptied, one of a topic that is not in use, one of nobody's.
    /// Guarantees: the marks of both count, only those of the one that was asked for are counted, and the rest does nothing.
    #[test]
    fn everything_in_the_topic_finds_its_place() {
        let (first, second) = (marks(0..3, "r-1"), marks(3..5, "r-2"));
        let foreign = MarkRecord { topic: "other".to_owned(), ..marks(9..10, "r-1") };
        let state = read(
            &[
                record(&first.key(0), first.encode().unwrap()),
                record(&second.key(0), second.encode().unwrap()),
                record(&foreign.key(0), foreign.encode().unwrap()),
                record(&first.key(1), Vec::new()),
                record("whatever", b"?".to_vec()),
            ],
            Some("r-1"),
        );
        let at = |offset| Place { partition: 0, offset };
        let get = |offset| state.marks.get(LetterTopic::DeadLetters, at(offset), 1000);
        assert_eq!((get(0), get(4), get(9)), (Some(Mark::Replayed), Some(Mark::Replayed), None));
        assert_eq!(state.of_run(), 3);
        let starts = [((LetterTopic::DeadLetters, 0), 3)].into();
        let obsolete: Vec<&str> = state.obsolete(&starts).map(|extent| extent.key.as_str()).collect();
        assert_eq!(obsolete, [first.key(0)]);
    }

    #[test]
    fn the_line_of_a_run_that_ended_takes_the_place_of_its_beginning() {
        let job = crate::job::Job::new(crate::job::Task::Park, "ann");
        let begun = AuditLine::begin(&job, "r-1", 1000);
        let ended = begun.clone().end(&crate::job::Report::default(), 2000);
        let line = |line: &AuditLine| record(&line.key(), serde_json::to_vec(line).unwrap());
        let state = read(&[line(&begun), line(&ended)], None);
        assert_eq!(state.runs().collect::<Vec<_>>(), [&ended]);
    }

    #[test]
    fn marks_that_cannot_be_read_are_no_open_letters() {
        let damaged = record("marks/forebay.dlq/0/r/0", b"{".to_vec());
        assert!(State::default().add(&damaged, &TopicSettings::default(), None).is_err());
    }

    proptest! {
        /// Scenario: any bytes in the topic. Guarantees: an answer, no panic.
        #[test]
        fn survives_anything(key in "(marks/|run/)?.{0,20}", value: Vec<u8>) {
            let _any = State::default().add(&record(&key, value), &TopicSettings::default(), None);
        }
    }
}
