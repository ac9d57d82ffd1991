//! Finds one top-level member of an object: the one that holds an event's id.

use std::borrow::Cow;

use super::{JsonError, Validator, name, skip_space};

/// A member's value, as far as it can be an id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Member<'a> {
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// A number, as it is written.
    Number(&'a str),
    /// Any other kind of value.
    Other,
    /// The object has no such member.
    Missing,
}

/// Looks for the first top-level member called `wanted` in a valid object.
///
/// # Errors
/// Only when `object` is not a valid object after all.
pub fn member<'a>(
    validator: &mut Validator,
    object: &'a [u8],
    wanted: &str,
) -> Result<Member<'a>, JsonError> {
    let mut at = skip_space(object, 0) + 1;
    loop {
        let start = skip_space(object, at);
        if object.get(start) == Some(&b'}') {
            return Ok(Member::Missing);
        }
        let value = skip_space(object, name(object, start)?);
        let end = validator.value(object, value)?;
        if is_named(object.get(start..value).unwrap_or_default(), wanted) {
            return Ok(read(object.get(value..end).unwrap_or_default()));
        }
        at = skip_space(object, end);
        match object.get(at) {
            Some(b',') => at += 1,
            _ => return Ok(Member::Missing),
        }
    }
}

/// Whether `head`, a name in quotes with its colon, is `wanted`.
fn is_named(head: &[u8], wanted: &str) -> bool {
    let Some(quoted) = head.iter().rposition(|byte| *byte == b'"').and_then(|end| head.get(..=end)) else {
        return false;
    };
    let plain = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    if plain.contains(&b'\\') {
        text(quoted).is_some_and(|name| name == wanted)
    } else {
        plain == wanted.as_bytes()
    }
}

fn read(value: &[u8]) -> Member<'_> {
    match value.first() {
        Some(b'"') => text(value).map_or(Member::Other, Member::Text),
        Some(b'-' | b'0'..=b'9') => std::str::from_utf8(value).map_or(Member::Other, Member::Number),
        _ => Member::Other,
    }
}

/// Unescapes a string in quotes; `None` for what is no text, such as half a surrogate pair.
fn text(quoted: &[u8]) -> Option<Cow<'_, str>> {
    let plain = quoted.get(1..quoted.len().checked_sub(1)?)?;
    if plain.contains(&b'\\') {
        serde_json::from_slice::<String>(quoted).ok().map(Cow::Owned)
    } else {
        std::str::from_utf8(plain).ok().map(Cow::Borrowed)
    }
}
