//! All followed files together: finds them, gives each its turn, gathers lines into batches.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::discover::{PatternError, Source};
use crate::identity::{FileKey, Identity};
use crate::lines::MaxLine;
use crate::position::Position;
use crate::reader::{Reader, Sink, Turn, buffer_len, key_of};
use crate::store::{PositionStore, StoreError};
use crate::track::Patience;

/// How large a batch and a line may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The most lines in a batch.
    pub lines: usize,
    /// A batch is full once it holds this many bytes; the last line may go beyond.
    pub bytes: usize,
    /// The longest line.
    pub max_line: MaxLine,
}

/// What to follow, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Files, folders and patterns.
    pub paths: Vec<String>,
    /// How large a batch and a line may be.
    pub limits: Limits,
    /// How long it waits for what may still come.
    pub patience: Patience,
    /// How often new files are looked for.
    pub discover_every: Duration,
    /// The most files that are kept open; further ones are left out, with a warning.
    pub max_files: usize,
}

impl Options {
    /// Follows `paths` with limits that suit one machine's logs.
    #[must_use]
    pub fn new(paths: Vec<String>) -> Self {
        Self {
            paths,
            limits: Limits { lines: 2000, bytes: 1024 * 1024, max_line: MaxLine::new(900 * 1024) },
            patience: Patience::default(),
            discover_every: Duration::from_secs(1),
            max_files: 512,
        }
    }
}

/// Files can't be followed.
#[derive(Debug, Error)]
pub enum TailError {
    /// A pattern with a mistake.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The positions could not be saved.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A line of a followed file.
#[derive(Clone, Copy, Debug)]
pub struct TailedLine<'a> {
    /// The name under which the file was found.
    pub path: &'a Path,
    /// The file's identity.
    pub identity: Identity,
    /// Where the line begins, in bytes.
    pub offset: u64,
    /// Its content, without the line's end.
    pub bytes: &'a [u8],
}

/// Lines to deliver together, and the positions that hold once they are.
#[derive(Debug, Default)]
pub struct Batch {
    arena: Vec<u8>,
    lines: Vec<Stored>,
    positions: Vec<Position>,
}

#[derive(Debug)]
struct Stored {
    path: Arc<Path>,
    identity: Identity,
    offset: u64,
    start: usize,
    end: usize,
}

/// The files that are followed.
#[derive(Debug)]
pub struct Tail {
    options: Options,
    sources: Vec<Source>,
    store: PositionStore,
    readers: BTreeMap<FileKey, Reader>,
    discovered: Option<Instant>,
    /// Names that could not be opened, reported once.
    refused: BTreeSet<PathBuf>,
    crowded: bool,
    /// Whose turn it was last: the next round begins behind it, so that a busy file doesn't starve the others.
    last: Option<FileKey>,
    buffer: Vec<u8>,
}

// === impl Tail ===

impl Tail {
    /// Nothing is opened before the first [`Tail::poll`].
    ///
    /// # Errors
    /// When a path is a pattern with a mistake.
    pub fn new(options: Options, store: PositionStore) -> Result<Self, TailError> {
        let sources = options.paths.iter().map(|path| Source::new(path)).collect::<Result<_, _>>()?;
        let buffer = vec![0; buffer_len(options.limits.max_line)];
        let readers = BTreeMap::new();
        let refused = BTreeSet::new();
        Ok(Self {
            options,
            sources,
            store,
            readers,
            discovered: None,
            refused,
            crowded: false,
            last: None,
            buffer,
        })
    }

