//! Single values, for protocols whose frames are `MessagePack`: taken one by one, in the order in which they stand.

use super::prefix::{Kind, prefix};
use super::{Fault, MsgpackError};

/// A value, or the head of one whose values follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Head<'a> {
    /// `nil`.
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A number that isn't negative, of any width.
    Uint(u64),
    /// A number with a sign, of any width; it may be positive all the same.
    Int(i64),
    /// A number of 32 bits.
    Float32(f32),
    /// A number of 64 bits.
    Float(f64),
    /// Text, which should be UTF-8.
    Str(&'a [u8]),
    /// Bytes.
    Bin(&'a [u8]),
    /// An extension: its type and its bytes.
    Ext(i8, &'a [u8]),
    /// An array; so many values follow, if the sender tells the truth.
    Array(usize),
    /// A map; so many keys follow, each with its value.
    Map(usize),
}

/// Reads values from bytes that are all there.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Begins at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self::new_at(bytes, 0)
    }

    /// Begins at a place in the bytes, which errors count from the first.
    #[must_use]
    pub const fn new_at(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Where the next value begins.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next value, or its head; what a container holds comes next.
    ///
    /// # Errors
    /// When there is none, or its announced bytes aren't there.
    pub fn head(&mut self) -> Result<Head<'a>, MsgpackError> {
        let found = prefix(self.bytes, self.at)?;
        let bytes = || self.bytes.get(found.start..found.end()).ok_or(MsgpackError::ends(self.at));
        let head = match found.kind {
            Kind::Nil => Head::Nil,
            Kind::Bool(value) => Head::Bool(value),
            Kind::Uint(value) => Head::Uint(value),
            Kind::Int(value) => Head::Int(value),
            Kind::Float32(value) => Head::Float32(value),
            Kind::Float(value) => Head::Float(value),
            Kind::Str => Head::Str(bytes()?),
            Kind::Bin => Head::Bin(bytes()?),
            Kind::Ext(kind) => Head::Ext(kind, bytes()?),
            // Each value inside takes a byte at least.
            Kind::Array(_) | Kind::Map(_)
                if found.inside() > self.bytes.len().saturating_sub(found.start) =>
            {
                return Err(MsgpackError::ends(self.at));
            }
            Kind::Array(len) => Head::Array(len),
            Kind::Map(len) => Head::Map(len),
        };
        self.at = found.end();
        Ok(head)
    }

    /// The length of an array that has to be next.
    ///
    /// # Errors
    /// When something else is.
    pub fn array(&mut self) -> Result<usize, MsgpackError> {
        match self.peek()? {
            (Head::Array(len), end) => Ok(self.to(end, len)),
            _ => Err(self.expected("an array")),
        }
    }

    /// The number of entries of a map that has to be next.
    ///
    /// # Errors
    /// When something else is.
    pub fn map(&mut self) -> Result<usize, MsgpackError> {
        match self.peek()? {
            (Head::Map(len), end) => Ok(self.to(end, len)),
            _ => Err(self.expected("a map")),
        }
    }

    /// The bytes of a text that has to be next; old clients write bytes instead, and new ones text instead of bytes.
    ///
    /// # Errors
    /// When something else is.
    pub fn text(&mut self) -> Result<&'a [u8], MsgpackError> {
        match self.peek()? {
            (Head::Str(text) | Head::Bin(text), end) => Ok(self.to(end, text)),
            _ => Err(self.expected("text")),
        }
    }

    /// Passes the next value, with all that is inside of it.
    ///
    /// # Errors
    /// When it isn't there as a whole.
    pub fn skip(&mut self) -> Result<(), MsgpackError> {
        let mut left = 1usize;
        while left > 0 {
            let inside = match self.head()? {
                Head::Array(len) => len,
                Head::Map(len) => len.saturating_mul(2),
                _ => 0,
            };
            left = left.saturating_add(inside) - 1;
        }
        Ok(())
    }

    /// The next value's head, and where the reader is behind it.
    fn peek(&self) -> Result<(Head<'a>, usize), MsgpackError> {
        let mut ahead = self.clone();
        let head = ahead.head()?;
        Ok((head, ahead.at))
    }

    fn to<T>(&mut self, end: usize, value: T) -> T {
        self.at = end;
        value
    }

    const fn expected(&self, what: &'static str) -> MsgpackError {
        MsgpackError { at: self.at, fault: Fault::Expected(what) }
    }
}
