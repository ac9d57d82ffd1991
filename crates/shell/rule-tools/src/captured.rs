//! Events in hand: as they stand in the raw topic, so that a preview takes the way that the parser takes.

use std::io::{self, BufRead};

use forebay_record::raw::RawError;
use forebay_record::{RawEvent, RawTemplate};

/// The longest line that is taken for an event, in bytes: ingest's own limit for one is lower.
const MAX_LINE: u64 = 16 << 20;

/// An event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Captured {
    /// The value of its record.
    value: Vec<u8>,
    /// Where it comes from, for people: a line of a file, a place in a topic.
    pub place: String,
}

// === impl Captured ===

impl Captured {
    /// An event that isn't in Kafka.
    #[must_use]
    pub fn new(event: &RawEvent<'_>, place: impl Into<String>) -> Self {
        let mut value = Vec::new();
        RawTemplate::new(event).push(&mut value, event.id, event.body);
        Self { value, place: place.into() }
    }

    /// The value of a record of the raw topic.
    ///
    /// # Errors
    /// When it is no event.
    pub fn record(value: Vec<u8>, place: impl Into<String>) -> Result<Self, RawError> {
        let _readable = RawEvent::read(&value)?;
        Ok(Self { value, place: place.into() })
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> RawEvent<'_> {
        // It was read, or written, before.
        RawEvent::read(&self.value).unwrap_or_default()
    }
}

/// The lines of a text, each of them an event like `like`, at most `most` of them. Empty lines are passed over.
///
/// # Errors
/// When the text can't be read, or a line is longer than any event.
pub fn lines(
    mut text: impl BufRead,
    name: &str,
    like: &RawEvent<'_>,
    most: usize,
) -> io::Result<Vec<Captured>> {
    let template = RawTemplate::new(like);
    let mut events = Vec::new();
    let mut line = Vec::new();
    for number in 1_u64.. {
        if events.len() >= most {
            break;
        }
        line.clear();
        let taken = io::Read::take(&mut text, MAX_LINE).read_until(b'\n', &mut line)?;
        if taken == 0 {
            break;
        }
        if taken as u64 == MAX_LINE && line.last() != Some(&b'\n') {
            return Err(io::Error::other(format!("line {number} is longer than {MAX_LINE} bytes")));
        }
        let body = line.strip_suffix(b"\n").unwrap_or(&line);
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        if body.trim_ascii().is_empty() {
            continue;
        }
        let mut value = Vec::new();
        template.push(&mut value, &format!("line-{number}"), body);
        events.push(Captured { value, place: format!("{name}:{number}") });
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_events_with_their_place() {
        let like = RawEvent { tenant: "acme", format: "json", ..RawEvent::default() };
        let events = lines(&b"a\r\n\n  \nb"[..], "x.log", &like, 9).unwrap();
        let found: Vec<_> = events
            .iter()
            .map(|event| (event.place.as_str(), event.event().body, event.event().id, event.event().tenant))
            .collect();
        assert_eq!(
            found,
            [("x.log:1", &b"a"[..], "line-1", "acme"), ("x.log:4", &b"b"[..], "line-4", "acme")]
        );
        assert_eq!(lines(&b"a\nb\nc"[..], "x", &like, 2).unwrap().len(), 2);
    }

    #[test]
    fn a_record_is_an_event_or_refused() {
        let event = RawEvent { id: "e", tenant: "acme", body: b"x", ..RawEvent::default() };
        let captured = Captured::new(&event, "here");
        assert_eq!(captured.event(), event);
        assert!(Captured::record(captured.value, "there").is_ok());
        assert!(Captured::record(vec![0xff], "there").is_err());
    }
}
