//! The machine: what it is, and how busy it is.
//!
//! Sources: `/proc/cpuinfo`, `/proc/stat`, `/proc/loadavg`, `/proc/meminfo`, `/proc/sys/kernel/osrelease` (proc(5)).

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};

/// What the figures were had on.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many cores there are.
    pub cores: usize,
    /// Memory, in bytes.
    pub memory: u64,
    /// The kernel's version.
    pub kernel: String,
}

/// How long to look before the machine counts as quiet.
const LOOK: Duration = Duration::from_secs(1);
/// How many cores may be busy on a quiet machine.
const QUIET: f64 = 0.3;

// === impl Machine ===

impl Machine {
    /// Looks at this machine.
    #[must_use]
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
        Self {
            processor: field(&cpu, "model name").unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: field(&memory, "MemTotal").and_then(kilobytes).unwrap_or(0) * 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// The value of the first `name : value` line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

fn kilobytes(value: &str) -> Option<u64> {
    value.strip_suffix("kB")?.trim().parse().ok()
}

/// The load average of the last minute.
///
/// # Errors
/// When `/proc` has another form.
pub fn load_average() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    let first = text.split_ascii_whitespace().next().context("loadavg is empty")?;
    first.parse().context("loadavg")
}

/// How long all cores together have been busy since the machine started, time stolen by the hypervisor included.
///
/// # Errors
/// When `/proc` has another form.
pub fn busy() -> Result<Duration> {
    busy_of(&fs::read_to_string("/proc/stat")?, rustix::param::clock_ticks_per_second()).context("/proc/stat")
}

/// user, nice, system, idle, iowait, irq, softirq, steal: all but idle and iowait.
fn busy_of(stat: &str, ticks_per_second: u64) -> Option<Duration> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> =
        line.split_ascii_whitespace().take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
    let idle: u64 = ticks.get(3..5)?.iter().sum();
    let busy = ticks.iter().sum::<u64>().saturating_sub(idle);
    Some(Duration::from_millis(busy * 1000 / ticks_per_second.max(1)))
}

/// Waits until next to nothing runs, or until `patience` is over. Nothing of the bench runs meanwhile.
///
/// # Errors
/// When `/proc` has another form.
pub async fn quiet(patience: Duration) -> Result<()> {
    let began = Instant::now();
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let _at_once = ticks.tick().await;
    loop {
        let (before, from) = (busy()?, Instant::now());
        let _after_a_look = ticks.tick().await;
        let cores = (busy()? - before).as_secs_f64() / from.elapsed().as_secs_f64();
        if cores < QUIET || began.elapsed() >= patience {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_is_not_busy() {
        let stat = "cpu  100 10 50 5000 300 0 20 20 0 0\ncpu0 1 2 3\n";
        assert_eq!(busy_of(stat, 100), Some(Duration::from_secs(2)));
        assert_eq!(busy_of("cpu  1 2 x", 100), None);
    }

    #[test]
    fn fields_are_found_by_name() {
        let text = "processor\t: 0\nmodel name\t: Some CPU\nMemTotal:       2048 kB\n";
        assert_eq!(field(text, "model name"), Some("Some CPU"));
        assert_eq!(field(text, "MemTotal").and_then(kilobytes), Some(2048));
    }
}
