//! What the server says on a WebSocket, in JSON.

use std::time::Duration;

use serde::Serialize;

use super::super::ingest::receipt::Receipt;
use crate::refusal::Refusal;

/// What is said first.
#[derive(Serialize)]
struct Hello {
    window: usize,
    max_message: usize,
}

#[derive(Serialize)]
struct Ack {
    ack: u64,
    #[serde(flatten)]
    receipt: Receipt,
}

#[derive(Serialize)]
struct Nack {
    nack: u64,
    error: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

#[derive(Serialize)]
struct Reason {
    r#type: &'static str,
    reason: String,
    hint: String,
}

/// What is said first: how many batches may be open, and how large a message may be.
pub(super) fn hello(window: usize, max_message: usize) -> String {
    json(&Hello { window, max_message })
}

/// Kafka has what was accepted of a batch.
pub(super) fn ack(sequence: u64, receipt: Receipt) -> String {
    json(&Ack { ack: sequence, receipt })
}

/// A batch was not taken.
pub(super) fn nack(sequence: u64, refusal: Refusal) -> String {
    let Refusal { kind, reason, hint, retry_after, .. } = refusal;
    let after = |after: Duration| u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
    let error = Reason { r#type: kind.name(), reason, hint };
    json(&Nack { nack: sequence, error, retry_after_ms: retry_after.map(after) })
}

fn json(said: &impl Serialize) -> String {
    // Numbers, names and strings: this can't fail.
    serde_json::to_string(said).unwrap_or_default()
}
