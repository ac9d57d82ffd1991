//! What a replay does with one dead letter.
//!
//! The record goes back to the topic that it came from, with its replay count raised, and otherwise byte for byte as it
//! was: the same id, the same body. A letter that was replayed too often is parked, so that a replay of everything ends.
//!
//! It may also be sent to the other topic. To the events: the rules are applied here and now, and the document goes past the
//! parser tier. To the raw events: a refused document becomes the body of a new raw event of the same id, in the format
//! `json`, so that changed rules see it; what the sender once sent is not in the letter.

use std::borrow::Cow;

use forebay_convert::Decision;
use forebay_record::key::EventKey;
use forebay_record::raw::{RawEvent, RawTemplate, push_attempt};
use forebay_record::{DeadLetter, id};
use forebay_rules::Edit;
use forebay_settings::sections::TopicSettings;

use crate::rules::Rules;

/// How often an event is replayed before it is parked.
pub const DEFAULT_MAX_REPLAYS: u32 = 5;

/// What a refused document says in `source`, the sender's protocol, when it goes through the parser again.
const SOURCE: &str = "replay";

/// Why a letter is left: its record's key is none of ours.
const UNREADABLE_KEY: Cow<'static, str> = Cow::Borrowed("unreadable_key");

/// Why a letter is left: the bytes of its record are no event, so that there is nothing to correct.
const UNREADABLE_EVENT: Cow<'static, str> = Cow::Borrowed("unreadable_event");

/// What the names of failures of a correction begin with.
pub const EDIT_FAILED: &str = "edit_";

/// Why a letter is left: it is about a document, and corrections are for raw events.
pub const NOT_RAW: &str = "not_a_raw_event";

/// Why a letter is left: its event would become no document.
pub const DROPPED: &str = "dropped_by_a_rule";

/// Where events go back to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Destination {
    /// To the topic that they came from.
    #[default]
    Origin,
    /// To the raw events, whatever had refused them.
    Raw,
    /// To the documents, whatever had refused them.
    Events,
}

/// How to decide.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The installation's topics.
    pub topics: &'a TopicSettings,
    /// Where events go back to.
    pub to: Destination,
    /// How often an event is replayed before it is parked; `None` for a letter that is parked already.
    pub max_replays: Option<u32>,
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// What mends raw events first.
    pub edit: Option<&'a Edit>,
}

/// What to do with a dead letter.
#[derive(Clone, Eq, PartialEq)]
pub enum ReplayDecision {
    /// Send these records.
    Replay(Return),
    /// Send letter and record, as they are, to the parked topic.
    Park,
    /// Leave it, for this reason: a stable name.
    Skip(Cow<'static, str>),
}

/// What goes back of a letter.
#[derive(Clone, Eq, PartialEq)]
pub struct Return {
    /// The topic.
    pub topic: String,
    /// One record, or one for each document of an event that the rules split.
    pub records: Vec<Keyed>,
    /// What the partition is chosen by; `None` leaves it to the key.
    pub stream: Option<Vec<u8>>,
}

/// A record on its way back.
#[derive(Clone, Eq, PartialEq)]
pub struct Keyed {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

/// Decides about a letter, with the key and value of its record.
#[must_use]
pub fn decide(
    letter: &DeadLetter,
    key: &[u8],
    value: &[u8],
    terms: &Terms<'_>,
    rules: &mut Rules,
) -> ReplayDecision {
    let decided = if letter.source_topic == terms.topics.raw {
        decide_raw(letter, key, value, terms, rules)
    } else if terms.edit.is_some() {
        Err(Cow::Borrowed(NOT_RAW))
    } else if letter.source_topic == terms.topics.events {
        decide_event(letter, key, value, terms)
    } else {
        Err(Cow::Borrowed("unknown_source_topic"))
    };
    decided.unwrap_or_else(ReplayDecision::Skip)
}

fn decide_raw(
    letter: &DeadLetter,
    key: &[u8],
    value: &[u8],
    terms: &Terms<'_>,
    rules: &mut Rules,
) -> Result<ReplayDecision, Cow<'static, str>> {
    let Some(attempt) = terms.attempt(letter.replay_count) else { return Ok(ReplayDecision::Park) };
    let edited = match terms.edit {
        None => None,
        Some(edit) => Some(edited(edit, value)?),
    };
    let value = edited.as_deref().unwrap_or(value);
    if terms.to == Destination::Events {
        let made = match rules.apply(value, attempt, terms.now_ms) {
            Decision::Documents(made) => made,
            Decision::Refused(refused) => return Err(refused.refusal.error_type),
            Decision::Dropped { .. } => return Err(Cow::Borrowed(DROPPED)),
        };
        let records = made
            .documents()
            .map(|document| Keyed { key: sent_by_us(document.key), value: document.body.to_vec() });
        return Ok(ReplayDecision::Replay(Return {
            topic: terms.topics.events.clone(),
            records: records.collect(),
            stream: Some(made.stream().to_vec()),
        }));
    }
    let mut value = value.to_vec();
    // Bytes that are no event stay as they are: what is appended could give them another meaning.
    if RawEvent::read(&value).is_ok() {
        push_attempt(&mut value, attempt);
    }
    let topic = terms.topics.raw.clone();
    Ok(ReplayDecision::Replay(Return::of_one(topic, key.to_vec(), value)))
}

/// A raw event as a correction leaves it.
fn edited(edit: &Edit, value: &[u8]) -> Result<Vec<u8>, Cow<'static, str>> {
    let event = RawEvent::read(value).map_err(|_| UNREADABLE_EVENT)?;
    // Rules fail under the same names.
    edit.apply(&event).map_err(|error| Cow::Owned(format!("{EDIT_FAILED}{}", error.error_type)))
}

