//! The wire format of protobuf, read in place and written by hand: fields one after another, nothing allocated, nothing
//! copied, unknown fields left to the caller to pass over.
//!
//! Only what decoders need: groups, which proto3 doesn't have, are refused.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

use thiserror::Error;

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ProtobufError {
    /// The message ends inside a field.
    #[error("it ends inside a field, at byte {0}")]
    Truncated(usize),
    /// A number of more than ten bytes, or a field's number beyond what there may be.
    #[error("invalid number at byte {0}")]
    Number(usize),
    /// There is no such wire type, or it is one of groups.
    #[error("field {field} has wire type {wire}, at byte {at}")]
    WireType {
        /// The field's number.
        field: u32,
        /// The wire type.
        wire: u8,
        /// Where, in bytes from the message's start.
        at: usize,
    },
}

/// A field's value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Value<'a> {
    /// `int32`, `int64`, `uint32`, `uint64`, `bool`, enums.
    Varint(u64),
    /// `fixed64`, `sfixed64`, `double`, as its bits.
    Fixed64(u64),
    /// `string`, `bytes`, messages, packed numbers.
    Bytes(&'a [u8]),
    /// `fixed32`, `sfixed32`, `float`, as its bits.
    Fixed32(u32),
}

/// The fields of a message, in the order in which they come.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// The fields of these bytes.
    #[must_use]
    pub const fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read so far: where the value that was read last ends.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The next field's number and value; none at the end.
    ///
    /// # Errors
    /// When the bytes are no message from here on. There is no going on then.
    #[inline]
    pub fn read(&mut self) -> Result<Option<(u32, Value<'a>)>, ProtobufError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let at = self.at;
        let tag = self.varint()?;
        let field = u32::try_from(tag >> 3).map_err(|_| ProtobufError::Number(at))?;
        let wire = (tag & 7) as u8;
        let value = match wire {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(*self.chunk()?)),
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| ProtobufError::Truncated(at))?;
                let end = self.at.checked_add(len).ok_or(ProtobufError::Truncated(at))?;
                let bytes = self.bytes.get(self.at..end).ok_or(ProtobufError::Truncated(at))?;
                self.at = end;
                Value::Bytes(bytes)
            }
            5 => Value::Fixed32(u32::from_le_bytes(*self.chunk()?)),
            wire => return Err(ProtobufError::WireType { field, wire, at }),
        };
        Ok(Some((field, value)))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, ProtobufError> {
        // Nearly all are tags and lengths of one byte.
        if let Some(byte @ 0..0x80) = self.bytes.get(self.at) {
            self.at += 1;
            return Ok(u64::from(*byte));
        }
        let start = self.at;
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or(ProtobufError::Truncated(start))?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ProtobufError::Number(start))
    }

    fn chunk<const N: usize>(&mut self) -> Result<&'a [u8; N], ProtobufError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let chunk = rest.first_chunk().ok_or(ProtobufError::Truncated(self.at))?;
        self.at += N;
        Ok(chunk)
    }
}

/// Appends a number, unless it is 0, which is what a missing field means.
pub fn push_varint(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        varint(out, u64::from(field) << 3);
        varint(out, value);
    }
}

/// Appends text, bytes, or a message; also an empty one.
pub fn push_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    varint(out, u64::from(field) << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends text, unless it is empty, which is what a missing field means.
pub fn push_text(out: &mut Vec<u8>, field: u32, text: &str) {
    if !text.is_empty() {
        push_bytes(out, field, text.as_bytes());
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u32, Value<'_>)>, ProtobufError> {
        let (mut fields, mut found) = (Fields::of(bytes), Vec::new());
        while let Some(field) = fields.read()? {
            found.push(field);
        }
        Ok(found)
    }

    #[test]
    fn every_wire_type_is_read() {
        let bytes = b"\x08\x96\x01\x12\x02ab\x19\x01\0\0\0\0\0\0\x80\x85\x01\x02\0\0\0";
        let expected = [
            (1, Value::Varint(150)),
            (2, Value::Bytes(b"ab")),
            (3, Value::Fixed64(1 << 63 | 1)),
            (16, Value::Fixed32(2)),
        ];
        assert_eq!(all(bytes).unwrap(), expected);
    }

    #[test]
    fn what_is_no_message_says_where() {
        assert_eq!(all(b"\x12\x03ab"), Err(ProtobufError::Truncated(0)));
        assert_eq!(all(b"\x08\x01\x19\x01"), Err(ProtobufError::Truncated(3)));
        assert_eq!(all(&[0xff; 11]), Err(ProtobufError::Number(0)));
        assert_eq!(all(b"\x0b"), Err(ProtobufError::WireType { field: 1, wire: 3, at: 0 }));
        let huge = [&b"\x12"[..], &[0xff; 9], b"\x01"].concat();
        assert_eq!(all(&huge), Err(ProtobufError::Truncated(0)), "an announced length takes no memory");
    }

    proptest! {
        /// Scenario: any bytes. Guarantees: an answer.
        #[test]
        fn survives_anything(bytes: Vec<u8>) {
            let _answer = all(&bytes);
        }

        #[test]
        fn what_is_written_reads_the_same(field in 1u32..1 << 29, number in 1u64.., bytes: Vec<u8>) {
            let mut out = Vec::new();
            push_varint(&mut out, field, number);
            push_bytes(&mut out, field, &bytes);
            prop_assert_eq!(all(&out).unwrap(), [(field, Value::Varint(number)), (field, Value::Bytes(&bytes))]);
        }
    }
}
