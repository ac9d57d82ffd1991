//! A disk that can be full: a file system in memory, made no larger than what is on it.
//!
//! Mounting takes root. Where this user isn't, there is no such disk, and a run says that it left the fault out.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_testkit::eventually;

/// Its size as long as it isn't full: more than any run writes.
const ROOMY: &str = "8g";

/// A mounted file system; unmounted when this is dropped.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
}

// === impl Disk ===

impl Disk {
    /// Mounts one at this path; none where this user can't.
    #[must_use]
    pub fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir_all(path).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={ROOMY},mode=700"), "forebay-chaos"])
            .arg(path)
            .output()
            .ok()?;
        mounted.status.success().then(|| Self { path: path.to_owned() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the free space away.
    ///
    /// # Errors
    /// When the system doesn't let it.
    pub async fn fill(&self) -> Result<()> {
        // It can't be made smaller than what is on it, which grows while it is looked at.
        eventually("the disk is full", Duration::from_secs(20), async || {
            self.used().and_then(|used| self.resize(&used.to_string())).is_ok()
        })
        .await
    }

    /// Gives it space again.
    ///
    /// # Errors
    /// When the system doesn't let it.
    pub fn free(&self) -> Result<()> {
        self.resize(ROOMY)
    }

    fn used(&self) -> Result<u64> {
        let answer = Command::new("df").args(["--block-size=1", "--output=used"]).arg(&self.path).output()?;
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        text.lines().nth(1).and_then(|line| line.trim().parse().ok()).context("an unknown answer of df")
    }

    fn resize(&self, size: &str) -> Result<()> {
        let options = format!("remount,size={size}");
        let answer = Command::new("mount").args(["-o", &options]).arg(&self.path).output()?;
        ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that still has a file open there holds it until it ends.
        let _unmounted = Command::new("umount").arg("--lazy").arg(&self.path).output();
    }
}
