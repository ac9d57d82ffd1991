//! A batch in the making, for decoders that write JSON: one buffer for all events, nothing allocated for each.

use bytes::Bytes;
use thiserror::Error;

use crate::batch::{Batch, Event, Facts, Group, Limits};
use crate::rejections::{Reason, Rejections};

/// A limit on the batch as a whole is exceeded: nothing of it can be taken.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Overflow {
    /// Too many events.
    #[error("more than {0} events at once")]
    Events(usize),
    /// Too many bytes, once written.
    #[error("the events grow beyond {0} bytes")]
    Bytes(usize),
}

/// Takes events one by one.
#[derive(Debug)]
pub struct Writer {
    limits: Limits,
    bytes: Vec<u8>,
    batch: Batch,
}

impl Writer {
    /// An empty batch under these limits, with room for about `bytes`.
    #[must_use]
    pub fn new(limits: Limits, bytes: usize) -> Self {
        let bytes = Vec::with_capacity(bytes.min(limits.max_inflated));
        Self { limits, bytes, batch: Batch::default() }
    }

    /// The limits that it keeps.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// The events from here on share these facts. The same as before go on with their group.
    pub fn group(&mut self, facts: Facts) {
        match self.batch.groups.last_mut() {
            Some(last) if last.facts == facts => {}
            Some(last) if last.len == 0 => last.facts = facts,
            _ => self.batch.groups.push(Group { facts, len: 0 }),
        }
    }

    /// Writes one event. What `write` leaves in the buffer when it fails is taken back, and the event is refused with its
    /// reason, as is one that is larger than an event may be.
    ///
    /// # Errors
    /// When the batch becomes too large as a whole.
    pub fn event(
        &mut self,
        line: usize,
        observed_at: u64,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Reason>,
    ) -> Result<(), Overflow> {
        self.counted()?;
        let start = self.bytes.len();
        let written = write(&mut self.bytes);
        let end = self.bytes.len();
        let (len, max) = (end - start, self.limits.max_event);
        let verdict = written.and(if len > max { Err(Reason::TooLarge { len, max }) } else { Ok(()) });
        if end > self.limits.max_inflated {
            return Err(Overflow::Bytes(self.limits.max_inflated));
        }
        match verdict {
            Ok(()) => {
                if self.batch.groups.is_empty() {
                    self.batch.groups.push(Group::default());
                }
                if let Some(group) = self.batch.groups.last_mut() {
                    group.len += 1;
                }
                self.batch.events.push(Event { line, observed_at, span: start..end });
            }
            Err(reason) => {
                self.bytes.truncate(start);
                self.batch.rejections.push(line, reason);
            }
        }
        Ok(())
    }

    /// Refuses an event that can't even be written.
    ///
    /// # Errors
    /// When there are too many.
    pub fn refuse(&mut self, line: usize, reason: Reason) -> Result<(), Overflow> {
        self.counted()?;
        self.batch.rejections.push(line, reason);
        Ok(())
    }

    /// How many events there are so far, refused ones included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.batch.events.len() + self.batch.rejections.count()
    }

    /// How many bytes were written so far.
    #[must_use]
    pub const fn written(&self) -> usize {
        self.bytes.len()
    }

    /// The batch.
    #[must_use]
    pub fn finish(mut self) -> Batch {
        if self.batch.groups.last().is_some_and(|group| group.len == 0) {
            let _empty = self.batch.groups.pop();
        }
        self.batch.bytes = Bytes::from(self.bytes);
        self.batch
    }

    /// What was refused so far.
    #[must_use]
    pub const fn rejections(&self) -> &Rejections {
        &self.batch.rejections
    }

    fn counted(&self) -> Result<(), Overflow> {
        let max = self.limits.max_events;
        if self.count() >= max { Err(Overflow::Events(max)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "it stands for a decoder that may fail")]
    fn put(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Reason> {
        out.extend_from_slice(bytes);
        Ok(())
    }

    const LIMITS: Limits = Limits { max_event: 4, max_depth: 8, max_events: 3, max_inflated: 9 };

    /// Scenario: events that are written, that fail half-way, and that are too large.
    /// Guarantees: the good ones stand beside each other, the others leave no bytes and say why.
    #[test]
    fn a_refused_event_leaves_nothing_behind() {
        let mut writer = Writer::new(LIMITS, 0);
        writer.group(Facts::of_format("json"));
        writer.event(1, 7, |out| put(out, b"one")).unwrap();
        writer
            .event(2, 0, |out| {
                out.extend_from_slice(b"tw");
                Err(Reason::Malformed("no".to_owned()))
            })
            .unwrap();
        writer.event(3, 0, |out| put(out, b"three")).unwrap();
        assert_eq!(writer.event(4, 0, |_| Ok(())), Err(Overflow::Events(3)));
        let batch = writer.finish();
        assert_eq!((&batch.bytes[..], batch.events.len(), batch.groups[0].len), (&b"one"[..], 1, 1));
        let refused: Vec<_> = batch.rejections.listed().iter().map(|one| (one.line, one.error)).collect();
        assert_eq!(refused, [(2, "malformed"), (3, "too_large")]);
    }

    #[test]
    fn groups_follow_their_events() {
        let mut writer = Writer::new(Limits { max_event: 9, ..LIMITS }, 0);
        for format in ["a", "a", "b", "c"] {
            writer.group(Facts::of_format(format));
            if format != "b" {
                writer.event(1, 0, |out| put(out, b"x")).unwrap();
            }
        }
        writer.group(Facts::of_format("d"));
        let groups: Vec<_> =
            writer.finish().groups.into_iter().map(|group| (group.facts.format, group.len)).collect();
        assert_eq!(groups, [("a".to_owned(), 2), ("c".to_owned(), 1)]);
    }

    #[test]
    fn a_batch_that_grows_too_large_is_refused_as_a_whole() {
        let mut writer = Writer::new(Limits { max_event: 100, ..LIMITS }, 0);
        assert_eq!(writer.event(1, 0, |out| put(out, &[b'x'; 10])), Err(Overflow::Bytes(9)));
    }
}
