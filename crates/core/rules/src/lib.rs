//! Rules: what becomes of an event between its bytes and its document.
//!
//! - [`candidate`]: a revision that is tried beside the one in force
//! - [`edit`]: corrections of raw events, before they go through the rules again
//! - [`files`]: the rule files and what they refer to, as bytes; a shell reads them
//! - [`spec`]: what a rule file says
//! - [`compile`](mod@compile): from files to [`Rules`], or to all [`Problem`]s with their places
//! - [`rules`]: the compiled set with its revision; shared by all lanes
//! - [`lane`]: what one lane needs to apply it: parser, VRL runtime, caches
//! - [`set`]: the rules of a lane, across revisions, as the converter wants them
//! - [`outcome`]: what is done on the way, counted
//! - [`observe`]: looking on, for previews, coverage and profiles
//! - [`timing`]: how long steps take
//! - [`targets`]: how many targets may come up
//!
//! An event goes through every rule that matches it, in the order of their files' names, unless one says `last`. Where no
//! rule matches, it is parsed and passed on without ever becoming a [`Value`]. The same event, rules and
//! time give the same outcome, but for functions of VRL that ask for the time or randomness, and for what depends on what the
//! process has seen before: how many targets are new ([`targets`]), how many fields a target has, and how long programs took.

pub mod candidate;
pub mod compile;
pub mod edit;
pub mod files;
pub mod lane;
pub mod observe;
pub mod outcome;
pub mod problem;
pub mod rules;
pub mod set;
pub mod spec;
pub mod targets;
pub mod timing;

mod enrich;
mod functions;
mod matching;
mod program;
mod revision;
mod step;
mod target;

pub use candidate::{Candidate, Comparison, Trial, Verdict};
pub use compile::{CompileOptions, Reuse, compile};
pub use edit::{Edit, EditError};
pub use files::RuleFiles;
pub use forebay_record::Stage;
pub use lane::{Lane, Setting};
pub use outcome::{Counts, Turn};
pub use problem::Problem;
pub use program::{Clock, Limits};
pub use rules::Rules;
pub use set::{Revision, RuleSet, Supply};
pub use targets::NewTargets;
pub use timing::Timing;
pub use vrl::value::Value;
