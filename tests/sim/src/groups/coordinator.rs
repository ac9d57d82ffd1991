//! Kafka's group coordinator, in a process of its own: a request is a line to it, an answer one from it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::setup::{REBALANCE_TIMEOUT, Setup};

/// Starts it: the script lies with those of the other servers.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../servers/kafka/coordinator.sh");

/// Partitions, by their numbers.
pub(super) type Partitions = BTreeSet<i32>;

/// A heartbeat.
#[derive(Debug)]
pub(super) struct Beat {
    /// Who, by the name that the client gave itself.
    pub(super) member: String,
    /// Its epoch: nought to join, -1 to leave, -2 to leave for a while.
    pub(super) epoch: i32,
    /// What it is known by over restarts; told where `is_full`, and by who leaves.
    pub(super) instance: Option<String>,
    /// Whether it says everything: what it subscribes to, and how long it may take to give partitions up.
    pub(super) is_full: bool,
    /// The partitions that it has, where it tells them.
    pub(super) owned: Option<Partitions>,
}

/// The answer to a heartbeat.
#[derive(Debug)]
pub(super) struct Beaten {
    /// The member's epoch from now on.
    pub(super) epoch: i32,
    /// What it is to have, if that has changed.
    pub(super) assignment: Option<Partitions>,
}

/// What Kafka's protocol answers: a result, or the code of an error.
pub(super) type Answered<T> = Result<T, i16>;

/// The process.
#[derive(Debug)]
pub(super) struct Coordinator {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    output: BufReader<ChildStdout>,
    line: String,
}

// === impl Coordinator ===

impl Coordinator {
    /// Starts it.
    pub(super) fn start(setup: &Setup) -> Result<Self> {
        let mut child = Command::new(SCRIPT)
            .arg(setup.partitions.to_string())
            .args(setup.of_brokers())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("tests/servers/kafka/coordinator.sh can't be run")?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = BufReader::new(output.context("no output of the coordinator")?);
        Ok(Self { child, input: input.map(BufWriter::new), output, line: String::new() })
    }

    /// A heartbeat has arrived.
    pub(super) fn beat(&mut self, now: Duration, beat: &Beat) -> Result<Answered<Beaten>> {
        let Beat { member, epoch, instance, is_full, owned } = beat;
        let instance = instance.as_deref().unwrap_or("-");
        let timeout = if *is_full { REBALANCE_TIMEOUT.as_millis().to_string() } else { "-".to_owned() };
        let owned = owned.as_ref().map_or_else(|| "-".to_owned(), |owned| format!("={}", list(owned.iter())));
        let answer = self.ask('H', now, &format!("{member} {epoch} {instance} {timeout} {owned}"))?;
        answer
            .map(|text| -> Result<Beaten> {
                let mut words = text.split(' ');
                let epoch = number(words.next())?;
                let _interval = words.next();
                let assignment = match words.next().unwrap_or("-").strip_prefix('=') {
                    Some("") => Some(Partitions::new()),
                    Some(list) => {
                        Some(list.split(',').map(|text| number(Some(text))).collect::<Result<_>>()?)
                    }
                    None => None,
                };
                Ok(Beaten { epoch, assignment })
            })
            .map_or_else(|code| Ok(Err(code)), |beaten| beaten.map(Ok))
    }

    /// Offsets to commit have arrived.
    pub(super) fn commit(
        &mut self,
        now: Duration,
        (member, epoch): (&str, i32),
        offsets: &[(i32, i64)],
    ) -> Result<Answered<()>> {
        let offsets = list(offsets.iter().map(|(partition, offset)| format!("{partition}:{offset}")));
        Ok(self.ask('C', now, &format!("{member} {epoch} {offsets}"))?.map(drop))
    }

    /// Somebody asks what is committed: -1 where nothing is.
    pub(super) fn fetch(
        &mut self,
        now: Duration,
        (member, epoch): (&str, i32),
        partitions: &[i32],
    ) -> Result<Answered<Vec<(i32, i64)>>> {
        let answer = self.ask('F', now, &format!("{member} {epoch} {}", list(partitions.iter())))?;
        let pair = |text: &str| -> Result<(i32, i64)> {
            let (partition, offset) = text.split_once(':').context("no offset")?;
            Ok((number(Some(partition))?, number(Some(offset))?))
        };
        let read = |text: String| text.split(',').map(pair).collect::<Result<Vec<_>>>();
        answer.map(read).map_or_else(|code| Ok(Err(code)), |offsets| offsets.map(Ok))
    }

    /// How many heartbeats there were, and the CPU time that they took.
    pub(super) fn cost(&mut self, now: Duration) -> Result<(u64, Duration)> {
        let Ok(text) = self.ask('S', now, "")? else { bail!("the coordinator doesn't tell what it took") };
        let mut words = text.split(' ');
        Ok((number(words.next())?, Duration::from_micros(number(words.next())?)))
    }

    fn ask(&mut self, what: char, now: Duration, words: &str) -> Result<Answered<String>> {
        let input = self.input.as_mut().context("the coordinator has ended")?;
        writeln!(input, "{what} {} {words}", now.as_millis())?;
        input.flush()?;
        self.line.clear();
        let _bytes = self.output.read_line(&mut self.line)?;
        let line = self.line.trim_end();
        match line.split_once(' ').unwrap_or((line, "")) {
            ("ok", text) => Ok(Ok(text.to_owned())),
            ("err", code) => Ok(Err(number(Some(code))?)),
            _ => bail!("no answer from the coordinator, what it says of it stands above: `{line}`"),
        }
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        // It ends when there is nothing more to read.
        drop(self.input.take());
        let _ended = self.child.wait();
    }
}

fn list<T: ToString>(of: impl Iterator<Item = T>) -> String {
    of.map(|one| one.to_string()).collect::<Vec<_>>().join(",")
}

fn number<T: FromStr>(text: Option<&str>) -> Result<T> {
    let number = text.and_then(|text| text.parse().ok());
    number.with_context(|| format!("not a number of the coordinator's: {text:?}"))
}
