//! How far a file has been delivered, and whether a file is still the one that a position speaks of. Pure.
//!
//! A position holds the hash of the bytes just before its offset, the anchor. A file that was truncated and has grown
//! past the offset again looks the same by inode and length; its anchor differs.

use serde::{Deserialize, Serialize};

use crate::identity::{FileKey, Fingerprint, Identity, hash};

/// How many bytes before the offset the anchor covers; fewer where the file begins.
pub const ANCHOR_LEN: u64 = 64;

/// How far a file has been delivered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Position {
    /// Device and inode.
    #[serde(flatten)]
    pub key: FileKey,
    /// The hash of the first line.
    pub fingerprint: Fingerprint,
    /// How often the file was rewritten in place with the same first line.
    #[serde(default)]
    pub generation: u32,
    /// Everything before this byte was delivered.
    pub offset: u64,
    /// The hash of the bytes just before it.
    pub anchor: u64,
}

/// The range of bytes that the anchor of `offset` covers.
#[must_use]
pub const fn anchor_range(offset: u64) -> (u64, u64) {
    (offset.saturating_sub(ANCHOR_LEN), offset)
}

impl Position {
    /// The identity of the file that it speaks of.
    #[must_use]
    pub const fn identity(&self) -> Identity {
        Identity { key: self.key, fingerprint: self.fingerprint, generation: self.generation }
    }

    /// Whether a file of the same key still has the content that was delivered. `head` is its beginning (at least as
    /// much as the fingerprint covers, where the file has that), `before` what [`anchor_range`] names.
    #[must_use]
    pub fn still_holds(&self, len: u64, head: &[u8], before: &[u8]) -> bool {
        len >= self.offset && self.fingerprint.matches(head) && hash(before) == self.anchor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(content: &[u8], offset: u64) -> Position {
        let (from, to) = anchor_range(offset);
        Position {
            key: FileKey { device: 1, inode: 2 },
            fingerprint: Fingerprint::of(content).unwrap(),
            generation: 0,
            offset,
            anchor: hash(&content[from as usize..to as usize]),
        }
    }

    fn holds(position: &Position, content: &[u8]) -> bool {
        let (from, to) = anchor_range(position.offset);
        let before = content.get(from as usize..to as usize).unwrap_or_default();
        position.still_holds(content.len() as u64, content, before)
    }

    #[test]
    fn a_file_that_only_grew_is_the_same() {
        let position = position(b"header\none\n", 11);
        assert!(holds(&position, b"header\none\n"));
        assert!(holds(&position, b"header\none\ntwo\n"));
    }

    #[test]
    fn a_truncated_or_rewritten_file_is_not() {
        let position = position(b"header\none\n", 11);
        assert!(!holds(&position, b"header\n"), "shorter");
        assert!(!holds(&position, b"other!\none\n"), "another first line");
        assert!(!holds(&position, b"header\nuno\ndue\n"), "rewritten and grown past the offset");
    }
}
