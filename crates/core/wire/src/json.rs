//! A JSON validator that allocates nothing per event, never recurses, and says where and why a document is wrong.
//!
//! Why our own: an event is only checked here, never built. A recursive validator falls to a document nested 10,000
//! deep, and the fast libraries skip the digits of `\u` escapes unread. This one walks the bytes once, holds open
//! containers in a stack with a limit, and agrees with `serde_json` on every document (a property test says so). The
//! grammar is RFC 8259's.
//!
//! Whether the bytes are UTF-8 is checked elsewhere, for a whole body at once: inside of strings every byte from 0x80
//! up is accepted here, outside of them none is.

mod each;
mod member;
mod members;
mod text;
mod unescape;
pub mod write;

use thiserror::Error;

pub use each::{EachError, each};
pub use member::{Member, member};
pub use members::members;
pub use unescape::{push_text, text};

/// Why bytes are not one JSON document.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("{fault} at byte {at}")]
pub struct JsonError {
    /// Where, in bytes from the start of what was validated.
    pub at: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong at one place of a document.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Fault {
    /// The input ends inside the document.
    #[error("the JSON ends early,")]
    Ends,
    /// No value begins like this.
    #[error("expected a value")]
    Value,
    /// Members of an object begin with a name in quotes.
    #[error("expected a member's name in double quotes")]
    Name,
    /// Between a member's name and its value stands a colon.
    #[error("expected `:`")]
    Colon,
    /// After a member's value.
    #[error("expected `,` or `}}`")]
    CommaOrBrace,
    /// After an element of an array.
    #[error("expected `,` or `]`")]
    CommaOrBracket,
    /// Control characters in strings have to be escaped.
    #[error("unescaped control character 0x{0:02x} in a string")]
    Control(u8),
    /// JSON has no such escape.
    #[error("invalid escape in a string")]
    Escape,
    /// Not a number of JSON's form.
    #[error("invalid number")]
    Number,
    /// Something other than white space after the document.
    #[error("unexpected text after the end of the JSON,")]
    Trailing,
    /// More containers open at once than are allowed.
    #[error("nested more than {0} deep")]
    Depth(usize),
}

/// Walks documents. Holds the stack of open containers, so that one validator serves all events of a request.
#[derive(Debug)]
pub struct Validator {
    max_depth: usize,
    /// The closing byte of every open container.
    open: Vec<u8>,
}

impl Validator {
    /// Allows `max_depth` containers inside one another.
    #[must_use]
    pub fn new(max_depth: usize) -> Self {
        Self { max_depth, open: Vec::with_capacity(max_depth.min(128)) }
    }

    /// Checks that `bytes` are exactly one document with nothing but white space around it.
    ///
    /// # Errors
    /// The first fault and its place.
    pub fn document(&mut self, bytes: &[u8]) -> Result<(), JsonError> {
        let end = skip_space(bytes, self.value(bytes, 0)?);
        if end == bytes.len() { Ok(()) } else { Err(JsonError { at: end, fault: Fault::Trailing }) }
    }

    /// Walks one value that begins at `at`, white space before it included, and returns where it ends.
    ///
    /// # Errors
    /// The first fault and its place.
    pub fn value(&mut self, bytes: &[u8], at: usize) -> Result<usize, JsonError> {
        self.open.clear();
        let mut at = at;
        loop {
            at = skip_space(bytes, at);
            at = match bytes.get(at) {
                Some(b'"') => text::string(bytes, at + 1)?,
                Some(b'{') => match self.enter(bytes, at, b'}')? {
                    Entered::Empty(end) => end,
                    Entered::Inside(inside) => {
                        at = name(bytes, inside)?;
                        continue;
                    }
                },
                Some(b'[') => match self.enter(bytes, at, b']')? {
                    Entered::Empty(end) => end,
                    Entered::Inside(inside) => {
                        at = inside;
                        continue;
                    }
                },
                Some(b'-' | b'0'..=b'9') => text::number(bytes, at)?,
                Some(b't') => text::literal(bytes, at, b"true")?,
                Some(b'f') => text::literal(bytes, at, b"false")?,
                Some(b'n') => text::literal(bytes, at, b"null")?,
                found => return Err(fault(found, at, Fault::Value)),
            };
            match self.leave(bytes, at)? {
                Left::Document(end) => return Ok(end),
                Left::Next(next) => at = next,
            }
        }
    }

    /// Opens the container at `at`.
    fn enter(&mut self, bytes: &[u8], at: usize, close: u8) -> Result<Entered, JsonError> {
        if self.open.len() >= self.max_depth {
            return Err(JsonError { at, fault: Fault::Depth(self.max_depth) });
        }
        let inside = skip_space(bytes, at + 1);
        if bytes.get(inside) == Some(&close) {
            return Ok(Entered::Empty(inside + 1));
        }
        self.open.push(close);
        Ok(Entered::Inside(inside))
    }

    /// After a value: closes what ends here, up to the next value or the end of the document.
    fn leave(&mut self, bytes: &[u8], at: usize) -> Result<Left, JsonError> {
        let mut at = at;
        while let Some(&close) = self.open.last() {
            at = skip_space(bytes, at);
            match bytes.get(at) {
                Some(b',') if close == b'}' => {
                    return name(bytes, skip_space(bytes, at + 1)).map(Left::Next);
                }
                Some(b',') => return Ok(Left::Next(at + 1)),
                Some(byte) if *byte == close => {
                    let _closed = self.open.pop();
                    at += 1;
                }
                found if close == b'}' => return Err(fault(found, at, Fault::CommaOrBrace)),
                found => return Err(fault(found, at, Fault::CommaOrBracket)),
            }
        }
        Ok(Left::Document(at))
    }
}

enum Entered {
    Empty(usize),
    Inside(usize),
}

enum Left {
    Document(usize),
    Next(usize),
}

/// Walks a member's name and its colon; returns where the value may begin.
fn name(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    match bytes.get(at) {
        Some(b'"') => {}
        found => return Err(fault(found, at, Fault::Name)),
    }
    let colon = skip_space(bytes, text::string(bytes, at + 1)?);
    match bytes.get(colon) {
        Some(b':') => Ok(colon + 1),
        found => Err(fault(found, colon, Fault::Colon)),
    }
}

/// The first byte from `at` on that is no white space.
pub fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// What was found instead of what was expected: the end of the input is a fault of its own.
fn fault(found: Option<&u8>, at: usize, expected: Fault) -> JsonError {
    JsonError { at, fault: if found.is_some() { expected } else { Fault::Ends } }
}

#[cfg(test)]
mod tests;
