//! Requests of `forebay.v1.Ingest` ([its schema](../../../../proto/schema/forebay/v1/ingest.proto)): events stay where they are in
//! the message, and aren't copied.

use bytes::Bytes;
use forebay_record::id;
use thiserror::Error;

use crate::batch::{Batch, Event, Facts, Group, Limits};
use crate::declared::{self, FactError};
use crate::ids::GivenIdError;
use crate::json::{Validator, skip_space};
use crate::protobuf::{Fields, ProtobufError, Value, push_bytes, push_text, push_varint};
use crate::rejections::{Reason, Rejections};
use crate::writer::Overflow;

/// A batch as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The client's number for it; 0 outside of streams.
    pub sequence: u64,
    /// The events.
    pub batch: Batch,
    /// What ids are made of; empty if they aren't made of a key.
    pub idempotency_key: String,
    /// Whether one bad event refuses all.
    pub atomic: bool,
}

/// A message of which nothing can be taken.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum CallError {
    /// Not the message that it should be.
    #[error("the message is no {message}: {error}")]
    Protobuf {
        /// What it should be.
        message: &'static str,
        /// What is wrong with it.
        error: ProtobufError,
    },
    /// A text that is none.
    #[error("`{0}` is no UTF-8")]
    Text(&'static str),
    /// Something is said of the events that can't be used.
    #[error(transparent)]
    Fact(#[from] FactError),
    /// Too many events.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// Reads a `SendRequest`.
///
/// # Errors
/// When nothing of it can be taken.
pub fn send_request(message: &Bytes, limits: Limits) -> Result<Call, CallError> {
    read(message.clone(), limits)
}

/// Reads a `StreamRequest`. Its sequence number is there also where the batch can't be taken, so that it can be answered.
///
/// # Errors
/// When it isn't even one.
pub fn stream_request(message: &Bytes, limits: Limits) -> Result<(u64, Result<Call, CallError>), CallError> {
    let (mut sequence, mut batch) = (0, Bytes::new());
    let mut fields = Fields::of(message);
    while let Some(field) = fields.read().map_err(broken("StreamRequest"))? {
        match field {
            (1, Value::Varint(number)) => sequence = number,
            (2, Value::Bytes(bytes)) => batch = message.slice_ref(bytes),
            _ => {}
        }
    }
    Ok((sequence, read(batch, limits).map(|call| Call { sequence, ..call })))
}

fn read(message: Bytes, limits: Limits) -> Result<Call, CallError> {
    let (mut call, mut facts) = (Call::default(), Facts::default());
    // What is said of all events may come behind them.
    let mut fields = Fields::of(&message);
    while let Some(field) = fields.read().map_err(broken("SendRequest"))? {
        match field {
            (2, Value::Bytes(bytes)) => facts.format = text("format", bytes)?,
            (3, Value::Bytes(bytes)) => facts.source = text("source", bytes)?,
            (4, Value::Bytes(bytes)) => facts.stream = text("stream", bytes)?,
            (5, Value::Bytes(bytes)) => {
                // Two strings take more memory than a pair of two bytes does.
                if facts.attributes.len() > forebay_record::raw::MAX_ATTRIBUTES {
                    break;
                }
                facts.attributes.push(attribute(bytes)?);
            }
            (6, Value::Fixed64(time)) => facts.observed_at = time,
            (7, Value::Bytes(bytes)) => call.idempotency_key = text("idempotency_key", bytes)?,
            (8, Value::Varint(atomic)) => call.atomic = atomic != 0,
            (9, Value::Bytes(bytes)) => facts.traceparent = text("traceparent", bytes)?,
            _ => {}
        }
    }
    declared::check(&mut facts)?;
    let mut events = Events {
        limits,
        validator: (facts.format == "json").then(|| Validator::new(limits.max_depth)),
        line: 0,
        events: Vec::new(),
        given: Vec::new(),
        rejections: Rejections::default(),
    };
    let mut fields = Fields::of(&message);
    while let Some((field, value)) = fields.read().map_err(broken("SendRequest"))? {
        if let (1, Value::Bytes(event)) = (field, value) {
            events.take(event, fields.at() - event.len())?;
        }
    }
    let Events { events, given, rejections, .. } = events;
    let groups = if events.is_empty() { Vec::new() } else { vec![Group { facts, len: events.len() }] };
    call.batch = Batch { bytes: message, events, groups, given_ids: given, rejections };
    Ok(call)
}

/// The events so far.
struct Events {
    limits: Limits,
    /// For JSON.
    validator: Option<Validator>,
    line: usize,
    events: Vec<Event>,
    given: Vec<String>,
    rejections: Rejections,
}

impl Events {
    /// Takes an event that stands at `at` in the message.
    fn take(&mut self, event: &[u8], at: usize) -> Result<(), CallError> {
        if self.line >= self.limits.max_events {
            return Err(Overflow::Events(self.limits.max_events).into());
        }
        self.line += 1;
        match self.check(event, at) {
            Ok((event, id)) => {
                if !id.is_empty() || !self.given.is_empty() {
                    self.given.resize(self.events.len(), String::new());
                    self.given.push(id);
                }
                self.events.push(event);
            }
            Err(reason) => self.rejections.push(self.line, reason),
        }
        Ok(())
    }

    fn check(&mut self, event: &[u8], at: usize) -> Result<(Event, String), Reason> {
        let (mut span, mut body, mut id, mut observed_at) = (at..at, &b""[..], &b""[..], 0);
        let mut fields = Fields::of(event);
        while let Some(field) = fields.read().map_err(|error| Reason::Malformed(error.to_string()))? {
            match field {
                (1, Value::Bytes(bytes)) => {
                    body = bytes;
                    span = at + fields.at() - bytes.len()..at + fields.at();
                }
                (2, Value::Bytes(bytes)) => id = bytes,
                (3, Value::Fixed64(time)) => observed_at = time,
                _ => {}
            }
        }
        let max = self.limits.max_event;
        if body.len() > max {
            return Err(Reason::TooLarge { len: body.len(), max });
        }
        if body.is_empty() {
            return Err(Reason::Malformed("the event has no body".to_owned()));
        }
        if let Some(validator) = &mut self.validator {
            validator.document(body)?;
            let _text =
                simdutf8::compat::from_utf8(body).map_err(|error| Reason::Utf8(error.valid_up_to()))?;
            if body.get(skip_space(body, 0)) != Some(&b'{') {
                return Err(Reason::NotAnObject);
            }
        }
        let id = std::str::from_utf8(id).map_err(|_| Reason::Malformed("the id is no UTF-8".to_owned()))?;
        if !id.is_empty() {
            id::validate_given(id).map_err(|error| Reason::Id(GivenIdError::Invalid(error)))?;
        }
        Ok((Event { line: self.line, observed_at, span }, id.to_owned()))
    }
}

fn text(name: &'static str, bytes: &[u8]) -> Result<String, CallError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| CallError::Text(name))
}

fn attribute(pair: &[u8]) -> Result<(String, String), CallError> {
    let (mut name, mut value) = (String::new(), String::new());
    let mut fields = Fields::of(pair);
    while let Some(field) = fields.read().map_err(broken("Attribute"))? {
        match field {
            (1, Value::Bytes(bytes)) => name = text("attributes", bytes)?,
            (2, Value::Bytes(bytes)) => value = text("attributes", bytes)?,
            _ => {}
        }
    }
    Ok((name, value))
}

fn broken(message: &'static str) -> impl Fn(ProtobufError) -> CallError {
    move |error| CallError::Protobuf { message, error }
}

/// A `SendResponse`.
#[must_use]
pub fn send_response(accepted: u64, rejections: &Rejections) -> Vec<u8> {
    let mut out = Vec::new();
    push_varint(&mut out, 1, accepted);
    push_varint(&mut out, 2, rejections.count() as u64);
    let mut one = Vec::new();
    for rejection in rejections.listed() {
        one.clear();
        push_varint(&mut one, 1, rejection.line as u64);
        push_text(&mut one, 2, rejection.error);
        push_text(&mut one, 3, &rejection.reason);
        push_bytes(&mut out, 3, &one);
    }
    out
}

/// A `StreamResponse` that says how many batches may be open.
#[must_use]
pub fn window(batches: u32) -> Vec<u8> {
    let (mut out, mut window) = (Vec::new(), Vec::new());
    push_varint(&mut window, 1, batches.into());
    push_bytes(&mut out, 1, &window);
    out
}

/// A `StreamResponse` to a batch that was taken.
#[must_use]
pub fn ack(sequence: u64, accepted: u64, rejections: &Rejections) -> Vec<u8> {
    let (mut out, mut ack) = (Vec::new(), Vec::new());
    push_varint(&mut ack, 1, sequence);
    push_bytes(&mut ack, 2, &send_response(accepted, rejections));
    push_bytes(&mut out, 2, &ack);
    out
}

/// A `StreamResponse` to a batch that was not.
#[must_use]
pub fn nack(sequence: u64, error: &str, reason: &str, hint: &str, retry_after_ms: u64) -> Vec<u8> {
    let (mut out, mut nack) = (Vec::new(), Vec::new());
    push_varint(&mut nack, 1, sequence);
    push_text(&mut nack, 2, error);
    push_text(&mut nack, 3, reason);
    push_text(&mut nack, 4, hint);
    push_varint(&mut nack, 5, retry_after_ms);
    push_bytes(&mut out, 3, &nack);
    out
}

#[cfg(test)]
mod tests;
