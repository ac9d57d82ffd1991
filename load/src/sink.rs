//! The other end of the bulk hop: a search server that only reads and answers, in a process of its own, so that its
//! work is not counted as the indexer's.
//!
//! The child prints its URL, and then, for every line on its standard input, its counters as JSON. It ends when its
//! standard input does.

use std::io::{Write, stdin, stdout};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use forebay_testkit::fake_bulk::FakeBulk;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A running sink.
#[derive(Debug)]
pub struct Sink {
    url: String,
    child: Child,
    ask: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// What has come to a sink.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Counts {
    /// Bulk requests.
    pub requests: u64,
    /// Documents that were answered with 201.
    pub created: u64,
    /// Documents that were there already: only a sink that keeps them knows.
    pub conflicts: u64,
    /// Documents refused.
    pub refused: u64,
    /// Bytes of request bodies.
    pub bytes: u64,
}

/// The child's side.
///
/// # Errors
/// When there is no port, or the parent is gone in the middle of an answer.
pub async fn serve(keep: bool) -> Result<()> {
    let fake = if keep { FakeBulk::start().await? } else { FakeBulk::sink().await? };
    tokio::task::spawn_blocking(move || answer(&fake)).await?
}

fn answer(fake: &FakeBulk) -> Result<()> {
    let mut out = stdout();
    writeln!(out, "{}", fake.url())?;
    out.flush()?;
    for question in stdin().lines() {
        let _any = question?;
        let now = fake.counters();
        let counts = Counts {
            requests: now.requests,
            created: now.created,
            conflicts: now.conflicts,
            refused: now.refused,
            bytes: now.bytes,
        };
        writeln!(out, "{}", serde_json::to_string(&counts)?)?;
        out.flush()?;
    }
    Ok(())
}

// === impl Sink ===

impl Sink {
    /// Starts one. With `keep` it holds every document under its id, to tell a second one from the first.
    ///
    /// # Errors
    /// When it doesn't start.
    pub async fn start(keep: bool) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe().context("the path of the bench")?);
        let _same = command.arg("sink").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        if keep {
            let _same = command.arg("--keep");
        }
        let mut child = command.spawn().context("starting the sink")?;
        let ask = child.stdin.take().context("the sink has no input")?;
        let mut answers = BufReader::new(child.stdout.take().context("the sink has no output")?).lines();
        let url = answers.next_line().await?.context("the sink ended at once")?;
        Ok(Self { url, child, ask, answers })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the sink has ended")
    }

    /// What has come so far.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn counts(&mut self) -> Result<Counts> {
        self.ask.write_all(b"\n").await?;
        let answer = self.answers.next_line().await?.context("the sink has ended")?;
        Ok(serde_json::from_str(&answer)?)
    }
}
