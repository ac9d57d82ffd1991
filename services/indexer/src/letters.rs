//! The dead letters of this tier: what is said about a document that the store refused, and the way to the topic.

use std::time::Duration;

use forebay_bulk::ItemError;
use forebay_delivery::BrokerAck;
use forebay_kafka::{Acks, Producer, Record, SendError, dead_letter};
use forebay_record::{DeadLetter, ErrorDomain, EventKey, Stage};
use forebay_service::clock::now_ms;
use forebay_settings::sections::KafkaSettings;
use forebay_writing::{INVALID_RECORD, INVALID_TARGET, Letters, TARGET_UNAVAILABLE, TOO_LARGE};

use crate::records::Records;

/// How long to wait before a full queue of dead letters is tried again.
const QUEUE_PAUSE: Duration = Duration::from_millis(10);

/// Sends letters; proof that the brokers have all of them comes back.
///
/// # Errors
/// When they don't have all, with the first reason.
pub(crate) async fn post(
    producer: &Producer,
    kafka: &KafkaSettings,
    letters: &Letters<Records>,
) -> Result<BrokerAck, String> {
    let acks = Acks::new();
    let now_ms = now_ms();
    let mut failed = None;
    for (record, error) in letters.records.batch.iter().zip(&letters.errors) {
        let letter = letter(&kafka.topics.events, record, error, now_ms);
        if let Err(error) = send(producer, &kafka.topics.dead_letters, &letter, record, &acks).await {
            // It isn't counted by the acks, so these must not be taken for all.
            failed = Some(error.to_string());
            break;
        }
    }
    acks.seal();
    let report = acks.wait().await;
    let reason = failed.clone().or_else(|| report.first_error.as_ref().map(ToString::to_string));
    match report.all_delivered() {
        Some(ack) if failed.is_none() => Ok(ack),
        _ => Err(reason.unwrap_or_default()),
    }
}

async fn send(
    producer: &Producer,
    topic: &str,
    letter: &DeadLetter,
    record: Record<'_>,
    acks: &Acks,
) -> Result<(), SendError> {
    loop {
        match dead_letter::send(producer, topic, letter, record.key, record.value, acks) {
            Err(SendError::QueueFull) => tokio::time::sleep(QUEUE_PAUSE).await,
            sent => return sent,
        }
    }
}

/// The letter for a record of `topic` that was refused with `error` at `now_ms`, in milliseconds since the Unix epoch.
fn letter(topic: &str, record: Record<'_>, error: &ItemError, now_ms: i64) -> DeadLetter {
    let key = EventKey::read(record.key).ok();
    let stage = match error.error_type.as_str() {
        INVALID_RECORD | INVALID_TARGET => Stage::Decode,
        TOO_LARGE => Stage::Oversize,
        _ => Stage::Index,
    };
    let error_domain =
        if error.error_type == TARGET_UNAVAILABLE { ErrorDomain::Upstream } else { ErrorDomain::User };
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
        error_domain,
        error_type: error.error_type.clone(),
        status: error.status,
        reason: error.reason.clone(),
        first_failed_at: now_ms,
        last_failed_at: now_ms,
        attempts: 1,
        replay_count: key.map_or(0, |key| key.replays),
    }
}
