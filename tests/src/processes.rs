//! The three tiers as the processes that ship, with one settings file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_settings::Settings;
use forebay_settings::sections::telemetry::ListenSettings;
use forebay_testkit::free_port;
use forebay_testkit::procs::Process;

/// How long a process may take until it is ready.
const READY: Duration = Duration::from_secs(60);

/// A tier's process.
#[derive(Debug)]
pub struct Tier {
    /// The process.
    pub process: Process,
    metrics: String,
}

impl Tier {
    /// Starts a binary of this workspace with these settings, metrics on a free port, and waits until it is ready.
    ///
    /// # Errors
    /// When it isn't built, or doesn't get ready.
    pub async fn start(name: &str, settings: &Settings, folder: &Path) -> Result<Self> {
        let mut settings = settings.clone();
        let listen = format!("127.0.0.1:{}", free_port()?);
        settings.telemetry.listen = ListenSettings::all(&listen);
        let mut process = Process::service(name, &write(&settings, &folder.join(format!("{name}.yaml")))?)?;
        process.ready(&format!("http://{listen}/readyz"), READY).await?;
        Ok(Self { process, metrics: format!("http://{listen}/metrics") })
    }

    /// The sum of a metric's series, by its name and, where given, one `label="value"` of theirs.
    ///
    /// # Errors
    /// When the process doesn't answer.
    pub async fn metric(&self, name: &str, label: &str) -> Result<f64> {
        let text = reqwest::get(&self.metrics).await?.text().await?;
        let series = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        Ok(series.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum())
    }
}

/// Writes settings as a file that a process reads. YAML is a superset of JSON.
fn write(settings: &Settings, path: &Path) -> Result<PathBuf> {
    let tree: BTreeMap<String, serde_json::Value> = serde_json::from_value(serde_json::to_value(settings)?)?;
    let tree: BTreeMap<_, _> =
        tree.into_iter().map(|(name, section)| (name, without_nulls(section))).collect();
    std::fs::write(path, serde_json::to_string_pretty(&tree)?).context("settings file")?;
    ensure!(path.is_file());
    Ok(path.to_owned())
}

fn without_nulls(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(members) => serde_json::Value::Object(
            members.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v))).collect(),
        ),
        other => other,
    }
}
