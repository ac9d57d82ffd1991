//! Pairs in whatever way they are written: `user=bob, ip=10.0.0.1; reason: "no route"`.
//!
//! Between key and value stands `=`, `=>` or, in lines without either, `:`; between pairs what stands before the second key,
//! one of `,` `;` `|` `&`, or else white space. Values may be in single or double quotes, with backslashes before quotes. Where
//! the pairs are not separated by white space, bare values may have some in them. Each key becomes a member under its own name
//! and values that are plain numbers become numbers, as in logfmt. Where there is anything besides pairs, the line is the message.
//!
//! Never guessed: nearly any text has an `=` or a `:` in it. Described in no standard; this is what
//! <https://www.elastic.co/guide/en/elasticsearch/reference/current/kv-processor.html> is configured for.

use super::Reader;
use super::members::{Members, scalar};
use super::quoted::{take, unescaped};
use crate::ecs::Field;
use crate::tree::Value;

pub(crate) const READER: Reader = Reader {
    guess: None,
    read: |line, context, shape| {
        let mut members = Members::new(&mut shape.tree, context.limits);
        let mut pairs = Pairs::of(line);
        let mut count = 0_usize;
        for (key, value) in &mut pairs {
            let value = match value {
                Written::Bare(text) => scalar(text),
                Written::Quoted(text) => Value::Text(unescaped(text)),
            };
            members.add(&mut shape.tree, key, value)?;
            count += 1;
        }
        if count == 0 {
            return None;
        }
        if pairs.has_more {
            let _free = shape.set_text(Field::Message, line);
        }
        Some(members.place(shape))
    },
};

/// How a value was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Written<'a> {
    Bare(&'a str),
    /// Still escaped.
    Quoted(&'a str),
}

/// The pairs of a line.
#[derive(Clone, Copy, Debug)]
struct Pairs<'a> {
    rest: &'a str,
    /// What stands between key and value.
    assign: u8,
    /// What stands between pairs, once that is known: one of [`SEPARATORS`], or a space for any white space.
    separator: Option<u8>,
    /// Whether there is anything besides pairs.
    has_more: bool,
}

const SEPARATORS: [u8; 4] = [b',', b';', b'|', b'&'];

impl<'a> Pairs<'a> {
    fn of(line: &'a str) -> Self {
        let assign = if line.contains('=') { b'=' } else { b':' };
        Self { rest: line, assign, separator: None, has_more: false }
    }

    /// Takes a value off the front.
    fn value(&mut self, text: &'a str) -> (Written<'a>, &'a str) {
        let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'');
        let quoted = text.bytes().next().filter(is_quote).and_then(|quote| take(text, quote));
        if let Some((inner, rest)) = quoted.filter(|(_, rest)| !begins_a_word(rest)) {
            let next = rest.trim_start().bytes().next();
            let known = next.filter(|byte| SEPARATORS.contains(byte)).unwrap_or(b' ');
            let _separator = self.separator.get_or_insert(known);
            return (Written::Quoted(inner), rest);
        }
        let assign = self.assign;
        let separator = *self.separator.get_or_insert_with(|| before_next_key(text, assign));
        let end = text.bytes().position(|byte| match separator {
            b' ' => byte.is_ascii_whitespace(),
            separator => byte == separator || byte == b'\n',
        });
        let (bare, rest) = text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, ""));
        let bare = if separator == b' ' { bare.trim_end_matches([',', ';']) } else { bare.trim_end() };
        (Written::Bare(bare), rest)
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Written<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let is_between = |char: char| char.is_ascii_whitespace() || matches!(char, ',' | ';' | '|' | '&');
            let text = self.rest.trim_start_matches(is_between);
            let Some(at) = memchr::memchr(self.assign, text.as_bytes()) else {
                self.has_more |= !text.is_empty();
                self.rest = "";
                return None;
            };
            let (before, after) = text.split_at_checked(at)?;
            let (before, value) = (before.trim_end(), after.get(1..)?);
            let Some((between, key)) = key_at_end(before) else {
                (self.has_more, self.rest) = (true, value);
                continue;
            };
            self.has_more |= !between.trim_end_matches(is_between).is_empty();
            let value = if self.assign == b'=' { value.strip_prefix('>').unwrap_or(value) } else { value };
            // `a= b=1` has an empty value, `a = 1` has not.
            let is_loose = self.assign == b':' || after.len() + before.len() < text.len();
            let value = if is_loose { value.trim_start_matches([' ', '\t']) } else { value };
            let (value, rest) = self.value(value);
            self.rest = rest;
            return Some((key, value));
        }
    }
}

/// The key that a text ends with, and what stands before it.
fn key_at_end(text: &str) -> Option<(&str, &str)> {
    let is_key =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | '/' | '@' | '$');
    let (before, key) = text.split_at_checked(text.trim_end_matches(is_key).len())?;
    let is_name = key.starts_with(|char: char| char.is_ascii_alphabetic() || matches!(char, '_' | '@'));
    is_name.then_some((before, key))
}

/// What stands before the next key: one of [`SEPARATORS`], or a space.
fn before_next_key(text: &str, assign: u8) -> u8 {
    let mut rest = text;
    while let Some(at) = memchr::memchr(assign, rest.as_bytes()) {
        let (part, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        if let Some((between, _)) = key_at_end(part.trim_end()) {
            let last = between.trim_end().bytes().last();
            return last.filter(|byte| SEPARATORS.contains(byte)).unwrap_or(b' ');
        }
        rest = after.get(1..).unwrap_or("");
    }
    b' '
}

fn begins_a_word(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use super::*;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "key_value",
        auto: &[Format::Raw, Format::Logfmt],
        read: &[
            (
                r#"level=warn, user=bob smith, ip=10.0.0.1, reason="no \"route\", really", took=12, zip=007"#,
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "log": {"level": "warn"}, "user": {"name": "bob smith"}, "ip": "10.0.0.1",
                "reason": "no \"route\", really", "took": 12, "zip": "007"}"#,
            ),
            (
                "login failed: user=bob host='web 1' time=2026-11-21T08:59:58Z; next",
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "message": "login failed: user=bob host='web 1' time=2026-11-21T08:59:58Z; next",
                "user": {"name": "bob"}, "host": {"name": "web 1"}}"#,
            ),
            (
                "name: x y | state: up | load: 0.5",
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "name": "x y", "state": "up", "load": 0.5}"#,
            ),
            ("a => 1, b => 'it\\'s'", r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "a": 1, "b": "it's"}"#),
        ],
        refused: &["", " ", "hello there", "=", "08:59:58", "1=2", "=x", ": y"],
    };

    #[test]
    fn what_stands_between_is_found_out() {
        let pairs = |line| {
            let mut pairs = Pairs::of(line);
            let found: Vec<_> = pairs.by_ref().collect();
            (found, pairs.has_more)
        };
        let bare = Written::Bare;
        assert_eq!(
            pairs("a=1&b=x y&c="),
            (vec![("a", bare("1")), ("b", bare("x y")), ("c", bare(""))], false)
        );
        assert_eq!(pairs("a = 1 b = 2"), (vec![("a", bare("1")), ("b", bare("2"))], false));
        assert_eq!(
            pairs("u=http://x/?q=1 v=2,"),
            (vec![("u", bare("http://x/?q=1")), ("v", bare("2"))], false)
        );
        assert_eq!(pairs("a=\"b c=d"), (vec![("a", bare("\"b")), ("c", bare("d"))], false));
        assert_eq!(pairs("(a=1)"), (vec![("a", bare("1)"))], true));
    }
}
