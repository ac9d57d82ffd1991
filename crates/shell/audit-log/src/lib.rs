//! The audit topic: records written, and read.
//!
//! - [`Writer`]: for commands. Waits until all in-sync replicas have the record, so that nothing is done that isn't recorded.
//! - [`Background`] and its [`Auditor`]s: for services. Never waits; writes in order, keeps a bounded number while Kafka is
//!   away, and counts and records what did not fit.
//! - [`read`] and [`verify`]: the topic, from its beginning to the end that it has now
//! - [`actor`]: who runs this process
//!
//! What records hold, and how they hold each other, is in `forebay_audit`.

pub mod actor;
mod background;
mod outlet;
mod topic;
mod writer;

pub use background::{Auditor, Background};
pub use topic::{read, verify};
pub use writer::Writer;
