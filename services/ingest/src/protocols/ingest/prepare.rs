//! From a body as it came to a batch: decompressing and checking, which is all the CPU work of a request.

use bytes::Bytes;
use forebay_wire::fluent_bit::{ChunkError, chunk, is_msgpack};
use forebay_wire::plan::{PlanError, Rules, plan};
use forebay_wire::shape::{Declared, UnknownContentType};
use forebay_wire::{Batch, Encoding, Group};

use super::options::Options;
use crate::config::Limits;
use crate::http::unpack::{Room, unpack};
use crate::intake::Admitted;
use crate::refusal::{Kind, Refusal};

/// What a body is, as its content type says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Content {
    /// Lines, or JSON.
    Text(Declared),
    /// `MessagePack`, as Fluent Bit sends it.
    Msgpack,
}

/// A body and what is needed to prepare it.
#[derive(Debug)]
pub(crate) struct Unprepared {
    /// As it came.
    pub body: Bytes,
    /// How it is compressed.
    pub encoding: Encoding,
    /// What it is.
    pub content: Content,
    /// What the request asks for.
    pub options: Options,
    /// The memory that it holds.
    pub admitted: Admitted,
}

/// A body's events.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The events.
    pub batch: Batch,
    /// What the request asks for, without the facts, which the batch has.
    pub options: Options,
    /// The memory that it holds.
    pub admitted: Admitted,
}

impl Content {
    /// Reads a `Content-Type` header.
    ///
    /// # Errors
    /// When it names a type that isn't taken.
    pub(crate) fn from_header(header: Option<&str>) -> Result<Self, UnknownContentType> {
        if is_msgpack(header) {
            Ok(Self::Msgpack)
        } else {
            Declared::from_content_type(header).map(Self::Text)
        }
    }
}

/// Prepares a body, on this thread if that is quick.
///
/// # Errors
/// When nothing of the body can be taken.
pub(crate) async fn prepare(unprepared: Unprepared, limits: &Limits) -> Result<Prepared, Refusal> {
    let Unprepared { body, encoding, content, options, admitted } = unprepared;
    let decode = move |body: Bytes, room: &mut Room<'_>| decode(body, content, options, room);
    let ((batch, options), admitted) = unpack(admitted, body, encoding, limits, decode).await?;
    Ok(Prepared { batch, options, admitted })
}

/// A body's events, and what the request asks for without the facts, which the batch has.
///
/// # Errors
/// When nothing of the body can be taken.
pub(super) fn decode(
    body: Bytes,
    content: Content,
    mut options: Options,
    room: &mut Room<'_>,
) -> Result<(Batch, Options), Refusal> {
    let batch = match content {
        Content::Text(declared) => divide(body, declared, &mut options, room)?,
        Content::Msgpack => transcribe(&body, &mut options, room)?,
    };
    Ok((batch, options))
}

fn divide(
    body: Bytes,
    declared: Declared,
    options: &mut Options,
    room: &mut Room<'_>,
) -> Result<Batch, Refusal> {
    let limits = room.limits();
    let rules = Rules {
        declared,
        format: &options.facts.format,
        id_field: options.id_field.as_deref(),
        max_event: limits.max_event,
        max_depth: limits.max_depth,
        max_events: limits.max_events,
    };
    let plan = plan(&body, &rules).map_err(|error| of_plan(&error))?;
    let mut facts = std::mem::take(&mut options.facts);
    if facts.format.is_empty() && plan.shape.is_json() {
        facts.format.push_str("json");
    }
    let batch = plan.into_batch(body, facts);
    room.hold(batch.weight())?;
    Ok(batch)
}

fn transcribe(body: &Bytes, options: &mut Options, room: &mut Room<'_>) -> Result<Batch, Refusal> {
    // The events are written beside the body.
    room.hold(body.len())?;
    let batch = chunk(body, room.limits(), options.id_field.as_deref()).map_err(|error| of_chunk(&error))?;
    let mut facts = std::mem::take(&mut options.facts);
    if facts.format.is_empty() {
        facts.format.push_str("json");
    }
    let groups = vec![Group { facts, len: batch.events.len() }];
    let batch = Batch { groups, ..batch };
    room.hold(batch.bytes.len().saturating_add(batch.weight()))?;
    Ok(batch)
}

fn of_chunk(error: &ChunkError) -> Refusal {
    let reason = error.to_string();
    match error {
        ChunkError::Empty => Refusal::new(Kind::EmptyBody, reason, "send entries of a time and a record"),
        ChunkError::Entry { line, .. } => Refusal::new(
            Kind::MalformedBody,
            reason,
            "nothing was taken; send entries of a time and a record",
        )
        .at_line(*line),
        ChunkError::Overflow(_) => {
            Refusal::new(Kind::TooLarge, reason, "send smaller batches, or raise ingest.max_events")
        }
    }
}

/// What a body is refused for that can't be divided.
pub(crate) fn of_plan(error: &PlanError) -> Refusal {
    let reason = error.to_string();
    match error {
        PlanError::Empty => {
            Refusal::new(Kind::EmptyBody, reason, "send a JSON object, an array of them, or lines")
        }
        PlanError::Array(broken) => Refusal::new(
            Kind::MalformedBody,
            reason,
            "nothing was taken; with NDJSON (application/x-ndjson) one bad line does not harm the others",
        )
        .at_line(broken.line),
        PlanError::Stream(broken) => Refusal::new(
            Kind::MalformedBody,
            reason,
            "nothing was taken; write complete JSON values, one after another",
        )
        .at_line(broken.line),
        PlanError::TooMany(_) => {
            Refusal::new(Kind::TooLarge, reason, "send smaller batches, or raise ingest.max_events")
        }
        PlanError::IdFieldOfText => {
            Refusal::new(Kind::BadRequest, reason, "use an `Idempotency-Key` header instead")
        }
    }
}
