//! Idempotency keys: what makes it harmless to send a batch again.
//!
//! A batch of a file has a key of the file's device and inode, the batch's place in it, and a hash of its bytes. So a
//! second `send` of the same file, after an interruption say, adds nothing that is there already, while other content
//! under the same name is new. What comes from a pipe can't be sent again, so its keys are random for each run.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use rand::Rng;
use sha2::{Digest, Sha256};

use super::batches::Batch;

/// What all keys of one run begin with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum KeyBase {
    /// Reproducible keys, of a file.
    File {
        /// The number of its device.
        device: u64,
        /// The number of its inode.
        inode: u64,
    },
    /// Keys of this run alone.
    Run(u128),
}

impl KeyBase {
    pub(crate) fn file(metadata: &Metadata) -> Self {
        Self::File { device: metadata.dev(), inode: metadata.ino() }
    }

    pub(crate) fn random() -> Self {
        Self::Run(rand::rng().random())
    }

    /// The key of one batch; at most 100 characters.
    pub(crate) fn of(&self, batch: &Batch) -> String {
        match self {
            Self::File { device, inode } => {
                let hash: String =
                    Sha256::digest(&batch.body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
                format!("send-{device:x}-{inode:x}-{}-{hash}", batch.offset)
            }
            Self::Run(run) => format!("send-{run:032x}-{}", batch.offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_file_place_and_content() {
        let batch = |body: &'static str, offset| Batch { body: body.into(), offset, first_line: 1, lines: 1 };
        let file = KeyBase::File { device: 1, inode: 2 };
        let key = file.of(&batch("x\n", 0));
        assert_eq!(key, file.of(&batch("x\n", 0)), "the same again");
        assert_ne!(key, file.of(&batch("x\n", 2)), "another place");
        assert_ne!(key, file.of(&batch("y\n", 0)), "other content");
        assert_ne!(key, KeyBase::File { device: 1, inode: 3 }.of(&batch("x\n", 0)), "another file");
        assert_ne!(KeyBase::random().of(&batch("x\n", 0)), KeyBase::random().of(&batch("x\n", 0)));
        assert!(KeyBase::Run(u128::MAX).of(&batch("x\n", u64::MAX)).len() <= 100);
    }
}
