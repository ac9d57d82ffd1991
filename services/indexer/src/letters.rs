//! The dead letters of this tier: what is said about a document that the store refused for good.

use forebay_bulk::ItemError;
use forebay_kafka::Record;
use forebay_record::{DeadLetter, ErrorDomain, EventKey, Stage};

use crate::load::INVALID_RECORD;
use crate::writing::TOO_LARGE;

/// The letter for a record of `topic` that was refused with `error` at `now_ms`, in milliseconds since the Unix epoch.
pub(crate) fn letter(topic: &str, record: Record<'_>, error: &ItemError, now_ms: i64) -> DeadLetter {
    let key = EventKey::read(record.key).ok();
    let stage = match error.error_type.as_str() {
        INVALID_RECORD => Stage::Decode,
        TOO_LARGE => Stage::Oversize,
        _ => Stage::Index,
    };
    DeadLetter {
        event_id: key.map_or(String::new(), |key| key.id.to_owned()),
        tenant: key.map_or(String::new(), |key| key.tenant.to_owned()),
        source_topic: topic.to_owned(),
        source_partition: record.partition,
        source_offset: record.offset,
        source_timestamp: record.timestamp_ms,
        stage,
        rule: String::new(),
        rule_revision: String::new(),
        target: key.map_or(String::new(), |key| key.target.to_owned()),
        error_domain: ErrorDomain::User,
        error_type: error.error_type.clone(),
        status: error.status,
        reason: error.reason.clone(),
        first_failed_at: now_ms,
        last_failed_at: now_ms,
        attempts: 1,
        replay_count: key.map_or(0, |key| key.replays),
    }
}
