//! What a process uses, read from `/proc` (proc(5): `stat`, `status`).

use std::time::Duration;

use anyhow::{Context, Result};

/// What a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Time on a CPU, in user and kernel mode, of all threads together; to 10 ms.
    pub cpu: Duration,
    /// Resident memory now, in bytes.
    pub memory: u64,
    /// The most resident memory that it ever had, in bytes.
    pub peak_memory: u64,
}

// === impl Usage ===

impl Usage {
    /// Reads the figures of any process of this machine from `/proc` (see proc(5): `stat`, `status`).
    ///
    /// # Errors
    /// When there is no such process.
    pub fn of(pid: u32) -> Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        Self::parse(&stat, &status, rustix::param::clock_ticks_per_second())
            .context("an unknown form of /proc")
    }

    fn parse(stat: &str, status: &str, ticks_per_second: u64) -> Option<Self> {
        // The second field is the name in brackets, which may hold anything: count from behind it. utime and stime
        // are fields 14 and 15.
        let mut after_name = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
        let ticks = after_name.next()?.parse::<u64>().ok()? + after_name.next()?.parse::<u64>().ok()?;
        let kilobytes = |key: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            line.trim_start_matches(':').trim().strip_suffix(" kB")?.parse().ok()
        };
        Some(Self {
            cpu: Duration::from_millis(ticks * 1_000 / ticks_per_second.max(1)),
            memory: kilobytes("VmRSS")? * 1_024,
            peak_memory: kilobytes("VmHWM")? * 1_024,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_survives_a_name_with_brackets() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 1 0 1 1 1";
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        let usage = Usage::parse(stat, status, 100).expect("parses");
        assert_eq!(usage, Usage { cpu: Duration::from_secs(2), memory: 1 << 20, peak_memory: 2 << 20 });
        assert_eq!(Usage::parse("7 (x) S", status, 100), None);
    }

    #[test]
    fn usage_of_this_process() {
        let usage = Usage::of(std::process::id()).expect("reads");
        assert!(usage.memory > 0 && usage.peak_memory >= usage.memory / 2, "{usage:?}");
    }
}
