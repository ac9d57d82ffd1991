//! JSON values one after another with nothing between them but white space, if that: Fluent Bit's `json_stream`.

use thiserror::Error;

use super::Item;
use super::array::element;
use crate::json::{JsonError, Validator, skip_space};

/// The body isn't a row of JSON values. Nothing of it is taken: after a broken one nobody knows where the next begins.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("value {line} of the body: {error}")]
pub struct StreamError {
    /// The value at which it broke, from 1.
    pub line: usize,
    /// The fault, with its place in the body.
    pub error: JsonError,
}

/// Gives every value from `start` on to `each`, which may stop the walk by an error of its own. One that is nested too
/// deep comes with that fault, since it breaks nothing but itself.
///
/// # Errors
/// When `body` from `start` on is no row of JSON values; those before the fault have been given to `each`.
pub fn values<E: From<StreamError>>(
    body: &[u8],
    start: usize,
    validator: &mut Validator,
    mut each: impl FnMut(Item, Option<JsonError>) -> Result<(), E>,
) -> Result<(), E> {
    let mut from = skip_space(body, start);
    let mut line = 1;
    while from < body.len() {
        let (end, too_deep) =
            element(body, from, validator).map_err(|error| E::from(StreamError { line, error }))?;
        each(Item { line, span: from..end }, too_deep)?;
        from = skip_space(body, end);
        line += 1;
    }
    Ok(())
}
