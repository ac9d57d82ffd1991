//! A limit on the CPU time of a process, as containers have it: a control group of the kernel.
//!
//! So a machine of few cores can show what more processes do: each has the part of a core that it may use, whatever the others do.
//! [cgroups(7)](https://man7.org/linux/man-pages/man7/cgroups.7.html), in both of their versions.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// How often a process gets its share anew, in microseconds: as Kubernetes has it.
const PERIOD_US: u64 = 100_000;
/// The least that the kernel gives in a period, in microseconds.
const LEAST_US: u64 = 1_000;

/// A control group, which goes when this is dropped and its process has ended.
#[derive(Debug)]
pub(super) struct Quota {
    folder: PathBuf,
}

// === impl Quota ===

impl Quota {
    /// Makes one, in which a process may use so many cores.
    ///
    /// # Errors
    /// When this user may not, or the system has no such groups.
    pub(super) fn make(name: &str, cores: f64) -> Result<Self> {
        let micros = ((cores * PERIOD_US as f64) as u64).max(LEAST_US);
        let (v1, v2) = (Path::new("/sys/fs/cgroup/cpu"), Path::new("/sys/fs/cgroup"));
        let is_v1 = v1.join("cpu.cfs_quota_us").is_file();
        let name = format!("forebay-{}-{name}", std::process::id());
        let quota = Self { folder: if is_v1 { v1 } else { v2 }.join(name) };
        let limited = std::fs::create_dir(&quota.folder).and_then(|()| {
            if is_v1 {
                quota.write("cpu.cfs_period_us", &PERIOD_US.to_string())?;
                quota.write("cpu.cfs_quota_us", &micros.to_string())
            } else {
                quota.write("cpu.max", &format!("{micros} {PERIOD_US}"))
            }
        });
        limited.context(
            "a process can't be limited to a part of a core here (that takes root): leave the limit out",
        )?;
        Ok(quota)
    }

    /// Puts a process into it.
    ///
    /// # Errors
    /// When it has ended.
    pub(super) fn hold(&self, pid: u32) -> Result<()> {
        self.write("cgroup.procs", &pid.to_string()).context("limiting a process")
    }

    fn write(&self, file: &str, value: &str) -> std::io::Result<()> {
        std::fs::write(self.folder.join(file), value)
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir(&self.folder);
    }
}
