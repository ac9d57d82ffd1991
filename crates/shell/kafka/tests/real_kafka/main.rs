//! The whole crate on a real broker: what librdkafka's mock cluster can't show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod basics;
mod groups;
mod instances;
mod sizes;
mod support;
mod transactions;
