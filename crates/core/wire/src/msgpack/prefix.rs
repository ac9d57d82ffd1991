//! The first bytes of a value: what it is, and how many bytes or values follow.

use super::{Fault, MsgpackError};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Nil,
    Bool(bool),
    Uint(u64),
    Int(i64),
    Float32(f32),
    Float(f64),
    Str,
    Bin,
    Ext(i8),
    Array(usize),
    Map(usize),
}

/// A value's kind and the place of its bytes, which need not be there yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prefix {
    pub(super) kind: Kind,
    /// Where its bytes begin.
    pub(super) start: usize,
    /// How many they are, as announced: 0 for what has none but the prefix itself.
    pub(super) len: usize,
}

/// Reads the prefix at `at`, which has at most nine bytes.
pub(super) fn prefix(bytes: &[u8], at: usize) -> Result<Prefix, MsgpackError> {
    let Some(&marker) = bytes.get(at) else { return Err(MsgpackError::ends(at)) };
    let from = at + 1;
    let number = |width: usize| uint(bytes, at, from, width);
    let length = |width: usize| number(width).map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    let scalar = |kind, width| Ok(Prefix { kind, start: from + width, len: 0 });
    let sized = |kind, width, len| Ok(Prefix { kind, start: from + width, len });
    // The type of an extension stands behind its length.
    let ext = |width, len| match bytes.get(from + width) {
        Some(kind) => sized(Kind::Ext(i8::from_be_bytes([*kind])), width + 1, len),
        None => Err(MsgpackError::ends(at)),
    };
    match marker {
        0x00..=0x7f => scalar(Kind::Uint(marker.into()), 0),
        0x80..=0x8f => scalar(Kind::Map(usize::from(marker & 0x0f)), 0),
        0x90..=0x9f => scalar(Kind::Array(usize::from(marker & 0x0f)), 0),
        0xa0..=0xbf => sized(Kind::Str, 0, usize::from(marker & 0x1f)),
        0xc0 => scalar(Kind::Nil, 0),
        0xc1 => Err(MsgpackError { at, fault: Fault::Reserved }),
        0xc2 | 0xc3 => scalar(Kind::Bool(marker == 0xc3), 0),
        0xc4 => sized(Kind::Bin, 1, length(1)?),
        0xc5 => sized(Kind::Bin, 2, length(2)?),
        0xc6 => sized(Kind::Bin, 4, length(4)?),
        0xc7 => ext(1, length(1)?),
        0xc8 => ext(2, length(2)?),
        0xc9 => ext(4, length(4)?),
        0xca => scalar(Kind::Float32(f32::from_be_bytes(array(bytes, at, from)?)), 4),
        0xcb => scalar(Kind::Float(f64::from_be_bytes(array(bytes, at, from)?)), 8),
        0xcc => scalar(Kind::Uint(number(1)?), 1),
        0xcd => scalar(Kind::Uint(number(2)?), 2),
        0xce => scalar(Kind::Uint(number(4)?), 4),
        0xcf => scalar(Kind::Uint(number(8)?), 8),
        0xd0 => scalar(Kind::Int(i8::from_be_bytes(array(bytes, at, from)?).into()), 1),
        0xd1 => scalar(Kind::Int(i16::from_be_bytes(array(bytes, at, from)?).into()), 2),
        0xd2 => scalar(Kind::Int(i32::from_be_bytes(array(bytes, at, from)?).into()), 4),
        0xd3 => scalar(Kind::Int(i64::from_be_bytes(array(bytes, at, from)?)), 8),
        0xd4 => ext(0, 1),
        0xd5 => ext(0, 2),
        0xd6 => ext(0, 4),
        0xd7 => ext(0, 8),
        0xd8 => ext(0, 16),
        0xd9 => sized(Kind::Str, 1, length(1)?),
        0xda => sized(Kind::Str, 2, length(2)?),
        0xdb => sized(Kind::Str, 4, length(4)?),
        0xdc => scalar(Kind::Array(length(2)?), 2),
        0xdd => scalar(Kind::Array(length(4)?), 4),
        0xde => scalar(Kind::Map(length(2)?), 2),
        0xdf => scalar(Kind::Map(length(4)?), 4),
        0xe0..=0xff => scalar(Kind::Int(i8::from_be_bytes([marker]).into()), 0),
    }
}

impl Prefix {
    /// Where the value's own bytes end, as announced.
    pub(super) const fn end(self) -> usize {
        self.start.saturating_add(self.len)
    }

    /// How many values it announces to be inside of it.
    pub(super) const fn inside(self) -> usize {
        match self.kind {
            Kind::Array(len) => len,
            Kind::Map(len) => len.saturating_mul(2),
            _ => 0,
        }
    }
}

fn uint(bytes: &[u8], at: usize, from: usize, width: usize) -> Result<u64, MsgpackError> {
    let Some(digits) = bytes.get(from..from + width) else { return Err(MsgpackError::ends(at)) };
    Ok(digits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn array<const N: usize>(bytes: &[u8], at: usize, from: usize) -> Result<[u8; N], MsgpackError> {
    let found = bytes.get(from..).and_then(<[u8]>::first_chunk);
    found.copied().ok_or(MsgpackError::ends(at))
}
