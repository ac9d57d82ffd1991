//! The value behind a name that says secret.

use crate::detect::{Rules, bearer, pair, specific};
use crate::detector::Detector;
use crate::hit::{Hit, Label, Verdict};
use crate::names::Strength;
use crate::view::{View, looks_random};

/// The longest name to either side of the word that says secret, in bytes.
const MAX_NAME: usize = 64;
/// The name of HTTP's header, with whatever in front.
const AUTHORIZATION: &[u8] = b"authorization";
/// The name of the headers that have pairs in their value, with whatever in front.
const COOKIE: &[u8] = b"cookie";
/// How much of such a header is masked, in bytes: servers refuse longer ones.
const MAX_HEADER: usize = 16 << 10;
/// The shortest value that is masked behind a name that may be a word of a sentence.
const MIN_IN_PROSE: usize = 6;

/// `end` is behind the word that says secret.
pub(super) fn verify(text: &View<'_>, end: usize, rules: &Rules) -> Verdict {
    let first = text.run_back(end, MAX_NAME, in_name);
    // `\npassword` is a line end and a name; `\token` may be that, or a name behind a backslash.
    let start = text.skip_escape(first).min(end);
    let stop = text.run(end, MAX_NAME, in_name);
    // The name was looked at as a whole: another of its words asks the same question.
    let no = Verdict::NoneBefore(stop);
    let name = text.slice(start, stop);
    // Not the name in a marker: `[api_key:*1234]`.
    let bracketed = text.before(start) == b'[' && text.get(stop) == b':';
    if bracketed && std::str::from_utf8(name).is_ok_and(|name| rules.names.is_marker(name)) {
        return no;
    }
    let Some(separator) = pair::separator(text, &(start..stop)) else { return no };
    if ends_with(name, AUTHORIZATION) {
        return authorization(text, stop, rules);
    }
    let strength = rules.names.strength(name).max(rules.names.strength(text.slice(first, stop)));
    let strength = match strength {
        Strength::None => return no,
        // A file: `/etc/passwd: permission denied`.
        _ if text.before(start) == b'/' => Strength::Weak,
        strength => strength,
    };
    let Some(mut pair) = separator.value(text) else { return no };
    if pair.prose && ends_with(name, COOKIE) {
        // The header has many pairs.
        pair.span.end = text.run(pair.span.start, MAX_HEADER, in_line).max(pair.span.end);
    }
    let value = text.slice(pair.span.start, pair.span.end);
    // The shell's working directory.
    let directory = value.starts_with(b"/")
        && (name.eq_ignore_ascii_case(b"pwd") || name.eq_ignore_ascii_case(b"oldpwd"));
    if directory || !rules.names.is_value(value) {
        return no;
    }
    let word = value.len() < MIN_IN_PROSE || !looks_random(value);
    if strength == Strength::Weak && pair.prose && word {
        return no;
    }
    let (detector, end) = specific(text, &pair.span, rules).unwrap_or((Detector::KeyValue, pair.span.end));
    Verdict::Found(Hit { label: Label::BuiltIn(detector), span: pair.span.start..end, wrap: pair.wrap })
}

/// The header has a scheme in front of its value. With [`Detector::Bearer`] on, it is that one's business.
fn authorization(text: &View<'_>, end: usize, rules: &Rules) -> Verdict {
    if rules.is_on(Detector::Bearer) {
        return Verdict::No;
    }
    match bearer::verify_header(text, end) {
        Verdict::Found(hit) => Verdict::Found(Hit { label: Label::BuiltIn(Detector::KeyValue), ..hit }),
        no => no,
    }
}

/// Whether a name ends in this word, in capital letters or not.
fn ends_with(name: &[u8], word: &[u8]) -> bool {
    name.len()
        .checked_sub(word.len())
        .and_then(|at| name.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(word))
}

/// To the end of the line, or of the string that has it.
fn in_line(byte: u8) -> bool {
    !matches!(byte, b'\r' | b'\n' | b'\\' | b'"' | b'\'')
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}
