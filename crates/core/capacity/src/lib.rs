//! What an installation needs: from events a second to cores, pods, partitions, shards and disks.
//!
//! Pure arithmetic in whole numbers, so that `forebay size` and the page on capacity say the same everywhere.
//!
//! - [`figures`]: what was measured, each with its source, and what was not
//! - [`plan()`]: an [`Input`] in, a [`Plan`] out
//! - [`text`]: sizes as people read them
//!
//! The model is linear in events, as the tiers are: each event costs its CPU time, wherever it is worked on. An event larger
//! than the measured one costs more in proportion to its bytes; a smaller one costs what the measured one did. Peaks are met by
//! [`figures::UTILISATION`], which stands in every number of cores.

pub mod figures;
pub mod plan;
pub mod text;

pub use plan::{Input, Kafka, Parsing, Plan, Protocol, Search, Tier, plan};
