//! `forebay dev`: all tiers in one process, on an embedded broker and an embedded store.
//!
//! - [`paths`]: where the data are
//! - [`guard`]: who may read the store, also while nothing runs
//! - [`state`]: how other commands find a running instance
//! - [`retention`]: deletes what is old enough
//! - [`settings`]: what differs from a real installation
//! - [`tiers`]: starts and stops them in order
//! - [`tailing`]: lines of followed files into the raw topic
//!
//! `forebay search` opens the store's folder by itself, for reading.

pub(crate) mod banner;
pub(crate) mod guard;
pub(crate) mod paths;
pub(crate) mod retention;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod tailing;
pub(crate) mod tiers;
