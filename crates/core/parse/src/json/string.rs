//! Strings of JSON: their runs of plain bytes, their ends, their escapes.

use std::borrow::Cow;

pub(crate) use forebay_record::json::plain_run;

/// The length of the string that the text begins with, quotes included; the text's own where it never ends.
pub(crate) fn string_len(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(rest) = text.get(at..) {
        at += plain_run(rest);
        match text.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => break,
        }
    }
    text.len()
}

/// The content of a JSON string with its quotes, escapes resolved.
pub(crate) fn unquote(json: &str) -> Cow<'_, str> {
    let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or("");
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        Cow::Borrowed(inner)
    } else {
        Cow::Owned(unescape(inner))
    }
}

/// Resolves the escapes of a valid JSON string's content. Half a surrogate pair becomes U+FFFD.
pub(crate) fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at(at);
        out.push_str(plain);
        let (char, len) = match escape.as_bytes().get(1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'u') => unicode(escape),
            Some(b'/') => ('/', 2),
            Some(b'"') => ('"', 2),
            _ => ('\\', 2),
        };
        out.push(char);
        rest = escape.get(len..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// The character of a `\uXXXX` escape, and how long it is, its second half included.
fn unicode(escape: &str) -> (char, usize) {
    let unit = |at: usize| {
        let hex = escape.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(hex, 16).ok()
    };
    let Some(first) = unit(0) else { return ('\u{FFFD}', 6) };
    let pair = [first, unit(6).unwrap_or(0)];
    match char::decode_utf16(pair).next() {
        Some(Ok(char)) => (char, char.len_utf16() * 6),
        _ => ('\u{FFFD}', 6),
    }
}
