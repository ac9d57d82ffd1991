//! When a consumer's offset may move, and when a consumer may take more.
//!
//! Pure: no runtime, no clock, no network. The shells say what happened (records polled, outcomes, partitions taken
//! away, time passed) and get told what to do (commit up to here, wait so long, pause).
//!
//! # The rule
//! > An offset moves past a record only when that record is indexed, or is in another topic with the broker's
//! > acknowledgement, or was dropped by a rule and counted.
//!
//! # How it is kept
//! - Every batch that a consumer polls gets a [`Receipt`] from the [`OffsetTracker`], which from then on holds the
//!   offsets of its partitions at the batch's first record.
//! - A receipt is settled with a [`Tally`] that has to add up to the batch's records. A tally counts a forwarded or
//!   dead-lettered record only against a [`BrokerAck`], which is made from a broker's acknowledgement.
//! - A receipt that is dropped unsettled counts as abandoned. Its offsets stay where they are, so the records come again.
//! - A partition that is taken away ends its generation. Receipts of an ended generation settle nothing.
//!
//! # States of a batch
//! ```text
//! polled --open--> open --settle(tally adds up)--> done --committable--> committed
//!                   |  \--settle(tally short)--> open (the receipt comes back)
//!                   |--drop--> abandoned: holds the offset until the partition is assigned anew
//!                   \--partition revoked--> stale: whatever happens to it, no offset moves
//! ```

pub mod backoff;
pub mod flow;
pub mod outcome;
pub mod receipt;
pub mod tracker;

pub use backoff::Backoff;
pub use flow::{Flow, Step};
pub use outcome::{BrokerAck, Tally};
pub use receipt::{Abandoned, Receipt};
pub use tracker::{OffsetTracker, OpenError, SettleError};
