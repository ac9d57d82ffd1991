//! Dead letters as people and programs see them: names of fields here are the command's JSON output.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_record::key::EventKey;
use forebay_record::raw::RawEvent;
use forebay_settings::sections::TopicSettings;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::audit::rfc3339;
use crate::marks::Mark;
use crate::scan::Entry;

/// One dead letter.
#[derive(Clone, Debug, Serialize)]
pub struct LetterView {
    /// `open`, or what closed it: `replayed`, `parked`, `purged` or `superseded`.
    pub state: &'static str,
    /// Its partition in the topic of letters.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// The event's id; empty when the record could not be read.
    pub event_id: String,
    /// Whose event it is; empty when the record could not be read.
    pub tenant: String,
    /// The step that refused it.
    pub stage: &'static str,
    /// The error's stable name.
    pub error_type: String,
    /// Whose fault it is.
    pub error_domain: &'static str,
    /// The search server's status; 0 where there was none.
    pub status: u16,
    /// The reason in words.
    pub reason: String,
    /// The index it was meant for; empty before routing.
    pub target: String,
    /// The rule at work.
    pub rule: String,
    /// The revision of that rule.
    pub rule_revision: String,
    /// The topic of the record that failed.
    pub source_topic: String,
    /// Its partition.
    pub source_partition: i32,
    /// Its offset.
    pub source_offset: i64,
    /// Its Kafka timestamp, as RFC 3339.
    pub source_timestamp: String,
    /// When it first failed, as RFC 3339.
    pub first_failed_at: String,
    /// When it failed last, as RFC 3339.
    pub last_failed_at: String,
    /// How often the step tried.
    pub attempts: u32,
    /// How often the event has been replayed.
    pub replay_count: u32,
}

/// The record that failed, decoded as far as that goes.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OriginalView {
    /// A raw event.
    Raw {
        /// What sent it.
        source: String,
        /// The declared format; empty when none was.
        format: String,
        /// The ordered stream it belongs to.
        stream: String,
        /// When ingest took it, as RFC 3339.
        received_at: String,
        /// What the shipper sent along.
        attributes: Vec<(String, String)>,
        /// The body, as text.
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<String>,
        /// The body in Base64, when it is no text.
        #[serde(skip_serializing_if = "Option::is_none")]
        body_base64: Option<String>,
    },
    /// A document.
    Document {
        /// The index it was meant for.
        target: String,
        /// When the event happened, as RFC 3339.
        event_time: String,
        /// The document, byte for byte.
        document: Box<RawValue>,
    },
    /// A record that can't be read.
    Unreadable {
        /// The key in Base64.
        key_base64: String,
        /// The value in Base64.
        value_base64: String,
    },
}

// === impl LetterView ===

impl LetterView {
    /// The letter, and what closed it.
    #[must_use]
    pub fn of(entry: &Entry, mark: Option<Mark>) -> Self {
        let letter = entry.letter.clone();
        Self {
            state: state(mark),
            partition: entry.record.partition,
            offset: entry.record.offset,
            event_id: letter.event_id,
            tenant: letter.tenant,
            stage: letter.stage.name(),
            error_type: letter.error_type,
            error_domain: letter.error_domain.name(),
            status: letter.status,
            reason: letter.reason,
            target: letter.target,
            rule: letter.rule,
            rule_revision: letter.rule_revision,
            source_topic: letter.source_topic,
            source_partition: letter.source_partition,
            source_offset: letter.source_offset,
            source_timestamp: rfc3339(letter.source_timestamp),
            first_failed_at: rfc3339(letter.first_failed_at),
            last_failed_at: rfc3339(letter.last_failed_at),
            attempts: letter.attempts,
            replay_count: letter.replay_count,
        }
    }
}

// === impl OriginalView ===

