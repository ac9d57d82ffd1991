//! Results: rows of runs, as a page for people and as JSON for machines.

mod page;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::machine::Machine;
use crate::measure::Measured;

/// All that a bench has found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// When it began, in UTC.
    pub began: String,
    /// What it ran on.
    pub machine: Machine,
    /// The commands' arguments, so that it can be had again.
    pub arguments: Vec<String>,
    /// Mean length of an application's line, in bytes.
    pub app_bytes: usize,
    /// Mean length of an access log's line, in bytes.
    pub access_bytes: usize,
    /// The hops.
    pub rows: Vec<Row>,
}

/// One hop, and its runs.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What was run.
    pub hop: String,
    /// What it is to stay under, in CPU-seconds per million events.
    pub target: Option<f64>,
    /// Half of what the best peer takes.
    pub half_of_best_peer: Option<f64>,
    /// What its memory is to stay under, in bytes.
    pub memory_target: Option<u64>,
    /// The runs.
    pub runs: Vec<Measured>,
}

// === impl Row ===

impl Row {
    /// A row without targets.
    #[must_use]
    pub fn new(hop: impl Into<String>, runs: Vec<Measured>) -> Self {
        Self { hop: hop.into(), target: None, half_of_best_peer: None, memory_target: None, runs }
    }

    /// With targets in CPU-seconds per million events: the project's own, and half of the best peer.
    #[must_use]
    pub fn against(self, target: f64, half_of_best_peer: f64) -> Self {
        Self { target: Some(target), half_of_best_peer: Some(half_of_best_peer), ..self }
    }

    /// With what librdkafka alone took on a quiet machine.
    #[must_use]
    pub fn against_floor(self, floor: f64) -> Self {
        Self { target: Some(floor), ..self }
    }

    /// With a target for peak memory, in bytes.
    #[must_use]
    pub fn within(self, memory: u64) -> Self {
        Self { memory_target: Some(memory), ..self }
    }
}

// === impl Report ===

impl Report {
    /// An empty report of this machine, as of now.
    #[must_use]
    pub fn begin(app_bytes: usize, access_bytes: usize) -> Self {
        Self {
            began: Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            machine: Machine::here(),
            arguments: std::env::args().skip(1).collect(),
            app_bytes,
            access_bytes,
            rows: Vec::new(),
        }
    }

    /// The page, in Markdown.
    #[must_use]
    pub fn page(&self) -> String {
        page::render(self)
    }

    /// Writes the page to `path`, and the raw results beside it with the ending `.json`.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        std::fs::write(path, self.page()).with_context(|| format!("writing {}", path.display()))?;
        let raw = path.with_extension("json");
        std::fs::write(&raw, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("writing {}", raw.display()))
    }
}

/// Where a report goes when nobody says: by its day, in the folder of results.
#[must_use]
pub fn default_path() -> PathBuf {
    let day = Timestamp::now().strftime("%Y-%m-%d.md").to_string();
    Path::new("load/results").join(day)
}
