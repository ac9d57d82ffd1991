//! The bulk protocol of Elasticsearch and OpenSearch, without a network: requests out, answers in.
//!
//! - [`builder`]: documents become one body, appended to a single buffer, never re-serialised
//! - [`request`]: a finished body, and the parts of it that are sent again
//! - [`answer`]: the server's answer, item by item, typed
//! - [`outcome`]: what became of a document, and the classes that decide between retry and dead letter
//! - [`failure`]: what became of a request that got no per-item answer
//!
//! The operation is always `create` with an explicit `_id`, so that writing a document again answers 409 instead of
//! storing it twice: that answer counts as done.

pub mod answer;
pub mod builder;
pub mod failure;
pub mod outcome;
pub mod request;

pub use answer::{AnswerError, BulkAnswer, read_answer};
pub use builder::{BulkBuilder, PushError};
pub use failure::RequestFailure;
pub use outcome::{ItemError, ItemOutcome, classify};
pub use request::{BulkItem, BulkRequest};