impl OriginalView {
    /// Decodes the record that failed.
    #[must_use]
    pub fn of(entry: &Entry, topics: &TopicSettings) -> Self {
        let (key, value) = (&entry.record.key, &entry.record.value);
        let decoded = if entry.letter.source_topic == topics.raw { raw(value) } else { document(key, value) };
        decoded.unwrap_or_else(|| Self::Unreadable {
            key_base64: STANDARD.encode(key),
            value_base64: STANDARD.encode(value),
        })
    }
}

fn raw(value: &[u8]) -> Option<OriginalView> {
    let event = RawEvent::read(value).ok()?;
    let body = std::str::from_utf8(event.body).ok().map(str::to_owned);
    let body_base64 = body.is_none().then(|| STANDARD.encode(event.body));
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Some(OriginalView::Raw {
        source: event.source.to_owned(),
        format: event.format.to_owned(),
        stream: event.stream.to_owned(),
        received_at: rfc3339(i64::try_from(event.received_at / 1_000_000).unwrap_or(i64::MAX)),
        attributes: event.attributes.iter().map(owned).collect(),
        body,
        body_base64,
    })
}

fn document(key: &[u8], value: &[u8]) -> Option<OriginalView> {
    let key = EventKey::read(key).ok()?;
    let document: Box<RawValue> = serde_json::from_slice(value).ok()?;
    Some(OriginalView::Document {
        target: key.target.to_owned(),
        event_time: rfc3339(key.event_ms),
        document,
    })
}

/// The name of what became of a letter.
#[must_use]
pub fn state(mark: Option<Mark>) -> &'static str {
    mark.map_or("open", Mark::name)
}

#[cfg(test)]
mod tests {
    use forebay_kafka::StoredRecord;
    use forebay_record::DeadLetter;
    use proptest::prelude::*;

    use super::*;
    use crate::LetterTopic;
    use crate::decide::tests::{event_key, letter, raw_value};

    fn entry(source_topic: &str, key: &[u8], value: &[u8]) -> Entry {
        let record = StoredRecord {
            partition: 1,
            offset: 7,
            timestamp_ms: 0,
            key: key.to_vec(),
            value: value.to_vec(),
            headers: Vec::new(),
        };
        let letter = DeadLetter { source_topic: source_topic.to_owned(), ..letter() };
        Entry { letter, topic: LetterTopic::DeadLetters, record }
    }

    fn json(entry: &Entry) -> serde_json::Value {
        serde_json::to_value(OriginalView::of(entry, &TopicSettings::default())).unwrap()
    }

    #[test]
    fn shows_what_failed() {
        let document = json(&entry("forebay.events", &event_key(0), br#"{"n":"x"}"#));
        assert_eq!((&document["kind"], &document["document"]["n"]), (&"document".into(), &"x".into()));
        let raw = json(&entry("forebay.raw", b"", &raw_value()));
        assert_eq!((&raw["kind"], &raw["body"]), (&"raw".into(), &"not json".into()));
        let strange = json(&entry("forebay.events", b"?", b"\xff"));
        assert_eq!((&strange["kind"], &strange["value_base64"]), (&"unreadable".into(), &"/w==".into()));
    }

    #[test]
    fn the_listing_has_readable_times() {
        let entry = entry("forebay.events", b"", b"");
        let view = serde_json::to_value(LetterView::of(&entry, Some(Mark::Parked))).unwrap();
        assert_eq!(
            (&view["last_failed_at"], &view["state"]),
            (&"1970-01-01T00:00:02Z".into(), &"parked".into())
        );
        assert_eq!(rfc3339(i64::MAX), i64::MAX.to_string());
    }

    proptest! {
        /// Scenario: any bytes as key and value. Guarantees: they are shown, no panic.
        #[test]
        fn survives_anything(key: Vec<u8>, value: Vec<u8>, raw: bool) {
            let _shown = json(&entry(if raw { "forebay.raw" } else { "forebay.events" }, &key, &value));
        }
    }
}
