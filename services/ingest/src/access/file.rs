//! The access file in use. It is looked at once a second; a broken new one changes nothing but the log.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use forebay_access::{MAX_FILE, Problems, read};
use forebay_telemetry::{CounterName, Label, counter};
use jiff::Timestamp;
use thiserror::Error;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::passwords::Passwords;

const LOOK_EVERY: Duration = Duration::from_secs(1);

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

/// The file, and what it says.
#[derive(Debug)]
pub struct AccessFile {
    path: PathBuf,
    access: RwLock<Arc<forebay_access::Access>>,
    seen: RwLock<Option<Version>>,
    passwords: Passwords,
    epoch: RwLock<CancellationToken>,
    /// Until when it was looked whose time is over.
    expired_until: Mutex<Timestamp>,
}

/// What tells one version of a file from another. Secrets in Kubernetes change by a link, hence the inode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Version {
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

// === impl AccessFile ===

impl AccessFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// When it can't be used: a service must not start with other credentials than it was given.
    pub fn load(path: PathBuf) -> Result<Self, FileError> {
        // Before it is read: if it changes meanwhile, it is read again.
        let metadata = fs::metadata(&path)?;
        let access = load(&path)?;
        if metadata.mode() & 0o004 != 0 {
            tracing::warn!(path = %path.display(), "everybody on this machine can read the access file: chmod o-r");
        }
        Ok(Self {
            access: RwLock::new(Arc::new(access)),
            seen: RwLock::new(Some(Version::of(&metadata))),
            passwords: Passwords::new(),
            epoch: RwLock::new(CancellationToken::new()),
            expired_until: Mutex::new(Timestamp::now()),
            path,
        })
    }

    /// What it says at this moment.
    #[must_use]
    pub fn current(&self) -> Arc<forebay_access::Access> {
        Arc::clone(&self.access.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Is cancelled as soon as something is revoked, or expires, that was valid when this was asked for.
    #[must_use]
    pub fn until_revoked(&self) -> CancellationToken {
        self.epoch.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at the file again and again until `shutdown`. Whenever it says something new, `then` is told, with what it said
    /// before.
    pub async fn follow(
        self: Arc<Self>,
        shutdown: CancellationToken,
        then: impl Fn(&forebay_access::Access, &forebay_access::Access) + Send,
    ) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            let (this, before) = (Arc::clone(&self), self.current());
            match tokio::task::spawn_blocking(move || this.look()).await {
                Ok(true) => then(&before, &self.current()),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "looking at the access file failed"),
            }
            self.expire(Timestamp::now());
        }
    }

    /// Takes over a changed file, and says whether there was one. A broken one is told of once, and nothing changes.
    pub fn look(&self) -> bool {
        let version = fs::metadata(&self.path).ok().map(|metadata| Version::of(&metadata));
        if version == *self.seen.read().unwrap_or_else(PoisonError::into_inner) {
            return false;
        }
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = version;
        let path = self.path.display();
        let is_new = match load(&self.path) {
            // An editor that cuts the file and then fills it shows it so for a moment. `credentials: []` takes all away.
            Ok(_) if version.is_some_and(|version| version.len == 0) => {
                tracing::warn!(%path, "access file is empty, keeping what it said before");
                false
            }
            Ok(access) => {
                let (tenants, credentials) = (access.tenants().len(), access.list().len());
                tracing::info!(%path, tenants, credentials, "access file re-read");
                let revokes = self.current().is_revoked_by(&access);
                *self.access.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(access);
                if revokes {
                    self.begin_anew();
                }
                true
            }
            Err(error) => {
                tracing::error!(%path, %error, "access file can't be used, keeping what it said before");
                false
            }
        };
        let outcome = if is_new { "ok" } else { "failed" };
        counter(CounterName::IngestAccessReloads, &[(Label::Outcome, outcome)]).increment(1);
        is_new
    }
}

