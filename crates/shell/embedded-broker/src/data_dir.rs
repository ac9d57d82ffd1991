//! The data folder: created when absent, locked while in use.
//!
//! The lock is the system's (`flock`), so it goes with the process however that ends; the lock file stays and means
//! nothing by itself.
#![cfg_attr(not(feature = "embedded"), allow(dead_code, reason = "only the broker locks folders"))]

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::BrokerError;

const LOCK_FILE: &str = "broker.lock";
const DATABASE_FILE: &str = "broker.sqlite";

/// The folder, held until it is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

// === impl DataDir ===

impl DataDir {
    /// Creates the folder where needed and takes its lock.
    ///
    /// # Errors
    /// [`BrokerError::InUse`] when another process holds it, [`BrokerError::DataDir`] for all else.
    pub(crate) fn acquire(path: &Path) -> Result<Self, BrokerError> {
        let failed = |path: &Path, source| BrokerError::DataDir { path: path.to_path_buf(), source };
        fs::create_dir_all(path).map_err(|source| failed(path, source))?;
        let path = path.canonicalize().map_err(|source| failed(path, source))?;
        let lock_path = path.join(LOCK_FILE);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|source| failed(&lock_path, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(BrokerError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(failed(&lock_path, source)),
        }
    }

    /// The database's path.
    ///
    /// # Errors
    /// [`BrokerError::DataDir`] when the path is not UTF-8, which the storage's URL can't express.
    pub(crate) fn database(&self) -> Result<String, BrokerError> {
        let path = self.path.join(DATABASE_FILE);
        path.to_str().map(str::to_owned).ok_or_else(|| BrokerError::DataDir {
            path: path.clone(),
            source: io::Error::new(io::ErrorKind::InvalidInput, "the path is not valid UTF-8"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a second broker asks for a folder in use, and again after the first let go.
    /// Guarantees: it is refused by name, then accepted.
    #[test]
    fn one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let held = DataDir::acquire(dir.path()).unwrap();
        assert!(matches!(DataDir::acquire(dir.path()), Err(BrokerError::InUse(_))));
        drop(held);
        assert!(DataDir::acquire(dir.path()).is_ok());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("taken");
        fs::write(&file, b"").unwrap();
        let error = DataDir::acquire(&file).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
    }
}
