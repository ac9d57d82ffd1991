//! Our own binaries as child processes: started with a file of settings, watched, signalled by pid, measured.
//!
//! What a process prints goes to a file; it is shown in errors, and [`Process::log`] reads it. Dropping the handle
//! kills the process, so a test that fails leaves none behind.

mod settings_file;
mod usage;

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal};
use tempfile::NamedTempFile;

use crate::eventually;

pub use settings_file::settings_file;
pub use usage::Usage;

/// A running child process.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: NamedTempFile,
}

/// The path of a binary of this workspace, beside the test that asks.
///
/// # Errors
/// When it isn't built: cargo builds a crate's own binaries for its tests, not those of other crates.
pub fn binary(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe().context("the path of the running test")?;
    let beside = test.ancestors().skip(1).take(3).map(|folder| folder.join(name)).find(|path| path.is_file());
    beside.with_context(|| format!("{name} is not built: run `cargo build --workspace --bins` first"))
}

// === impl Process ===

impl Process {
    /// Starts `program` with these arguments and environment variables, without standard input.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start<A, V>(program: &Path, args: A, variables: V) -> Result<Self>
    where
        A: IntoIterator<Item: AsRef<OsStr>>,
        V: IntoIterator<Item = (String, String)>,
    {
        let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
        let log = NamedTempFile::new().context("a file for what it prints")?;
        let child = std::process::Command::new(program)
            .args(args)
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(output(log.as_file())?)
            .stderr(output(log.as_file())?)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        Ok(Self { name, child, log })
    }

    /// Starts a binary of this workspace with `--config FILE`; see [`binary`].
    ///
    /// # Errors
    /// When it isn't built or can't be started.
    pub fn service(name: &str, config: &Path) -> Result<Self> {
        Self::start(&binary(name)?, [OsStr::new("--config"), config.as_os_str()], [])
    }

    /// Waits until this URL answers with success.
    ///
    /// # Errors
    /// When the process ends before, or the time-out passes; the end of what it printed is in the error.
    pub async fn ready(&mut self, url: &str, timeout: Duration) -> Result<()> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let mut ended = None;
        let waited = eventually(url, timeout, async || {
            ended = self.child.try_wait().ok().flatten();
            ended.is_some() || client.get(url).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        if let Some(status) = ended {
            bail!("{} ended with {status} before it was ready:\n{}", self.name, tail(&self.log()));
        }
        waited.with_context(|| format!("{} is not ready:\n{}", self.name, tail(&self.log())))
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    ///
    /// # Errors
    /// When it still runs after the time-out.
    pub async fn terminate(&mut self, timeout: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.wait(timeout).await
    }

    /// Ends it at once (SIGKILL) and reaps it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill().with_context(|| format!("killing {}", self.name))?;
        Ok(self.child.wait()?)
    }

    /// Freezes it (SIGSTOP), and waits until each of its threads has stopped.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn pause(&mut self) -> Result<()> {
        self.signal(Signal::STOP)?;
        frozen(self.pid()).await
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// When it has ended.
    pub fn resume(&mut self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it still runs after the time-out.
    pub async fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        let mut ended = None;
        let waited = eventually("its end", timeout, async || {
            ended = self.child.try_wait().ok().flatten();
            ended.is_some()
        })
        .await;
        waited.with_context(|| format!("{} goes on:\n{}", self.name, tail(&self.log())))?;
        ended.context("it has ended")
    }

    /// What it has used so far.
    ///
    /// # Errors
    /// When it has ended.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.pid())
    }

    /// Everything that it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(self.log.path())
            .map_or_else(|e| e.to_string(), |text| String::from_utf8_lossy(&text).into_owned())
    }

    fn signal(&mut self, signal: Signal) -> Result<()> {
        // A pid is ours only until it is reaped; try_wait reaps, and then there is nothing to signal any more.
        ensure!(self.is_running(), "{} has ended:\n{}", self.name, tail(&self.log()));
        send(self.pid(), signal)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.kill();
    }
}

/// Sends a signal to one process.
pub(crate) fn send(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no pid")?;
    rustix::process::kill_process(pid, signal)
        .with_context(|| format!("signalling process {}", pid.as_raw_nonzero()))
}

/// Waits until every thread of a process has stopped: SIGSTOP reaches them one by one.
pub(crate) async fn frozen(pid: u32) -> Result<()> {
    eventually("every thread has stopped", Duration::from_secs(60), async || {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let mut states = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
        states.all(|stat| stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T')))
    })
    .await
}

/// A file as a child's output, at its end.
pub(crate) fn output(file: &File) -> Result<Stdio> {
    Ok(file.try_clone()?.into())
}

/// The last lines of a log, for an error.
pub(crate) fn tail(log: &str) -> String {
    const LINES: usize = 30;
    let lines: Vec<&str> = log.lines().collect();
    lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests;
