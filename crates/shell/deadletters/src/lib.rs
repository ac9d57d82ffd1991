//! Dead letters: found, looked at, and sent through the pipeline again.
//!
//! ```text
//! forebay.dlq ──scan──► filter ──latest of each event──► decide ──► forebay.raw | forebay.events
//!                                                             └───► forebay.parked (replayed too often)
//! ```
//! What is matched and what a replay does with it is pure ([`filter`], [`mod@decide`], [`latest`]); [`scan`] and
//! [`mod@replay`] read and write Kafka.
//!
//! A replayed letter stays in the topic until its retention ends, since Kafka can't delete one record. Replaying it again
//! is harmless: the event keeps its id, so that an event which was indexed meanwhile is met and counted as a duplicate.
//! Of several letters about one event only the latest is replayed.

pub mod decide;
pub mod filter;
pub mod latest;
pub mod replay;
pub mod scan;
pub mod view;

use thiserror::Error;

pub use decide::{DEFAULT_MAX_REPLAYS, ReplayDecision, decide};
pub use filter::{Filter, Pattern, PatternError};
pub use replay::{Progress, ReplayOptions, Report, replay};
pub use scan::{Entry, Letters, Selector, find};
pub use view::{LetterView, OriginalView};

/// What can go wrong with dead letters as a whole. A single damaged one is skipped and counted instead.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum DeadLettersError {
    /// Kafka can't be read or written.
    #[error(transparent)]
    Kafka(#[from] forebay_kafka::KafkaError),
    /// No letter has this id or stands at this place.
    #[error("there is no dead letter {0}")]
    NotFound(Selector),
    /// The work was broken off inside: a bug.
    #[error("the work on dead letters was broken off: {0}")]
    Broken(String),
}
