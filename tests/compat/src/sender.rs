//! A client under way: its process, and what it says it has delivered.

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use forebay_testkit::oracle::Oracle;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::clients::Client;

/// How much of what a client has printed is shown when it fails, in bytes from the end.
const SHOWN: usize = 4_000;

/// What a client is to do.
#[derive(Clone, Debug)]
pub struct Order {
    /// Where it sends.
    pub address: String,
    /// Its credential.
    pub token: String,
    /// How many events.
    pub events: usize,
    /// What their ids begin with.
    pub prefix: String,
    /// Over so many seconds.
    pub seconds: u64,
    /// The file that is made once Kafka is gone: the second half of the events waits for it.
    pub outage: PathBuf,
    /// Who vouches for the listeners with TLS.
    pub authority: PathBuf,
}

/// A client that runs.
#[derive(Debug)]
pub struct Sender {
    /// Which.
    pub client: &'static Client,
    /// What it was told to do.
    pub order: Order,
    /// What it believes, and what it was to send.
    pub oracle: Arc<Oracle>,
    believed: Arc<AtomicUsize>,
    child: Child,
    lines: JoinHandle<Result<()>>,
    log: NamedTempFile,
}

impl Sender {
    /// Starts it.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(client: &'static Client, order: Order) -> Result<Self> {
        let log = NamedTempFile::new().context("a file for what it says")?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/client.sh");
        let mut child = Command::new("bash")
            .arg(script)
            .args([client.name, &order.address, &order.token, &order.events.to_string(), &order.prefix])
            .env("FOREBAY_COMPAT_SECONDS", order.seconds.to_string())
            .env("FOREBAY_COMPAT_OUTAGE", &order.outage)
            .env("FOREBAY_COMPAT_CA", &order.authority)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::try_clone(log.as_file())?)
            // Of its own, so that what it has started ends with it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", client.name))?;
        let oracle = Arc::new(Oracle::new());
        (0..order.events).for_each(|n| oracle.attempted(format!("{}-{n}", order.prefix)));
        let believed = Arc::new(AtomicUsize::new(0));
        let output = child.stdout.take().context("its output")?;
        let lines = tokio::spawn(follow(output, Arc::clone(&oracle), Arc::clone(&believed)));
        Ok(Self { client, order, oracle, believed, child, lines, log })
    }

    /// How many events it believes delivered so far; an event that it names twice counts twice.
    #[must_use]
    pub fn believed(&self) -> usize {
        self.believed.load(Ordering::Acquire)
    }

    /// Whether it has ended, in whatever way.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it fails, or takes longer than `patience`; the end of what it has printed is in the error.
    pub async fn wait(&mut self, patience: Duration) -> Result<()> {
        let name = self.client.name;
        let Ok(status) = tokio::time::timeout(patience, self.child.wait()).await else {
            bail!("{name} goes on after {patience:?}:\n{}", self.said());
        };
        let status = status?;
        (&mut self.lines).await.context("the reader of its output")??;
        ensure!(status.success(), "{name} ended with {status}:\n{}", self.said());
        Ok(())
    }

    /// The end of what it has said to whom may be looking.
    #[must_use]
    pub fn said(&self) -> String {
        let all = std::fs::read(self.log.path()).unwrap_or_default();
        let end = all.get(all.len().saturating_sub(SHOWN)..).unwrap_or_default();
        String::from_utf8_lossy(end).into_owned()
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // Before it is reaped its process group can be nobody else's.
        let running = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(group) = running {
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Notes every id that is printed.
async fn follow(output: ChildStdout, oracle: Arc<Oracle>, believed: Arc<AtomicUsize>) -> Result<()> {
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        oracle.acknowledged(&line);
        let _before = believed.fetch_add(1, Ordering::AcqRel);
    }
    Ok(())
}
