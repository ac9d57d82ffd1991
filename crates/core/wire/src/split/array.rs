//! The elements of a JSON array. Each one is validated on the way, since only the validator knows where it ends.

use thiserror::Error;

use super::Item;
use crate::json::{Fault, JsonError, Validator, skip_space};

/// The body isn't one JSON array. Nothing of it is taken: after a broken element nobody knows where the next begins.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("element {line} of the array: {error}")]
pub struct ArrayError {
    /// The element at which it broke, from 1.
    pub line: usize,
    /// The fault, with its place in the body.
    pub error: JsonError,
}

/// Gives every element of the array that begins at `start` to `each`, which may stop the walk by an error of its own.
/// An element that is nested too deep comes with that fault, since it breaks nothing but itself.
///
/// # Errors
/// When `body` from `start` on is no JSON array; elements before the fault have been given to `each`.
pub fn elements<E: From<ArrayError>>(
    body: &[u8],
    start: usize,
    validator: &mut Validator,
    mut each: impl FnMut(Item, Option<JsonError>) -> Result<(), E>,
) -> Result<(), E> {
    let mut at = skip_space(body, start);
    let mut line = 1;
    let broken = |line, at, fault| E::from(ArrayError { line, error: JsonError { at, fault } });
    if body.get(at) != Some(&b'[') {
        return Err(broken(line, at, Fault::Value));
    }
    at = skip_space(body, at + 1);
    if body.get(at) == Some(&b']') {
        at += 1;
    } else {
        loop {
            let from = skip_space(body, at);
            let (end, too_deep) =
                element(body, from, validator).map_err(|error| E::from(ArrayError { line, error }))?;
            each(Item { line, span: from..end }, too_deep)?;
            at = skip_space(body, end);
            match body.get(at) {
                Some(b',') => at += 1,
                Some(b']') => break,
                Some(_) => return Err(broken(line, at, Fault::CommaOrBracket)),
                None => return Err(broken(line, at, Fault::Ends)),
            }
            line += 1;
        }
        at += 1;
    }
    let end = skip_space(body, at);
    if end < body.len() { Err(broken(line, end, Fault::Trailing)) } else { Ok(()) }
}

/// Where the element at `from` ends, and its fault if it is nested too deep.
pub(super) fn element(
    body: &[u8],
    from: usize,
    validator: &mut Validator,
) -> Result<(usize, Option<JsonError>), JsonError> {
    match validator.value(body, from) {
        Ok(end) => Ok((end, None)),
        Err(JsonError { at, fault: fault @ Fault::Depth(_) }) => {
            // One byte for each level: the body's own size is the limit.
            let end = Validator::new(usize::MAX).value(body, from)?;
            Ok((end, Some(JsonError { at: at - from, fault })))
        }
        Err(error) => Err(error),
    }
}
