//! Reading small files, and noticing that they have changed.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::problem::Findings;

/// The largest file that is read, in bytes: lists of revocations of large authorities have some megabytes.
const MAX_FILE: u64 = 16 << 20;

/// What tells one state of files from another. Secrets in Kubernetes change by a link, hence the inode; a file whose mode
/// is mended keeps its time of modification, hence the time of its inode's change.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Signature(Vec<Option<Version>>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Version {
    inode: (u64, u64),
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Reads a file, or finds out why it can't be read.
pub(crate) fn read(path: &Path, findings: &mut Findings) -> Option<Vec<u8>> {
    match read_limited(path) {
        Ok(bytes) if bytes.len() as u64 > MAX_FILE => {
            findings.problem(path, "it is larger than 16 MiB", "is it the right file?");
            None
        }
        Ok(bytes) => Some(bytes),
        Err(error) => {
            findings.problem(path, format!("it can't be read: {error}"), "check its name and its mode");
            None
        }
    }
}

fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    // To open a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    let _len = File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

// === impl Signature ===

impl Signature {
    /// The state of these files now; links are followed.
    pub(crate) fn of(files: &[PathBuf]) -> Self {
        Self(
            files.iter().map(|file| fs::metadata(file).ok().map(|metadata| Version::of(&metadata))).collect(),
        )
    }
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: (metadata.dev(), metadata.ino()),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}
