//! Component tests against librdkafka's mock cluster: a real client and real protocol, with faults on demand.
//!
//! What they don't prove: anything about a real broker's disks, replication or timing. See `real_kafka` for that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod admin_and_read;
mod intake;
mod producer;
mod strimzi;
mod support;
mod transactions;
