//! The documents of one event, in buffers that serve all events of a lane.

use std::ops::Range;

use forebay_parse::{Format, Marks, Parsed};
use forebay_record::{EventKey, RawEvent, id};

use crate::target::TargetCache;

/// How much memory is kept from event to event, in bytes.
const KEPT: usize = 4 << 20;

/// The documents of one event.
#[derive(Debug, Default)]
pub struct Documents {
    /// The bodies of all of them, one behind the other; the rest is of the last one.
    parsed: Parsed,
    keys: String,
    entries: Vec<Entry>,
    /// The id of a part, while its key is written.
    id: String,
}

/// A document of an event, ready to be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Document<'a> {
    /// The key of its record in the events topic.
    pub key: &'a str,
    /// The document: one JSON object.
    pub body: &'a [u8],
    /// The format that it was read in.
    pub format: Format,
    /// What was out of the ordinary.
    pub marks: Marks,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    body: Range<usize>,
    key: Range<usize>,
    part: Option<u32>,
    event_ms: i64,
    /// Empty for the default target; an empty one takes no memory of its own.
    route: Box<str>,
    format: Format,
    marks: Marks,
}

/// A document as rules made it, before it has a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Draft<'a> {
    /// The document: one JSON object.
    pub body: &'a [u8],
    /// What a rule chose of its target's name; empty for the default.
    pub route: &'a str,
    /// Which part of its event it is, where that was split.
    pub part: Option<u32>,
    /// The event's time, in milliseconds since the Unix epoch.
    pub event_ms: i64,
}

// === impl Documents ===

impl Documents {
    /// Adds a document for the default target: see [`push_to`](Self::push_to).
    ///
    /// # Errors
    /// Those of `write`.
    pub fn push<E>(
        &mut self,
        part: Option<u32>,
        write: impl FnOnce(&mut Parsed) -> Result<(), E>,
    ) -> Result<(), E> {
        self.push_to("", part, write)
    }

    /// Adds a document. `route` is what a rule chose of its target's name, empty for the default. `write` appends its body to the buffer that it is given, and says the rest in the fields beside; when
    /// it fails, nothing is added. `part` is its number where an event is split, the same each time that it is: the document's
    /// id is then [`push_part`](id::push_part)'s. Without one it has the id of the event.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn push_to<E>(
        &mut self,
        route: &str,
        part: Option<u32>,
        write: impl FnOnce(&mut Parsed) -> Result<(), E>,
    ) -> Result<(), E> {
        self.push_routed(part, |parsed| write(parsed).map(|()| route.into()))
    }

    /// The same for a document whose route is known when it is written: `write` answers it.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn push_routed<E>(
        &mut self,
        part: Option<u32>,
        write: impl FnOnce(&mut Parsed) -> Result<Box<str>, E>,
    ) -> Result<(), E> {
        let from = self.parsed.document.len();
        let route = match write(&mut self.parsed) {
            Ok(route) => route,
            Err(error) => {
                self.parsed.document.truncate(from);
                return Err(error);
            }
        };
        let Parsed { event_ms, format, marks, ref document } = self.parsed;
        let body = from..document.len();
        self.entries.push(Entry { body, key: 0..0, part, event_ms, route, format, marks });
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes they have together.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.parsed.document.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The documents, in the order in which they were added.
    pub fn drafts(&self) -> impl ExactSizeIterator<Item = Draft<'_>> + Clone {
        self.entries.iter().map(|entry| Draft {
            body: self.parsed.document.get(entry.body.clone()).unwrap_or_default(),
            route: &entry.route,
            part: entry.part,
            event_ms: entry.event_ms,
        })
    }

    /// Forgets all documents and keeps the memory.
    pub fn clear(&mut self) {
        self.parsed.document.clear();
        // What one huge event needed is not kept.
        self.parsed.document.shrink_to(KEPT);
        self.keys.clear();
        self.entries.clear();
    }

    /// Writes the keys, with the span that sends the documents. Answers the first document that is larger than `max` bytes with its key, and its size.
    pub(crate) fn name(
        &mut self,
        event: &RawEvent<'_>,
        prefix: &str,
        targets: &mut TargetCache,
        max: usize,
        trace: &str,
    ) -> Option<(usize, usize)> {
        let mut large = None;
        let received_ms = event.first_received_ms();
        for (at, entry) in self.entries.iter_mut().enumerate() {
            let from = self.keys.len();
            let id = match entry.part {
                None => event.id,
                Some(part) => {
                    self.id.clear();
                    id::push_part(&mut self.id, event.id, part);
                    &self.id
                }
            };
            let target = targets.get(prefix, event.tenant, &entry.route, entry.event_ms);
            let (tenant, event_ms, replays) = (event.tenant, entry.event_ms, event.attempt);
            let key = EventKey { tenant, target, event_ms, replays, id, trace };
            key.push_received(&mut self.keys, received_ms);
            entry.key = from..self.keys.len();
            let size = entry.key.len() + entry.body.len();
            if size > max && large.is_none() {
                large = Some((at, size));
            }
        }
        large
    }

    pub(crate) fn all(&self) -> impl ExactSizeIterator<Item = Document<'_>> + Clone {
        self.entries.iter().map(|entry| Document {
            key: self.keys.get(entry.key.clone()).unwrap_or_default(),
            body: self.parsed.document.get(entry.body.clone()).unwrap_or_default(),
            format: entry.format,
            marks: entry.marks,
        })
    }
}
