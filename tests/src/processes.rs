//! The three tiers as the processes that ship, with one settings file.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use forebay_settings::Settings;
use forebay_settings::sections::telemetry::ListenSettings;
use forebay_testkit::free_port;
use forebay_testkit::procs::{Process, settings_file};
use forebay_testkit::prometheus::sum;

/// How long a process may take until it is ready.
const READY: Duration = Duration::from_secs(180);

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
        let file = folder.join(format!("{name}.yaml"));
        settings_file(&file, &settings)?;
        let mut process = Process::service(name, &file)?;
        process.ready(&format!("http://{listen}/readyz"), READY).await?;
        Ok(Self { process, metrics: format!("http://{listen}/metrics") })
    }

    /// The sum of a metric's series, by its name and, where given, one `label="value"` of theirs.
    ///
    /// # Errors
    /// When the process doesn't answer.
    pub async fn metric(&self, name: &str, label: &str) -> Result<f64> {
        let text = reqwest::get(&self.metrics).await?.text().await?;
        Ok(sum(&text, name, &[label]))
    }
}
