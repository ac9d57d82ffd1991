//! What travels through Forebay, and what it is called: events, ids, keys, targets, dead letters.
//!
//! Pure: no I/O, no clock, no runtime. Time and randomness come in as arguments.
//!
//! - [`raw`]: the value of a record in `forebay.raw`, read and written without allocation
//! - [`key`]: the key of a record in `forebay.events`: the few facts later tiers need without parsing JSON
//! - [`dead_letter`]: the headers of a record in `forebay.dlq`
//! - [`id`], [`tenant`], [`target`], [`stream`]: the names in them and their limits
//! - [`mod@format`]: the formats that a sender may declare
//! - [`json`]: strings as JSON has them
//! - [`trace`]: the trace that an event's way is part of

pub mod dead_letter;
pub mod format;
pub mod id;
pub mod json;
pub mod key;
pub mod raw;
pub mod stream;
pub mod target;
pub mod tenant;
pub mod topic;
pub mod trace;

pub use dead_letter::{DeadLetter, ErrorDomain, Stage};
pub use key::EventKey;
pub use raw::{RawEvent, RawTemplate};
pub use tenant::Tenant;
pub use trace::TraceContext;