impl AccessFile {
    /// Ends what goes on for long, if a credential's time is over since the last call: as if it had been revoked.
    fn expire(&self, now: Timestamp) {
        let since = {
            let mut until = self.expired_until.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *until, now)
        };
        if self.current().expires_within(since, now) {
            tracing::info!(path = %self.path.display(), "a credential has expired, connections begin anew");
            self.begin_anew();
        }
    }

    fn begin_anew(&self) {
        let mut epoch = self.epoch.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *epoch).cancel();
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

/// The text of a file, if it isn't too large.
pub(crate) fn text(path: &Path) -> Result<String, FileError> {
    let mut text = String::new();
    let len = fs::File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if len as u64 > MAX_FILE { Err(FileError::TooLarge) } else { Ok(text) }
}

fn load(path: &Path) -> Result<forebay_access::Access, FileError> {
    Ok(read(&text(path)?)?)
}

#[cfg(test)]
mod tests {
    use forebay_record::Tenant;

    use super::*;
    use crate::tokens::{issue, revoke};

    /// Scenario: a token is added; then the file breaks; then it is gone; then it is mended; then a token is revoked.
    /// Guarantees: good files are taken over, everything else leaves what was said before.
    #[test]
    fn a_changed_file_is_taken_over_unless_it_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let acme = Tenant::new("acme").unwrap();
        issue(&path, &acme, "one", None).unwrap();
        let file = AccessFile::load(path.clone()).unwrap();
        let names = || {
            let access = file.current();
            access.list().filter(|one| !one.disabled).map(|one| one.name.to_owned()).collect::<Vec<_>>()
        };
        assert!(!file.look(), "nothing has changed");

        issue(&path, &acme, "two", None).unwrap();
        assert_eq!(names(), ["one"]);
        assert!(file.look());
        assert_eq!(names(), ["one", "two"]);

        let good = fs::read_to_string(&path).unwrap();
        for broken in ["credentials: [broken", ""] {
            fs::write(&path, broken).unwrap();
            assert!(!file.look());
            assert_eq!(names(), ["one", "two"], "{broken:?}");
        }
        fs::remove_file(&path).unwrap();
        assert!(!file.look());
        assert_eq!(names(), ["one", "two"]);

        fs::write(&path, good).unwrap();
        revoke(&path, "one").unwrap();
        assert!(file.look());
        assert_eq!(names(), ["two"]);
    }

    /// Scenario: a connection is there when its credential's time ends; another one comes afterwards.
    /// Guarantees: the first goes on until that moment and no longer; nothing ends the other.
    #[test]
    fn who_expires_is_cut_off_at_that_moment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let ends = Timestamp::now() + Duration::from_secs(3600);
        issue(&path, &Tenant::new("acme").unwrap(), "one", Some(ends)).unwrap();
        let file = AccessFile::load(path).unwrap();
        let before = file.until_revoked();
        file.expire(ends - Duration::from_secs(1));
        assert!(!before.is_cancelled());
        file.expire(ends);
        assert!(before.is_cancelled());

        let afterwards = file.until_revoked();
        file.expire(ends + Duration::from_secs(1));
        assert!(!afterwards.is_cancelled());
    }

    /// Scenario: a credential whose time is over meanwhile, in a file that is followed.
    /// Guarantees: nobody has to ask for that to count.
    #[tokio::test]
    async fn who_follows_looks_for_whose_time_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let acme = Tenant::new("acme").unwrap();
        issue(&path, &acme, "one", None).unwrap();
        let file = Arc::new(AccessFile::load(path.clone()).unwrap());
        let before = file.until_revoked();
        issue(&path, &acme, "two", Some(Timestamp::now())).unwrap();
        let _unended = tokio::spawn(file.follow(CancellationToken::new(), |_, _| {}));
        tokio::time::timeout(Duration::from_secs(60), before.cancelled()).await.unwrap();
    }

    #[test]
    fn a_broken_file_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        assert!(matches!(AccessFile::load(path.clone()), Err(FileError::Read(_))));
        fs::write(&path, b"\xff").unwrap();
        assert!(AccessFile::load(path).is_err());
    }
}
