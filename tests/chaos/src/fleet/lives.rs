//! What every process counted and used, read while it lives: a killed one can't be asked any more.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use forebay_testkit::eventually;
use forebay_testkit::procs::Usage;
use forebay_testkit::prometheus::series;
use futures_util::future::join_all;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::ledger::Counts;
use crate::tier::Tier;

/// How often a process is read.
const EVERY: Duration = Duration::from_millis(500);
/// How often one that is being stopped is read.
const CLOSELY: Duration = Duration::from_millis(20);
/// How long an answer may take; a frozen process gives none.
const ANSWER: Duration = Duration::from_secs(1);

/// How long it may take until all have answered.
const SURELY: Duration = Duration::from_secs(30);

/// How much of the log of a process that ended by itself is kept, in lines.
const LAST_WORDS: usize = 12;

/// All lives of a run.
#[derive(Debug, Default)]
pub struct Lives {
    all: Mutex<Vec<Arc<Life>>>,
    surprises: Mutex<Vec<String>>,
    client: reqwest::Client,
}

/// The life of one process.
#[derive(Debug)]
pub(super) struct Life {
    tier: Tier,
    pid: u32,
    url: String,
    ended: AtomicBool,
    seen: Mutex<Seen>,
}

/// What was last read of a process.
#[derive(Clone, Debug, Default)]
struct Seen {
    counts: Counts,
    /// Partitions that it reads.
    partitions: u64,
    cpu: Duration,
    peak_memory: u64,
}

/// The time on a CPU that all processes of a tier together have used.
pub type CpuTimes = BTreeMap<Tier, Duration>;

/// The most memory that any process of a tier had, in bytes.
pub type Peaks = BTreeMap<Tier, u64>;

// === impl Lives ===

impl Lives {
    /// Reads all processes again and again, until it is told to stop.
    pub async fn watch(&self, stop: &CancellationToken) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let _some_may_be_frozen = self.read_all().await;
        }
    }

    /// Reads all processes that live, each of them with success: for figures that have to be exact.
    ///
    /// # Errors
    /// When one doesn't answer.
    pub async fn read_surely(&self) -> Result<()> {
        eventually("every process answers", SURELY, async || self.read_all().await).await
    }

    /// Reads all processes that live, once. Whether all answered.
    async fn read_all(&self) -> bool {
        let living: Vec<_> = self.list().into_iter().filter(|life| !life.has_ended()).collect();
        join_all(living.iter().map(|life| self.read(life))).await.into_iter().all(|answered| answered)
    }

    /// What all processes together have counted, those that have ended included.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.list().iter().map(|life| life.seen().counts).fold(Counts::default(), |sum, counts| sum + counts)
    }

    /// What the processes of each tier have used, those that have ended included, as far as it could be read.
    #[must_use]
    pub fn cpu(&self) -> CpuTimes {
        let mut times = CpuTimes::new();
        for life in self.list() {
            *times.entry(life.tier).or_default() += life.seen().cpu;
        }
        times
    }

    /// How many partitions each living process of a tier reads.
    #[must_use]
    pub fn partitions(&self, tier: Tier) -> Vec<u64> {
        let living = self.list().into_iter().filter(|life| life.tier == tier && !life.has_ended());
        living.map(|life| life.seen().partitions).collect()
    }

    /// The most memory that any process of each tier had.
    #[must_use]
    pub fn peaks(&self) -> Peaks {
        let mut peaks = Peaks::new();
        for life in self.list() {
            let peak = peaks.entry(life.tier).or_default();
            *peak = life.seen().peak_memory.max(*peak);
        }
        peaks
    }

    /// How many lives there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list().len()
    }

    /// The last words of processes that ended though nobody ended them.
    #[must_use]
    pub fn surprises(&self) -> Vec<String> {
        self.surprises.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn begin(&self, tier: Tier, pid: u32, url: String) -> Arc<Life> {
        let life = Life { tier, pid, url, ended: AtomicBool::new(false), seen: Mutex::default() };
        let life = Arc::new(life);
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&life));
        life
    }

    pub(super) fn ended_by_itself(&self, tier: Tier, log: &str) {
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LAST_WORDS)..).unwrap_or_default().join("\n");
        let mut surprises = self.surprises.lock().unwrap_or_else(PoisonError::into_inner);
        surprises.push(format!("{tier} ended by itself:\n{last}"));
    }

    /// Reads one process closely; it never ends by itself.
    pub(super) async fn follow(&self, life: &Life) -> Infallible {
        let mut ticks = interval(CLOSELY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let _at = ticks.tick().await;
            let _near_its_end = self.read(life).await;
        }
    }

    async fn read(&self, life: &Life) -> bool {
        let usage = Usage::of(life.pid);
        let request = self.client.get(&life.url).timeout(ANSWER);
        let answer = async { request.send().await?.error_for_status()?.text().await }.await;
        if life.has_ended() {
            return false;
        }
        let mut seen = life.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(usage) = usage {
            seen.cpu = seen.cpu.max(usage.cpu);
            seen.peak_memory = seen.peak_memory.max(usage.peak_memory);
        }
        if let Ok(text) = &answer {
            // Two readers may be at it, and the earlier answer may come later: counters only grow.
            seen.counts = seen.counts.max(Counts::read(text));
            seen.partitions =
                series(text, "forebay_consumer_partitions").map(|(_, value)| value as u64).sum();
        }
        answer.is_ok()
    }

    fn list(&self) -> Vec<Arc<Life>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

// === impl Life ===

impl Life {
    /// From now on its port may be another's.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
