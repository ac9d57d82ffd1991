//! Room on the disk of a process that keeps data, as `forebay dev` does. The tiers keep none.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use tokio_util::sync::CancellationToken;

use crate::names::{GaugeName, Label, gauge};

/// How often the system is asked.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Tells how much room a folder has until the shutdown. `name` is its label.
pub async fn watch(name: &'static str, folder: PathBuf, shutdown: CancellationToken) {
    let labels = [(Label::Folder, name)];
    let (available, size) = (gauge(GaugeName::DiskAvailable, &labels), gauge(GaugeName::DiskSize, &labels));
    let mut timer = tokio::time::interval(LOOK_EVERY);
    while shutdown.run_until_cancelled(timer.tick()).await.is_some() {
        // It answers at once, but for a file system that is away; then the last figures stand.
        if let Ok(room) = statvfs(&folder) {
            let block = room.fragment_size();
            available.set(bytes(room.blocks_available(), block));
            size.set(bytes(room.blocks(), block));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge; sizes of disks to 53 bits are enough")]
fn bytes(blocks: u64, block: u64) -> f64 {
    blocks.saturating_mul(block) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scrape;

    #[tokio::test]
    async fn a_folder_has_room_on_its_disk() {
        let scrape = Scrape::install().unwrap();
        let shutdown = CancellationToken::new();
        let watching = tokio::spawn(watch("disk-test", std::env::temp_dir(), shutdown.clone()));
        let of = |name: &str| {
            let line = format!(r#"{name}{{folder="disk-test"}} "#);
            let text = scrape.render();
            text.lines().find_map(|l| l.strip_prefix(&line)?.parse::<f64>().ok())
        };
        while of("forebay_disk_size_bytes").is_none_or(|size| size == 0.0) {
            tokio::task::yield_now().await;
        }
        assert!(of("forebay_disk_available_bytes") <= of("forebay_disk_size_bytes"));
        shutdown.cancel();
        watching.await.unwrap();
    }
}