fn decide_event(
    letter: &DeadLetter,
    key: &[u8],
    value: &[u8],
    terms: &Terms<'_>,
) -> Result<ReplayDecision, Cow<'static, str>> {
    let event = EventKey::read(key).map_err(|_| UNREADABLE_KEY)?;
    let Some(attempt) = terms.attempt(letter.replay_count.max(event.replays)) else {
        return Ok(ReplayDecision::Park);
    };
    if terms.to == Destination::Raw {
        return as_raw(letter, event, value, attempt, terms.topics);
    }
    let mut key = String::new();
    EventKey { replays: attempt, ..event }.push_replayed(&mut key);
    let topic = terms.topics.events.clone();
    Ok(ReplayDecision::Replay(Return::of_one(topic, key.into_bytes(), value.to_vec())))
}

/// The key of a document that goes past the parser, which would have counted its event as replayed: now the indexer does.
fn sent_by_us(key: &str) -> Vec<u8> {
    let mut marked = String::new();
    match EventKey::read(key.as_bytes()) {
        Ok(event) => event.push_replayed(&mut marked),
        // It was written a moment ago, so it can be read.
        Err(_) => marked.push_str(key),
    }
    marked.into_bytes()
}

fn as_raw(
    letter: &DeadLetter,
    event: EventKey<'_>,
    document: &[u8],
    attempt: u32,
    topics: &TopicSettings,
) -> Result<ReplayDecision, Cow<'static, str>> {
    id::validate(event.id).map_err(|_| UNREADABLE_KEY)?;
    let received_at = u64::try_from(letter.source_timestamp).unwrap_or(0).saturating_mul(1_000_000);
    let shared = RawEvent {
        tenant: event.tenant,
        source: SOURCE,
        format: "json",
        received_at,
        attempt,
        trace: event.trace,
        ..RawEvent::default()
    };
    let mut value = Vec::new();
    RawTemplate::new(&shared).push(&mut value, event.id, document);
    // Records without a stream have their id as the key's stand-in: it spreads them.
    let key = event.id.as_bytes().to_vec();
    Ok(ReplayDecision::Replay(Return::of_one(topics.raw.clone(), key, value)))
}

// === impl Return ===

impl Return {
    fn of_one(topic: String, key: Vec<u8>, value: Vec<u8>) -> Self {
        Self { topic, records: vec![Keyed { key, value }], stream: None }
    }

