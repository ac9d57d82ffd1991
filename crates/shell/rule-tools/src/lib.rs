//! Tools for people who write rules: look them over, test them, watch them at work, and see what they cost.
//!
//! Each runs the engine of the parser, [`forebay_rules::Lane`], with the parser's settings. Nothing here prints: what is for
//! people comes as [`text::Line`]s, which whoever has a terminal colours.
//!
//! - [`engine`]: settings and files, compiled
//! - [`folder`]: which rules are meant: a folder, or one file of it
//! - [`check`]: what the compiler lets pass and is hardly meant
//! - [`captured`]: events, as they stand in Kafka
//! - [`samples`]: files of samples, beside the rules
//! - [`outcome`]: what rules make of an event, for comparison
//! - [`testing`]: runs samples; [`coverage`]: which steps they reach
//! - [`receipt`]: when an event was received that doesn't say so
//! - [`report`], [`junit`]: the results, for people and for CI
//! - [`update`]: writes what the rules give into a file of samples
//! - [`preview`]: one event, step by step
//! - [`profile`]: CPU time by step

pub mod captured;
pub mod check;
pub mod coverage;
pub mod engine;
pub mod folder;
pub mod junit;
pub mod outcome;
pub mod preview;
pub mod profile;
pub mod receipt;
pub mod report;
pub mod samples;
pub mod testing;
pub mod text;
pub mod update;

mod named;
mod yaml;

pub use captured::Captured;
pub use engine::Engine;
pub use folder::RuleFolder;
pub use outcome::Actual;
pub use profile::Profile;
pub use receipt::Receipts;
pub use samples::SampleFile;
pub use testing::{TestRun, Verdict};
pub use text::{Line, Tone};
