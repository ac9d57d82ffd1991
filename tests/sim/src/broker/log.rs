//! A partition's log, with transactions in it.

use std::rc::Rc;

use forebay_record::dead_letter::header::SOURCE_TOPIC;

/// A record.
#[derive(Debug)]
pub struct Record {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// Its headers: a dead letter's envelope.
    pub headers: Vec<(&'static str, String)>,
    /// The number of the planned event that it carries. The oracle's, as what follows; the pipeline doesn't see them.
    pub event: usize,
    /// Which of the event's documents it carries, from 1 on; 0 for the event as a whole.
    pub part: u8,
    /// The conversion that it came of: its batch, and whether the rules were mended.
    pub of: Option<Conversion>,
    /// The partition and offset of the record that it was made of.
    pub from: Option<(i32, i64)>,
}

/// A conversion of a batch: the first, or one for sending it again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Conversion {
    /// The number of the batch.
    pub batch: u64,
    /// Whether the rules were mended.
    pub mended: bool,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mark {
    /// Its records count.
    Commit,
    /// They don't.
    Abort,
}

/// What stands at an offset.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A record that counts.
    Visible(Rc<Record>),
    /// A record of a transaction that is open.
    Undecided(u64, Rc<Record>),
    /// A record of a transaction that was aborted, or the mark at a transaction's end.
    Nothing,
}

/// A partition.
#[derive(Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    /// The first record of every open transaction.
    open: Vec<(u64, i64)>,
}

// === impl Record ===

impl Record {
    /// Bytes of key and value.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
    }

    /// Where the record that a dead letter is about stood.
    #[must_use]
    pub fn source_topic(&self) -> Option<&str> {
        self.header(SOURCE_TOPIC)
    }
}

// === impl Log ===

impl Log {
    /// Appends a record; answers its offset.
    pub fn append(&mut self, record: Rc<Record>, transaction: Option<u64>) -> i64 {
        let offset = self.end_offset();
        match transaction {
            None => self.entries.push(Entry::Visible(record)),
            Some(number) => {
                if !self.open.iter().any(|(open, _)| *open == number) {
                    self.open.push((number, offset));
                }
                self.entries.push(Entry::Undecided(number, record));
            }
        }
        offset
    }

    /// One past the last entry.
    #[must_use]
    pub fn end_offset(&self) -> i64 {
        i64::try_from(self.entries.len()).unwrap_or(i64::MAX)
    }

    /// The last stable offset: readers of committed records don't get beyond the first open transaction.
    #[must_use]
    pub fn stable(&self) -> i64 {
        self.open.iter().map(|(_, first)| *first).min().unwrap_or_else(|| self.end_offset())
    }

    /// Up to `most` committed records from this offset on.
    pub fn read(&self, from: i64, most: usize) -> impl Iterator<Item = (i64, &Rc<Record>)> {
        self.range(from, self.stable())
            .filter_map(|(offset, entry)| match entry {
                Entry::Visible(record) => Some((offset, record)),
                Entry::Undecided(..) | Entry::Nothing => None,
            })
            .take(most)
    }

    /// What stands from one offset up to another.
    pub fn range(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, &Entry)> {
        let from = from.max(0);
        let at = |offset: i64| usize::try_from(offset).unwrap_or(0).min(self.entries.len());
        let entries = self.entries.get(at(from)..at(to.max(from))).unwrap_or_default();
        (from..).zip(entries)
    }

    /// Ends a transaction, and marks that. What has become visible comes back.
    pub fn end(&mut self, number: u64, mark: Mark) -> Vec<Rc<Record>> {
        let mut visible = Vec::new();
        let Some(at) = self.open.iter().position(|(open, _)| *open == number) else { return visible };
        let (_, first) = self.open.remove(at);
        for entry in self.entries.iter_mut().skip(usize::try_from(first).unwrap_or(0)) {
            if let Entry::Undecided(of, record) = entry
                && *of == number
            {
                *entry = match mark {
                    Mark::Commit => {
                        visible.push(Rc::clone(record));
                        Entry::Visible(Rc::clone(record))
                    }
                    Mark::Abort => Entry::Nothing,
                };
            }
        }
        self.entries.push(Entry::Nothing);
        visible
    }
}
