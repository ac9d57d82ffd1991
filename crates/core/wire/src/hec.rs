//! Splunk's HTTP Event Collector: JSON events one behind the other, or raw lines, and answers with numbered codes.
//!
//! Source: <https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector>,
//! <https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector> (codes) and
//! <https://docs.splunk.com/Documentation/Splunk/latest/Data/AboutHECIDXAck> (acknowledgements).
//!
//! What an event's members become:
//!
//! | there | here |
//! |---|---|
//! | `event`, a string | the event, its format to be found out |
//! | `event`, anything else | the event, as JSON, byte for byte |
//! | `time` | when the sender saw it: counts as the event's time if the event says none itself |
//! | `host` | attribute `host` |
//! | `source` | attribute `file` if it is a path, else `source` |
//! | `sourcetype`, `index` | attributes of these names; neither chooses a parser or a target |
//! | `fields` | attributes of their names |
//!
//! What an event doesn't say, the request's parameters say. An answer has room for one number, so a request is taken as a
//! whole or not at all: the first bad event refuses it, and the answer says which one that is.

pub mod ack;
mod code;
mod envelope;
mod metadata;
#[cfg(test)]
mod tests;
mod time;

use bytes::Bytes;

use crate::batch::{Batch, Event, Facts, Group, Limits};
use crate::json::{JsonError, Validator, push_text, skip_space};
use crate::split;
use crate::writer::{Overflow, Writer};

use self::envelope::Envelope;

pub use self::code::{Answer, Code, HecError};
pub use self::metadata::Metadata;

/// The most that may be said of an event beside itself, in bytes: a record has room for little more.
const MAX_METADATA: usize = 32 * 1024;

/// What a record costs beside its own bytes for every attribute, in bytes: its tags and lengths.
const ATTRIBUTE: usize = 8;

/// Reads a body of JSON events.
///
/// # Errors
/// When one of them is bad, or there is none.
pub fn events(body: &[u8], metadata: &Metadata, limits: &Limits) -> Result<Batch, HecError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        HecError::new(Code::InvalidDataFormat, format!("broken UTF-8 at byte {}", error.valid_up_to()))
    })?;
    let body = text.as_bytes();
    let mut validator = Validator::new(limits.max_depth);
    let mut writer = Writer::new(*limits, body.len());
    // What the events of the last group share, and how much that is with every one of them.
    let mut shared: Option<(Envelope<'_>, usize)> = None;
    let mut attributes = 0usize;
    let mut at = skip_space(body, 0);
    while at < body.len() {
        let number = writer.count();
        let (envelope, end) = Envelope::read(&mut validator, body, at).map_err(|fault| fault.at(number))?;
        let weight = match &shared {
            Some((last, weight)) if last.shares_with(&envelope) => *weight,
            _ => {
                let facts = envelope.facts(&mut validator, metadata).map_err(|fault| fault.at(number))?;
                let weight = weight(&facts).map_err(|fault| fault.at(number))?;
                writer.group(facts);
                shared = Some((envelope.clone(), weight));
                weight
            }
        };
        // Each record has them: a few bytes that name large ones must not become many.
        attributes = attributes.saturating_add(weight);
        if attributes > limits.max_inflated {
            return Err(HecError::too_large(Overflow::Bytes(limits.max_inflated).to_string()).at(number));
        }
        let observed_at = envelope.time().map_err(|fault| fault.at(number))?;
        let event = envelope.event().map_err(|fault| fault.at(number))?;
        let written = writer.event(number + 1, observed_at, |out| {
            if event.is_text {
                push_text(out, event.json);
            } else {
                out.extend_from_slice(event.json);
            }
            Ok(())
        });
        written.map_err(|overflow| HecError::too_large(overflow.to_string()).at(number))?;
        if let Some(refused) = writer.rejections().listed().first() {
            return Err(HecError::too_large(refused.reason.clone()).at(number));
        }
        at = skip_space(body, end);
    }
    let batch = writer.finish();
    if batch.events.is_empty() { Err(HecError::new(Code::NoData, "the body is empty")) } else { Ok(batch) }
}

/// Reads a body of lines, which may be of any bytes.
///
/// # Errors
/// When a line is too large, there are too many, or none.
pub fn raw(body: &Bytes, metadata: &Metadata, limits: &Limits) -> Result<Batch, HecError> {
    let mut batch = Batch { bytes: body.clone(), ..Batch::default() };
    for split::Item { line, span } in split::lines(body, 0) {
        let number = batch.events.len();
        if span.len() > limits.max_event {
            let reason =
                format!("line {line} has {} bytes; at most {} are allowed", span.len(), limits.max_event);
            return Err(HecError::too_large(reason).at(number));
        }
        if number >= limits.max_events {
            return Err(HecError::too_large(Overflow::Events(limits.max_events).to_string()));
        }
        batch.events.push(Event { line, observed_at: 0, span });
    }
    if batch.events.is_empty() {
        return Err(HecError::new(Code::NoData, "the body is empty"));
    }
    let facts = metadata.facts();
    if weight(&facts)?.saturating_mul(batch.events.len()) > limits.max_inflated {
        return Err(HecError::too_large(Overflow::Bytes(limits.max_inflated).to_string()));
    }
    batch.groups.push(Group { facts, len: batch.events.len() });
    Ok(batch)
}

/// What facts cost with every event that has them, in bytes.
fn weight(facts: &Facts) -> Result<usize, HecError> {
    let text = |(name, value): &(String, String)| name.len() + value.len() + ATTRIBUTE;
    let weight = facts.attributes.iter().map(text).sum();
    if weight > MAX_METADATA {
        let reason = format!("more than {MAX_METADATA} bytes of metadata");
        return Err(HecError::new(Code::IndexedFields, reason));
    }
    Ok(weight)
}

impl From<JsonError> for HecError {
    fn from(error: JsonError) -> Self {
        Self::new(Code::InvalidDataFormat, error.to_string())
    }
}
