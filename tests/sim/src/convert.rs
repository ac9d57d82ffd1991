//! What travels in a schedule: raw events and documents in the pipeline's own formats, with bodies of our own, and the rules
//! that make the ones of the others.

use std::borrow::Cow;
use std::convert::Infallible;
use std::io::Write as _;

use forebay_convert::{Documents, Outcome, Place, Refusal, Refused, Rules};
use forebay_parse::Parsed;
use forebay_record::{DeadLetter, ErrorDomain, EventKey, RawEvent, RawTemplate, Stage};

use crate::broker::log::Record;
use crate::plan::{Kind, Planned};

/// The name of the raw topic.
pub const RAW: &str = "forebay.raw";
/// The name of the topic of documents.
pub const EVENTS: &str = "forebay.events";
/// What every index's name begins with.
pub const PREFIX: &str = "forebay";

/// What a body begins with: one of these, and added to it the number of documents that the rules make of the event.
const GOOD: u8 = b'A';
const UNPARSABLE: u8 = b'K';
const UNMAPPABLE: u8 = b'U';
/// How far they lie apart.
const APART: u8 = UNPARSABLE - GOOD;

/// The day of every event: 2026-11-21.
const DAY_MS: i64 = 1_795_219_200_000;

/// The rules of a schedule: they drop events, split them, and refuse some until they are mended. One for each batch.
#[derive(Clone, Copy, Debug)]
pub struct Scripted {
    /// Whether they are mended, for batches that begin now.
    pub mended: bool,
}

// === impl Scripted ===

impl Rules for Scripted {
    /// Whether they are mended.
    type Revision = bool;

    fn current(&self) -> bool {
        self.mended
    }

    fn name(mended: &bool) -> &str {
        if *mended { "mended" } else { "broken" }
    }

    fn apply<'r>(
        &mut self,
        mended: &'r bool,
        event: &RawEvent<'_>,
        _now_ms: i64,
        out: &mut Documents,
    ) -> Outcome<'r> {
        let (first, text) = event.body.split_first().unwrap_or((&GOOD, &[]));
        let number = u32::from(first.saturating_sub(GOOD) % APART);
        let kind = first.saturating_sub(u8::try_from(number).unwrap_or(0));
        if kind == UNPARSABLE && !mended {
            return Outcome::Refused(Box::new(Refusal {
                stage: Stage::Parse,
                rule: "scripted".to_owned(),
                error_type: Cow::Borrowed("unparsable"),
                reason: String::new(),
                masked_body: None,
            }));
        }
        if number == 0 {
            return Outcome::Dropped(Cow::Borrowed("noise"));
        }
        for part in 1..=number {
            let write = |parsed: &mut Parsed| {
                let kind = if kind == UNMAPPABLE { 'm' } else { 'g' };
                // Writing to memory can't fail.
                let _infallible = write!(parsed.document, r#"{{"event":{},"#, number_of(event.id));
                if number > 1 {
                    let _infallible = write!(parsed.document, r#""part":{part},"#);
                }
                let _infallible = write!(parsed.document, r#""kind":"{kind}","text":""#);
                parsed.document.extend_from_slice(text);
                parsed.document.extend_from_slice(b"\"}");
                parsed.event_ms = DAY_MS;
                Ok::<_, Infallible>(())
            };
            let Ok(()) = out.push((number > 1).then_some(part), write);
        }
        Outcome::Documents
    }
}

/// The raw record of a planned event.
#[must_use]
pub fn raw(event: usize, planned: &Planned) -> Record {
    let (id, tenant) = (format!("e{event}"), tenant(planned.tenant));
    let first = match planned.kind {
        Kind::Good | Kind::Huge => GOOD,
        Kind::Unparsable => UNPARSABLE,
        Kind::Unmappable => UNMAPPABLE,
    };
    let body = vec![first + planned.documents; planned.size + 1];
    let mut value = Vec::new();
    RawTemplate::new(&RawEvent { tenant: &tenant, ..RawEvent::default() }).push(&mut value, &id, &body);
    Record { key: Vec::new(), value, headers: Vec::new(), event, part: 0, of: None, from: None }
}

/// The dead letter of a raw record that the rules refuse.
#[must_use]
pub fn refused_raw(record: &Record, from: (i32, i64), refused: Refused<'_>) -> Record {
    let place = Place { topic: RAW, partition: from.0, offset: from.1, timestamp_ms: 0, now_ms: 0 };
    with_letter(record, from, &refused.letter(place))
}

/// The dead letter of a document that the cluster refuses.
#[must_use]
pub fn refused(record: &Record, from: (i32, i64), error_type: &str, status: u16) -> Record {
    let key = EventKey::read(&record.key).ok();
    let letter = DeadLetter {
        event_id: key.map_or(String::new(), |key| key.id.to_owned()),
        tenant: key.map_or(String::new(), |key| key.tenant.to_owned()),
        source_topic: EVENTS.to_owned(),
        source_partition: from.0,
        source_offset: from.1,
        source_timestamp: 0,
        stage: Stage::Index,
        rule: String::new(),
        rule_revision: String::new(),
        target: String::new(),
        error_domain: ErrorDomain::User,
        error_type: error_type.to_owned(),
        status,
        reason: String::new(),
        first_failed_at: 0,
        last_failed_at: 0,
        attempts: 1,
        replay_count: key.map_or(0, |key| key.replays),
    };
    with_letter(record, from, &letter)
}

/// Whether a document is one that the mapping doesn't take.
#[must_use]
pub fn is_unmappable(document: &[u8]) -> bool {
    let needle = br#""kind":"m""#;
    document.windows(needle.len()).take(64).any(|window| window == needle)
}

/// The number of the planned event that a document was made of, and which part of it the document is.
#[must_use]
pub fn event_of(document: &[u8]) -> Option<(usize, u8)> {
    let (event, rest) = digits(document.strip_prefix(br#"{"event":"#)?)?;
    let part = match rest.strip_prefix(br#","part":"#) {
        Some(rest) => digits(rest)?.0.parse().ok()?,
        None => 1,
    };
    Some((event.parse().ok()?, part))
}

/// The index of a tenant.
#[must_use]
pub fn target(tenant_number: u8) -> String {
    format!("{PREFIX}-{}-2026.11.21", tenant(tenant_number))
}

fn tenant(number: u8) -> String {
    format!("t{number}")
}

/// The number of the planned event of an id.
fn number_of(id: &str) -> &str {
    id.strip_prefix('e').unwrap_or_default()
}

fn digits(text: &[u8]) -> Option<(&str, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(end)?;
    Some((std::str::from_utf8(digits).ok()?, rest))
}

fn with_letter(record: &Record, from: (i32, i64), letter: &DeadLetter) -> Record {
    Record {
        key: record.key.clone(),
        value: record.value.clone(),
        headers: letter.headers(),
        event: record.event,
        part: record.part,
        of: None,
        from: Some(from),
    }
}
