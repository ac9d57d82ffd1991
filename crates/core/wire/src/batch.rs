//! What a decoder yields: events that were taken apart, and what they have in common.

use std::ops::Range;

use bytes::Bytes;

use crate::rejections::Rejections;

/// What every decoder keeps to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest event, in bytes.
    pub max_event: usize,
    /// How deep an event may be nested.
    pub max_depth: usize,
    /// The most events in one request, frame or window, refused ones included.
    pub max_events: usize,
    /// The most bytes that what was received may become: decompressed, and written as JSON.
    pub max_inflated: usize,
}

/// Events of one sender that are acknowledged together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// What the events are ranges of.
    pub bytes: Bytes,
    /// The events to send, in their order.
    pub events: Vec<Event>,
    /// What the events share: each group has the next so many events. Their lengths add up to the number of events.
    pub groups: Vec<Group>,
    /// The ids that the events bring along, one for each of `events`, where an empty one means that the event has none.
    /// Empty if no event has any.
    pub given_ids: Vec<String>,
    /// The events that are refused.
    pub rejections: Rejections,
}

/// An event to send.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// Its line, element or position in what was received, from 1.
    pub line: usize,
    /// When the sender saw it, in nanoseconds since the Unix epoch; 0 if its group says so, or nobody does.
    pub observed_at: u64,
    /// Its bytes.
    pub span: Range<usize>,
}

/// Events in a row that share what is known of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Group {
    /// What they share.
    pub facts: Facts,
    /// How many they are.
    pub len: usize,
}

/// What is known of events beside their bytes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// What sent them; empty for the name of the protocol.
    pub source: String,
    /// Their format, by its name in the parser; empty if it has to be found out.
    pub format: String,
    /// The ordered stream that they belong to; empty for the connection.
    pub stream: String,
    /// When the sender saw them, in nanoseconds since the Unix epoch; 0 if it doesn't say.
    pub observed_at: u64,
    /// Facts that the sender sends along.
    pub attributes: Vec<(String, String)>,
    /// W3C trace context; empty if there is none.
    pub traceparent: String,
}

impl Batch {
    /// Keeps nothing to send where something is refused, of a sender who wants all of it taken or none.
    pub fn all_or_nothing(&mut self) {
        if self.rejections.count() > 0 {
            let Self { bytes: _, events, groups, given_ids, rejections: _ } = self;
            events.clear();
            groups.clear();
            given_ids.clear();
        }
    }

    /// How many bytes it holds beside [`Batch::bytes`]: of many tiny events that is most of the memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        let ids: usize = self.given_ids.iter().map(String::capacity).sum();
        let groups: usize = self.groups.iter().map(|group| group.facts.weight()).sum();
        ids + groups
            + self.given_ids.capacity() * size_of::<String>()
            + self.groups.capacity() * size_of::<Group>()
            + self.events.capacity() * size_of::<Event>()
    }
}

impl Batch {
    /// How many bytes of attributes its events carry in all, each its group's: what they are worth beside [`Batch::bytes`].
    #[must_use]
    pub fn attribute_bytes(&self) -> usize {
        let of = |group: &Group| {
            let each: usize =
                group.facts.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
            each.saturating_mul(group.len)
        };
        self.groups.iter().map(of).fold(0, usize::saturating_add)
    }
}

impl Facts {
    /// Facts of which only the format is known.
    #[must_use]
    pub fn of_format(format: impl Into<String>) -> Self {
        Self { format: format.into(), ..Self::default() }
    }

    fn weight(&self) -> usize {
        let text = |text: &String| text.capacity();
        let attributes: usize = self.attributes.iter().map(|(name, value)| text(name) + text(value)).sum();
        text(&self.source)
            + text(&self.format)
            + text(&self.stream)
            + text(&self.traceparent)
            + self.attributes.capacity() * size_of::<(String, String)>()
            + attributes
    }
}
