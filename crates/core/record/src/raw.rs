//! `forebay.v1.RawEvent` on the hot paths: read in place, written from a template.
//!
//! The generated type would allocate for every string of every event. Here a reader borrows from the record's value,
//! and a writer encodes once what all events of a request share, then appends id and body for each. The wire format is
//! protobuf's (<https://protobuf.dev/programming-guides/encoding/>); a property test holds both against the generated
//! type.

use thiserror::Error;

/// The most attributes an event may carry; a record with more is refused.
pub const MAX_ATTRIBUTES: usize = 128;

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH: u8 = 2;
const FIXED32: u8 = 5;

/// A raw event, borrowed from the bytes it was read from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RawEvent<'a> {
    /// Becomes the document's `_id`.
    pub id: &'a str,
    /// Whose event it is.
    pub tenant: &'a str,
    /// What sent it.
    pub source: &'a str,
    /// The declared format; empty means: find out.
    pub format: &'a str,
    /// When ingest took it, in nanoseconds since the Unix epoch.
    pub received_at: u64,
    /// When the shipper saw it, in nanoseconds since the Unix epoch; 0 when unknown.
    pub observed_at: u64,
    /// The ordered stream it belongs to.
    pub stream: &'a str,
    /// What the shipper sent along, in its order.
    pub attributes: Vec<(&'a str, &'a str)>,
    /// W3C trace context; empty when there was none.
    pub traceparent: &'a str,
    /// How often it has been replayed.
    pub attempt: u32,
    /// The span of Forebay's own that sent it, as a [`TraceContext`](crate::TraceContext) writes it; empty where its way isn't traced.
    pub trace: &'a str,
    /// The bytes as they came.
    pub body: &'a [u8],
}

/// Bytes that are no `RawEvent`.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum RawError {
    /// The value ends inside a field.
    #[error("the record ends inside a field, at byte {0}")]
    Truncated(usize),
    /// A string field isn't UTF-8.
    #[error("field {0} of the record isn't UTF-8")]
    NotText(u32),
    /// A field has a wire type it can't have.
    #[error("field {0} of the record has wire type {1}")]
    WireType(u32, u8),
    /// More attributes than [`MAX_ATTRIBUTES`].
    #[error("the record has more than {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
    /// Without an id or a tenant nothing can be done with an event.
    #[error("the record has no {0}")]
    Missing(&'static str),
}

impl<'a> RawEvent<'a> {
    /// Reads a record's value. Unknown fields are skipped, so that a reader accepts a later version.
    ///
    /// # Errors
    /// When the bytes are no `RawEvent`, or one without id or tenant.
    pub fn read(bytes: &'a [u8]) -> Result<Self, RawError> {
        let mut event = Self::default();
        let mut reader = Reader { bytes, at: 0 };
        while let Some((field, wire)) = reader.tag()? {
            match (field, wire) {
                (1, LENGTH) => event.id = reader.text(field)?,
                (2, LENGTH) => event.tenant = reader.text(field)?,
                (3, LENGTH) => event.source = reader.text(field)?,
                (4, LENGTH) => event.format = reader.text(field)?,
                (5, FIXED64) => event.received_at = reader.fixed64()?,
                (6, FIXED64) => event.observed_at = reader.fixed64()?,
                (7, LENGTH) => event.stream = reader.text(field)?,
                (8, LENGTH) => {
                    if event.attributes.len() == MAX_ATTRIBUTES {
                        return Err(RawError::TooManyAttributes);
                    }
                    event.attributes.push(attribute(reader.slice()?)?);
                }
                (9, LENGTH) => event.traceparent = reader.text(field)?,
                // As protobuf has it, an oversized varint keeps its low bits.
                #[expect(clippy::cast_possible_truncation, reason = "protobuf's rule for uint32")]
                (10, VARINT) => event.attempt = reader.varint()? as u32,
                (11, LENGTH) => event.trace = reader.text(field)?,
                (15, LENGTH) => event.body = reader.slice()?,
                (1..=11 | 15, _) => return Err(RawError::WireType(field, wire)),
                _ => reader.skip(field, wire)?,
            }
        }
        match (event.id, event.tenant) {
            ("", _) => Err(RawError::Missing("id")),
            (_, "") => Err(RawError::Missing("tenant")),
            _ => Ok(event),
        }
    }

