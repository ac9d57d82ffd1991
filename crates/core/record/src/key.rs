//! The key of a record in `forebay.events`.
//!
//! The value there is the final document, byte for byte; indexer, archiver and alerter need a few facts beside it
//! without parsing JSON. They stand in the key, because Kafka headers cost a producer most of its speed and a key costs
//! next to nothing. The partition is chosen from the stream by the parser, not from this key.
//!
//! Text, tab-separated, so that any Kafka tool shows it: `v1 tenant target event_ms replays id received_ms trace`, of which the
//! last two may be missing, or the first of them empty. A reader of version 1 accepts further columns. When ingest received the event is
//! said of events that the parser sees for the first time; a replay leaves it out, since it says nothing of the pipeline then. A
//! replay that writes to this topic itself says `replayed` in its place: whoever keeps the ledger must tell its records from those that
//! the parser made of replayed raw events, and has counted. A reader of before takes that for no time.

use std::fmt::{Display, Write};

use thiserror::Error;

/// What stands in the place of the time of receipt where a replay has sent the record to this topic itself.
const REPLAYED: &str = "replayed";

/// The facts beside a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EventKey<'a> {
    /// Whose event it is.
    pub tenant: &'a str,
    /// The index it goes to.
    pub target: &'a str,
    /// The event's own time, in milliseconds since the Unix epoch.
    pub event_ms: i64,
    /// How often the event has been replayed from the dead-letter topic.
    pub replays: u32,
    /// The event's id: the document's `_id`.
    pub id: &'a str,
    /// The span that sent it, as a [`TraceContext`](crate::TraceContext) writes it; empty where its way isn't traced.
    pub trace: &'a str,
}

/// A key that no parser of ours wrote.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KeyError {
    /// The record has no key, or it isn't UTF-8.
    #[error("the record's key is missing or is not text")]
    NotText,
    /// Not a version that this reader knows.
    #[error("the record's key doesn't begin with `v1`")]
    Version,
    /// A column is missing or can't be read.
    #[error("the record's key has no valid `{0}`")]
    Column(&'static str),
}

impl<'a> EventKey<'a> {
    /// Appends the key's text.
    pub fn push(&self, out: &mut String) {
        self.push_received(out, None);
    }

    /// Appends the key's text, with when ingest received the event, in milliseconds since the Unix epoch.
    pub fn push_received(&self, out: &mut String, received_ms: Option<i64>) {
        self.push_with(out, received_ms);
    }

    /// Appends the key's text, as that of a record that a replay sends to this topic itself.
    pub fn push_replayed(&self, out: &mut String) {
        self.push_with(out, Some(REPLAYED));
    }

    fn push_with(&self, out: &mut String, receipt: Option<impl Display>) {
        let Self { tenant, target, event_ms, replays, id, trace } = self;
        // Writing to a String can't fail.
        let _infallible = write!(out, "v1\t{tenant}\t{target}\t{event_ms}\t{replays}\t{id}");
        match receipt {
            Some(receipt) => {
                let _infallible = write!(out, "\t{receipt}");
            }
            None if !trace.is_empty() => out.push('\t'),
            None => {}
        }
        if !trace.is_empty() {
            out.push('\t');
            out.push_str(trace);
        }
    }

    /// Reads a key.
    ///
    /// # Errors
    /// When it is not one of ours.
    pub fn read(bytes: &'a [u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(bytes).map_err(|_| KeyError::NotText)?;
        let mut columns = text.split('\t');
        match columns.next() {
            Some("v1") => {}
            Some("") | None => return Err(KeyError::NotText),
            Some(_) => return Err(KeyError::Version),
        }
        let mut column = |name| columns.next().filter(|c| !c.is_empty()).ok_or(KeyError::Column(name));
        Ok(Self {
            tenant: column("tenant")?,
            target: column("target")?,
            event_ms: column("event_ms")?.parse().map_err(|_| KeyError::Column("event_ms"))?,
            replays: column("replays")?.parse().map_err(|_| KeyError::Column("replays"))?,
            id: column("id")?,
            // Behind the time of receipt.
            trace: columns.nth(1).unwrap_or_default(),
        })
    }
}

