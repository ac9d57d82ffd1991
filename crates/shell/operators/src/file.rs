//! The access file of operators. It is looked at whenever somebody asks, which is seldom: nothing runs beside it.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use forebay_access::{Access, Caller, Denial, MAX_FILE, Operator, Problems, Role, read};
use jiff::Timestamp;
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

/// An access file, and what it said when it was last good.
#[derive(Debug)]
pub struct OperatorFile {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    version: Option<Version>,
    access: Arc<Access>,
}

/// What tells one version of a file from another. Secrets in Kubernetes change by a link, hence the inode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Version {
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

// === impl OperatorFile ===

impl OperatorFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// When it can't be used: nothing must start that asks for other credentials than it was told to.
    pub fn load(path: PathBuf) -> Result<Self, FileError> {
        // Before it is read: if it changes meanwhile, it is read again.
        let version = Version::of(&fs::metadata(&path)?);
        let access = Arc::new(load(&path)?);
        Ok(Self { path, known: Mutex::new(Known { version: Some(version), access }) })
    }

    /// Who shows this token, comes from there, and may act in that `role` now. Blocks while the file is read, if it has
    /// changed.
    ///
    /// # Errors
    /// When he may not.
    pub fn operator(&self, token: &[u8], address: Option<IpAddr>, role: Role) -> Result<Operator, Denial> {
        let caller = Caller { address, listener: "" };
        self.current().operator(token, &caller, role, Timestamp::now())
    }

    /// What it says at this moment; while it can't be used, what it said before.
    fn current(&self) -> Arc<Access> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let version = fs::metadata(&self.path).ok().map(|metadata| Version::of(&metadata));
        if version != known.version {
            known.version = version;
            let path = self.path.display();
            match load(&self.path) {
                // An editor that cuts the file and then fills it shows it so for a moment.
                Ok(_) if version.is_some_and(|version| version.len == 0) => {
                    tracing::warn!(%path, "access file is empty, keeping what it said before");
                }
                Ok(access) => known.access = Arc::new(access),
                Err(error) => {
                    tracing::error!(%path, %error, "access file can't be used, keeping what it said before");
                }
            }
        }
        Arc::clone(&known.access)
    }
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// What a file says.
///
/// # Errors
/// When it can't be read, or with all that is wrong in it.
pub fn load(path: &Path) -> Result<Access, FileError> {
    let mut text = String::new();
    let len = File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if len as u64 > MAX_FILE { Err(FileError::TooLarge) } else { Ok(read(&text)?) }
}

#[cfg(test)]
mod tests {
    use forebay_access::secret::TokenHash;

    use super::*;

    fn file(names: &[&str]) -> String {
        let one = |name: &&str| {
            let token = TokenHash::of(name.as_bytes()).to_text();
            format!(
                "- {{name: {name}, tenant: acme, roles: [read], from: [10.0.0.0/8], token: \"{token}\"}}\n"
            )
        };
        format!("credentials:\n{}", names.iter().map(one).collect::<String>())
    }

    /// Scenario: a token is added; the file breaks, is emptied, is gone; then it is there with another token.
    /// Guarantees: what is good counts at once, what is broken changes nothing.
    #[test]
    fn what_the_file_says_counts_when_somebody_asks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        assert!(matches!(OperatorFile::load(path.clone()), Err(FileError::Read(_))));
        fs::write(&path, file(&["ann"])).unwrap();
        let operators = OperatorFile::load(path.clone()).unwrap();
        let office = Some(IpAddr::from([10, 1, 2, 3]));
        let ask = |token: &str| {
            operators.operator(token.as_bytes(), office, Role::Read).map(|one| one.actor.to_string())
        };
        assert_eq!(ask("ann"), Ok("credential:ann".to_owned()));
        assert_eq!(ask("bob"), Err(Denial::Unknown));
        let elsewhere = Some(IpAddr::from([11, 1, 2, 3]));
        assert_eq!(operators.operator(b"ann", elsewhere, Role::Read), Err(Denial::Address));

        fs::write(&path, file(&["ann", "bob"])).unwrap();
        assert!(ask("bob").is_ok());
        for broken in ["credentials: [broken", ""] {
            fs::write(&path, broken).unwrap();
            assert!(ask("bob").is_ok(), "{broken:?}");
        }
        fs::remove_file(&path).unwrap();
        assert!(ask("bob").is_ok());
        fs::write(&path, file(&["carol"])).unwrap();
        assert_eq!((ask("bob"), ask("carol").is_ok()), (Err(Denial::Unknown), true));
    }
}
