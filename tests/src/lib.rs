//! End to end: the tiers, in this process, on brokers and stores that are real.
//!
//! One body of tests ([`bodies`]) runs on each [`Backend`]; `tests/*.rs` lists them. A test has topics, groups, tenants
//! and indices of its own, so that all of them share one server of a kind.

pub mod backend;
pub mod bodies;
pub mod collector;
pub mod days;
pub mod processes;
pub mod stack;

pub use backend::Backend;
pub use stack::Stack;
