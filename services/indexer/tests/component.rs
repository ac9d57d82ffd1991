//! The indexer between a broker and a store that both misbehave: librdkafka's mock cluster and the fake bulk server.
//!
//! Layer: component. Everything but the two servers is what runs in production.
//! Does not prove: anything about a real Elasticsearch; the end-to-end tests do.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "component/bench.rs"]
mod bench;
#[path = "component/faults.rs"]
mod faults;
#[path = "component/targets.rs"]
mod targets;
#[path = "component/traces.rs"]
mod traces;
