//! Which file is this? The identity that event ids and positions hang on.
//!
//! A path says nothing: rotation gives it to another file. Device and inode follow a file over renames, but an inode is
//! reused after a deletion. The fingerprint, a hash of the file's first line, tells those apart. It covers the first
//! line (at most [`FINGERPRINT_LEN`] bytes of it) and not a fixed number of bytes, so that it is the same however long
//! the file has grown when it is first seen: reading a file again gives the same ids even without the positions.
//!
//! A file that is truncated and begins with the same first line again (a header, say) would give old ids to new lines;
//! the generation, counted up when a rewrite is noticed, keeps them apart.

use std::fmt;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

/// The most bytes of a first line that its fingerprint covers.
pub const FINGERPRINT_LEN: usize = 1024;

/// Which file a name means right now.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct FileKey {
    /// The number of the device that holds it.
    pub device: u64,
    /// The number of its inode there.
    pub inode: u64,
}

/// The hash of a file's beginning.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Fingerprint {
    /// How many bytes it covers.
    pub len: u32,
    /// Their hash (XXH64).
    pub hash: u64,
}

/// One file's content, from its first byte on: what line ids are made of.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Identity {
    /// Device and inode.
    pub key: FileKey,
    /// The hash of its first line.
    pub fingerprint: Fingerprint,
    /// How often a file of this key and fingerprint was rewritten in place.
    pub generation: u32,
}

impl Fingerprint {
    /// The fingerprint of a file that begins with `head`; `None` while its first line is unfinished and shorter than
    /// [`FINGERPRINT_LEN`].
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        let head = head.get(..FINGERPRINT_LEN).unwrap_or(head);
        match head.iter().position(|byte| *byte == b'\n') {
            Some(end) => Some(Self::over(head.get(..=end).unwrap_or(head))),
            None if head.len() == FINGERPRINT_LEN => Some(Self::over(head)),
            None => None,
        }
    }

    /// The fingerprint over all of `head`: for a first line that is given up waiting for.
    #[must_use]
    pub fn over(head: &[u8]) -> Self {
        let head = head.get(..FINGERPRINT_LEN).unwrap_or(head);
        // At most FINGERPRINT_LEN, so it always fits.
        Self { len: u32::try_from(head.len()).unwrap_or(u32::MAX), hash: hash(head) }
    }

    /// Whether a file that begins with `head` has this fingerprint.
    #[must_use]
    pub fn matches(&self, head: &[u8]) -> bool {
        usize::try_from(self.len)
            .ok()
            .and_then(|len| head.get(..len))
            .is_some_and(|head| hash(head) == self.hash)
    }
}

/// The hash that fingerprints and anchors use. It is part of event ids: never change it.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}

impl Identity {
    /// The id of the line that begins at `offset`.
    #[must_use]
    pub fn line_id(&self, offset: u64) -> String {
        format!("{self}-{offset}")
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: FileKey { device, inode }, fingerprint, generation } = self;
        write!(f, "{device:x}-{inode:x}-{:016x}", fingerprint.hash)?;
        if *generation > 0 {
            write!(f, ".{generation}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: FileKey = FileKey { device: 0x801, inode: 0xabc };

    proptest! {
        /// Scenario: a file is first seen at any length, and again when it has grown.
        /// Guarantees: once there is a fingerprint, it never changes.
        #[test]
        fn growing_never_changes_a_fingerprint(content in "[a-z\n]{0,64}|[a-z]{1000,1100}\n[a-z]*", cut: prop::sample::Index) {
            let content = content.as_bytes();
            let early = &content[..cut.index(content.len() + 1)];
            if let Some(fingerprint) = Fingerprint::of(early) {
                prop_assert_eq!(Fingerprint::of(content), Some(fingerprint));
                prop_assert!(fingerprint.matches(content));
            }
        }
    }

    #[test]
    fn an_unfinished_first_line_has_no_fingerprint_yet() {
        assert_eq!(Fingerprint::of(b""), None);
        assert_eq!(Fingerprint::of(b"half a li"), None);
        assert!(Fingerprint::of(&[b'x'; FINGERPRINT_LEN]).is_some());
        assert!(!Fingerprint::over(b"abc").matches(b"ab"));
        assert!(!Fingerprint::over(b"abc").matches(b"abd"));
    }

    #[test]
    fn an_id_is_text_of_identity_and_offset() {
        let fingerprint = Fingerprint { len: 3, hash: 0x1f };
        let mut identity = Identity { key: KEY, fingerprint, generation: 0 };
        assert_eq!(identity.line_id(42), "801-abc-000000000000001f-42");
        identity.generation = 2;
        assert_eq!(identity.line_id(0), "801-abc-000000000000001f.2-0");
    }

    #[test]
    fn the_hash_is_fixed_for_ever() {
        assert_eq!(hash(b""), 0xef46_db37_51d8_e999);
    }
}
