//! The server's answer to a bulk request, item by item.
//!
//! Read once, typed, never searched for words: `"errors": false` alone proves nothing about the number of items, and a
//! document's own text may well hold the word. An answer whose items are not as many as were sent is an error, since
//! nobody could say whose they are.

use thiserror::Error;

use crate::outcome::{Class, ItemError, ItemOutcome, classify};

mod wire;

/// The longest answer that is read, in bytes. Filtered, an item takes 30 bytes, and an error some hundreds.
pub const MAX_ANSWER: usize = 256 << 20;

/// What became of every item of a request.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BulkAnswer {
    /// One outcome an item, in the request's order.
    pub outcomes: Vec<ItemOutcome>,
}

/// An answer that says nothing certain.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum AnswerError {
    /// Not JSON, or not a bulk answer's.
    #[error("not a bulk answer: {0}")]
    Malformed(String),
    /// Not one outcome an item.
    #[error("{found} items were answered, {expected} were sent")]
    Count {
        /// How many were sent.
        expected: usize,
        /// How many were answered; counting stops at one too many.
        found: usize,
    },
    /// Longer than [`MAX_ANSWER`].
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
}

/// Reads the answer to a request of `expected` items.
///
/// # Errors
/// When it can't be read, or is not about as many items.
pub fn read_answer(body: &[u8], expected: usize) -> Result<BulkAnswer, AnswerError> {
    if body.len() > MAX_ANSWER {
        return Err(AnswerError::TooLong);
    }
    let outcomes = wire::read(body, expected)?;
    if outcomes.len() != expected {
        return Err(AnswerError::Count { expected, found: outcomes.len() });
    }
    Ok(BulkAnswer { outcomes })
}

/// The type and the reason of an error answer; for a body that is none of the server's, its beginning as the reason.
#[must_use]
pub fn read_error(body: &[u8]) -> (String, String) {
    wire::read_error(body)
}

fn outcome(status: u16, failure_store: &str, error: Option<(String, String)>) -> ItemOutcome {
    let is_nameless = error.as_ref().is_some_and(|(error_type, _)| error_type.is_empty());
    let (error_type, reason) = error.unwrap_or_default();
    match classify(status, &error_type, &reason) {
        // What comes with an error is not done, whatever the status says. One that has no name is no known one.
        Class::Indexed | Class::Duplicate if is_nameless => {
            ItemOutcome::Refused(Box::new(ItemError { status, error_type, reason }))
        }
        Class::Indexed if failure_store == "used" => ItemOutcome::FailureStored,
        Class::Indexed => ItemOutcome::Indexed,
        Class::Duplicate => ItemOutcome::Duplicate,
        Class::Retry => ItemOutcome::Retry(Box::new(ItemError { status, error_type, reason })),
        Class::Refused => ItemOutcome::Refused(Box::new(ItemError { status, error_type, reason })),
    }
}

#[cfg(test)]
mod tests;
