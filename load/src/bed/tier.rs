//! A tier as a process of its own: the binary that ships, watched through its own metrics and health.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_testkit::procs::Process;
use forebay_testkit::prometheus::{self, series};

/// How long a stop may take.
const STOP: Duration = Duration::from_secs(40);
/// How long a start may take.
const START: Duration = Duration::from_secs(60);

/// A running tier.
#[derive(Debug)]
pub struct Tier {
    name: String,
    process: Process,
    telemetry: String,
}

// === impl Tier ===

impl Tier {
    /// Starts `binary` with a file of settings, which says that metrics and health are at `telemetry`.
    pub(super) fn start(binary: &str, settings: &Path, telemetry: &str) -> Result<Self> {
        let process = Process::service(binary, settings)?;
        Ok(Self { name: binary.to_owned(), process, telemetry: format!("http://{telemetry}") })
    }

    /// The name of its binary.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// What it has printed.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// When it doesn't get ready in a minute.
    pub async fn ready(&mut self) -> Result<()> {
        self.process.ready(&format!("{}/readyz", self.telemetry), START).await
    }

    /// The sum of a counter over all its labels.
    ///
    /// # Errors
    /// When it doesn't answer.
    pub async fn metric(&self, name: &str) -> Result<u64> {
        let text = self.scrape().await?;
        Ok(series(&text, name).map(|(_, value)| value as u64).sum())
    }

    /// A counter by one of its labels.
    ///
    /// # Errors
    /// When it doesn't answer.
    pub async fn metric_by(&self, name: &str, label: &str) -> Result<BTreeMap<String, u64>> {
        let text = self.scrape().await?;
        let mut sums = BTreeMap::new();
        for (labels, value) in series(&text, name) {
            let of = prometheus::label(labels, label).unwrap_or_default();
            *sums.entry(of.to_owned()).or_default() += value as u64;
        }
        Ok(sums)
    }

    async fn scrape(&self) -> Result<String> {
        let answer = reqwest::get(format!("{}/metrics", self.telemetry)).await?.error_for_status()?;
        answer.text().await.context("metrics")
    }

    /// Stops it as an operator does, and waits until it has drained and committed.
    ///
    /// # Errors
    /// When it fails on its way out.
    pub async fn stop(mut self) -> Result<()> {
        let status = self.process.terminate(STOP).await?;
        ensure!(status.success(), "{} ended with {status}:\n{}", self.name, self.process.log());
        Ok(())
    }
}
