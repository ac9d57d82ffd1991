//! What `forebay status` makes of what it asked: is anything lost, where is it stuck, why. Pure.
//!
//! ```text
//! Kafka's offsets ─┐
//! pages of metrics ┼─► Observation ──► Model ──► Report ──► JSON | lines | view
//! probes, letters ─┘                  (rates)   (verdict)
//! ```
//! Kafka is believed first: how far groups are and how old their backlogs are is known even when no process runs. Metrics
//! add the why, from as many processes as were asked. What nobody told stays unknown, and is said to be.

pub(crate) mod counters;
pub(crate) mod facts;
pub(crate) mod ledger;
pub(crate) mod model;
pub(crate) mod page;
pub(crate) mod report;
pub(crate) mod text;
pub(crate) mod verdict;
pub(crate) mod view;

#[cfg(test)]
mod examples;
