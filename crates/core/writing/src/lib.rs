//! What becomes of documents on their way into the store: all decisions of the indexer, without I/O or clock.
//!
//! [`Writing`] is a state machine. A shell gives it loads ([`Draft`]s with their receipts), asks it what to do next, carries
//! that out, and tells it what came of it. The production shell and the simulation drive the same machine.
//!
//! ```text
//!            take                      next: Send                answered
//! Draft ───────────► parts, in order ─────────────► under way ─────────────► settled ──► Finished: the receipt, a tally
//!                       ▲        │                      │ │
//!                       │        │ its target is shut   │ └ refused for good ──► next: Letters ──► letters_sent ─┘
//!    after a pause,     │        ▼                      │                                 ▲
//!    in halves, smaller ├───── held, by target ◄────────┤ refused for now                 │
//!                       └───────────────┼───────────────┘                                 │
//!                                       └── refused for too long, while others are not ───┘
//! ```
//!
//! # What it guarantees
//! - Every record of a load leaves it exactly once: indexed, found to be there already, or in the dead-letter topic with
//!   the broker's acknowledgement. Only then the load's receipt comes out, with a tally that adds up.
//! - At most `pace.requests()` requests are under way, none above `pace.bytes()` unless it is a single document; both follow
//!   what the cluster takes ([`forebay_delivery::pace`]).
//! - A server's refusal of a whole request says nothing about its documents: all wait, and nothing is dead-lettered for it.
//!   Where the request itself is at fault (413, 400), halving finds the one document that is.
//! - A target that refuses again and again while others take documents is *shut*: its documents are set aside, in memory of
//!   their own, and a few of them probe it ([`forebay_delivery::breaker`]). Everything else goes on.
//! - A target of whose last thousand documents too large a part would be dead letters is shut too, before any letter of the
//!   answer that says so is written: then a template is broken rather than a document.
//! - What is set aside takes at most half of the memory while other targets are written. When that is full, nothing more is
//!   taken ([`Writing::gate`]), until the target has been shut for `divert_after`; then its documents become dead letters
//!   that say so ([`TARGET_UNAVAILABLE`]). Only while other targets take documents: a cluster that takes none costs time,
//!   and nothing else.
//! - The same goes for documents that alone are refused for now, as by a shard that is away, unless it is for 429.
//! - What it holds is counted: each load's receipt carries the bytes of its records and requests, copies included.
//!
//! # What it doesn't
//! It keeps nothing beyond its own life. What isn't finished is read again from Kafka.

mod batch;
mod draft;
mod event;
mod load;
mod options;
mod part;
mod recent;
mod target;
mod traced;
mod window;
mod writing;

pub use batch::Batch;
pub use draft::{Draft, INVALID_RECORD, INVALID_TARGET};
pub use event::{Event, Shut, TargetStatus, Way};
pub use load::{Confirmed, Finished, Letters, TenantTally};
pub use options::Options;
pub use part::Sending;
pub use writing::{Next, TARGET_UNAVAILABLE, TOO_LARGE, Writing, failure_name};
