//! Reading the topics that hold letters.

use std::fmt;
use std::time::{Duration, Instant};

use forebay_kafka::{KafkaError, ReadFrom, StoredRecord, TopicReader, dead_letter};
use forebay_record::DeadLetter;
use forebay_settings::sections::KafkaSettings;

use crate::DeadLettersError;
use crate::filter::{Filter, Like};
use crate::marks::{Mark, Marks};
use crate::place::{LetterTopic, Place};
use crate::wording::kind;

/// How long a topic may be without leaders before that is an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before it is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// A dead letter where it stands.
#[derive(Clone, Eq, PartialEq)]
pub struct Entry {
    /// The envelope.
    pub letter: DeadLetter,
    /// The topic that it stands in.
    pub topic: LetterTopic,
    /// Its place there, and the key and value of the record that failed.
    pub record: StoredRecord,
}

/// Which letter to show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Selector {
    /// The latest letter of the event with this id.
    EventId(String),
    /// The letter at this place in the topic.
    Place(Place),
}

/// The letters that match a filter, in the order of the topic's partitions, up to the end that the topic had when this
/// was opened. Its calls block: use it on a thread for blocking work.
#[derive(Debug)]
pub struct Letters {
    reader: TopicReader,
    topic: LetterTopic,
    filter: Filter,
    scanned: u64,
    of_tenant: u64,
    malformed: u64,
}

// === impl Letters ===

impl Letters {
    /// Opens a topic of letters. Blocks.
    ///
    /// # Errors
    /// When the topic isn't there or Kafka isn't, or there is no letter that others should be like.
    pub fn open(
        settings: &KafkaSettings,
        topic: LetterTopic,
        mut filter: Filter,
    ) -> Result<Self, DeadLettersError> {
        resolve(settings, topic, &mut filter)?;
        // A letter is written after its event failed, so that nothing that matches stands before that time.
        let from = filter.since_ms.map_or(ReadFrom::Beginning, ReadFrom::Time);
        Ok(Self::open_from(settings, topic, filter, from)?)
    }

    fn open_from(
        settings: &KafkaSettings,
        topic: LetterTopic,
        filter: Filter,
        from: ReadFrom,
    ) -> Result<Self, KafkaError> {
        let reader = open_reader(settings, topic.name(&settings.topics), from)?;
        Ok(Self { reader, topic, filter, scanned: 0, of_tenant: 0, malformed: 0 })
    }

    /// The next letter that matches; `None` at the end. Blocks. Records that are no letters are counted and passed over.
    ///
    /// # Errors
    /// When Kafka stops answering.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, KafkaError> {
        while let Some(record) = self.reader.next_record()? {
            self.scanned += 1;
            match dead_letter::read(&record) {
                Ok(letter) => {
                    self.of_tenant += u64::from(self.filter.is_of_tenant(&letter));
                    if self.filter.matches(&letter) {
                        return Ok(Some(Entry { letter, topic: self.topic, record }));
                    }
                }
                Err(_) => self.malformed += 1,
            }
        }
        Ok(None)
    }

    /// How many records have been read, whosever they are.
    #[must_use]
    pub fn scanned(&self) -> u64 {
        self.scanned
    }

    /// How many of them were letters of the filter's tenant, or letters at all where it names none: what those that match are part of.
    #[must_use]
    pub fn of_tenant(&self) -> u64 {
        self.of_tenant
    }

    /// How many of them were no letters, or damaged ones. They are nobody's, so that who asks about one tenant isn't told.
    #[must_use]
    pub fn malformed(&self) -> u64 {
        if self.filter.tenant.is_some() { 0 } else { self.malformed }
    }

    /// How many records are still to be read, about.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.reader.remaining()
    }
}

/// Looks up the letter that others should be like, if a filter names one: of the filter's tenant, if it names that, so that nobody
/// learns how others' events fail. Blocks.
pub(crate) fn resolve(
    settings: &KafkaSettings,
    topic: LetterTopic,
    filter: &mut Filter,
) -> Result<(), DeadLettersError> {
    if let Some(Like::Letter(place)) = filter.like {
        let is_of = |tenant: &str| filter.tenant.as_deref().is_none_or(|only| only == tenant);
        let entry = find(settings, topic, &Selector::Place(place), is_of)?;
        filter.like = Some(Like::Kind(kind(&entry.letter)));
    }
    Ok(())
}

/// Opens a topic, with some patience for a cluster that is just choosing leaders. Blocks.
pub(crate) fn open_reader(
    settings: &KafkaSettings,
    topic: &str,
    from: ReadFrom,
) -> Result<TopicReader, KafkaError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match TopicReader::open(settings, topic, from) {
            Err(KafkaError::Busy(_)) if Instant::now() < deadline => std::thread::park_timeout(PAUSE),
            opened => return opened,
        }
    }
}

/// Finds one letter among those of tenants that whoever asks `may_see`. Blocks.
///
/// # Errors
/// [`DeadLettersError::NotFound`], or when Kafka can't be read.
pub fn find(
    settings: &KafkaSettings,
    topic: LetterTopic,
    selector: &Selector,
    may_see: impl Fn(&str) -> bool,
) -> Result<Entry, DeadLettersError> {
    let missing = || DeadLettersError::NotFound(selector.clone());
    match selector {
        Selector::Place(Place { partition, offset }) => {
            let from = ReadFrom::Offset { partition: *partition, offset: *offset };
            let mut letters = Letters::open_from(settings, topic, Filter::default(), from)?;
            let entry = letters.next_entry()?.ok_or_else(missing)?;
            let is_it = entry.record.offset == *offset && may_see(&entry.letter.tenant);
            if is_it { Ok(entry) } else { Err(missing()) }
        }
        Selector::EventId(id) => {
            let filter = Filter { id: Some(id.clone()), ..Filter::default() };
            let mut letters = Letters::open(settings, topic, filter)?;
            let mut latest: Option<Entry> = None;
            let age = |entry: &Entry| (entry.letter.replay_count, entry.letter.last_failed_at);
            while let Some(entry) = letters.next_entry()? {
                let is_newer = latest.as_ref().is_none_or(|latest| age(latest) <= age(&entry));
                if is_newer && may_see(&entry.letter.tenant) {
                    latest = Some(entry);
                }
            }
            latest.ok_or_else(missing)
        }
    }
}

impl Entry {
    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { partition: self.record.partition, offset: self.record.offset }
    }

    /// What closed it; `None` when it is open.
    #[must_use]
    pub fn mark(&self, marks: &Marks) -> Option<Mark> {
        marks.get(self.topic, self.place(), self.record.timestamp_ms)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EventId(id) => write!(f, "of event `{id}`"),
            Self::Place(place) => write!(f, "at {place}"),
        }
    }
}

impl std::str::FromStr for Selector {
    type Err = std::convert::Infallible;

    /// `PARTITION:OFFSET` is a place, anything else an event's id.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::EventId(text.to_owned()), Self::Place))
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
        assert_eq!("3:17".parse(), Ok(Selector::Place(Place { partition: 3, offset: 17 })));
        for id in ["a:b", "3:", "3", "3:17:9", "host:3"] {
            assert_eq!(id.parse(), Ok(Selector::EventId(id.to_owned())));
        }
    }
}
