//! What travels in a schedule: raw events and documents in the pipeline's own formats, with bodies of our own.

use std::fmt::Write as _;

use forebay_record::{DeadLetter, ErrorDomain, EventKey, RawEvent, RawTemplate, Stage};

use crate::broker::log::Record;
use crate::plan::{Kind, Planned};

/// The name of the raw topic.
pub const RAW: &str = "forebay.raw";
/// The name of the topic of documents.
pub const EVENTS: &str = "forebay.events";
/// What every index's name begins with.
pub const PREFIX: &str = "forebay";

/// What a body begins with.
const GOOD: u8 = b'g';
const UNPARSABLE: u8 = b'u';
const UNMAPPABLE: u8 = b'm';

/// A result of the parser.
#[derive(Debug)]
pub enum Converted {
    /// A document.
    Document(Record),
    /// A dead letter.
    Letter(Record),
}

/// The raw record of a planned event.
#[must_use]
pub fn raw(event: usize, planned: &Planned) -> Record {
    let (id, tenant) = (format!("e{event}"), tenant(planned.tenant));
    let body = match planned.kind {
        Kind::Good | Kind::Huge => GOOD,
        Kind::Unparsable => UNPARSABLE,
        Kind::Unmappable => UNMAPPABLE,
    };
    let body = vec![body; planned.size + 1];
    let mut value = Vec::new();
    RawTemplate::new(&RawEvent { tenant: &tenant, ..RawEvent::default() }).push(&mut value, &id, &body);
    Record { key: Vec::new(), value, headers: Vec::new(), event, from: None }
}

/// What the parser makes of a raw record. Once the rules are mended, everything parses.
#[must_use]
pub fn convert(record: &Record, from: (i32, i64), mended: bool) -> Converted {
    let raw = RawEvent::read(&record.value);
    let from_at = Some(from);
    let event = match raw {
        Ok(event) if event.body.first() != Some(&UNPARSABLE) || mended => event,
        Ok(event) => {
            let letter = DeadLetter {
                event_id: event.id.to_owned(),
                tenant: event.tenant.to_owned(),
                replay_count: event.attempt,
                ..letter(RAW, from, Stage::Parse)
            };
            return Converted::Letter(with_letter(record, from, &letter));
        }
        Err(_) => return Converted::Letter(with_letter(record, from, &letter(RAW, from, Stage::Decode))),
    };
    let mut key = String::new();
    let target = format!("{PREFIX}-{}-2026.11.21", event.tenant);
    EventKey { tenant: event.tenant, target: &target, event_ms: 0, replays: event.attempt, id: event.id }
        .push(&mut key);
    let text = event.body.get(1..).unwrap_or_default();
    let kind = event.body.first().copied().unwrap_or(GOOD);
    let mut value = String::with_capacity(text.len() + 32);
    // Writing to a String can't fail.
    let _infallible = write!(value, r#"{{"event":{},"kind":"{}","text":""#, record.event, char::from(kind));
    value.extend(text.iter().map(|byte| char::from(*byte)));
    value.push_str("\"}");
    let value = value.into_bytes();
    Converted::Document(Record {
        key: key.into_bytes(),
        value,
        headers: Vec::new(),
        event: record.event,
        from: from_at,
    })
}

/// The dead letter of a document that the cluster refuses.
#[must_use]
pub fn refused(record: &Record, from: (i32, i64), error_type: &str, status: u16) -> Record {
    let key = EventKey::read(&record.key).ok();
    let letter = DeadLetter {
        event_id: key.map_or(String::new(), |key| key.id.to_owned()),
        tenant: key.map_or(String::new(), |key| key.tenant.to_owned()),
        error_type: error_type.to_owned(),
        status,
        replay_count: key.map_or(0, |key| key.replays),
        ..letter(EVENTS, from, Stage::Index)
    };
    with_letter(record, from, &letter)
}

/// Whether a document is one that the mapping doesn't take.
#[must_use]
pub fn is_unmappable(document: &[u8]) -> bool {
    let needle = br#""kind":"m""#;
    document.windows(needle.len()).take(64).any(|window| window == needle)
}

/// The number of the planned event that a document was made of.
#[must_use]
pub fn event_of(document: &[u8]) -> Option<usize> {
    let digits = document.strip_prefix(br#"{"event":"#)?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(digits.get(..end)?).ok()?.parse().ok()
}

/// The index of a tenant.
#[must_use]
pub fn target(tenant_number: u8) -> String {
    format!("{PREFIX}-{}-2026.11.21", tenant(tenant_number))
}

fn tenant(number: u8) -> String {
    format!("t{number}")
}

fn with_letter(record: &Record, from: (i32, i64), letter: &DeadLetter) -> Record {
    Record {
        key: record.key.clone(),
        value: record.value.clone(),
        headers: letter.headers(),
        event: record.event,
        from: Some(from),
    }
}

fn letter(topic: &str, from: (i32, i64), stage: Stage) -> DeadLetter {
    DeadLetter {
        event_id: String::new(),
        tenant: String::new(),
        source_topic: topic.to_owned(),
        source_partition: from.0,
        source_offset: from.1,
        source_timestamp: 0,
        stage,
        rule: String::new(),
        rule_revision: String::new(),
        target: String::new(),
        error_domain: ErrorDomain::User,
        error_type: String::new(),
        status: 0,
        reason: String::new(),
        first_failed_at: 0,
        last_failed_at: 0,
        attempts: 1,
        replay_count: 0,
    }
}
