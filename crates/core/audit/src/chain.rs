//! A writer's records, each holding the one before.

use jiff::Timestamp;

use crate::entry::Entry;
use crate::hash::Hash;
use crate::record::{Record, VERSION};

/// Where a writer is. No two processes may have the same name: their chain would fork.
#[derive(Clone, Debug)]
pub struct Chain {
    writer: String,
    next: u64,
    head: Hash,
}

impl Chain {
    /// A writer that has written nothing.
    #[must_use]
    pub fn new(writer: &str) -> Self {
        Self { writer: writer.to_owned(), next: 0, head: Hash::genesis() }
    }

    /// The writer's name.
    #[must_use]
    pub fn writer(&self) -> &str {
        &self.writer
    }

    /// The bytes of the next record. They have to be written, as they are, before those of another: one that is dropped is
    /// missing. Writing them twice does no harm. `seen` is the last record of the topic, if that is known.
    #[must_use]
    pub fn record(&mut self, entry: &Entry, time: Timestamp, seen: Option<Hash>) -> Vec<u8> {
        let record = Record {
            version: VERSION,
            writer: self.writer.clone(),
            sequence: self.next,
            time: time.to_string(),
            actor: entry.actor.clone(),
            action: entry.action.name().to_owned(),
            state: entry.state,
            subject: entry.subject.clone(),
            details: entry.details.clone(),
            seen: seen.filter(|seen| *seen != self.head),
            previous: self.head,
        };
        // A struct of texts and numbers, whose keys are texts, always becomes JSON.
        let bytes = serde_json::to_vec(&record).unwrap_or_default();
        self.head = Hash::of(&bytes);
        self.next += 1;
        bytes
    }
}
