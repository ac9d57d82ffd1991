//! Where a value ends.

use super::separator::quote;
use crate::view::View;

/// The longest value, in bytes; what is behind stays.
const MAX: usize = 1 << 20;
/// The longest array, object or element, in bytes: one that isn't closed must not take all that follows with it.
pub(super) const MAX_NESTED: usize = 8192;
/// How many closing brackets and commas are taken off a value.
const MAX_TRIMMED: usize = 16;

/// Where the quoted value that begins at `from` ends: before its closing quote, or at the end of the line without one.
///
/// In a string within a string, a quote that closes has as many backslashes as the one that opened, and one that
/// belongs to the value has more of them; a backslash at the value's end shows as a multiple of twice as many and two.
pub(super) fn quoted_end(text: &View<'_>, from: usize, backslashes: usize) -> usize {
    let quote = text.before(from);
    let period = 2 * (backslashes + 1);
    let mut run = 0;
    for (place, byte) in text.slice(from, from + MAX).iter().enumerate() {
        match byte {
            b'\\' => run += 1,
            b'\n' => return from + place,
            _ if *byte == quote && run >= backslashes && run % period == backslashes => {
                return from + place - backslashes;
            }
            _ => run = 0,
        }
    }
    (from + MAX).min(text.len())
}

/// Where the value without quotes that begins at `from` ends: at white space, a quote, the next pair, or a closing
/// bracket with nothing but punctuation behind.
pub(in super::super) fn unquoted_end(text: &View<'_>, from: usize) -> usize {
    let mut stop = from;
    let limit = (from + MAX).min(text.len());
    while stop < limit {
        match text.get(stop) {
            byte if byte.is_ascii_whitespace() || byte.is_ascii_control() => break,
            b'\\' if text.starts_with(stop, br"\u0026") => break,
            b'"' | b'\'' | b'`' | b'\\' => match quote(text, stop) {
                Some((opened, backslashes)) if opens_string(text.slice(from, stop)) => {
                    stop = quoted_end(text, opened, backslashes) + backslashes + 1;
                }
                Some(_) => break,
                None => stop += 1,
            },
            b'<' if text.get(stop + 1) == b'/' => break,
            b',' | b';' | b'&' | b'|' if next_pair(text, stop + 1) => break,
            _ => stop += 1,
        }
    }
    trimmed(text, from, stop.min(limit))
}

/// Whether a quote behind this begins a string: `Some("x")`, `b'x'`. Behind anything else it ends the string that the
/// pair is in.
fn opens_string(before: &[u8]) -> bool {
    matches!(before, [.., b'(' | b'[' | b'{' | b'='])
        || matches!(before, b"b" | b"r" | b"u" | b"f" | b"rb" | b"br")
}

/// Without punctuation at the end, and brackets that are opened elsewhere.
fn trimmed(text: &View<'_>, from: usize, to: usize) -> usize {
    let mut end = to;
    loop {
        let value = text.slice(from, end);
        let count = |byte: u8| value.iter().filter(|other| **other == byte).count();
        let trim = match value.last() {
            Some(b',' | b';') => true,
            Some(b')') => count(b')') > count(b'('),
            Some(b']') => count(b']') > count(b'['),
            Some(b'}') => count(b'}') > count(b'{'),
            _ => false,
        };
        // A limit, since each bracket is counted again.
        if !trim || to - end >= MAX_TRIMMED {
            return end;
        }
        end -= 1;
    }
}

/// Whether what begins here is no part of the value before: nothing, a quote, or the next name and its separator.
fn next_pair(text: &View<'_>, from: usize) -> bool {
    let end = text.run(from, 64, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%')
    });
    let next = text.get(end);
    match end > from {
        true => matches!(next, b'=' | b':'),
        false => {
            next.is_ascii_whitespace() || matches!(next, 0 | b'"' | b'\'' | b'\\' | b'}' | b']' | b')' | b'&')
        }
    }
}

/// Where the array or object that begins at `from` ends; at the limit if it isn't closed.
pub(super) fn balanced_end(text: &View<'_>, from: usize) -> usize {
    let (mut depth, mut in_string) = (0_usize, false);
    let mut escaped = false;
    for (place, byte) in text.slice(from, from + MAX_NESTED).iter().enumerate() {
        match byte {
            b'\\' => {
                escaped = !escaped;
                continue;
            }
            b'"' if !escaped => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return from + place + 1;
                }
            }
            b'\n' if !in_string && depth == 0 => return from + place,
            _ => {}
        }
        escaped = false;
    }
    (from + MAX_NESTED).min(text.len())
}
