//! What reasons have in common: their wording, without the values that differ from event to event.
//!
//! A hundred thousand letters have as many reasons, since search servers and parsers quote the event. What stands in
//! quotes and what is a number says nothing about the kind of failure; names in brackets, such as fields and types, do.

use forebay_record::DeadLetter;

/// The longest wording, in characters.
const MAX: usize = 160;

/// What kind of failure a letter tells of: its error type, and the wording of its reason.
#[must_use]
pub fn kind(letter: &DeadLetter) -> String {
    format!("{}: {}", letter.error_type, wording(&letter.reason))
}

/// The wording of a reason: quoted text becomes `'*'`, numbers and ids become `*`, the rest stays.
#[must_use]
pub fn wording(reason: &str) -> String {
    let mut out = String::new();
    let mut rest = reason;
    let mut length = 0;
    while let Some(first) = rest.chars().next() {
        if length >= MAX {
            out.push('…');
            break;
        }
        let (piece, taken) = match first {
            '\'' | '"' | '`' => quoted(rest, first),
            c if c.is_ascii_alphanumeric() => word(rest),
            c if c.is_control() => (" ".to_owned(), c.len_utf8()),
            c => (c.to_string(), c.len_utf8()),
        };
        length += piece.chars().count();
        out.push_str(&piece);
        rest = rest.get(taken..).unwrap_or("");
    }
    out
}

/// What is quoted, up to the same quote; a quote without an end is a character like others.
fn quoted(text: &str, quote: char) -> (String, usize) {
    let inner = text.get(quote.len_utf8()..).unwrap_or("");
    // Such as `field's`: an apostrophe in a word ends no quote.
    let ends = |at: usize| inner.get(at + 1..).and_then(|after| after.chars().next());
    let end = inner.match_indices(quote).find(|(at, _)| ends(*at).is_none_or(|c| !c.is_alphanumeric()));
    match end {
        Some((at, _)) => (format!("{quote}*{quote}"), at + 2),
        None => (quote.to_string(), quote.len_utf8()),
    }
}

/// A word: as it is when it has no digits, `*` otherwise. An apostrophe belongs to the word that it stands in.
fn word(text: &str) -> (String, usize) {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '\'');
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    let word = text.get(..end).unwrap_or(text).trim_end_matches('\'');
    let shown = if word.chars().any(|c| c.is_ascii_digit()) { "*" } else { word };
    (shown.to_owned(), word.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_differs_from_event_to_event_goes() {
        for (reason, expected) in [
            (
                "[1:45] failed to parse field [status] of type [long] in document with id 'e-17'. Preview of field's \
                 value: 'it's bad'",
                "[*:*] failed to parse field [status] of type [long] in document with id '*'. Preview of field's \
                 value: '*'",
            ),
            ("not in the format combined: \"no access log 7\"...", "not in the format combined: \"*\"..."),
            (
                "the document has 9000000 bytes; a record may have 8388608",
                "the document has * bytes; a record may have *",
            ),
            ("unterminated 'quote", "unterminated 'quote"),
            ("line\nbreak", "line break"),
            ("", ""),
        ] {
            assert_eq!(wording(reason), expected);
        }
        assert!(wording(&"long ".repeat(100)).ends_with('…'));
    }

    proptest! {
        /// Scenario: any text. Guarantees: an answer of bounded length, no panic; two ids give one wording.
        #[test]
        fn survives_anything(text in ".{0,400}", id in "[a-z]{0,3}[0-9]{1,9}", other in "[a-z]{0,3}[0-9]{1,9}") {
            prop_assert!(wording(&text).chars().count() <= 400 + MAX);
            prop_assert_eq!(wording(&format!("event {id} failed")), wording(&format!("event {other} failed")));
        }
    }
}
