//! The positions on disk: one JSON file, replaced as a whole.
//!
//! A file that can't be read never stops the start: it is set aside and everything is read again, which the ids make
//! harmless.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::identity::FileKey;
use crate::position::Position;

/// The most positions that are kept; the ones that moved longest ago are forgotten first.
pub const MAX_POSITIONS: usize = 10_000;

/// The largest file of positions that is read: far above what [`MAX_POSITIONS`] need.
const MAX_FILE_LEN: u64 = 16 * 1024 * 1024;

/// The version of the file's form.
const VERSION: u32 = 1;

/// The positions of all files that were ever followed.
#[derive(Debug)]
pub struct PositionStore {
    path: PathBuf,
    positions: HashMap<FileKey, Stored>,
    clock: u64,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Stored {
    #[serde(flatten)]
    position: Position,
    /// Counts up with every move: what was moved longest ago is forgotten first.
    moved: u64,
}

#[derive(Debug, Deserialize, Serialize)]
struct Document {
    version: u32,
    files: Vec<Stored>,
}

/// The positions could not be saved.
#[derive(Debug, Error)]
#[error("the positions of followed files can't be saved to {}: {source}", path.display())]
pub struct StoreError {
    path: PathBuf,
    source: io::Error,
}

// === impl PositionStore ===

impl PositionStore {
    /// Reads the positions at `path`; none when there is no such file, or when it can't be read (it is then set aside
    /// under `<path>.bad`, with a warning).
    #[must_use]
    pub fn load(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let files = match read(&path) {
            Ok(document) => document.files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "positions can't be read, files are read from the start");
                if let Err(error) = fs::rename(&path, path.with_extension("bad")) {
                    tracing::debug!(%error, "the unreadable positions were not set aside");
                }
                Vec::new()
            }
        };
        let clock = files.iter().map(|stored| stored.moved).max().unwrap_or(0);
        let positions = files.into_iter().map(|stored| (stored.position.key, stored)).collect();
        Self { path, positions, clock }
    }

    /// The position of a file, if it was followed before.
    #[must_use]
    pub fn get(&self, key: FileKey) -> Option<&Position> {
        self.positions.get(&key).map(|stored| &stored.position)
    }

    /// Moves positions and saves all of them before it returns.
    ///
    /// # Errors
    /// When they can't be written; in memory they have moved all the same.
    pub fn advance(&mut self, moved: &[Position]) -> Result<(), StoreError> {
        if moved.is_empty() {
            return Ok(());
        }
        self.clock += 1;
        for position in moved {
            let _before =
                self.positions.insert(position.key, Stored { position: *position, moved: self.clock });
        }
        self.forget_oldest();
        self.save().map_err(|source| StoreError { path: self.path.clone(), source })
    }

    fn forget_oldest(&mut self) {
        let surplus = self.positions.len().saturating_sub(MAX_POSITIONS);
        if surplus > 0 {
            let mut ages: Vec<(u64, FileKey)> =
                self.positions.iter().map(|(key, stored)| (stored.moved, *key)).collect();
            ages.sort_unstable();
            for (_, key) in ages.into_iter().take(surplus) {
                let _forgotten = self.positions.remove(&key);
            }
        }
    }

    /// Writes beside the old file, makes that durable, then renames: a crash leaves the old or the new one.
    fn save(&self) -> io::Result<()> {
        let mut files: Vec<Stored> = self.positions.values().copied().collect();
        files.sort_unstable_by_key(|stored| stored.position.key);
        let text = serde_json::to_vec(&Document { version: VERSION, files })?;
        let fresh = self.path.with_extension("new");
        let mut file = File::create(&fresh)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)
    }
}

fn read(path: &Path) -> io::Result<Document> {
    let len = fs::metadata(path)?.len();
    if len > MAX_FILE_LEN {
        return Err(io::Error::other(format!("it has {len} bytes, at most {MAX_FILE_LEN} are read")));
    }
    let document: Document = serde_json::from_slice(&fs::read(path)?)?;
    if document.version == VERSION {
        Ok(document)
    } else {
        Err(io::Error::other(format!("it has version {}, this program knows {VERSION}", document.version)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Fingerprint;

    fn position(inode: u64, offset: u64) -> Position {
        let fingerprint = Fingerprint::over(b"x\n");
        Position { key: FileKey { device: 1, inode }, fingerprint, generation: 0, offset, anchor: u64::MAX }
    }

    #[test]
    fn positions_are_there_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("positions.json");
        let mut store = PositionStore::load(&path);
        store.advance(&[position(1, 10), position(2, 20)]).unwrap();
        store.advance(&[position(1, 11)]).unwrap();
        let store = PositionStore::load(&path);
        assert_eq!(store.get(FileKey { device: 1, inode: 1 }), Some(&position(1, 11)));
        assert_eq!(store.get(FileKey { device: 1, inode: 2 }), Some(&position(2, 20)));
        assert_eq!(store.get(FileKey { device: 1, inode: 3 }), None);
    }

    /// Scenario: the file is damaged, or of another version. Guarantees: a start without positions; the file is kept.
    #[test]
    fn a_damaged_file_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("positions.json");
        for bad in ["{\"version\":1,\"fil", "", "{\"version\":99,\"files\":[]}", "[1]"] {
            fs::write(&path, bad).unwrap();
            assert!(PositionStore::load(&path).positions.is_empty());
            assert_eq!(fs::read_to_string(path.with_extension("bad")).unwrap(), bad);
        }
    }

    #[test]
    fn the_oldest_positions_make_room() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = PositionStore::load(dir.path().join("positions.json"));
        store.advance(&[position(1, 1)]).unwrap();
        let more: Vec<Position> = (2..=MAX_POSITIONS as u64 + 1).map(|inode| position(inode, 1)).collect();
        store.advance(&more).unwrap();
        assert_eq!(store.positions.len(), MAX_POSITIONS);
        assert_eq!(store.get(FileKey { device: 1, inode: 1 }), None);
    }
}
