//! Who did what to an installation: records that hold each other by their hashes, and what finds out that one was touched.
//!
//! - [`Entry`]: what is to be recorded; [`Record`]: what stands in the topic, as one JSON object
//! - [`Chain`]: makes an entry a record. Each process is a writer of its own; its records are numbered, and each holds the hash
//!   of the one before. It also holds the hash of the last record of the topic, whoever wrote that, if the writer could read
//!   it: so chains hold each other too, and a writer that is gone as a whole is missed.
//! - [`Verifier`]: takes records in the order of the topic and names each [`Fault`]
//! - [`Anchor`]: how far all chains were, to be kept elsewhere. Without it nobody can tell a topic whose end was cut off from
//!   one that never was longer.
//!
//! A hash is SHA-256 (FIPS 180-4) over a record's bytes exactly as they stand in the topic, so that there is no canonical form to
//! disagree about. No I/O, no clock, no chance: time and names are arguments.
//!
//! What this proves and what it doesn't is in `docs/security.md`: there are no signatures, so that whoever may write to the
//! topic can add records. Nobody can change, remove or move one unnoticed.

mod anchor;
mod chain;
mod entry;
mod fault;
mod hash;
mod record;
mod verify;

pub use anchor::{Anchor, Head, Known};
pub use chain::Chain;
pub use entry::{Action, Entry, State};
pub use fault::{Fault, Place};
pub use hash::{Hash, HashError};
pub use record::{MAX_RECORD, ReadError, Record};
pub use verify::{PARTITION, Verdict, Verifier};
