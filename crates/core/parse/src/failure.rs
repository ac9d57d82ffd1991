//! Why an event could not be parsed.

use thiserror::Error;

/// The longest excerpt of an event in a reason, in characters.
const SHOWN: usize = 48;

/// How much of the event is kept on both sides of the place that an excerpt is of, in bytes: what is secret shows by what stands
/// around it, and of one that is cut off nobody can tell.
const AROUND: usize = 4 << 10;

/// An event that doesn't parse: what a dead letter says about it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{format}: {reason}")]
pub struct ParseFailure {
    /// The error's stable name: `json_invalid`, `json_too_deep`, `json_too_many_values`, `unknown_format`, or
    /// `format_mismatch`.
    pub error_type: &'static str,
    /// The reason in words, without anything of the event: [`in_words`](Self::in_words) has that too.
    pub reason: String,
    /// The place in the event that it is about, if there is one.
    pub near: Option<Near>,
    /// The declared format, `regex:<name>` and `grok:<name>` in full.
    pub format: String,
}

/// A place in an event, with what stands around it: enough for secrets to be found in it before any of it is shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Near {
    /// What joins it to the reason before it; empty where it stands before the reason.
    lead: &'static str,
    text: String,
    /// Where the place is in the text: a character's boundary.
    at: usize,
}

// === impl ParseFailure ===

impl ParseFailure {
    /// The reason with an excerpt of the event, of at most 48 characters: fit for a dead letter, not for our own logs. `mask` is
    /// given the text around the place, and answers it with secrets masked, or `None` where there are none.
    #[must_use]
    pub fn in_words(&self, mask: impl FnOnce(&str) -> Option<String>) -> String {
        let mut words = self.reason.clone();
        if let Some(near) = &self.near {
            near.add_to(&mut words, mask);
        }
        words
    }
}

// === impl Near ===

impl Near {
    /// The place at byte `at` of `text`.
    pub(crate) fn new(lead: &'static str, text: &str, at: usize) -> Self {
        let at = text.floor_char_boundary(at);
        let from = text.floor_char_boundary(at.saturating_sub(AROUND));
        let to = text.floor_char_boundary(at.saturating_add(AROUND));
        Self { lead, text: text.get(from..to).unwrap_or("").to_owned(), at: at - from }
    }

    /// Adds an excerpt to the reason: masked first, and cut then; quoted, control characters escaped. `mask` is as with
    /// [`ParseFailure::in_words`].
    pub fn add_to(&self, reason: &mut String, mask: impl FnOnce(&str) -> Option<String>) {
        let (before, after) = self.text.split_at_checked(self.at).unwrap_or(("", &self.text));
        let masked = mask(&self.text);
        let rest = masked.as_deref().map_or(after, |masked| from_place(masked, before, after));
        let cut = rest.get(..rest.char_indices().nth(SHOWN).map_or(rest.len(), |(end, _)| end)).unwrap_or("");
        let more = if cut.len() < rest.len() { "..." } else { "" };
        let quoted = format!("{cut:?}{more}");
        if self.lead.is_empty() {
            reason.insert(0, ' ');
            reason.insert_str(0, &quoted);
        } else {
            reason.push_str(self.lead);
            reason.push_str(&quoted);
        }
    }
}

/// What stands in a masked text from the place on that was between `before` and `after`. Where something was masked on both
/// sides of it, or across, all from the first of that: more than asked for, but nothing that isn't masked.
fn from_place<'m>(masked: &'m str, before: &str, after: &str) -> &'m str {
    if let Some(rest) = masked.strip_prefix(before) {
        return rest;
    }
    let begin = if masked.ends_with(after) {
        masked.len() - after.len()
    } else {
        masked.bytes().zip(before.bytes()).take_while(|(masked, before)| masked == before).count()
    };
    masked.get(masked.floor_char_boundary(begin)..).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, at: usize, mask: impl FnOnce(&str) -> Option<String>) -> String {
        let mut out = String::new();
        Near::new(": ", text, at).add_to(&mut out, mask);
        out.strip_prefix(": ").unwrap().to_owned()
    }

    /// Masks every `secret-` with its digits.
    fn digits(text: &str) -> Option<String> {
        let mut parts = text.split("secret-");
        let mut masked = parts.next().unwrap_or("").to_owned();
        for part in parts {
            masked.push_str("[x]");
            masked.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
        }
        (masked != text).then_some(masked)
    }

    /// Scenario: a secret behind the place, before it, across it, on both sides, and across the end of the excerpt.
    /// Guarantees: no part of it is shown, and the excerpt still says where it was.
    #[test]
    fn what_is_secret_is_masked_before_it_is_cut() {
        let filler = "y".repeat(40);
        for (text, at, expected) in [
            ("ab secret-12 cd".to_owned(), 3, r#""[x] cd""#.to_owned()),
            ("ab secret-12 cd".to_owned(), 13, r#""cd""#.to_owned()),
            ("ab secret-12 cd".to_owned(), 11, r#""[x] cd""#.to_owned()),
            ("secret-1 ab secret-2".to_owned(), 9, r#""[x] ab [x]""#.to_owned()),
            (format!("{filler} secret-1234567890 z"), 0, format!(r#""{filler} [x] z""#)),
            (format!("{filler}123secret-1234567890 z"), 0, format!(r#""{filler}123[x] z""#)),
        ] {
            assert_eq!(shown(&text, at, digits), expected, "{text} {at}");
        }
        assert_eq!(shown("é\n\"x", 1, |_| None), r#""é\n\"x""#);
        assert_eq!(shown(&"é".repeat(10_000), 9_999, |_| None), format!("\"{}\"...", "é".repeat(48)));
        assert_eq!(shown("x", 7, |_| None), r#""""#);
    }

    proptest! {
        /// Scenario: any text, any place, anything that a masker may make of it. Guarantees: an excerpt of bounded length, which
        /// is part of what the masker made.
        #[test]
        fn only_what_was_masked_is_shown(text in "(é|a|secret-|1|\n){0,60}", at in 0usize..200, other in "(é|a|1){0,9}") {
            for masked in [digits(&text), Some(other.clone())] {
                let before = masked.clone().unwrap_or_else(|| text.clone());
                let out = shown(&text, at, |_| masked);
                let inner = out.trim_end_matches("...").trim_matches('"').replace("\\n", "\n");
                prop_assert!(before.contains(&inner) && inner.chars().count() <= SHOWN, "{} {}", before, out);
            }
        }
    }
}