    /// When ingest took it, in milliseconds since the Unix epoch, as long as that says how long the pipeline takes: `None` where
    /// it isn't known, and for a replay, which comes when somebody asks for it.
    #[must_use]
    pub fn first_received_ms(&self) -> Option<i64> {
        let is_first = self.attempt == 0 && self.received_at > 0;
        is_first.then(|| i64::try_from(self.received_at / 1_000_000).unwrap_or(i64::MAX))
    }
}

/// Appends the replay count to an encoded event. The last occurrence of a field wins, so that everything else stays as
/// it was, byte for byte.
pub fn push_attempt(out: &mut Vec<u8>, attempt: u32) {
    out.push(tag_byte(10, VARINT));
    push_varint(out, u64::from(attempt));
}

/// What all events of a request share, encoded once.
#[derive(Clone, Debug, Default)]
pub struct RawTemplate(Vec<u8>);

impl RawTemplate {
    /// Encodes every field of `shared` but `id` and `body`.
    #[must_use]
    pub fn new(shared: &RawEvent<'_>) -> Self {
        let mut out = Vec::with_capacity(128);
        push_text(&mut out, 2, shared.tenant);
        push_text(&mut out, 3, shared.source);
        push_text(&mut out, 4, shared.format);
        push_fixed64(&mut out, 5, shared.received_at);
        push_fixed64(&mut out, 6, shared.observed_at);
        push_text(&mut out, 7, shared.stream);
        let mut pair = Vec::new();
        for (name, value) in &shared.attributes {
            pair.clear();
            push_text(&mut pair, 1, name);
            push_text(&mut pair, 2, value);
            // Also when it is empty: a list keeps its length.
            out.push(tag_byte(8, LENGTH));
            push_varint(&mut out, pair.len() as u64);
            out.extend_from_slice(&pair);
        }
        push_text(&mut out, 9, shared.traceparent);
        if shared.attempt > 0 {
            push_attempt(&mut out, shared.attempt);
        }
        push_text(&mut out, 11, shared.trace);
        Self(out)
    }

    /// How many bytes of each event are the same for all.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        self.0.len()
    }

    /// Appends one whole event to `out`.
    pub fn push(&self, out: &mut Vec<u8>, id: &str, body: &[u8]) {
        self.push_at(out, id, 0, body);
    }

    /// The same for an event with a time of its own: `observed_at`, unless it is 0, counts instead of what the events share,
    /// since the last occurrence of a field wins.
    pub fn push_at(&self, out: &mut Vec<u8>, id: &str, observed_at: u64, body: &[u8]) {
        out.reserve(self.0.len() + id.len() + body.len() + 32);
        push_text(out, 1, id);
        out.extend_from_slice(&self.0);
        push_fixed64(out, 6, observed_at);
        push_bytes(out, 15, body);
    }
}

fn attribute(bytes: &[u8]) -> Result<(&str, &str), RawError> {
    let mut pair = ("", "");
    let mut reader = Reader { bytes, at: 0 };
    while let Some((field, wire)) = reader.tag()? {
        match (field, wire) {
            (1, LENGTH) => pair.0 = reader.text(8)?,
            (2, LENGTH) => pair.1 = reader.text(8)?,
            _ => reader.skip(8, wire)?,
        }
    }
    Ok(pair)
}

const fn tag_byte(field: u8, wire: u8) -> u8 {
    field << 3 | wire
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Fields above 15 would need a longer tag; there are none.
fn push_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        out.push(tag_byte(field, LENGTH));
        push_varint(out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }
}

fn push_text(out: &mut Vec<u8>, field: u8, text: &str) {
    push_bytes(out, field, text.as_bytes());
}

