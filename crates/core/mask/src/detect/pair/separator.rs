//! What stands between a name and its value.

use std::ops::Range;

use crate::view::View;

/// The most blanks in a row.
const MAX_BLANKS: usize = 32;
/// The member or attribute that has the value, where the name is a value too.
const VALUE: &[u8] = b"value";

/// What stands between name and value.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Separator {
    /// Where the value begins, or its quote.
    pub(super) end: usize,
    /// The backslashes of the quote behind the name, if there is one.
    pub(super) quoted_name: Option<usize>,
    /// Whether blanks in front of the value were skipped, or may be.
    pub(super) blanks: bool,
    /// Whether it is a colon, or nothing but blanks.
    pub(super) colon: bool,
    /// Whether the value is the text of an element: `<name>value</name>`.
    pub(super) element: bool,
}

/// What follows the name at `name`; none where that is no separator.
pub(in super::super) fn separator(text: &View<'_>, name: &Range<usize>) -> Option<Separator> {
    let mut at = name.end;
    if text.get(at) == b']' && (indexed(text, name) || text.starts_with(skip_blanks(text, at + 1), b"=>")) {
        at += 1;
    } else if text.starts_with_any_case(at, b"%5D") || text.starts_with(at, b"%22") {
        at += 3;
    }
    let quote = quote(text, at);
    let quoted_name = quote.map(|(_, backslashes)| backslashes);
    at = quote.map_or(at, |(end, _)| end);
    let sign = skip_blanks(text, at);
    let found = |end, blanks, colon| Separator { end, quoted_name, blanks, colon, element: false };
    let separator = match (text.get(sign), text.get(sign + 1)) {
        (b'=', b'=' | b'~') | (b':', b':') => return None,
        (b':', b'/') if text.get(sign + 2) == b'/' => return None,
        (b'=', b'>') | (b':', b'=') => found(sign + 2, true, false),
        (b'=', _) => found(sign + 1, sign > at, false),
        (b':', _) => found(sign + 1, true, true),
        (b'%', b'3') if matches!(text.get(sign + 2), b'D' | b'd' | b'A' | b'a') => {
            found(sign + 3, false, false)
        }
        // As JSON encoders write it that fear HTML.
        (b'\\', b'u') if text.starts_with_any_case(sign, br"\u003d") => found(sign + 6, false, false),
        (b',', _) => found(list(text, name, sign, quoted_name?)?, true, true),
        (b'v' | b'V', _) if sign > at && quoted_name.is_some() => found(attribute(text, sign)?, false, false),
        (b'>', _) if sign == name.end && text.before(name.start) == b'<' => {
            Separator { element: true, ..found(sign + 1, false, false) }
        }
        // SQL: `ALTER USER x PASSWORD 'x'`.
        (b'\'', _) if sign > at && ends_with_password(text, name) => found(sign, false, false),
        (next, _) if sign > at && quote.is_none() && is_option(text, name) && next != b'-' => {
            found(sign, true, true)
        }
        _ => return None,
    };
    let end = if separator.blanks { skip_blanks(text, separator.end) } else { separator.end };
    Some(Separator { end, ..separator })
}

/// The quote at `at`, with the backslashes before it: where it ends, and how many there are.
pub(super) fn quote(text: &View<'_>, at: usize) -> Option<(usize, usize)> {
    let sign = text.run(at, 15, |byte| byte == b'\\');
    matches!(text.get(sign), b'"' | b'\'' | b'`').then_some((sign + 1, sign - at))
}

/// The value behind a comma: that of the next element for an option in a list (`"--password","x"`), that of the member
/// `value` where the name was a value itself (`"name":"DB_PASSWORD","value":"x"`, as Kubernetes and others write it).
fn list(text: &View<'_>, name: &Range<usize>, comma: usize, backslashes: usize) -> Option<usize> {
    let next = skip_blanks(text, comma + 1);
    let (opened, again) = quote(text, next)?;
    if again != backslashes {
        return None;
    }
    if is_option(text, name) {
        return Some(next);
    }
    let (closed, again) = quote(text, opened + VALUE.len())?;
    let colon = skip_blanks(text, closed);
    let member = text.starts_with_any_case(opened, VALUE) && again == backslashes && text.get(colon) == b':';
    member.then_some(colon + 1)
}

/// The value of the attribute `value` in `name="password" value="x"`.
fn attribute(text: &View<'_>, at: usize) -> Option<usize> {
    let sign = at + VALUE.len();
    (text.starts_with_any_case(at, VALUE) && text.get(sign) == b'=').then_some(sign + 1)
}

/// Whether the name is an index, as in `user[password]=x`.
fn indexed(text: &View<'_>, name: &Range<usize>) -> bool {
    text.before(name.start) == b'[' && text.before(name.start.saturating_sub(1)).is_ascii_alphanumeric()
}

fn is_option(text: &View<'_>, name: &Range<usize>) -> bool {
    text.starts_with(name.start, b"--")
}

fn ends_with_password(text: &View<'_>, name: &Range<usize>) -> bool {
    let word: &[u8] = b"password";
    text.slice(name.end.saturating_sub(word.len()).max(name.start), name.end).eq_ignore_ascii_case(word)
}

fn skip_blanks(text: &View<'_>, at: usize) -> usize {
    text.run(at, MAX_BLANKS, |byte| matches!(byte, b' ' | b'\t'))
}
