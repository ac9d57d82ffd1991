//! Rules that some events of a run are for, and their folder, which changes while everything breaks.
//!
//! Each change makes another revision that does the same: whichever revision an event meets, and however often, its fate is the one
//! that [`crate::events::Fate`] foretells.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};

/// What the rules mask: nowhere in documents and dead letters it may be found.
pub const SECRET: &str = "jane.roe@example.com";

/// The route that a rule chooses for some events.
pub const ROUTE: &str = "audit";

const RULE: &str = r#"description: What becomes of events in a run with rules.
steps:
  - {when: '.kind == "noise"', drop: {reason: noise}}
  - {when: '.kind == "audit"', route: {target: audit}}
  - {when: '.kind == "bad"', vrl: 'abort "of " + string!(.message)'}
  - mask: {detectors: [email]}
  - split: {field: records}
"#;

/// The folder of the rules.
#[derive(Debug)]
pub struct Rules {
    folder: PathBuf,
    changes: AtomicU64,
}

// === impl Rules ===

impl Rules {
    /// A new folder below this one.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn make(below: &Path) -> Result<Self> {
        let folder = below.join("rules");
        std::fs::create_dir(&folder)?;
        let rules = Self { folder, changes: AtomicU64::new(0) };
        rules.change(false)?;
        Ok(rules)
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes another revision, or one that doesn't compile. Nobody sees half of it.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn change(&self, broken: bool) -> Result<()> {
        let number = self.changes.fetch_add(1, Ordering::Relaxed);
        let more = if broken { "  - vrl: '.n = to_int(.n)'\n" } else { "" };
        let beside = self.folder.with_extension("new");
        std::fs::write(&beside, format!("{RULE}{more}# {number}\n"))?;
        std::fs::rename(&beside, self.folder.join("10-chaos.yaml")).context("the rules can't be changed")
    }
}
