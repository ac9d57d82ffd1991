//! Members that a reader finds by name, `key=value` for the most part, while they are gathered.
//!
//! They hang on a node of their own until the whole line has been read, so that a line that turns out to be something
//! else leaves nothing behind.

use std::borrow::Cow;

use crate::ecs::Field;
use crate::json::{Limits, plain_run};
use crate::line::set_address;
use crate::shape::{EventTime, Shape};
use crate::tree::{Key, NodeId, Tree, Value};

/// The members found so far.
#[derive(Debug)]
pub(crate) struct Members {
    node: NodeId,
    left: usize,
}

// === impl Members ===

impl Members {
    /// None yet, and at most as many as an event may have.
    pub(crate) fn new(tree: &mut Tree<'_>, limits: Limits) -> Self {
        let node = tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
        Self { node, left: limits.nodes }
    }

    /// Adds a member. None when there are too many: then the line is none that is taken apart.
    pub(crate) fn add<'a>(&mut self, tree: &mut Tree<'a>, key: &'a str, value: Value<'a>) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        let _id = tree.add(self.node, key_of(key), value);
        Some(())
    }

    /// Places them all, and gives the time that is among them.
    pub(crate) fn place<'a>(self, shape: &mut Shape<'a, '_>) -> EventTime<'a> {
        shape.place_members(self.node)
    }

    /// Places them all in an event whose time the format has a place of its own for; a time among them is kept aside.
    pub(crate) fn place_at<'a>(
        self,
        shape: &mut Shape<'a, '_>,
        stamp: Option<(i64, &'a str)>,
    ) -> EventTime<'a> {
        let among = self.place(shape);
        if stamp.is_none() {
            return among;
        }
        if let EventTime::At(_, original) | EventTime::Unreadable(original) = among {
            shape.unmapped("timestamp", original);
        }
        EventTime::of(stamp)
    }
}

/// Where a part of a format goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum To {
    /// To a field of the schema, if it is free and takes the value.
    Field(Field),
    /// To a member with this name, dots for objects.
    Name(&'static str),
}

/// Puts a value where it goes, in an event that is recognised for sure.
pub(crate) fn put<'a>(shape: &mut Shape<'a, '_>, to: To, value: Value<'a>) {
    match to {
        To::Field(field) => {
            let id = shape.tree.push(Key::Clean(""), value);
            shape.place_field(field, id);
        }
        To::Name(name) => shape.place_named(name, value),
    }
}

/// Puts text where it goes, unless it is what stands for nothing.
pub(crate) fn put_text<'a>(shape: &mut Shape<'a, '_>, to: To, text: &'a str) {
    if !matches!(text, "" | "-") {
        put(shape, to, Value::Text(Cow::Borrowed(text)));
    }
}

/// Puts what may be a number where it goes, unless it is what stands for nothing.
pub(crate) fn put_scalar<'a>(shape: &mut Shape<'a, '_>, to: To, text: &'a str) {
    if !matches!(text, "" | "-") {
        put(shape, to, scalar(text));
    }
}

/// Puts `address:port` where they go: an address that is no IP goes to `name`, a port may be missing.
pub(crate) fn put_endpoint<'a>(
    shape: &mut Shape<'a, '_>,
    (ip, name, port): (Field, Field, Field),
    text: &'a str,
) {
    if matches!(text, "" | "-") {
        return;
    }
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Of an IPv6 address without brackets, the last group is the port.
    let (address, number) = match text.rsplit_once(':') {
        Some((address, port)) if is_port(port) || matches!(port, "" | "-") => (address, port),
        _ => (text, ""),
    };
    let address = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
    set_address(shape, ip, name, address);
    put_text(shape, To::Field(port), number);
}

/// A name, which hardly ever needs an escape.
pub(crate) fn key_of(name: &str) -> Key<'_> {
    if plain_run(name.as_bytes()) == name.len() { Key::Clean(name) } else { Key::Owned(name.to_owned()) }
}

/// A value that has no type: a number where it is written as a plain integer or decimal (`-12`, `0.25`), else text.
///
/// What has leading zeros, a plus, an exponent or more digits than a 64-bit integer is likelier a code or an id.
pub(crate) fn scalar(text: &str) -> Value<'_> {
    let text_or = if is_plain_number(text) { Value::Json } else { Value::Text };
    text_or(Cow::Borrowed(text))
}

fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    // Most values are words.
    if !matches!(digits.as_bytes().first(), Some(b'0'..=b'9')) || digits.len() > 19 || text == "-0" {
        return false;
    }
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_zeros = whole.len() > 1 && whole.starts_with('0');
    all_digits(whole) && !has_zeros && whole.len() <= 18 && fraction.is_none_or(all_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_numbers_are_numbers() {
        for number in ["0", "7", "-12", "0.25", "123456789012345678", "-0.5", "10.0"] {
            assert!(matches!(scalar(number), Value::Json(_)), "{number}");
        }
        for text in [
            "",
            "-",
            "-0",
            "00",
            "01",
            "+1",
            "1e3",
            "0x1f",
            "1.",
            ".5",
            "1.2.3",
            "1 ",
            "1_000",
            "1234567890123456789",
            "١",
            "NaN",
            "true",
        ] {
            assert!(matches!(scalar(text), Value::Text(_)), "{text}");
        }
    }
}
