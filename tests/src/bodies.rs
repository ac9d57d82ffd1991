//! The bodies of the tests: what holds on every backend.

pub mod arrival;
pub mod identity;
pub mod mending;
pub mod refusal;
pub mod restart;
