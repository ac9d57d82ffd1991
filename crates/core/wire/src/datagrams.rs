//! Datagrams of many senders, gathered into one buffer: a message each ([RFC 5426], section 3.1), the messages of a sender
//! together, so that they share their facts.
//!
//! [RFC 5426]: <https://www.rfc-editor.org/rfc/rfc5426#section-3.1>

use std::collections::HashMap;
use std::hash::Hash;

use bytes::{Bytes, BytesMut};

use crate::batch::{Batch, Event};
use crate::frames::{floor, is_trailer};

/// Datagrams in the order in which they came. `S` is what tells senders apart.
#[derive(Debug)]
pub struct Datagrams<S> {
    bytes: BytesMut,
    max: usize,
    count: usize,
    /// Datagrams, beyond what an event may hold, that were cut.
    cut: usize,
    /// The senders in the order of their first datagrams.
    senders: Vec<(S, Vec<Event>)>,
    places: HashMap<S, usize>,
    /// Whose the last one was: most come in runs.
    last: usize,
}

/// What was gathered.
#[derive(Debug)]
pub struct Gathered<S> {
    /// What the events are ranges of.
    pub bytes: Bytes,
    /// The events of each sender, in the order in which they came.
    pub senders: Vec<(S, Vec<Event>)>,
    /// How many there are in all.
    pub count: usize,
    /// How many of them were cut.
    pub cut: usize,
}

impl<S: Clone + Eq + Hash> Datagrams<S> {
    /// Nothing yet. Messages longer than `max` bytes are cut.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            bytes: BytesMut::new(),
            max,
            count: 0,
            cut: 0,
            senders: Vec::new(),
            places: HashMap::new(),
            last: 0,
        }
    }

    /// How many messages there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The buffer: a datagram is received by appending it here, and then told by [`Datagrams::arrived`].
    pub const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// The buffer's last `len` bytes are a datagram from `sender`. A blank one is no message.
    pub fn arrived(&mut self, sender: S, len: usize) {
        let start = self.bytes.len().saturating_sub(len);
        let text = self.bytes.get(start..).unwrap_or_default();
        let mut end = text.iter().rposition(|byte| !is_trailer(*byte)).map_or(0, |last| last + 1);
        if end > self.max {
            end = floor(text, self.max);
            self.cut += 1;
        }
        if end == 0 {
            self.bytes.truncate(start);
            return;
        }
        self.bytes.truncate(start + end);
        self.count += 1;
        let event = Event { line: self.count, observed_at: 0, span: start..start + end };
        if let Some((last, events)) = self.senders.get_mut(self.last)
            && *last == sender
        {
            events.push(event);
            return;
        }
        let next = self.senders.len();
        self.last = *self.places.entry(sender.clone()).or_insert(next);
        match self.senders.get_mut(self.last) {
            Some((_, events)) => events.push(event),
            None => self.senders.push((sender, vec![event])),
        }
    }

    /// A datagram that was received elsewhere.
    pub fn push(&mut self, sender: S, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.arrived(sender, datagram.len());
    }

    /// Gives what was gathered, and begins anew.
    pub fn take(&mut self) -> Gathered<S> {
        self.places.clear();
        self.last = 0;
        Gathered {
            bytes: self.bytes.split().freeze(),
            senders: std::mem::take(&mut self.senders),
            count: std::mem::take(&mut self.count),
            cut: std::mem::take(&mut self.cut),
        }
    }
}

/// One batch of several that were gathered one after another, which holds the bytes of its own events and no others.
#[must_use]
pub fn joined(batches: Vec<Batch>) -> Batch {
    let events: usize = batches.iter().map(|batch| batch.events.len()).sum();
    let own = |batch: &Batch| batch.events.iter().map(|event| event.span.len()).sum::<usize>();
    let mut bytes = BytesMut::with_capacity(batches.iter().map(own).sum());
    let mut whole = Batch { events: Vec::with_capacity(events), ..Batch::default() };
    for batch in batches {
        for event in batch.events {
            let start = bytes.len();
            bytes.extend_from_slice(batch.bytes.get(event.span).unwrap_or_default());
            // Ids are made of it.
            let line = whole.events.len() + 1;
            whole.events.push(Event { line, span: start..bytes.len(), ..event });
        }
        whole.groups.extend(batch.groups);
    }
    whole.bytes = bytes.freeze();
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Facts, Group};

    /// Scenario: batches that are ranges of a buffer which others' events are in, too.
    /// Guarantees: one batch with the events in order, each with a number of its own, and nobody else's bytes.
    #[test]
    fn batches_are_joined_without_the_bytes_of_others() {
        let buffer = Bytes::from_static(b"one--two--three");
        let batch = |spans: &[std::ops::Range<usize>], source: &str| {
            let events = (1..).zip(spans);
            let events = events.map(|(line, span)| Event { line, observed_at: 0, span: span.clone() });
            let facts = Facts { source: source.to_owned(), ..Facts::default() };
            let groups = vec![Group { facts, len: spans.len() }];
            Batch { bytes: buffer.clone(), events: events.collect(), groups, ..Batch::default() }
        };
        let whole = joined(vec![batch(&[0..3, 10..15], "a"), batch(&[5..8, 3..5], "b")]);
        let texts: Vec<_> = whole.events.iter().map(|event| &whole.bytes[event.span.clone()]).collect();
        assert_eq!(texts, [&b"one"[..], b"three", b"two", b"--"]);
        assert_eq!(whole.bytes, "onethreetwo--");
        assert_eq!(whole.events.iter().map(|event| event.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let groups: Vec<_> = whole.groups.iter().map(|group| (&*group.facts.source, group.len)).collect();
        assert_eq!(groups, [("a", 2), ("b", 2)]);
        assert!(joined(Vec::new()).events.is_empty());
    }

    /// Scenario: datagrams of two senders in turn, blank ones, one that is too large; twice.
    /// Guarantees: each sender's messages are together, in their order, and nothing is left of the first time.
    #[test]
    fn the_messages_of_a_sender_are_together() {
        let mut datagrams = Datagrams::new(5);
        for _ in 0..2 {
            for (sender, text) in
                [("a", "<1>a\n"), ("b", "<1>bä"), ("a", "\r\n\0"), ("a", "<1>c"), ("a", "<1>d"), ("b", "e")]
            {
                datagrams.push(sender, text.as_bytes());
            }
            let gathered = datagrams.take();
            let found: Vec<_> = gathered
                .senders
                .iter()
                .map(|(sender, events)| {
                    let texts: Vec<_> = events
                        .iter()
                        .map(|event| std::str::from_utf8(&gathered.bytes[event.span.clone()]).unwrap())
                        .collect();
                    (*sender, texts)
                })
                .collect();
            assert_eq!(found, [("a", vec!["<1>a", "<1>c", "<1>d"]), ("b", vec!["<1>b", "e"])]);
            assert_eq!(
                (gathered.count, gathered.cut, datagrams.is_empty(), datagrams.len()),
                (5, 1, true, 0)
            );
        }
    }
}
