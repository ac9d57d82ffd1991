//! Measuring a run: CPU time and peak memory of the process under test, and how busy the machine was beside it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use forebay_testkit::procs::Usage;
use serde::Serialize;

use crate::machine;

/// What one run cost one process.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// Events that went through.
    pub events: u64,
    /// CPU time in user and kernel mode, in seconds.
    pub cpu_seconds: f64,
    /// The most resident memory, in bytes; 0 where the process does other work too.
    pub peak_memory: u64,
    /// From the start of the process to the last event seen at the other end, in seconds.
    pub wall_seconds: f64,
    /// The load average of the minute before the run.
    pub load_before: f64,
    /// How many cores were busy, on average, with what is no part of the run.
    pub other_cores: f64,
    /// Events that came out more than once, as at-least-once delivery allows.
    pub repeated: u64,
}

/// Runs while something is measured.
#[derive(Debug)]
pub struct Watch {
    began: Instant,
    load_before: f64,
    busy: Duration,
    /// Processes that are part of the run, and what they had used before.
    known: Vec<(u32, Duration)>,
}

// === impl Measured ===

impl Measured {
    /// The figure: CPU-seconds per million events.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.cpu_seconds * 1e6 / whole(self.events.max(1))
    }

    /// Events per second of wall time.
    #[must_use]
    pub fn rate(&self) -> f64 {
        whole(self.events) / self.wall_seconds.max(f64::EPSILON)
    }
}

// === impl Watch ===

impl Watch {
    /// Starts. `beside` are the processes that are part of the run but not under test: servers, the sink.
    ///
    /// # Errors
    /// When one of them doesn't run.
    pub fn start(beside: &[u32]) -> Result<Self> {
        let pids = beside.iter().copied().chain([std::process::id()]);
        let known = pids.map(|pid| Ok((pid, Usage::of(pid)?.cpu)));
        Ok(Self {
            known: known.collect::<Result<_>>()?,
            load_before: machine::load_average()?,
            busy: machine::busy()?,
            began: Instant::now(),
        })
    }

    /// Ends the measurement of processes that were started after the watch, one result for each.
    ///
    /// # Errors
    /// When a process has ended.
    pub fn stop(self, events: u64, tested: &[u32]) -> Result<Vec<Measured>> {
        let wall = self.began.elapsed();
        let usages = tested.iter().map(|pid| Usage::of(*pid)).collect::<Result<Vec<_>>>()?;
        let ours: Duration = usages.iter().map(|usage| usage.cpu).sum();
        let other_cores = self.other_cores(ours, wall)?;
        let measured = |usage: &Usage| Measured {
            events,
            cpu_seconds: usage.cpu.as_secs_f64(),
            peak_memory: usage.peak_memory,
            wall_seconds: wall.as_secs_f64(),
            load_before: self.load_before,
            other_cores,
            repeated: 0,
        };
        Ok(usages.iter().map(measured).collect())
    }

    /// Ends the measurement of a single process.
    ///
    /// # Errors
    /// When it has ended.
    pub fn stop_one(self, events: u64, tested: u32) -> Result<Measured> {
        self.stop(events, &[tested])?.pop().context("one process, one result")
    }

    /// Ends the measurement of work that this process did itself.
    ///
    /// # Errors
    /// When `/proc` has another form.
    pub fn stop_own(self, events: u64) -> Result<Measured> {
        let wall = self.began.elapsed();
        let own = std::process::id();
        let before = self.known.iter().find(|(pid, _)| *pid == own).map_or(Duration::ZERO, |(_, cpu)| *cpu);
        Ok(Measured {
            events,
            cpu_seconds: Usage::of(own)?.cpu.saturating_sub(before).as_secs_f64(),
            peak_memory: 0,
            wall_seconds: wall.as_secs_f64(),
            load_before: self.load_before,
            other_cores: self.other_cores(Duration::ZERO, wall)?,
            repeated: 0,
        })
    }

    fn other_cores(&self, tested: Duration, wall: Duration) -> Result<f64> {
        let mut explained = tested;
        for (pid, before) in &self.known {
            explained += Usage::of(*pid)?.cpu.saturating_sub(*before);
        }
        let others = (machine::busy()?.saturating_sub(self.busy)).saturating_sub(explained);
        Ok(others.as_secs_f64() / wall.as_secs_f64().max(f64::EPSILON))
    }
}

/// Counts are far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) const fn whole(count: u64) -> f64 {
    count as f64
}

/// The smallest and the middle one of some figures; of an even number the lower middle one.
#[must_use]
pub fn min_and_median(mut figures: Vec<f64>) -> Option<(f64, f64)> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len().saturating_sub(1) / 2;
    Some((*figures.first()?, *figures.get(middle)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_three_and_of_two() {
        assert_eq!(min_and_median(vec![3.0, 1.0, 2.0]), Some((1.0, 2.0)));
        assert_eq!(min_and_median(vec![2.0, 1.0]), Some((1.0, 1.0)));
        assert_eq!(min_and_median(Vec::new()), None);
    }

    /// Milliseconds that this thread has run, as the scheduler counts them.
    fn ran_ms() -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("readable");
        text.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).expect("a number") / 1_000_000
    }

    /// Scenario: this process works for a while, however long a busy machine takes to let it.
    /// Guarantees: the work is its own and not that of others.
    #[test]
    fn own_work_is_counted() {
        let watch = Watch::start(&[]).expect("starts");
        let until = ran_ms() + 60;
        while ran_ms() < until {}
        let measured = watch.stop_own(1_000_000).expect("stops");
        assert!(measured.cpu_seconds >= 0.03, "{measured:?}");
        assert!((measured.cost() - measured.cpu_seconds).abs() < 1e-9);
    }
}
