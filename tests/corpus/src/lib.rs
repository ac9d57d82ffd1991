//! What fuzz targets do with their bytes, as plain functions, and the inputs that were found so far.
//!
//! A fuzz target (`fuzz/fuzz_targets`) is one line that calls a [`Target`]'s check; the ordinary tests run the same checks on
//! the seeds (`fuzz/seeds`) and on a small set of inputs (`inputs`) that together reach all that the search has reached. So what
//! a search of hours has found is looked at again by every `cargo test`, with a stable compiler and without libFuzzer.
//!
//! A check panics when its input breaks a promise: that is what libFuzzer and tests understand.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a check has no other way to say that a promise is broken"
)]

pub mod inputs;
mod support;
pub mod targets;

pub use targets::{TARGETS, Target};

#[cfg(test)]
mod tests;
