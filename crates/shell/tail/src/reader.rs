//! One open file: reads what its track asks for and cuts it into lines.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::identity::{FINGERPRINT_LEN, FileKey, Fingerprint, hash};
use crate::lines::{Lines, MaxLine, Rest};
use crate::position::{ANCHOR_LEN, Position, anchor_range};
use crate::store::PositionStore;
use crate::tail::{Batch, Limits};
use crate::track::{Look, Patience, Step, Track};

/// A followed file.
#[derive(Debug)]
pub(crate) struct Reader {
    file: File,
    path: Arc<Path>,
    track: Track,
    /// Whether one of the followed names leads to it.
    pub(crate) named: bool,
    /// Whether trouble with it was reported already.
    complained: bool,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// Nothing new.
    Quiet,
    /// Something was read.
    Moved,
    /// The file is done with.
    Finished,
}

/// How large the buffer must be that [`Reader::turn`] reads into: an anchor and a line with its end always fit.
pub(crate) fn buffer_len(max_line: MaxLine) -> usize {
    const READ_LEN: usize = 256 * 1024;
    max_line.get().saturating_add(ANCHOR_LEN as usize + 2).max(READ_LEN)
}

pub(crate) fn key_of(metadata: &Metadata) -> FileKey {
    FileKey { device: metadata.dev(), inode: metadata.ino() }
}

// === impl Reader ===

impl Reader {
    /// Opens a file and finds out where to go on: at its stored position, if it still is the file that was read.
    pub(crate) fn open(path: &Path, store: &PositionStore, now: Instant) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let key = key_of(&metadata);
        let track = match store.get(key) {
            Some(position) if still_holds(&file, metadata.len(), position)? => Track::resume(position, now),
            former => Track::from_start(key, former.map(Position::identity), now),
        };
        Ok(Self { file, path: path.into(), track, named: true, complained: false })
    }

    pub(crate) fn key(&self) -> FileKey {
        self.track.key()
    }

    /// The position to store once everything that was read is delivered.
    pub(crate) fn position(&self) -> Option<Position> {
        self.track.position()
    }

    /// Looks at the file and reads at most one buffer of it. Trouble is reported once and the file tried again later.
    pub(crate) fn turn(&mut self, to: &mut Sink<'_>, now: Instant) -> Turn {
        match self.try_turn(to, now) {
            Ok(turn) => {
                self.complained = false;
                turn
            }
            Err(error) => {
                if !self.complained {
                    tracing::warn!(path = %self.path.display(), %error, "a followed file can't be read, trying again");
                    self.complained = true;
                }
                if self.named { Turn::Quiet } else { Turn::Finished }
            }
        }
    }

    fn try_turn(&mut self, to: &mut Sink<'_>, now: Instant) -> io::Result<Turn> {
        let look = Look { len: self.file.metadata()?.len(), named: self.named };
        match self.track.step(look, now, to.patience) {
            Step::Rest => Ok(Turn::Quiet),
            Step::Finish => Ok(Turn::Finished),
            Step::Truncated => {
                self.begin_anew(now);
                Ok(Turn::Moved)
            }
            Step::Read(rest) => self.read(to, rest, now),
        }
    }

    fn begin_anew(&mut self, now: Instant) {
        tracing::info!(path = %self.path.display(), "the file was rewritten, reading it from its start");
        self.track.rewritten(now);
    }

    fn read(&mut self, to: &mut Sink<'_>, rest: Rest, now: Instant) -> io::Result<Turn> {
        let (from, offset) = anchor_range(self.track.offset());
        let len = read_full(&self.file, to.buffer, from)?;
        let got = to.buffer.get(..len).unwrap_or_default();
        let before_len = usize::try_from(offset - from).unwrap_or(0);
        let Some((before, fresh)) =
            got.split_at_checked(before_len).filter(|(b, _)| hash(b) == self.track.anchor())
        else {
            self.begin_anew(now);
            return Ok(Turn::Moved);
        };
        if self.track.identity().is_none() {
            // Without an offset there is no anchor: `fresh` is the file's head.
            let Some(fingerprint) =
                Fingerprint::of(fresh).or((rest == Rest::Flush).then(|| Fingerprint::over(fresh)))
            else {
                self.track.advanced(offset, hash(before), offset + fresh.len() as u64, now);
                return Ok(Turn::Quiet);
            };
            let _identity = self.track.identify(fingerprint);
        }
        let Some(identity) = self.track.identity() else { return Ok(Turn::Quiet) };
        let mut lines = Lines::new(fresh, to.limits.max_line, rest);
        while !to.batch.is_full(to.limits) {
            let Some(piece) = lines.next() else { break };
            let bytes = fresh.get(piece.start..piece.end).unwrap_or_default();
            to.batch.push(&self.path, identity, offset + piece.start as u64, bytes);
        }
        let consumed = lines.consumed();
        // Bytes are only "seen" when the end of the file was reached and they hold no whole line.
        let at_end = got.len() < to.buffer.len() && !to.batch.is_full(to.limits);
        let seen = if at_end { fresh.len() } else { consumed };
        let done = before_len + consumed;
        let anchor = hash(got.get(done.saturating_sub(ANCHOR_LEN as usize)..done).unwrap_or_default());
        self.track.advanced(offset + consumed as u64, anchor, offset + seen as u64, now);
        Ok(if consumed > 0 { Turn::Moved } else { Turn::Quiet })
    }
}

/// What a reader needs from the tail during its turn.
pub(crate) struct Sink<'a> {
    pub(crate) batch: &'a mut Batch,
    pub(crate) buffer: &'a mut [u8],
    pub(crate) limits: &'a Limits,
    pub(crate) patience: &'a Patience,
}

fn still_holds(file: &File, len: u64, position: &Position) -> io::Result<bool> {
    let (from, to) = anchor_range(position.offset);
    let mut head = [0; FINGERPRINT_LEN];
    let head_len = read_full(file, &mut head, 0)?;
    let mut before = [0; ANCHOR_LEN as usize];
    let before = before.get_mut(..usize::try_from(to - from).unwrap_or(0)).unwrap_or_default();
    let before_len = read_full(file, before, from)?;
    Ok(position.still_holds(
        len,
        head.get(..head_len).unwrap_or_default(),
        before.get(..before_len).unwrap_or_default(),
    ))
}

/// Reads until the buffer is full or the file ends.
fn read_full(file: &File, buffer: &mut [u8], from: u64) -> io::Result<usize> {
    let mut len = 0;
    while let Some(rest) = buffer.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, from + len as u64) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}
