//! When a consumer's offset may move, and when a consumer may take more.
//!
//! Pure: no runtime, no clock, no network. The shells say what happened (records polled, outcomes, partitions taken
//! away, time passed) and get told what to do (commit up to here, wait so long, pause).
//!
//! # The rule
//! > An offset moves past a record only when that record is indexed, or all that was made of it is in another topic with the
//! > broker's acknowledgement, or was dropped by a rule and counted.
//!
//! # How it is kept
//! - Every batch that a consumer polls gets a [`Receipt`] from the [`OffsetTracker`], which from then on holds the
//!   offsets of its partitions at the batch's first record.
//! - A receipt is settled with a [`Tally`] that has to add up to the batch's records. A tally counts a dead-lettered record
//!   only against a [`BrokerAck`], which is made from a broker's acknowledgement.
//! - What becomes of a record need not be one record: a document, several of them, a dead letter, or nothing, where a rule
//!   drops it. So [`Converted`] counts both sides, and a tally counts it only against an [`Acknowledged`], which is made of
//!   it and of broker's acknowledgements for exactly what was sent.
//! - A receipt that is dropped unsettled counts as abandoned. Its offsets stay where they are, and its partitions are read
//!   again from there.
//! - A partition that is taken away ends its generation. Receipts of an ended generation settle nothing.
//! - The bytes of a batch count as held as long as its receipt lives.
//!
//! # States of a batch
//! ```text
//! polled --open--> open --settle(tally adds up)--> done --committable--> committed
//!                   |  \--settle(tally short)--> open (the receipt comes back)
//!                   |--drop, give up--> left: holds the offset; rewind ends the generation and reads it again
//!                   \--partition revoked--> stale: whatever happens to it, no offset moves
//! ```
//! Where [transactions commit](Commits::InTransactions), a batch is settled once its transaction is committed, and its offsets
//! count as committed with that: `committable` plays no part.
//!
//! # Who uses what
//! [`Worker`] is the decisions of a poll loop, with tracker and [`Flow`] inside: the parser's lanes use it, and the indexer.
//! [`Forwarding`] keeps the batches that a lane has sent, [`Transaction`] says when they are committed as one. What the
//! indexer writes at once is decided by [`Pace`], and when an index that refuses is tried again by [`Breaker`]. [`Backoff`] is
//! every pause before another try.

pub mod ages;
pub mod backoff;
pub mod breaker;
pub mod converted;
pub mod flow;
pub mod forwarding;
pub mod outcome;
pub mod pace;
pub mod receipt;
pub mod tracker;
pub mod transaction;
pub mod worker;

pub use ages::Ages;
pub use backoff::Backoff;
pub use breaker::Breaker;
pub use converted::{Acknowledged, Converted, Outcome};
pub use flow::{Flow, Step};
pub use forwarding::{Forwarding, Handed, Progress};
pub use outcome::{BrokerAck, Tally};
pub use pace::{Pace, PaceLimits, Sent};
pub use receipt::Receipt;
pub use tracker::{Head, OffsetTracker, OpenError, SettleError};
pub use transaction::{Records, Transaction, TransactionStep};
pub use worker::{Commits, Gate, Task, Worker, WorkerLimits};
