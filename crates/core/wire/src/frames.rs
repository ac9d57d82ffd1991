//! The messages of a connection, as they are cut out of its bytes: what framings have in common.

use std::ops::Range;

use bytes::Bytes;

use crate::batch::{Batch, Event, Facts, Group};
use crate::rejections::{Reason, Rejections};

/// The attribute of an event that was cut to the size of the largest event, and its value.
pub const CUT: (&str, &str) = ("log.flags", "truncated");

/// Messages that were found in a buffer.
#[derive(Clone, Debug)]
pub struct Frames {
    max: usize,
    events: Vec<Event>,
    /// Which of `events` were cut.
    cut: Vec<usize>,
    rejections: Rejections,
}

impl Frames {
    /// Room for so many messages, refused ones included.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { max, events: Vec::new(), cut: Vec::new(), rejections: Rejections::default() }
    }

    /// How many there are, refused ones included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.events.len() + self.rejections.count()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Whether there is no room for another one.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.count() >= self.max
    }

    /// How many there is room for.
    #[must_use]
    pub const fn max(&self) -> usize {
        self.max
    }

    /// The messages as places in the buffer.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many of them were cut.
    #[must_use]
    pub fn cut(&self) -> usize {
        self.cut.len()
    }

    /// Adds a message without what ends it, unless nothing is left then: blank messages are no events.
    pub(crate) fn push(&mut self, buffer: &[u8], span: Range<usize>) -> bool {
        let text = buffer.get(span.clone()).unwrap_or_default();
        let len = text.iter().rposition(|byte| !is_trailer(*byte)).map_or(0, |last| last + 1);
        if len > 0 {
            let line = self.count() + 1;
            self.events.push(Event { line, observed_at: 0, span: span.start..span.start + len });
        }
        len > 0
    }

    /// Adds the first `max` bytes of a message that is longer, or a little less, so that no character is cut in two.
    pub(crate) fn push_cut(&mut self, buffer: &[u8], start: usize, max: usize) {
        let end = start + floor(buffer.get(start..).unwrap_or_default(), max);
        if self.push(buffer, start..end) {
            self.cut.push(self.events.len() - 1);
        }
    }

    pub(crate) fn refuse(&mut self, reason: Reason) {
        self.rejections.push(self.count() + 1, reason);
    }

    /// The messages as a batch. `bytes` begin where the buffer began; a message that was cut has [`CUT`] among its facts.
    #[must_use]
    pub fn into_batch(self, bytes: Bytes, facts: Facts) -> Batch {
        let mut groups = Vec::with_capacity(1 + 2 * self.cut.len());
        let mut done = 0;
        for at in self.cut {
            if at > done {
                groups.push(Group { facts: facts.clone(), len: at - done });
            }
            let mut flagged = facts.clone();
            flagged.attributes.push((CUT.0.to_owned(), CUT.1.to_owned()));
            groups.push(Group { facts: flagged, len: 1 });
            done = at + 1;
        }
        if self.events.len() > done {
            groups.push(Group { facts, len: self.events.len() - done });
        }
        Batch { bytes, events: self.events, groups, given_ids: Vec::new(), rejections: self.rejections }
    }
}

/// Whether it is one of the bytes that senders end messages with (RFC 6587, section 3.4.2), which belong to none.
pub(crate) const fn is_trailer(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | 0)
}

/// The longest beginning of at most `max` bytes that ends with a whole character, if the text is UTF-8.
pub(crate) fn floor(text: &[u8], max: usize) -> usize {
    let is_inside = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    // A character has at most three bytes after its first.
    (max.saturating_sub(3)..=max).rev().find(|at| !is_inside(at)).unwrap_or(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so_and_its_neighbours_do_not() {
        let text = "one\nzwölf\n\nfour".as_bytes();
        let mut frames = Frames::new(10);
        assert!(frames.push(text, 0..4));
        frames.push_cut(text, 4, 3);
        assert!(!frames.push(text, 10..12));
        assert!(frames.push(text, 12..16));
        frames.refuse(Reason::NotAnObject);
        let batch = frames
            .into_batch(Bytes::from_static("one\nzwölf\n\nfour".as_bytes()), Facts::of_format("syslog"));
        let spans: Vec<_> = batch.events.iter().map(|event| &batch.bytes[event.span.clone()]).collect();
        assert_eq!(spans, [&b"one"[..], b"zw", b"four"]);
        let flags: Vec<_> =
            batch.groups.iter().map(|group| (group.facts.attributes.len(), group.len)).collect();
        assert_eq!(flags, [(0, 1), (1, 1), (0, 1)]);
        assert_eq!(batch.rejections.listed()[0].line, 4);
    }

    #[test]
    fn no_character_is_cut_in_two() {
        assert_eq!([3, 4, 5].map(|max| floor("zwölf".as_bytes(), max)), [2, 4, 5]);
        assert_eq!(floor("😀😀".as_bytes(), 7), 4);
        assert_eq!(floor(&[0x80; 9], 5), 5);
    }
}
