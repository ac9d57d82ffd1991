//! The life of one followed file: what to do at each look, as a pure state machine.
//!
//! The shell looks at the file (its length, whether its path still leads to it, what stands before the offset) and
//! says what it saw; the track answers what to read and when a file is finished. Time comes in as an argument.

use std::time::{Duration, Instant};

use crate::identity::{FileKey, Fingerprint, Identity, hash};
use crate::lines::Rest;
use crate::position::Position;

/// How long a track waits for what may still come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Patience {
    /// A last line without an end is taken as it is after this long without change.
    pub unfinished_line: Duration,
    /// A file that lost its name is let go after this long without change: writers keep a rotated file open for a
    /// while.
    pub nameless_file: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { unfinished_line: Duration::from_secs(5), nameless_file: Duration::from_secs(30) }
    }
}

/// What the shell saw.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Look {
    /// The file's length.
    pub len: u64,
    /// Whether one of the followed names still leads to it.
    pub named: bool,
}

/// What to do now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Nothing new.
    Rest,
    /// Read from the offset on.
    Read(Rest),
    /// The file became shorter than what was read: call [`Track::rewritten`].
    Truncated,
    /// It has no name any more and nothing has come for long: let it go.
    Finish,
}

/// One followed file.
#[derive(Clone, Debug)]
pub struct Track {
    key: FileKey,
    identity: Option<Identity>,
    /// The identity of the content that was here before, if it was rewritten.
    former: Option<Identity>,
    offset: u64,
    anchor: u64,
    /// Up to where the bytes after the offset have been looked at without finding a line's end.
    seen: u64,
    /// Since when nothing has changed.
    quiet_since: Instant,
}

// === impl Track ===

impl Track {
    /// A file to read from its start. `former` is what was known of other content under the same key.
    #[must_use]
    pub fn from_start(key: FileKey, former: Option<Identity>, now: Instant) -> Self {
        Self { key, identity: None, former, offset: 0, anchor: hash(b""), seen: 0, quiet_since: now }
    }

    /// A file to go on with.
    #[must_use]
    pub fn resume(position: &Position, now: Instant) -> Self {
        let Position { key, offset, anchor, .. } = *position;
        Self {
            key,
            identity: Some(position.identity()),
            former: None,
            offset,
            anchor,
            seen: offset,
            quiet_since: now,
        }
    }

    /// Which file it is.
    #[must_use]
    pub const fn key(&self) -> FileKey {
        self.key
    }

    /// Where reading goes on.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The hash that the bytes just before the offset must have.
    #[must_use]
    pub const fn anchor(&self) -> u64 {
        self.anchor
    }

