//! Dead letters: found, looked at, counted, and sent through the pipeline again.
//!
//! ```text
//! forebay.dlq ──► filter ──► open? ──► one of each event ──► decide ──► forebay.raw | forebay.events
//!                              ▲                                │ └───► forebay.parked (replayed too often)
//!                              └──── forebay.dlq.state ◄────────┘ marks, in the same transaction
//! ```
//! What is pure: which letters are meant ([`filter`]), which of them are open ([`marks`]), which of several stands for an
//! event ([`siblings`]), what becomes of it ([`mod@decide`], [`rules`]), how fast ([`pace`]), and what is counted
//! ([`stats`], [`wording`]). What reads and writes Kafka: [`scan`], [`state`], [`work`].
//!
//! What holds:
//! - **A letter is dealt with once.** Records and marks are one transaction, so that a kill at any moment leaves a letter
//!   either open and unsent, or closed and sent. Running the same command again goes on where it was broken off. On a broker
//!   without transactions (`forebay dev`) the batch that was under way is sent again, which the events' ids make harmless.
//! - **An event is sent once for each of its failures.** Of several open letters of one event, one stands for it.
//! - **A letter that is closed is still there**, until retention ends or `purge` removes the beginning of its partition:
//!   Kafka can't delete a single record.
//! - **Memory** is eight bytes for each letter in the topic while a job runs, half a byte for each that is closed, and a few
//!   hundred bytes for each that shares its event with another.

pub mod arguments;
pub mod audit;
mod audited;
pub mod decide;
pub mod edits;
pub mod filter;
pub mod forecast;
pub mod job;
pub mod marks;
mod outlet;
pub mod pace;
pub mod place;
mod prune;
pub mod rules;
pub mod scan;
pub mod siblings;
pub mod state;
pub mod stats;
pub mod view;
pub mod wording;
pub mod work;

use thiserror::Error;

pub use audit::AuditLine;
pub use decide::{DEFAULT_MAX_REPLAYS, Destination};
pub use edits::{Edited, Edits};
pub use filter::{Filter, Like, Pattern, PatternError, Source, SourceError};
pub use forecast::{ClusterForecast, Forecast};
pub use job::{Delivery, Job, Progress, Report, Task};
pub use marks::{Mark, Marks};
pub use place::{LetterTopic, Place};
pub use scan::{Entry, Letters, Selector, find};
pub use state::State;
pub use stats::{By, Stats};
pub use view::{LetterView, OriginalView};
pub use work::run;

/// What can go wrong with dead letters as a whole. A single damaged one is skipped and counted instead.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum DeadLettersError {
    /// Kafka can't be read or written.
    #[error(transparent)]
    Kafka(#[from] forebay_kafka::KafkaError),
    /// No letter has this id or stands at this place.
    #[error("there is no dead letter {0}")]
    NotFound(Selector),
    /// The state topic can't be understood. Going on could send events twice.
    #[error("record {place} of topic `{topic}`, which says what became of dead letters: {reason}")]
    State {
        /// The topic.
        topic: String,
        /// The record.
        place: Place,
        /// What is wrong with it.
        reason: marks::wire::WireError,
    },
    /// Another run has fenced this one, or the client has failed for good. What it has not committed was not sent.
    #[error("this run can't go on: {0}")]
    TakenOver(String),
    /// Records were sent, and the marks that close their letters were not.
    #[error("what was sent could not be marked, and would be sent again: {0}")]
    Unmarked(Box<Self>),
    /// The parser can't be set up with the settings.
    #[error("the parser's settings: {0}")]
    Rules(String),
    /// What is to be done can't be recorded, so that nothing was done.
    #[error("the audit topic can't be written, so that nothing was done: {0}")]
    Audit(forebay_kafka::KafkaError),
    /// The work was broken off inside: a bug.
    #[error("the work on dead letters was broken off: {0}")]
    Broken(String),
}
