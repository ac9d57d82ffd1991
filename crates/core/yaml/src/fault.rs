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
        let place = error.location().map_or((0, 0), |at| (at.line(), at.column()));
        Self::new(place, DefaultMessageFormatter.format_message(error.without_snippet()))
    }
}