    /// Reads what is new, up to a full batch; an empty batch when there is nothing. Blocks on the file system only.
    ///
    /// The lines must be delivered, however often that has to be tried: the next poll goes on behind them.
    pub fn poll(&mut self, now: Instant) -> Batch {
        self.discover(now);
        let mut batch = Batch::default();
        let mut moved = BTreeSet::new();
        let mut round = self.round();
        while !round.is_empty() && !batch.is_full(&self.options.limits) {
            round.retain(|key| {
                if batch.is_full(&self.options.limits) {
                    return false;
                }
                let Some(reader) = self.readers.get_mut(key) else { return false };
                let mut sink = Sink {
                    batch: &mut batch,
                    buffer: &mut self.buffer,
                    limits: &self.options.limits,
                    patience: &self.options.patience,
                };
                match reader.turn(&mut sink, now) {
                    Turn::Quiet => false,
                    Turn::Moved => {
                        self.last = Some(*key);
                        let _first = moved.insert(*key);
                        true
                    }
                    Turn::Finished => {
                        let _finished = self.readers.remove(key);
                        false
                    }
                }
            });
        }
        batch.positions = moved.iter().filter_map(|key| self.readers.get(key)?.position()).collect();
        batch
    }

    /// Every line of the batch was delivered: its positions are saved.
    ///
    /// # Errors
    /// When they can't be saved. The lines are then read again after a restart, with the same ids.
    pub fn acknowledge(&mut self, batch: &Batch) -> Result<(), TailError> {
        Ok(self.store.advance(&batch.positions)?)
    }

    /// How many files are followed at the moment.
    #[must_use]
    pub fn files(&self) -> usize {
        self.readers.len()
    }

    fn round(&self) -> Vec<FileKey> {
        let mut keys: Vec<FileKey> = self.readers.keys().copied().collect();
        let behind = self.last.map_or(0, |last| keys.partition_point(|key| *key <= last));
        keys.rotate_left(behind);
        keys
    }

    fn discover(&mut self, now: Instant) {
        let due = |at: Instant| now.saturating_duration_since(at) >= self.options.discover_every;
        if !self.discovered.is_none_or(due) {
            return;
        }
        self.discovered = Some(now);
        for reader in self.readers.values_mut() {
            reader.named = false;
        }
        let names: BTreeSet<PathBuf> = self
            .sources
            .iter()
            .flat_map(|source| source.files(self.options.max_files.saturating_mul(2)))
            .collect();
        for name in names {
            self.found(&name, now);
        }
    }

    fn found(&mut self, name: &Path, now: Instant) {
        let Ok(metadata) = fs::metadata(name) else { return };
        if let Some(reader) = self.readers.get_mut(&key_of(&metadata)) {
            reader.named = true;
            return;
        }
        if self.readers.len() >= self.options.max_files {
            if !self.crowded {
                let max_files = self.options.max_files;
                tracing::warn!(max_files, path = %name.display(), "too many files to follow, further ones are left out");
                self.crowded = true;
            }
            return;
        }
        match Reader::open(name, &self.store, now) {
            Ok(reader) => {
                tracing::debug!(path = %name.display(), "following a file");
                let _was_refused = self.refused.remove(name);
                let _none = self.readers.insert(reader.key(), reader);
            }
            Err(error) => {
                if self.refused.insert(name.to_owned()) {
                    tracing::warn!(path = %name.display(), %error, "a file can't be followed, trying again");
                }
            }
        }
    }
}

// === impl Batch ===

impl Batch {
    /// How many lines it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is nothing to deliver.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines, each file's in its order.
    pub fn lines(&self) -> impl Iterator<Item = TailedLine<'_>> {
        self.lines.iter().map(|line| TailedLine {
            path: &line.path,
            identity: line.identity,
            offset: line.offset,
            bytes: self.arena.get(line.start..line.end).unwrap_or_default(),
        })
    }

    pub(crate) fn is_full(&self, limits: &Limits) -> bool {
        self.lines.len() >= limits.lines || self.arena.len() >= limits.bytes
    }

    pub(crate) fn push(&mut self, path: &Arc<Path>, identity: Identity, offset: u64, bytes: &[u8]) {
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        self.lines.push(Stored { path: Arc::clone(path), identity, offset, start, end: self.arena.len() });
    }
}

#[cfg(test)]
mod tests;
