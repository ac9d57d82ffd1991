//! How a server is to be, and its start through the script.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::{Kind, Server};
use crate::free_port;
use crate::procs::output;

/// The server's log, in the folder of the instance.
pub(super) const LOG: &str = "log";
/// The server's pid, in the folder of the instance.
pub(super) const PID: &str = "pid";
/// The server's data, in the folder of the instance.
const DATA: &str = "data";

/// How a server is to be; [`Builder::start`] starts it.
#[derive(Debug, Clone)]
pub struct Builder {
    pub(super) kind: Kind,
    settings: Vec<String>,
    heap: String,
    java_options: String,
    listeners: Vec<String>,
    log_dir: Option<PathBuf>,
}

// === impl Builder ===

impl Builder {
    pub(super) fn new(kind: Kind) -> Self {
        // One compiler tier starts twice as fast, and tests are mostly starts.
        Self {
            kind,
            settings: Vec::new(),
            heap: "512m".into(),
            java_options: "-XX:TieredStopAtLevel=1".into(),
            listeners: Vec::new(),
            log_dir: None,
        }
    }

    /// A setting of the server: a line of Kafka's `server.properties`, or `-Ekey=value` of a search server.
    #[must_use]
    pub fn setting(mut self, key: &str, value: &str) -> Self {
        self.settings.push(self.kind.argument(key, value));
        self
    }

    /// The heap, as in `1g` (default: 512m).
    #[must_use]
    pub fn heap(mut self, size: &str) -> Self {
        size.clone_into(&mut self.heap);
        self
    }

    /// Another port of Kafka for clients, at which it says that it is to be found at `advertised`: for clients that are
    /// to come through a proxy. Names are of capital letters and digits.
    #[must_use]
    pub fn listener(mut self, name: &str, port: u16, advertised: u16) -> Self {
        self.listeners.push(format!("{name}={port}:{advertised}"));
        self
    }

    /// Where Kafka keeps its topics, instead of in its own folder; it is not removed with the server.
    #[must_use]
    pub fn log_dir(mut self, folder: &Path) -> Self {
        self.log_dir = Some(folder.to_owned());
        self
    }

    /// For benches: the JVM's full compiler, which starts slower and runs faster.
    #[must_use]
    pub fn for_speed(mut self) -> Self {
        self.java_options.clear();
        self
    }

    /// Starts it on a free port and waits until it is ready. The first start of all downloads the server.
    ///
    /// # Errors
    /// When a prerequisite is absent, or the server doesn't become ready in two minutes; its log is in the error.
    pub async fn start(self) -> Result<Server> {
        self.prepare().await?;
        let folder = tempfile::Builder::new().prefix("forebay-server-").tempdir()?;
        let port = free_port()?;
        let mut server = Server { builder: self, port, folder, running: None };
        server.restart().await?;
        Ok(server)
    }

    /// Downloads the server if it isn't there yet; several may do so at once.
    async fn prepare(&self) -> Result<()> {
        let status =
            tokio::process::Command::new(self.script()).arg("prepare").stdin(Stdio::null()).status().await;
        let status = status.with_context(|| format!("running {}", self.script().display()))?;
        ensure!(
            status.success(),
            "preparing {} failed ({status}): `scripts/prerequisites test` says what is missing",
            self.kind
        );
        Ok(())
    }

    /// Starts the script, which starts the server.
    pub(super) fn launch(&self, port: u16, folder: &Path) -> Result<Child> {
        let log = File::options().create(true).append(true).open(folder.join(LOG))?;
        let prefix = self.kind.prefix();
        let mut command = Command::new(self.script());
        let _self = command
            .args(&self.settings)
            .env(format!("{prefix}_PORT"), port.to_string())
            .env(format!("{prefix}_HEAP"), &self.heap)
            .env(format!("{prefix}_JAVA_OPTS"), &self.java_options)
            .env("DATA", folder.join(DATA))
            .env("PID_FILE", folder.join(PID))
            .env("SUPERVISED", folder)
            .stdin(Stdio::piped())
            .stdout(output(&log)?)
            .stderr(output(&log)?);
        if self.kind == Kind::Kafka {
            let _self = command
                .env("KAFKA_CONTROLLER_PORT", free_port()?.to_string())
                .env("KAFKA_LISTENERS", self.listeners.join(" "))
                .envs(self.log_dir.iter().map(|folder| ("KAFKA_LOG_DIR", folder)));
        }
        command.spawn().with_context(|| format!("starting {}", self.kind))
    }

    fn script(&self) -> PathBuf {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/servers"))
            .join(self.kind.folder())
            .join("run.sh")
    }
}
