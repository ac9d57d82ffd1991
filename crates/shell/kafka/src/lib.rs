//! Kafka, as Forebay uses it: the only crate that sees librdkafka.
//!
//! - [`Intake`]: one member of a consumer group, owned by one thread; polls whole batches of one topic
//! - [`Producer`] and [`Acks`]: sends without waiting; one counter tells when a whole batch has been acknowledged
//! - [`TransactionalProducer`]: the same, where records and the offsets that they came from count together or not at all
//! - [`Admin`]: topics, offsets and lag
//! - [`TopicReader`]: reads a topic from start to end without a group
//! - [`dead_letter`]: writes and reads the dead-letter envelope
//!
//! What holds everywhere: an offset is committed only when the caller says so; a record counts as delivered only when
//! all in-sync replicas have it (`acks=all`, idempotent); a broker that is away is waited for and spoken of, it ends
//! nothing. No type of librdkafka appears here, so that it can be replaced.

pub mod admin;
mod client;
pub mod consumer;
pub mod dead_letter;
pub mod error;
pub mod producer;
mod properties;
pub mod read;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transaction;

pub use admin::Admin;
pub use consumer::{
    Assignment, CommitMode, Intake, IntakeOptions, Member, PollLimits, Protocol, Record, RecordBatch,
};
pub use error::KafkaError;
pub use producer::{AckReport, Acks, Outgoing, Producer, ProducerOptions, SendError};
pub use read::{ReadFrom, StoredRecord, TopicReader};
pub use transaction::{TransactionError, TransactionOptions, TransactionalProducer};

/// The largest record, in bytes: value, key and headers together. Topics made by `forebay bootstrap` take as much.
pub const MAX_RECORD_BYTES: usize = 8 * 1024 * 1024;
