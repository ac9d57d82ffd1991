//! Loki's push API, `POST /loki/api/v1/push`: streams of lines, as protobuf or JSON ([`push_protobuf`], [`push_json`]).
//!
//! A line is an event, byte for byte, with its time as the time at which the sender saw it. The labels of its stream and
//! its structured metadata go along as attributes. Labels are read strictly, as Loki does: a stream whose labels are
//! wrong is refused with all of its lines, and the other streams are taken.
//!
//! Labels are one set for a stream's lines. Lines with metadata of their own have one each, which is the only thing here
//! that costs memory by the line; it counts against [`Limits::max_inflated`].
//!
//! Sources: <https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs>,
//! <https://github.com/grafana/loki/blob/main/pkg/push/push.proto>.

mod json;
mod labels;
mod protobuf;
mod push;

use thiserror::Error;

use crate::batch::{Batch, Limits};
use crate::protobuf::ProtobufError;
use crate::writer::Overflow;

pub use labels::LabelsError;

/// A body of which nothing can be taken.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum LokiError {
    /// Not JSON, or not of the form that it has to have.
    #[error("{0}")]
    Json(String),
    /// Not the message that it should be.
    #[error("the body is no PushRequest: {0}")]
    Protobuf(#[from] ProtobufError),
    /// Too much of it.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// Reads a push in JSON.
///
/// # Errors
/// When nothing of the body can be taken.
pub fn push_json(body: &[u8], limits: Limits) -> Result<Batch, LokiError> {
    json::read(body, limits)
}

/// Reads a push in protobuf, decompressed.
///
/// # Errors
/// When nothing of the body can be taken.
pub fn push_protobuf(body: &[u8], limits: Limits) -> Result<Batch, LokiError> {
    protobuf::read(body, limits)
}

#[cfg(test)]
mod tests;
