//! One thing that is wrong.

use serde_saphyr::{DefaultMessageFormatter, MessageFormatter};

/// A line and a column, both from 1 on; 0 where there is none.
pub type Place = (u64, u64);

/// What is wrong, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The place.
    pub place: Place,
    /// What is wrong, and what to do about it.
    pub message: String,
}

// === impl Fault ===

impl Fault {
    /// This is wrong there.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }
}

impl From<&serde_saphyr::Error> for Fault {
    /// The reader's own words. Its display says the place and the words twice, around an excerpt; whoever shows a fault
    /// shows its place.
    fn from(error: &serde_saphyr::Error) -> Self {
        // Where a text that wasn't meant as YAML is read as such.
        const SIGNS: [&str; 5] = [
            "mapping values are not allowed",
            "unexpected character",
            "invalid trailing",
            "anchor",
            "unsupported tag",
        ];
        let place = error.location().map_or((0, 0), |at| (at.line(), at.column()));
        let mut message = DefaultMessageFormatter.format_message(error.without_snippet()).into_owned();
        if SIGNS.iter().any(|sign| message.contains(sign)) {
            message.push_str(": a text with `: ` in it, or that begins with a sign such as `!` or `%`, has to be in quotes");
        }
        Self::new(place, message)
    }
}
