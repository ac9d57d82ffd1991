//! How much a value is, written out.
//!
//! Texts are shared: an array that has the same one a thousand times takes little memory, and what is made of it takes a thousand
//! times the text. So it is this that counts, and not what a value takes where it is.

use vrl::value::Value;

/// A value in an array or an object, as it is held.
pub(super) const VALUE: u64 = size_of::<Value>() as u64;

/// An entry of an object, in nodes that may be half empty, with its name on the heap.
pub(super) const ENTRY: u64 = 160;

/// An object with anything in it: the nodes of its tree have room for eleven entries.
pub(super) const OBJECT: u64 = 11 * (VALUE + 24) + 200;

/// What a text takes besides its bytes, with the value that it is in.
pub(super) const TEXT: u64 = VALUE + 64;

/// A number, a time, or another value that isn't made of others, as text.
const SCALAR: u64 = 40;

/// A value as text: its own, and the names in it.
pub(super) fn text(value: &Value) -> u64 {
    match value {
        Value::Bytes(text) => length(text.len()) + 2,
        Value::String(text) => length(text.len()) + 2,
        Value::Regex(regex) => length(regex.as_str().len()) + 2,
        Value::Array(values) => values.iter().fold(2, |sum: u64, value| sum.saturating_add(text(value) + 2)),
        Value::Object(fields) => fields.iter().fold(2, |sum: u64, (name, value)| {
            sum.saturating_add(text(value).saturating_add(length(name.len()) + 6))
        }),
        _ => SCALAR,
    }
}

/// How many values there are, it and those in it.
pub(crate) fn count(value: &Value) -> u64 {
    match value {
        Value::Array(values) => values.iter().fold(1, |sum, value| sum + count(value)),
        Value::Object(fields) => fields.values().fold(1, |sum, value| sum + count(value)),
        _ => 1,
    }
}

/// A copy of a value: texts are shared with it, all else is made anew.
pub(super) fn copy(value: &Value) -> u64 {
    match value {
        Value::Array(values) => values.iter().fold(VALUE, |sum: u64, value| sum.saturating_add(copy(value))),
        Value::Object(fields) => fields.iter().fold(VALUE + OBJECT, |sum: u64, (name, value)| {
            sum.saturating_add(copy(value) + ENTRY + length(name.len()))
        }),
        _ => VALUE,
    }
}

/// Whether values, written out, are larger than so together.
pub(crate) fn exceeds<'v>(values: impl IntoIterator<Item = &'v Value>, most: u64) -> bool {
    values.into_iter().try_fold(most, |left, value| left_of(value, left)).is_none()
}

fn left_of(value: &Value, left: u64) -> Option<u64> {
    match value {
        Value::Bytes(text) => left.checked_sub(length(text.len())),
        Value::String(text) => left.checked_sub(length(text.len())),
        Value::Array(values) => values.iter().try_fold(left, |left, value| left_of(value, left)),
        Value::Object(fields) => fields
            .iter()
            .try_fold(left, |left, (name, value)| left_of(value, left.checked_sub(length(name.len()))?)),
        _ => Some(left),
    }
}

/// A length as a number of bytes.
pub(super) fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_texts_count_each_time() {
        let shared: Value = Value::Array(vec![Value::from("x".repeat(1000)); 1000]);
        assert!((1_000_000..1_100_000).contains(&text(&shared)), "{}", text(&shared));
        assert!(copy(&shared) < 100_000, "{}", copy(&shared));
        assert_eq!(count(&shared), 1001);
        assert!(exceeds([&shared], 999_999) && !exceeds([&shared], 1_000_000));
        let fields = [("name".to_owned(), Value::Array(vec![1.into(), "two".into()]))];
        let named: Value = fields.into_iter().collect();
        assert!(exceeds([&named], 6) && !exceeds([&named], 7));
    }
}