fn push_fixed64(out: &mut Vec<u8>, field: u8, value: u64) {
    if value != 0 {
        out.push(tag_byte(field, FIXED64));
        out.extend_from_slice(&value.to_le_bytes());
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn tag(&mut self) -> Result<Option<(u32, u8)>, RawError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = u32::try_from(tag >> 3).map_err(|_| RawError::Truncated(self.at))?;
        Ok(Some((field, (tag & 7) as u8)))
    }

    fn varint(&mut self) -> Result<u64, RawError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or(RawError::Truncated(self.at))?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(RawError::Truncated(self.at))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], RawError> {
        let end = self.at.checked_add(len).ok_or(RawError::Truncated(self.at))?;
        let slice = self.bytes.get(self.at..end).ok_or(RawError::Truncated(self.at))?;
        self.at = end;
        Ok(slice)
    }

    fn slice(&mut self) -> Result<&'a [u8], RawError> {
        let len = usize::try_from(self.varint()?).map_err(|_| RawError::Truncated(self.at))?;
        self.take(len)
    }

    fn text(&mut self, field: u32) -> Result<&'a str, RawError> {
        std::str::from_utf8(self.slice()?).map_err(|_| RawError::NotText(field))
    }

    fn fixed64(&mut self) -> Result<u64, RawError> {
        let mut value = [0; 8];
        value.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(value))
    }

    fn skip(&mut self, field: u32, wire: u8) -> Result<(), RawError> {
        match wire {
            VARINT => self.varint().map(|_| ()),
            FIXED64 => self.take(8).map(|_| ()),
            LENGTH => self.slice().map(|_| ()),
            FIXED32 => self.take(4).map(|_| ()),
            _ => Err(RawError::WireType(field, wire)),
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_proto::v1;
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    fn generated() -> impl Strategy<Value = v1::RawEvent> {
        let texts = prop::collection::vec(".{0,12}", 5);
        let pairs = prop::collection::vec(("[a-z.]{0,8}", ".{0,12}"), 0..4);
        let numbers = (any::<u64>(), any::<u64>(), any::<u32>());
        ("[a-z0-9-]{1,40}", texts, pairs, numbers, any::<Vec<u8>>()).prop_map(
            |(id, texts, pairs, numbers, body)| v1::RawEvent {
                id,
                tenant: "acme".to_owned(),
                source: texts[0].clone(),
                format: texts[1].clone(),
                received_at: numbers.0,
                observed_at: numbers.1,
                stream: texts[2].clone(),
                attributes: pairs.into_iter().map(|(name, value)| v1::Attribute { name, value }).collect(),
                traceparent: texts[3].clone(),
                attempt: numbers.2,
                trace: texts[4].clone(),
                body: body.into(),
            },
        )
    }

    #[test]
    fn an_attribute_without_name_and_value_stays_one() {
        let event = RawEvent {
            id: "e",
            tenant: "acme",
            attributes: vec![("", ""), ("a", "")],
            ..RawEvent::default()
        };
        let mut bytes = Vec::new();
        RawTemplate::new(&event).push(&mut bytes, event.id, event.body);
        assert_eq!(RawEvent::read(&bytes), Ok(event));
    }

    proptest! {
        /// Scenario: any event, written by the generated type.
        /// Guarantees: the reader sees every field; what the template writes, the generated type reads back.
        #[test]
        fn agrees_with_the_generated_type(event in generated()) {
            let bytes = event.encode_to_vec();
            let read = RawEvent::read(&bytes).unwrap();
            prop_assert_eq!(read.body, &event.body[..]);
            prop_assert_eq!(read.attributes.len(), event.attributes.len());
            let mut again = Vec::new();
            RawTemplate::new(&read).push_at(&mut again, read.id, read.observed_at, read.body);
            prop_assert_eq!(v1::RawEvent::decode(&again[..]).unwrap(), event);
        }

        /// Scenario: a replay appends its count. Guarantees: it wins over the one that was there; all else stays.
        #[test]
        fn the_last_attempt_wins(event in generated(), attempt: u32) {
            let mut bytes = event.encode_to_vec();
            push_attempt(&mut bytes, attempt);
            prop_assert_eq!(RawEvent::read(&bytes).unwrap().attempt, attempt);
            prop_assert_eq!(v1::RawEvent::decode(&bytes[..]).unwrap(), v1::RawEvent { attempt, ..event });
        }

        /// Scenario: arbitrary bytes, and any prefix of a real event. Guarantees: an answer, no panic.
        #[test]
        fn survives_anything(bytes: Vec<u8>, event in generated(), cut: prop::sample::Index) {
            let _any = RawEvent::read(&bytes);
            let bytes = event.encode_to_vec();
            let _any = RawEvent::read(&bytes[..cut.index(bytes.len())]);
        }
    }
}
