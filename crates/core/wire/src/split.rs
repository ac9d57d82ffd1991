//! Splits a body into events without copying: every event is a range of the body, byte for byte as it came.

mod array;
mod lines;
mod stream;

use std::ops::Range;

pub use array::{ArrayError, elements};
pub use lines::lines;
pub use stream::{StreamError, values};

/// One event's place in a body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Item {
    /// From 1: the number of the line, blank ones counted, or of the element in an array
    /// or of the value in a row. It names the event in
    /// answers and is its position under an `Idempotency-Key`.
    pub line: usize,
    /// The event's bytes, without the line's end.
    pub span: Range<usize>,
}

#[cfg(test)]
mod tests;
