//! An access file, and what it said when it was last good. Nothing runs beside it: whoever keeps it looks, as often as it needs.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use forebay_access::{Access, MAX_FILE, Problems, read};
use thiserror::Error;

/// Why an access file can't be used.
#[derive(Debug, Error)]
pub enum FileError {
    /// It can't be read.
    #[error("can't read it: {0}")]
    Read(#[from] io::Error),
    /// Larger than any access file should be.
    #[error("it has more than {MAX_FILE} bytes")]
    TooLarge,
    /// What it says is wrong.
    #[error("{0}")]
    Problems(#[from] Problems),
}

/// An access file that may change.
#[derive(Debug)]
pub struct Watched {
    path: PathBuf,
    access: RwLock<Arc<Access>>,
    seen: Mutex<Seen>,
}

/// What came of a look. Only what is new is in force; in every other case that holds which was said before.
#[derive(Debug)]
#[must_use]
pub enum Looked {
    /// Nothing has changed since the last look.
    Same,
    /// There is nothing in it.
    Empty,
    /// It can't be used, or is gone.
    Broken,
    /// It says something new.
    New {
        /// What it said until now.
        before: Arc<Access>,
    },
}

/// What was seen of the file last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Seen {
    /// None if it wasn't there.
    version: Option<Version>,
    /// Whether it could be read. If not, it is read again at each look: what stands in the way may go away without a change of the file, as
    /// a lack of descriptors does.
    was_read: bool,
}

/// What tells one version of a file from another. Secrets in Kubernetes change by a link, hence the inode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Version {
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

// === impl Watched ===

impl Watched {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// When it can't be used: nothing must start that asks for other credentials than it was told to.
    pub fn load(path: PathBuf) -> Result<Self, FileError> {
        // Before it is read: if it changes meanwhile, it is read again.
        let metadata = fs::metadata(&path)?;
        let access = load(&path)?;
        warn_of_readers(&path, &metadata);
        let seen = Mutex::new(Seen { version: Some(Version::of(&metadata)), was_read: true });
        Ok(Self { path, access: RwLock::new(Arc::new(access)), seen })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it said when it was last good.
    #[must_use]
    pub fn current(&self) -> Arc<Access> {
        Arc::clone(&self.access.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over what is new in the file. What can't be used is told of once, and changes nothing. Blocks while the file is
    /// read, and while somebody else looks.
    pub fn look(&self) -> Looked {
        // Held until the end: who looks meanwhile is to find what is new in force.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = fs::metadata(&self.path).ok();
        let version = metadata.as_ref().map(Version::of);
        if seen.holds(version) {
            return Looked::Same;
        }
        let loaded = load(&self.path);
        let now = Seen { version, was_read: !matches!(loaded, Err(FileError::Read(_))) };
        let before = std::mem::replace(&mut *seen, now);
        let path = self.path.display();
        match loaded {
            Err(_) if before == now => Looked::Same,
            // An editor that cuts the file and then fills it shows it so for a moment. `credentials: []` takes all away.
            Ok(_) if version.is_some_and(|version| version.len == 0) => {
                tracing::warn!(%path, "access file is empty, keeping what it said before");
                Looked::Empty
            }
            Ok(access) => {
                let (tenants, credentials) = (access.tenants().len(), access.list().len());
                tracing::info!(%path, tenants, credentials, "access file re-read");
                if let Some(metadata) = &metadata {
                    warn_of_readers(&self.path, metadata);
                }
                let mut current = self.access.write().unwrap_or_else(PoisonError::into_inner);
                Looked::New { before: std::mem::replace(&mut *current, Arc::new(access)) }
            }
            Err(error) => {
                tracing::error!(%path, %error, "access file can't be used, keeping what it said before");
                Looked::Broken
            }
        }
    }
}

// === impl Seen ===

impl Seen {
    /// Whether there is nothing new in what is there now.
    fn holds(self, now: Option<Version>) -> bool {
        self.version == now && (self.was_read || now.is_none())
    }
}

// === impl Version ===

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// The text of a file, if it isn't too large.
///
/// # Errors
/// When it can't be read or is too large.
pub fn text(path: &Path) -> Result<String, FileError> {
    let mut text = String::new();
    let len = File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if len as u64 > MAX_FILE { Err(FileError::TooLarge) } else { Ok(text) }
}

/// What a file says.
///
/// # Errors
/// When it can't be read, or with all that is wrong in it.
pub fn load(path: &Path) -> Result<Access, FileError> {
    Ok(read(&text(path)?)?)
}

fn warn_of_readers(path: &Path, metadata: &Metadata) {
    if metadata.mode() & 0o004 != 0 {
        tracing::warn!(path = %path.display(), "everybody on this machine can read the access file: chmod o-r");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "credentials: []\n";

    /// Scenario: a file is changed, broken, emptied, removed, and is there again; after each, two look.
    /// Guarantees: what is good is in force, all else changes nothing, and each change is told of once.
    #[test]
    fn each_change_is_told_of_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let with = |tenant: &str| format!("tenants: {{{tenant}: {{}}}}\n{GOOD}");
        fs::write(&path, GOOD).unwrap();
        let file = Watched::load(path.clone()).unwrap();
        assert!(matches!(file.look(), Looked::Same));

        fs::write(&path, with("acme")).unwrap();
        assert!(matches!(file.look(), Looked::New { before } if before.tenants().is_empty()));
        assert!(matches!(file.look(), Looked::Same));
        let in_force = file.current();

        fs::write(&path, "credentials: [broken").unwrap();
        assert!(matches!(file.look(), Looked::Broken));
        assert!(matches!(file.look(), Looked::Same));
        fs::write(&path, "").unwrap();
        assert!(matches!(file.look(), Looked::Empty));
        assert!(matches!(file.look(), Looked::Same));
        fs::remove_file(&path).unwrap();
        assert!(matches!(file.look(), Looked::Broken));
        assert!(matches!(file.look(), Looked::Same));
        assert!(Arc::ptr_eq(&in_force, &file.current()));

        fs::write(&path, with("umbrella")).unwrap();
        assert!(matches!(file.look(), Looked::New { before } if Arc::ptr_eq(&in_force, &before)));
    }

    /// Scenario: a file has changed, and can't be read at that moment for a reason that isn't its own.
    /// Guarantees: the next look reads it.
    #[test]
    fn what_could_not_be_read_is_read_again() {
        let version = Some(Version { inode: 1, len: 2, modified: (3, 4) });
        assert!(!Seen { version, was_read: false }.holds(version));
        assert!(Seen { version, was_read: true }.holds(version));
        assert!(!Seen { version, was_read: true }.holds(None));
        assert!(Seen { version: None, was_read: false }.holds(None));
    }

    #[test]
    fn a_broken_file_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        assert!(matches!(Watched::load(path.clone()), Err(FileError::Read(_))));
        fs::write(&path, b"\xff").unwrap();
        assert!(matches!(Watched::load(path.clone()), Err(FileError::Read(_))));
        fs::write(&path, "credentials: [broken").unwrap();
        assert!(matches!(Watched::load(path.clone()), Err(FileError::Problems(_))));
        fs::write(&path, " ".repeat(MAX_FILE as usize + 1)).unwrap();
        assert!(matches!(Watched::load(path), Err(FileError::TooLarge)));
    }
}
