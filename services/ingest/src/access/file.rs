//! The access file in use. It is looked at once a second; a broken new one changes nothing but the log.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use forebay_access::Stamp;
use forebay_operators::{FileError, Looked, Watched};
use forebay_telemetry::{CounterName, Label, counter};
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::leases::{Lease, Leases};
use super::passwords::Passwords;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The file, and what goes on by what it says.
#[derive(Debug)]
pub(crate) struct AccessFile {
    file: Watched,
    passwords: Passwords,
    leases: Leases,
}

// === impl AccessFile ===

impl AccessFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// When it can't be used: a service must not start with other credentials than it was given.
    pub(crate) fn load(path: PathBuf) -> Result<Self, FileError> {
        Ok(Self { file: Watched::load(path)?, passwords: Passwords::new(), leases: Leases::default() })
    }

    /// What it says at this moment.
    #[must_use]
    pub(crate) fn current(&self) -> Arc<forebay_access::Access> {
        self.file.current()
    }

    /// Something goes on by this credential until what is given is dropped; `ends` is cancelled as soon as it is revoked, changed, or expires.
    #[must_use]
    pub(crate) fn lease(&self, stamp: Stamp, ends: CancellationToken) -> Lease {
        let lease = self.leases.begin(stamp, ends);
        // What has changed since it was looked at may have ended the others already.
        if !self.current().keeps(stamp, Timestamp::now()) {
            lease.end();
        }
        lease
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
            self.end_lapsed(Timestamp::now());
        }
    }

    /// Takes over a changed file. Each change is counted.
    fn look(&self) -> Looked {
        let looked = self.file.look();
        let outcome = match &looked {
            Looked::Same => return looked,
            Looked::Empty | Looked::Broken => "failed",
            Looked::New { .. } => "ok",
        };
        counter(CounterName::IngestAccessReloads, &[(Label::Outcome, outcome)]).increment(1);
        looked
    }

    /// Ends what goes on by credentials that were revoked or changed, or whose time is over at `now`.
    fn end_lapsed(&self, now: Timestamp) {
        let current = self.current();
        let ended = self.leases.end_unless(|stamp| current.keeps(stamp, now));
        if ended > 0 {
            tracing::info!(
                path = %self.path().display(),
                connections = ended,
                "credentials are no longer good, what went on by them ends"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use forebay_access::{Answer, Caller, Claim, Role};
    use forebay_operators::tokens::{issue, revoke};
    use forebay_record::Tenant;

    use super::*;

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

    /// A file with three listeners' credentials of the same names; the first one expires in an hour.
    fn with_credentials(path: &Path) -> (Arc<AccessFile>, Timestamp) {
        let ends = Timestamp::now() + Duration::from_secs(3600);
        let text = format!(
            "credentials:
  - {{name: one, tenant: acme, listener: one, expires: \"{ends}\"}}
  - {{name: two, tenant: acme, listener: two}}
  - {{name: three, tenant: acme, listener: three}}
"
        );
        fs::write(path, text).unwrap();
        (Arc::new(AccessFile::load(path.to_owned()).unwrap()), ends)
    }

    /// Something that goes on by the credential of this name, as it is in `shown`.
    fn begun(file: &AccessFile, shown: &AccessFile, name: &str) -> (CancellationToken, Lease) {
        let caller = Caller { address: None, listener: name };
        let answer = shown.current().check(&Claim::Nothing, &caller, Role::Send, Timestamp::now());
        let Ok(Answer::Granted(grant)) = answer else { panic!("{answer:?}") };
        let ends = CancellationToken::new();
        let lease = file.lease(grant.stamp, ends.clone());
        (ends, lease)
    }

    /// Scenario: two credentials with a connection each; the first one's time ends.
    /// Guarantees: its connection goes on until that moment and no longer; nothing ends the other one.
    #[test]
    fn who_expires_is_cut_off_at_that_moment() {
        let folder = tempfile::tempdir().unwrap();
        let (file, ends) = with_credentials(&folder.path().join("access.yaml"));
        let ((one, _first), (two, _second)) = (begun(&file, &file, "one"), begun(&file, &file, "two"));
        file.end_lapsed(ends - Duration::from_secs(1));
        assert!(!one.is_cancelled() && !two.is_cancelled());
        file.end_lapsed(ends);
        assert!(one.is_cancelled() && !two.is_cancelled());
    }

    /// Scenario: connections of three credentials; one is revoked. One more comes that was let in just before. One has ended by itself.
    /// Guarantees: what goes on by the revoked one ends, the late one included, and nothing else; what has ended is forgotten.
    #[test]
    fn what_is_revoked_ends_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let (file, _) = with_credentials(&path);
        let before = AccessFile::load(path.clone()).unwrap();
        let ((one, first), (two, second)) = (begun(&file, &file, "one"), begun(&file, &file, "two"));
        let (three, third) = begun(&file, &file, "three");
        drop(third);
        revoke(&path, "one").unwrap();
        revoke(&path, "three").unwrap();
        assert!(matches!(file.look(), Looked::New { .. }));
        let (late, fourth) = begun(&file, &before, "one");
        assert!(late.is_cancelled());
        file.end_lapsed(Timestamp::now());
        assert!(one.is_cancelled() && !two.is_cancelled() && !three.is_cancelled());
        drop((first, second, fourth));
        assert_eq!(file.leases.count(), 0);
    }

    /// Scenario: a credential is revoked in a file that is followed.
    /// Guarantees: nobody has to ask for that to count.
    #[tokio::test]
    async fn who_follows_ends_what_is_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let (file, _) = with_credentials(&path);
        let (ends, _lease) = begun(&file, &file, "two");
        let _unended = tokio::spawn(Arc::clone(&file).follow(CancellationToken::new(), |_, _| {}));
        revoke(&path, "two").unwrap();
        tokio::time::timeout(Duration::from_secs(60), ends.cancelled()).await.unwrap();
    }
}
