//! Why an event could not be parsed.

use thiserror::Error;

/// The longest excerpt of an event in a reason, in characters.
const EXCERPT: usize = 48;

/// An event that doesn't parse: what a dead letter says about it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{format}: {reason}")]
pub struct ParseFailure {
    /// The error's stable name: `json_invalid`, `json_too_deep`, `json_too_many_values`, `unknown_format`, or
    /// `format_mismatch`.
    pub error_type: &'static str,
    /// The reason in words, with an excerpt of at most 48 characters. It holds content of the event: fit for a dead
    /// letter, not for our own logs.
    pub reason: String,
    /// The declared format, `regex:<name>` and `grok:<name>` in full.
    pub format: String,
}

/// The beginning of `text` from byte `at` on, quoted, control characters escaped, bounded.
pub(crate) fn excerpt(text: &str, at: usize) -> String {
    let mut from = at.min(text.len());
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let rest = text.get(from..).unwrap_or("");
    let cut: String = rest.chars().take(EXCERPT).collect();
    let more = if cut.len() < rest.len() { "..." } else { "" };
    format!("{cut:?}{more}")
}