/// When ingest received the event of a key, in milliseconds since the Unix epoch; `None` where the key doesn't say so.
#[must_use]
pub fn received_ms(key: &[u8]) -> Option<i64> {
    std::str::from_utf8(receipt(key)?).ok()?.parse().ok()
}

/// Whether a replay has sent the record of this key to this topic itself. What the parser made of a raw event that was replayed has a
/// replay count too, and isn't meant.
#[must_use]
pub fn is_replay(key: &[u8]) -> bool {
    receipt(key) == Some(REPLAYED.as_bytes())
}

fn receipt(key: &[u8]) -> Option<&[u8]> {
    key.split(|byte| *byte == b'\t').nth(6)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Scenario: any key that the parser may write.
        /// Guarantees: it reads back as it was, also when a later version appends columns.
        #[test]
        fn reads_what_it_writes(
            id in "[^\\p{Cc}]{1,40}",
            (event_ms, replays) in any::<(i64, u32)>(),
            trace in "([0-9a-f-]{55})?",
            later in "(\t[a-z]{0,5}){0,3}",
        ) {
            let target = "forebay-acme-2026.11.21";
            let key = EventKey { tenant: "acme", target, event_ms, replays, id: &id, trace: &trace };
            let mut text = String::new();
            key.push(&mut text);
            // Later columns come after all that are there.
            if !trace.is_empty() {
                text.push_str(&later);
            }
            prop_assert_eq!(EventKey::read(text.as_bytes()), Ok(key));
        }

        /// Scenario: a key with the time of receipt behind it, and one without.
        /// Guarantees: the time comes back, and nothing else of the key is touched by it.
        #[test]
        fn the_receipt_stands_behind_the_key(
            id in "[^\\p{Cc}]{1,40}",
            received: i64,
            trace in "([0-9a-f-]{55})?",
        ) {
            let key = EventKey { tenant: "acme", target: "t", event_ms: 1, replays: 0, id: &id, trace: &trace };
            let mut text = String::new();
            key.push(&mut text);
            prop_assert_eq!(received_ms(text.as_bytes()), None);
            text.clear();
            key.push_received(&mut text, Some(received));
            prop_assert_eq!(received_ms(text.as_bytes()), Some(received));
            prop_assert_eq!(EventKey::read(text.as_bytes()), Ok(key));
        }

        /// Scenario: keys of the parser, with a replay count and a time of receipt or without, and one that a replay wrote.
        /// Guarantees: only the last is told for a replay's; nothing else of it is touched, and it has no time of receipt.
        #[test]
        fn a_replays_own_records_are_told_from_the_parsers(
            id in "[^\\p{Cc}]{1,40}",
            replays: u32,
            received: Option<i64>,
            trace in "([0-9a-f-]{55})?",
        ) {
            let key = EventKey { tenant: "acme", target: "t", event_ms: 1, replays, id: &id, trace: &trace };
            let mut text = String::new();
            key.push_received(&mut text, received);
            prop_assert!(!is_replay(text.as_bytes()));
            text.clear();
            key.push_replayed(&mut text);
            prop_assert!(is_replay(text.as_bytes()));
            prop_assert_eq!(received_ms(text.as_bytes()), None);
            prop_assert_eq!(EventKey::read(text.as_bytes()), Ok(key));
        }

        /// Scenario: arbitrary bytes as a key. Guarantees: an answer, no panic.
        #[test]
        fn survives_anything(bytes: Vec<u8>) {
            let _any = EventKey::read(&bytes);
            let _any = received_ms(&bytes);
            let _any = is_replay(&bytes);
        }
    }
}