    /// The identity, once the first line is known.
    #[must_use]
    pub const fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// The position to store when everything up to the offset is delivered.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        let Identity { key, fingerprint, generation } = self.identity?;
        Some(Position { key, fingerprint, generation, offset: self.offset, anchor: self.anchor })
    }

    /// What to do after a look at the file.
    #[must_use]
    pub fn step(&self, look: Look, now: Instant, patience: &Patience) -> Step {
        if look.len < self.offset || look.len < self.seen {
            return Step::Truncated;
        }
        let quiet = now.saturating_duration_since(self.quiet_since);
        if look.len > self.seen {
            return Step::Read(Rest::Wait);
        }
        if self.seen > self.offset && (quiet >= patience.unfinished_line) {
            return Step::Read(Rest::Flush);
        }
        if !look.named && self.seen == self.offset && quiet >= patience.nameless_file {
            return Step::Finish;
        }
        Step::Rest
    }

    /// Fixes the identity, when the first line is read; once there, it stays. A rewrite that begins with the same
    /// first line counts as a new generation.
    pub fn identify(&mut self, fingerprint: Fingerprint) -> Identity {
        let Self { key, former, .. } = *self;
        *self.identity.get_or_insert_with(|| {
            let again = former.filter(|former| former.fingerprint == fingerprint);
            let generation = again.map_or(0, |former| former.generation.saturating_add(1));
            Identity { key, fingerprint, generation }
        })
    }

    /// What was read: lines up to `offset`, and unfinished bytes up to `seen`. `anchor` is the hash of what now stands
    /// before the offset.
    pub fn advanced(&mut self, offset: u64, anchor: u64, seen: u64, now: Instant) {
        if seen != self.seen || offset != self.offset {
            self.quiet_since = now;
        }
        self.offset = offset;
        self.anchor = anchor;
        self.seen = seen.max(offset);
    }

    /// The content was replaced in place: begins anew.
    pub fn rewritten(&mut self, now: Instant) {
        *self = Self::from_start(self.key, self.identity.or(self.former), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: FileKey = FileKey { device: 1, inode: 2 };
    const PATIENCE: Patience =
        Patience { unfinished_line: Duration::from_secs(5), nameless_file: Duration::from_secs(30) };

    fn at(track: &Track, len: u64, named: bool, start: Instant, seconds: u64) -> Step {
        track.step(Look { len, named }, start + Duration::from_secs(seconds), &PATIENCE)
    }

    /// Scenario: a file grows, its last line stays without an end.
    /// Guarantees: the line is waited for, then taken; a growing line is not.
    #[test]
    fn an_unfinished_line_is_waited_for() {
        let start = Instant::now();
        let mut track = Track::from_start(KEY, None, start);
        assert_eq!(at(&track, 0, true, start, 1), Step::Rest);
        assert_eq!(at(&track, 10, true, start, 1), Step::Read(Rest::Wait));
        track.advanced(4, 7, 10, start + Duration::from_secs(1));
        assert_eq!(at(&track, 10, true, start, 5), Step::Rest);
        assert_eq!(at(&track, 12, true, start, 5), Step::Read(Rest::Wait));
        track.advanced(4, 7, 12, start + Duration::from_secs(5));
        assert_eq!(at(&track, 12, true, start, 9), Step::Rest);
        assert_eq!(at(&track, 12, true, start, 10), Step::Read(Rest::Flush));
    }

    /// Scenario: rotation takes the file's name while its writer still writes.
    /// Guarantees: it is read to its end, and let go only when it has been quiet for long.
    #[test]
    fn a_renamed_file_is_read_to_its_end() {
        let start = Instant::now();
        let mut track = Track::from_start(KEY, None, start);
        track.advanced(100, 1, 100, start);
        assert_eq!(at(&track, 100, false, start, 29), Step::Rest);
        assert_eq!(at(&track, 150, false, start, 29), Step::Read(Rest::Wait));
        track.advanced(120, 2, 150, start + Duration::from_secs(29));
        assert_eq!(at(&track, 150, false, start, 34), Step::Read(Rest::Flush));
        track.advanced(150, 3, 150, start + Duration::from_secs(34));
        assert_eq!(at(&track, 150, false, start, 63), Step::Rest);
        assert_eq!(at(&track, 150, false, start, 64), Step::Finish);
        assert_eq!(at(&track, 150, true, start, 64), Step::Rest, "with a name it is kept");
    }

    /// Scenario: copytruncate. Guarantees: the file begins anew, and a same first line gets another identity.
    #[test]
    fn a_truncated_file_begins_anew() {
        let now = Instant::now();
        let fingerprint = Fingerprint::over(b"header\n");
        let mut track = Track::from_start(KEY, None, now);
        let first = track.identify(fingerprint);
        track.advanced(100, 1, 100, now);
        assert_eq!(at(&track, 20, true, now, 0), Step::Truncated);
        track.rewritten(now);
        assert_eq!((track.offset(), track.position()), (0, None));
        let second = track.identify(fingerprint);
        assert_ne!(first.line_id(0), second.line_id(0));
        track.rewritten(now);
        track.rewritten(now);
        assert_eq!(track.identify(fingerprint).generation, 2, "each rewrite counts, delivered or not");
        track.rewritten(now);
        let other = track.identify(Fingerprint::over(b"other\n"));
        assert_eq!(other.generation, 0, "another first line tells it apart by itself");
    }

    #[test]
    fn a_resumed_file_goes_on_where_it_was() {
        let now = Instant::now();
        let mut track = Track::from_start(KEY, None, now);
        let _identity = track.identify(Fingerprint::over(b"x\n"));
        track.advanced(64, 9, 70, now);
        let again = Track::resume(&track.position().unwrap(), now);
        assert_eq!((again.offset(), again.anchor(), again.identity()), (64, 9, track.identity()));
    }
}
