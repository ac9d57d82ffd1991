//! Formats whose lines are columns in a fixed order.

use super::members::{To, put_endpoint, put_scalar, put_text};
use super::quoted::take;
use crate::ecs::Field;
use crate::shape::Shape;

/// What a column holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Column {
    /// Something that has been taken already.
    Taken,
    /// Text, `-` for nothing.
    Text(To),
    /// A number, `-` for nothing.
    Number(To),
    /// An address and its port.
    Endpoint((Field, Field, Field)),
}

/// The source's address and port.
pub(crate) const SOURCE: Column =
    Column::Endpoint((Field::SourceIp, Field::SourceAddress, Field::SourcePort));

/// Text for a field of the schema.
pub(crate) const fn text(field: Field) -> Column {
    Column::Text(To::Field(field))
}

/// Puts the values of columns where they go.
pub(crate) fn put_all<'a>(shape: &mut Shape<'a, '_>, columns: &[Column], values: &[&'a str]) {
    for (column, value) in columns.iter().zip(values) {
        match column {
            Column::Taken => {}
            Column::Text(to) => put_text(shape, *to, value),
            Column::Number(to) => put_scalar(shape, *to, value),
            Column::Endpoint(fields) => put_endpoint(shape, *fields, value),
        }
    }
}

/// Splits at spaces, outside quotes, into at most `most` values and what is left. None where a quote isn't closed.
pub(crate) fn split_words(line: &str, most: usize) -> Option<(Vec<&str>, &str)> {
    let mut words = Vec::with_capacity(most);
    let mut rest = line;
    while words.len() < most && !rest.is_empty() {
        let (word, after) = match rest.starts_with('"') {
            true => {
                let (word, after) = take(rest, b'"')?;
                (word, if after.is_empty() { "" } else { after.strip_prefix(' ')? })
            }
            false => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word);
        rest = after;
    }
    Some((words, rest))
}
