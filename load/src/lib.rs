//! The bench: what Forebay costs on each hop, in CPU-seconds per million events, with proof that nothing was lost.
//!
//! Each hop runs alone, as the release binary that ships, in a process of its own between a real Kafka and whatever
//! stands at the other end; its CPU time and peak memory come from its own `/proc`, from start to finish, start-up
//! included. CPU-seconds are the unit because wall time on a shared machine says little; even they swell when the other
//! cores are busy, so each result says how busy others kept the machine meanwhile.
//!
//! - [`lines`]: the payload, made from a seed
//! - [`bed`]: Kafka, topics and settings that the runs share
//! - [`preload`], [`http`], [`keep_alive`], [`sink`]: what stands at the ends of a hop; [`verify`]: proof by names
//! - [`measure`], [`machine`]: what is measured, and on what
//! - [`hops`]: the hops
//! - [`report`]: the table and the raw results
//!
//! Beside it, [`demo`]: real logs through all tiers, with a count of each.
//!
//! The bench fails on lost events only, never on a figure.

pub mod bed;
pub mod cli;
pub mod demo;
pub mod hops;
pub mod http;
pub mod keep_alive;
pub mod lines;
pub mod measure;
pub mod preload;
pub mod report;
pub mod senders;
pub mod sink;
pub mod verify;

pub use forebay_testkit::machine;
