//! What a process says about itself: metrics, the ledger, health, its own logs.
//!
//! Every name of a metric is a variant of an enum in [`names`], so that a name can't be misspelt, can't be given two
//! meanings, and stands in the generated reference. The recorder is one for a process ([`Scrape`]); `forebay dev` and
//! tests run all tiers in one process and share it. Make handles after [`Scrape::install`]: a handle made before it
//! counts into nothing.

pub mod admin;
pub mod disk;
pub mod groups;
pub mod health;
pub mod latency;
pub mod ledger;
pub mod logs;
pub mod names;
pub mod rate_limit;
pub mod scrape;

pub use admin::Guard;
pub use groups::TenantGroups;
pub use health::{Component, Health};
pub use latency::{Latency, Receipts};
pub use ledger::{Entry, Ledger, TenantCap};
pub use logs::LogForm;
pub use names::{CounterName, GaugeName, HistogramName, Label, SecondsCounter, counter, gauge, histogram};
pub use scrape::Scrape;

/// What the macros of this crate expand to; not for use by hand.
#[doc(hidden)]
pub mod macro_support {
    pub use tracing;
}