    /// Bytes of keys and values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.records.iter().map(Keyed::bytes).sum()
    }
}

// === impl Keyed ===

impl Keyed {
    /// Bytes of key and value.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }
}

// === impl Terms ===

impl Terms<'_> {
    /// How often the event will have been replayed; `None` when that is too often.
    fn attempt(&self, replays: u32) -> Option<u32> {
        match self.max_replays {
            Some(most) if replays >= most => None,
            _ => Some(replays.saturating_add(1)),
        }
    }
}

/// Shows sizes only: records hold what customers log.
impl std::fmt::Debug for ReplayDecision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Replay(back) => write!(f, "Replay({back:?})"),
            Self::Park => f.write_str("Park"),
            Self::Skip(reason) => write!(f, "Skip({reason})"),
        }
    }
}

/// Shows sizes only, too.
impl std::fmt::Debug for Return {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {} bytes", self.topic, self.bytes())
    }
}

/// Shows sizes only, too.
impl std::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.bytes())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use forebay_record::{ErrorDomain, Stage};
    use forebay_settings::Settings;
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
        EventKey {
            tenant: "acme",
            target: "forebay-acme-2026.11.21",
            event_ms: 1000,
            replays,
            id: "e-1",
            trace: "",
        }
        .push(&mut key);
        key.into_bytes()
    }

    /// The same, as a replay writes it.
    fn replayed_key(replays: u32) -> Vec<u8> {
        let (written, mut key) = (event_key(replays), String::new());
        EventKey::read(&written).unwrap().push_replayed(&mut key);
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

    fn decided_to(to: Destination, letter: &DeadLetter, key: &[u8], value: &[u8]) -> ReplayDecision {
        let settings = Settings::default();
        let max_replays = Some(DEFAULT_MAX_REPLAYS);
        let terms = Terms { topics: &settings.kafka.topics, to, max_replays, now_ms: 5000, edit: None };
        decide(letter, key, value, &terms, &mut Rules::new(&settings).unwrap())
    }

    fn decided(letter: &DeadLetter, key: &[u8], value: &[u8]) -> ReplayDecision {
        decided_to(Destination::Origin, letter, key, value)
    }

    /// The topic, and the only record.
    fn replayed(decision: ReplayDecision) -> (String, Keyed) {
        match decision {
            ReplayDecision::Replay(Return { topic, mut records, .. }) if records.len() == 1 => {
                (topic, records.remove(0))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Scenario: a document that the search server refused. Guarantees: it goes back to the events, the document untouched,
    /// with a key that differs only in the replay count, and says that a replay sent it; a second replay changes no more.
    #[test]
    fn a_document_goes_back_with_its_count_raised() {
        let (topic, back) = replayed(decided(&letter(), &event_key(0), b"{\"n\":\"x\"}"));
        assert_eq!(
            (topic.as_str(), back.key, back.value.as_slice()),
            ("forebay.events", replayed_key(1), &b"{\"n\":\"x\"}"[..])
        );
        let (_, back) = replayed(decided(&letter(), &replayed_key(1), b"{}"));
        assert_eq!(back.key, replayed_key(2));
    }

    /// Scenario: a raw event with a broken body, a correction that mends it, one that fails, and a letter about a document.
    /// Guarantees: the first goes back mended, with its count raised; the others stay, for reasons that can be told apart.
    #[test]
    fn a_raw_event_is_mended_first() {
        let settings = Settings::default();
        let decided = |source: &str, letter: &DeadLetter, value: &[u8]| {
            let edit = Edit::compile(source, forebay_rules::Limits::default()).unwrap();
            let (topics, max_replays) = (&settings.kafka.topics, Some(DEFAULT_MAX_REPLAYS));
            let terms =
                Terms { topics, to: Destination::Origin, max_replays, now_ms: 5000, edit: Some(&edit) };
            decide(letter, b"host-1", value, &terms, &mut Rules::new(&settings).unwrap())
        };
        let raw = DeadLetter { source_topic: "forebay.raw".to_owned(), ..letter() };
        let (_, back) =
            replayed(decided(".body = replace(string!(.body), \"not \", \"\")", &raw, &raw_value()));
        let event = RawEvent::read(&back.value).unwrap();
        assert_eq!((event.id, event.body, event.attempt), ("e-1", &b"json"[..], 1));
        let skipped = |reason: &'static str| ReplayDecision::Skip(Cow::Borrowed(reason));
        assert_eq!(decided("abort", &raw, &raw_value()), skipped("edit_vrl_abort"));
        assert_eq!(decided(".body = \"x\"", &raw, b"\xff"), skipped("unreadable_event"));
        assert_eq!(decided(".body = \"x\"", &letter(), b"{}"), skipped(NOT_RAW));
    }

    /// Scenario: a raw event that did not parse. Guarantees: it goes back with the count in the event; id and body stay.
    #[test]
    fn a_raw_event_goes_back_with_its_count_raised() {
        let letter = DeadLetter { source_topic: "forebay.raw".to_owned(), replay_count: 2, ..letter() };
        let (topic, back) = replayed(decided(&letter, b"host-1", &raw_value()));
        assert_eq!((topic.as_str(), back.key.as_slice()), ("forebay.raw", &b"host-1"[..]));
        let event = RawEvent::read(&back.value).unwrap();
        assert_eq!((event.id, event.body, event.attempt), ("e-1", &b"not json"[..], 3));
    }

    /// Scenario: a raw event is to skip the parser tier. Guarantees: it becomes the document that the parser would make, and
    /// stays where it is when the rules refuse it.
    #[test]
    fn a_raw_event_becomes_a_document_on_request() {
        let letter = DeadLetter { source_topic: "forebay.raw".to_owned(), ..letter() };
        let (topic, back) = replayed(decided_to(Destination::Events, &letter, b"host-1", &raw_value()));
        assert_eq!(topic, "forebay.events");
        assert_eq!(EventKey::read(&back.key).map(|key| (key.id, key.replays)), Ok(("e-1", 1)));
        assert!(forebay_record::key::is_replay(&back.key), "the parser doesn't see it");
        assert!(String::from_utf8_lossy(&back.value).contains("not json"));
        let refused = decided_to(Destination::Events, &letter, b"", b"?");
        assert_eq!(refused, ReplayDecision::Skip("invalid_record".into()));
    }

    #[test]
    fn a_document_becomes_a_raw_event_on_request() {
        let (topic, back) =
            replayed(decided_to(Destination::Raw, &letter(), &event_key(1), b"{\"n\":\"x\"}"));
        let event = RawEvent::read(&back.value).unwrap();
        assert_eq!((topic.as_str(), event.id, event.tenant), ("forebay.raw", "e-1", "acme"));
        assert_eq!((event.format, event.attempt, event.body), ("json", 2, &b"{\"n\":\"x\"}"[..]));
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
        assert_eq!(decided(&letter(), b"strange", b"{}"), ReplayDecision::Skip(UNREADABLE_KEY));
        let foreign = DeadLetter { source_topic: "other".to_owned(), ..letter() };
        assert_eq!(
            decided(&foreign, &event_key(0), b"{}"),
            ReplayDecision::Skip("unknown_source_topic".into())
        );
    }

    proptest! {
        /// Scenario: any bytes, as either kind of record, replayed any number of times before, to anywhere.
        /// Guarantees: an answer, no panic; bytes that are no event go back as they were.
        #[test]
        fn survives_anything(key: Vec<u8>, value: Vec<u8>, raw: bool, to in 0..3_usize, replay_count: u32) {
            let source_topic = if raw { "forebay.raw" } else { "forebay.events" }.to_owned();
            let letter = DeadLetter { source_topic, replay_count, ..letter() };
            let to = [Destination::Origin, Destination::Raw, Destination::Events][to];
            let decision = decided_to(to, &letter, &key, &value);
            if let (Destination::Origin, ReplayDecision::Replay(sent)) = (to, decision) {
                let [sent] = &sent.records[..] else { panic!("{sent:?}") };
                prop_assert!(sent.value.starts_with(&value));
                prop_assert!(RawEvent::read(&value).is_ok() || sent.value == value);
            }
        }
    }
}
