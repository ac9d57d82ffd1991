//! What a replay does with one dead letter.
//!
//! The record goes back to the topic that it came from, with its replay count raised, and otherwise byte for byte as it
//! was: the same id, the same body. A letter that was replayed too often is parked, so that a replay of everything ends.

use forebay_record::DeadLetter;
use forebay_record::key::EventKey;
use forebay_record::raw::{RawEvent, push_attempt};
use forebay_settings::sections::TopicSettings;

/// How often an event is replayed before it is parked.
pub const DEFAULT_MAX_REPLAYS: u32 = 5;

/// What to do with a dead letter.
#[derive(Clone, Eq, PartialEq)]
pub enum ReplayDecision {
    /// Send this record.
    Replay {
        /// The topic.
        topic: String,
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// Send letter and record, as they are, to the parked topic.
    Park,
    /// Leave it, for this reason: a stable name.
    Skip(&'static str),
}

/// Decides about a letter, with the key and value of its record.
#[must_use]
pub fn decide(
    letter: &DeadLetter,
    key: &[u8],
    value: &[u8],
    topics: &TopicSettings,
    max_replays: u32,
) -> ReplayDecision {
    if letter.source_topic == topics.raw {
        decide_raw(letter, key, value, topics, max_replays)
    } else if letter.source_topic == topics.events {
        decide_event(letter, key, value, topics, max_replays)
    } else {
        ReplayDecision::Skip("unknown_source_topic")
    }
}

fn decide_raw(
    letter: &DeadLetter,
    key: &[u8],
    value: &[u8],
    topics: &TopicSettings,
    max_replays: u32,
) -> ReplayDecision {
    if letter.replay_count >= max_replays {
        return ReplayDecision::Park;
    }
    let mut value = value.to_vec();
    // Bytes that are no event stay as they are: what is appended could give them another meaning.
    if RawEvent::read(&value).is_ok() {
        push_attempt(&mut value, letter.replay_count + 1);
    }
    ReplayDecision::Replay { topic: topics.raw.clone(), key: key.to_vec(), value }
}

fn decide_event(
    letter: &DeadLetter,
    key: &[u8],
    value: &[u8],
    topics: &TopicSettings,
    max_replays: u32,
) -> ReplayDecision {
    let Ok(event) = EventKey::read(key) else {
        return ReplayDecision::Skip("unreadable_key");
    };
    let replays = letter.replay_count.max(event.replays);
    if replays >= max_replays {
        return ReplayDecision::Park;
    }
    let mut key = String::new();
    EventKey { replays: replays + 1, ..event }.push(&mut key);
    ReplayDecision::Replay { topic: topics.events.clone(), key: key.into_bytes(), value: value.to_vec() }
}

/// Shows sizes only: records hold what customers log.
impl std::fmt::Debug for ReplayDecision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Replay { topic, value, .. } => write!(f, "Replay({topic}, {} bytes)", value.len()),
            Self::Park => f.write_str("Park"),
            Self::Skip(reason) => write!(f, "Skip({reason})"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use forebay_record::raw::RawTemplate;
    use forebay_record::{ErrorDomain, Stage};
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn letter() -> DeadLetter {
        DeadLetter {
            event_id: "e-1".to_owned(),
            tenant: "acme".to_owned(),
            source_topic: "forebay.events".to_owned(),
            source_partition: 3,
            source_offset: 42,
            source_timestamp: 1000,
            stage: Stage::Index,
            rule: String::new(),
            rule_revision: String::new(),
            target: "forebay-acme-2026.11.21".to_owned(),
            error_domain: ErrorDomain::User,
            error_type: "document_parsing_exception".to_owned(),
            status: 400,
            reason: "failed to parse field [n] of type [integer]".to_owned(),
            first_failed_at: 1000,
            last_failed_at: 2000,
            attempts: 1,
            replay_count: 0,
        }
    }

    pub(crate) fn event_key(replays: u32) -> Vec<u8> {
        let mut key = String::new();
        EventKey { tenant: "acme", target: "forebay-acme-2026.11.21", event_ms: 1000, replays, id: "e-1" }
            .push(&mut key);
        key.into_bytes()
    }

    pub(crate) fn raw_value() -> Vec<u8> {
        let mut value = Vec::new();
        RawTemplate::new(&RawEvent { tenant: "acme", ..RawEvent::default() }).push(
            &mut value,
            "e-1",
            b"not json",
        );
        value
    }

    fn decided(letter: &DeadLetter, key: &[u8], value: &[u8]) -> ReplayDecision {
        decide(letter, key, value, &TopicSettings::default(), DEFAULT_MAX_REPLAYS)
    }

    /// Scenario: a document that the search server refused. Guarantees: it goes back to the events, the document untouched,
    /// with a key that differs only in the replay count.
    #[test]
    fn a_document_goes_back_with_its_count_raised() {
        let decision = decided(&letter(), &event_key(0), b"{\"n\":\"x\"}");
        let ReplayDecision::Replay { topic, key, value } = decision else { panic!("{decision:?}") };
        assert_eq!(
            (topic.as_str(), key, value.as_slice()),
            ("forebay.events", event_key(1), &b"{\"n\":\"x\"}"[..])
        );
    }

    /// Scenario: a raw event that did not parse. Guarantees: it goes back with the count in the event; id and body stay.
    #[test]
    fn a_raw_event_goes_back_with_its_count_raised() {
        let letter = DeadLetter { source_topic: "forebay.raw".to_owned(), replay_count: 2, ..letter() };
        let decision = decided(&letter, b"host-1", &raw_value());
        let ReplayDecision::Replay { topic, key, value } = decision else { panic!("{decision:?}") };
        assert_eq!((topic.as_str(), key.as_slice()), ("forebay.raw", &b"host-1"[..]));
        let event = RawEvent::read(&value).unwrap();
        assert_eq!((event.id, event.body, event.attempt), ("e-1", &b"not json"[..], 3));
    }

    #[test]
    fn what_was_replayed_too_often_is_parked() {
        let often = DeadLetter { replay_count: 5, ..letter() };
        assert_eq!(decided(&often, &event_key(5), b"{}"), ReplayDecision::Park);
        let raw = DeadLetter { source_topic: "forebay.raw".to_owned(), ..often };
        assert_eq!(decided(&raw, b"", &raw_value()), ReplayDecision::Park);
        assert_eq!(decided(&letter(), &event_key(5), b"{}"), ReplayDecision::Park, "the key knows better");
    }

    #[test]
    fn what_cannot_go_back_is_left_with_a_reason() {
        assert_eq!(decided(&letter(), b"strange", b"{}"), ReplayDecision::Skip("unreadable_key"));
        let foreign = DeadLetter { source_topic: "other".to_owned(), ..letter() };
        assert_eq!(decided(&foreign, &event_key(0), b"{}"), ReplayDecision::Skip("unknown_source_topic"));
    }

    proptest! {
        /// Scenario: any bytes, as either kind of record, replayed any number of times before.
        /// Guarantees: an answer, no panic; bytes that are no event go back as they were.
        #[test]
        fn survives_anything(key: Vec<u8>, value: Vec<u8>, raw: bool, replay_count: u32) {
            let source_topic = if raw { "forebay.raw" } else { "forebay.events" }.to_owned();
            let letter = DeadLetter { source_topic, replay_count, ..letter() };
            if let ReplayDecision::Replay { value: sent, .. } = decided(&letter, &key, &value) {
                prop_assert!(sent.starts_with(&value));
                prop_assert!(RawEvent::read(&value).is_ok() || sent == value);
            }
        }
    }
}
