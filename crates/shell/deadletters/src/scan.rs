//! Reading the dead-letter topic.

use std::fmt;

use forebay_kafka::{KafkaError, ReadFrom, StoredRecord, TopicReader, dead_letter};
use forebay_record::DeadLetter;
use forebay_settings::sections::KafkaSettings;

use crate::DeadLettersError;
use crate::filter::Filter;

/// A dead letter where it stands.
#[derive(Clone, Eq, PartialEq)]
pub struct Entry {
    /// The envelope.
    pub letter: DeadLetter,
    /// Its place in the dead-letter topic, and the key and value of the record that failed.
    pub record: StoredRecord,
}

/// Which letter to show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Selector {
    /// The latest letter of the event with this id.
    EventId(String),
    /// The letter at this place in the dead-letter topic.
    Place {
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
    },
}

/// The letters that match a filter, in the order of the topic's partitions, up to the end that the topic had when this
/// was opened. Its calls block: use it on a thread for blocking work.
#[derive(Debug)]
pub struct Letters {
    reader: TopicReader,
    filter: Filter,
    scanned: u64,
    malformed: u64,
}

// === impl Letters ===

impl Letters {
    /// Opens the dead-letter topic. Blocks.
    ///
    /// # Errors
    /// When the topic isn't there or Kafka isn't.
    pub fn open(settings: &KafkaSettings, filter: Filter) -> Result<Self, KafkaError> {
        // A letter is written after its event failed, so that nothing that matches stands before that time.
        let from = filter.since_ms.map_or(ReadFrom::Beginning, ReadFrom::Time);
        Self::open_from(settings, filter, from)
    }

    fn open_from(settings: &KafkaSettings, filter: Filter, from: ReadFrom) -> Result<Self, KafkaError> {
        let reader = TopicReader::open(settings, &settings.topics.dead_letters, from)?;
        Ok(Self { reader, filter, scanned: 0, malformed: 0 })
    }

    /// The next letter that matches; `None` at the end. Blocks. Records that are no letters are counted and passed over.
    ///
    /// # Errors
    /// When Kafka stops answering.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, KafkaError> {
        while let Some(record) = self.reader.next_record()? {
            self.scanned += 1;
            match dead_letter::read(&record) {
                Ok(letter) if self.filter.matches(&letter) => return Ok(Some(Entry { letter, record })),
                Ok(_) => {}
                Err(_) => self.malformed += 1,
            }
        }
        Ok(None)
    }

    /// How many records have been read.
    #[must_use]
    pub fn scanned(&self) -> u64 {
        self.scanned
    }

    /// How many of them were no letters, or damaged ones.
    #[must_use]
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    /// How many records are still to be read, about.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.reader.remaining()
    }
}

/// Finds one letter. Blocks.
///
/// # Errors
/// [`DeadLettersError::NotFound`], or when Kafka can't be read.
pub fn find(settings: &KafkaSettings, selector: &Selector) -> Result<Entry, DeadLettersError> {
    let missing = || DeadLettersError::NotFound(selector.clone());
    match selector {
        Selector::Place { partition, offset } => {
            let from = ReadFrom::Offset { partition: *partition, offset: *offset };
            let mut letters = Letters::open_from(settings, Filter::default(), from)?;
            let entry = letters.next_entry()?.ok_or_else(missing)?;
            if entry.record.offset == *offset { Ok(entry) } else { Err(missing()) }
        }
        Selector::EventId(id) => {
            let mut letters = Letters::open(settings, Filter { id: Some(id.clone()), ..Filter::default() })?;
            let mut latest: Option<Entry> = None;
            while let Some(entry) = letters.next_entry()? {
                if latest
                    .as_ref()
                    .is_none_or(|latest| latest.letter.last_failed_at <= entry.letter.last_failed_at)
                {
                    latest = Some(entry);
                }
            }
            latest.ok_or_else(missing)
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EventId(id) => write!(f, "of event `{id}`"),
            Self::Place { partition, offset } => write!(f, "at {partition}:{offset}"),
        }
    }
}

impl std::str::FromStr for Selector {
    type Err = std::convert::Infallible;

    /// `PARTITION:OFFSET` is a place, anything else an event's id.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = text.split_once(':').and_then(|(partition, offset)| {
            Some(Self::Place { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
        });
        Ok(place.unwrap_or_else(|| Self::EventId(text.to_owned())))
    }
}

/// Shows the place and the reason's type only: records hold what customers log.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({:?}, {})", self.record, self.letter.error_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_two_numbers_and_everything_else_is_an_id() {
        assert_eq!("3:17".parse(), Ok(Selector::Place { partition: 3, offset: 17 }));
        for id in ["a:b", "3:", "3", "3:17:9", "host:3"] {
            assert_eq!(id.parse(), Ok(Selector::EventId(id.to_owned())));
        }
    }
}
