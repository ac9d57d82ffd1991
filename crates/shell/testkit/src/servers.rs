//! Real Kafka, Elasticsearch and OpenSearch for tests: child processes on loopback, started by the scripts of
//! `tests/servers/`.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use forebay_testkit::servers::{Server, shared};
//! let kafka = shared::kafka().await?; // one for the whole test process
//! let mut own = Server::elasticsearch().setting("indexing_pressure.memory.limit", "20kb").start().await?;
//! own.kill().await?;
//! own.restart().await?; // the same port and data
//! # Ok(()) }
//! ```
//!
//! Each server has a script above it that holds our end of a pipe as its standard input. When the pipe closes, the
//! script kills the server and removes its data: that covers a handle that is dropped, a static that never is, and a
//! test process that dies. Signals go to the server's own pid, which the script writes to a file.

mod builder;
mod kind;
pub mod shared;

use std::process::Child;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::eventually;
use crate::procs::{Usage, frozen, send, tail};

pub use builder::Builder;
pub use kind::Kind;

/// How long a start may take: several servers may be starting on a busy machine.
const START: Duration = Duration::from_secs(300);

/// How long a clean stop may take.
const STOP: Duration = Duration::from_secs(60);

/// A real server, its port and its data; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    builder: Builder,
    port: u16,
    /// Above the folder, since it is dropped first: the server must be gone when its data goes.
    running: Option<Running>,
    /// The data, the log and the pid file.
    folder: TempDir,
}

/// The script above a server, which ends when the server does.
#[derive(Debug)]
struct Running {
    script: Child,
    pid: u32,
}

// === impl Server ===

impl Server {
    /// Apache Kafka, one node, 4 partitions by default.
    #[must_use]
    pub fn kafka() -> Builder {
        Builder::new(Kind::Kafka)
    }

    /// Elasticsearch, one node, no security.
    #[must_use]
    pub fn elasticsearch() -> Builder {
        Builder::new(Kind::Elasticsearch)
    }

    /// OpenSearch, one node, no security.
    #[must_use]
    pub fn opensearch() -> Builder {
        Builder::new(Kind::OpenSearch)
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.builder.kind
    }

    /// The port for clients, on 127.0.0.1; a restart keeps it.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:PORT`, as Kafka's clients want it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `http://127.0.0.1:PORT`, as clients of the search servers want it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The server's own pid (the JVM's, not the script's), while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.pid)
    }

    /// Whether it still runs: a server may end by itself, as Kafka does when its disk is full.
    pub fn is_running(&mut self) -> bool {
        self.running.as_mut().is_some_and(|running| matches!(running.script.try_wait(), Ok(None)))
    }

    /// Everything that it has printed, over restarts.
    #[must_use]
    pub fn log(&self) -> String {
        let path = self.folder.path().join(builder::LOG);
        std::fs::read(path).map_or_else(|e| e.to_string(), |text| String::from_utf8_lossy(&text).into_owned())
    }

    /// What the server has used so far.
    ///
    /// # Errors
    /// When it doesn't run.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.pid().context("it doesn't run")?)
    }

    /// Ends it at once (SIGKILL), as a crash would; its data stays. One that has ended by itself meanwhile is as good.
    ///
    /// # Errors
    /// When it was never started, or was stopped before.
    pub async fn kill(&mut self) -> Result<()> {
        if self.running.is_some() && !self.is_running() {
            self.buried();
            return Ok(());
        }
        self.end(Signal::KILL).await
    }

    /// Stops it cleanly (SIGTERM); its data stays.
    ///
    /// # Errors
    /// When it doesn't run, or doesn't end in a minute.
    pub async fn stop(&mut self) -> Result<()> {
        self.end(Signal::TERM).await
    }

    /// Starts it again on the same port and data, after [`Self::kill`] or [`Self::stop`].
    ///
    /// # Errors
    /// When it runs, or doesn't become ready.
    pub async fn restart(&mut self) -> Result<()> {
        ensure!(self.running.is_none(), "stop or kill it first");
        let log_before = self.log().len();
        let script = self.builder.launch(self.port, self.folder.path())?;
        // From here on a drop ends it, whatever happens below.
        let running = self.running.insert(Running { script, pid: 0 });
        let pid_file = self.folder.path().join(builder::PID);
        let kind = self.builder.kind;
        let log = self.folder.path().join(builder::LOG);
        let mut ended = None;
        let waited = eventually("its readiness", START, async || {
            ended = running.script.try_wait().ok().flatten();
            if running.pid == 0 {
                let written = std::fs::read_to_string(&pid_file).ok();
                running.pid = written.and_then(|pid| pid.trim().parse().ok()).unwrap_or(0);
            }
            ended.is_some() || running.pid != 0 && kind.is_ready(self.port, &log, log_before).await
        })
        .await;
        if ended.is_some() {
            self.running = None;
        }
        ensure!(ended.is_none(), "{kind} ended before it was ready:\n{}", tail(&self.log()));
        waited.with_context(|| format!("{kind} is not ready:\n{}", tail(&self.log())))
    }

    /// Freezes it (SIGSTOP): connections stay open, nothing is answered.
    ///
    /// # Errors
    /// When it doesn't run.
    pub async fn pause(&self) -> Result<()> {
        let pid = self.pid().context("it doesn't run")?;
        send(pid, Signal::STOP)?;
        frozen(pid).await
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// When it doesn't run.
    pub fn resume(&self) -> Result<()> {
        send(self.pid().context("it doesn't run")?, Signal::CONT)
    }

    /// It has ended: its pid may be another's from now on.
    fn buried(&mut self) {
        self.running = None;
        let _was = std::fs::remove_file(self.folder.path().join(builder::PID));
    }

    async fn end(&mut self, signal: Signal) -> Result<()> {
        let mut running = self.running.take().context("it doesn't run")?;
        send(running.pid, signal)?;
        let waited =
            eventually("its end", STOP, async || matches!(running.script.try_wait(), Ok(Some(_)) | Err(_)))
                .await;
        if waited.is_err() {
            self.running = Some(running);
        } else {
            self.buried();
        }
        waited.with_context(|| format!("{} goes on:\n{}", self.builder.kind, tail(&self.log())))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Closing the pipe is the order to kill and tidy up; the script ends when that is done.
        drop(self.script.stdin.take());
        let _status = self.script.wait();
    }
}
