//! The access file in use. It is looked at once a second; a broken new one changes nothing but the log.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use forebay_operators::{FileError, Looked, Watched};
use forebay_telemetry::{CounterName, Label, counter};
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::passwords::Passwords;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The file, and what goes on by what it says.
#[derive(Debug)]
pub(crate) struct AccessFile {
    file: Watched,
    passwords: Passwords,
    epoch: RwLock<CancellationToken>,
    /// Until when it was looked whose time is over.
    expired_until: Mutex<Timestamp>,
}

// === impl AccessFile ===

impl AccessFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// When it can't be used: a service must not start with other credentials than it was given.
    pub(crate) fn load(path: PathBuf) -> Result<Self, FileError> {
        Ok(Self {
            file: Watched::load(path)?,
            passwords: Passwords::new(),
            epoch: RwLock::new(CancellationToken::new()),
            expired_until: Mutex::new(Timestamp::now()),
        })
    }

    /// What it says at this moment.
    #[must_use]
    pub(crate) fn current(&self) -> Arc<forebay_access::Access> {
        self.file.current()
    }

    /// Is cancelled as soon as something is revoked, or expires, that was valid when this was asked for.
    #[must_use]
    pub(crate) fn until_revoked(&self) -> CancellationToken {
        self.epoch.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Where it is.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Looks at the file again and again until `shutdown`. Whenever it says something new, `then` is told, with what it said
    /// before.
    pub(crate) async fn follow(
        self: Arc<Self>,
        shutdown: CancellationToken,
        then: impl Fn(&forebay_access::Access, &forebay_access::Access) + Send,
    ) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            let this = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || this.look()).await {
                Ok(Looked::New { before }) => then(&before, &self.current()),
                Ok(Looked::Same | Looked::Empty | Looked::Broken) => {}
                Err(error) => tracing::error!(%error, "looking at the access file failed"),
            }
            self.expire(Timestamp::now());
        }
    }

    /// Takes over a changed file. Each change is counted, and what was revoked by it ends.
    fn look(&self) -> Looked {
        let looked = self.file.look();
        let outcome = match &looked {
            Looked::Same => return looked,
            Looked::Empty | Looked::Broken => "failed",
            Looked::New { before } => {
                if before.is_revoked_by(&self.current()) {
                    self.begin_anew();
                }
                "ok"
            }
        };
        counter(CounterName::IngestAccessReloads, &[(Label::Outcome, outcome)]).increment(1);
        looked
    }

    /// Ends what goes on for long, if a credential's time is over since the last call: as if it had been revoked.
    fn expire(&self, now: Timestamp) {
        let since = {
            let mut until = self.expired_until.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *until, now)
        };
        if self.current().expires_within(since, now) {
            tracing::info!(path = %self.path().display(), "a credential has expired, connections begin anew");
            self.begin_anew();
        }
    }

    fn begin_anew(&self) {
        let mut epoch = self.epoch.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *epoch).cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        assert!(matches!(file.look(), Looked::Same), "nothing has changed");

        issue(&path, &acme, "two", None).unwrap();
        assert_eq!(names(), ["one"]);
        assert!(matches!(file.look(), Looked::New { .. }));
        assert_eq!(names(), ["one", "two"]);

        let good = fs::read_to_string(&path).unwrap();
        for broken in ["credentials: [broken", ""] {
            fs::write(&path, broken).unwrap();
            assert!(!matches!(file.look(), Looked::New { .. }));
            assert_eq!(names(), ["one", "two"], "{broken:?}");
        }
        fs::remove_file(&path).unwrap();
        assert!(!matches!(file.look(), Looked::New { .. }));
        assert_eq!(names(), ["one", "two"]);

        fs::write(&path, good).unwrap();
        revoke(&path, "one").unwrap();
        assert!(matches!(file.look(), Looked::New { .. }));
        assert_eq!(names(), ["two"]);
    }
}
