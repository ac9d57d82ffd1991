//! The hops, each in its file: what is set up, what is measured, when it is done, and what proves that nothing was lost.

pub mod bulk;
pub mod busy;
pub mod datagrams;
pub mod drain;
pub mod end_to_end;
pub mod fair;
pub mod floor;
pub mod idle;
pub mod ingest;
pub mod parse;
pub mod protocols;
pub mod rules;

use std::time::Duration;

/// How long a hop may take at worst before it counts as stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(900);

/// How often, and how carefully, a hop is run.
#[derive(Clone, Copy, Debug)]
pub struct Care {
    /// How often each hop is run.
    pub repeat: u32,
    /// How long to wait for a quiet machine before each run.
    pub patience: Duration,
    /// Whether every id is looked for after the last run.
    pub verify: bool,
}

impl Care {
    /// Whether this run, from 0, is the last, and to be verified.
    #[must_use]
    pub const fn verifies(&self, run: u32) -> bool {
        self.verify && run + 1 == self.repeat
    }
}
