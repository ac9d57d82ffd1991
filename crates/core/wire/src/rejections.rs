//! Why single events are refused: stable names for machines, reasons for people.

use serde::Serialize;
use thiserror::Error;

use crate::ids::GivenIdError;
use crate::json::{Fault, JsonError};

/// The most rejections that are listed; the others are only counted.
pub const MAX_LISTED: usize = 100;

/// Why one event is refused. Places are bytes from the event's start.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Reason {
    /// Not JSON.
    #[error("{0}")]
    Json(JsonError),
    /// Nested too deep.
    #[error("{0}")]
    TooDeep(JsonError),
    /// JSON has to be UTF-8.
    #[error("broken UTF-8 at byte {0}: JSON has to be UTF-8; send lines of other encodings as text/plain")]
    Utf8(usize),
    /// Larger than an event may be.
    #[error("the event has {len} bytes; at most {max} are allowed")]
    TooLarge {
        /// Its size.
        len: usize,
        /// The limit, `ingest.max_event`.
        max: usize,
    },
    /// Valid JSON, but no object.
    #[error("expected a JSON object; other values have no fields to index")]
    NotAnObject,
    /// The id that it should bring along can't be had.
    #[error(transparent)]
    Id(#[from] GivenIdError),
    /// It breaks the rules of its protocol.
    #[error("{0}")]
    Malformed(String),
    /// It asks for something that is not done here.
    #[error("{0}")]
    Unsupported(String),
}

/// One refused event, as the answer shows it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Rejection {
    /// Its line or element, from 1.
    pub line: usize,
    /// The reason's stable name.
    pub error: &'static str,
    /// The reason in words.
    pub reason: String,
}

/// The refused events of a request: all counted, the first [`MAX_LISTED`] listed.
#[derive(Clone, Debug, Default)]
pub struct Rejections {
    listed: Vec<Rejection>,
    counts: [usize; Reason::NAMES.len()],
}

impl Reason {
    /// The stable names, as answers and metrics have them.
    pub const NAMES: [&'static str; 8] = [
        "invalid_json",
        "too_deep",
        "invalid_utf8",
        "too_large",
        "not_an_object",
        "invalid_id",
        "malformed",
        "unsupported",
    ];

    const fn index(&self) -> usize {
        match self {
            Self::Json(_) => 0,
            Self::TooDeep(_) => 1,
            Self::Utf8(_) => 2,
            Self::TooLarge { .. } => 3,
            Self::NotAnObject => 4,
            Self::Id(_) => 5,
            Self::Malformed(_) => 6,
            Self::Unsupported(_) => 7,
        }
    }
}

impl From<JsonError> for Reason {
    fn from(error: JsonError) -> Self {
        if matches!(error.fault, Fault::Depth(_)) { Self::TooDeep(error) } else { Self::Json(error) }
    }
}

impl Rejections {
    /// Counts one, and lists it while there is room.
    pub fn push(&mut self, line: usize, reason: Reason) {
        let index = reason.index();
        if let (Some(count), Some(name)) = (self.counts.get_mut(index), Reason::NAMES.get(index)) {
            *count += 1;
            if self.listed.len() < MAX_LISTED {
                self.listed.push(Rejection { line, error: name, reason: reason.to_string() });
            }
        }
    }

    /// How many were refused.
    #[must_use]
    pub fn count(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The first of them.
    #[must_use]
    pub fn listed(&self) -> &[Rejection] {
        &self.listed
    }

    /// How many were refused for each reason that occurred.
    pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, usize)> {
        Reason::NAMES.into_iter().zip(self.counts).filter(|(_, count)| *count > 0)
    }
}
