//! The tokens in use, and the file that they come from. The file is looked at once a second; a broken new one changes
//! nothing but the log.

use std::fs::{self, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use forebay_telemetry::{CounterName, Label, counter};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::file::{FileError, MAX_FILE, parse};
use super::table::Table;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The tokens in use. Clones share them.
#[derive(Clone, Debug)]
pub struct Tokens {
    path: Arc<Path>,
    table: Arc<RwLock<Arc<Table>>>,
    seen: Arc<RwLock<Option<Version>>>,
}

/// What tells one version of a file from another. Secrets in Kubernetes change by a link, hence the inode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Version {
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

impl Tokens {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// When it can't be used: a service must not start with other tokens than it was given.
    pub fn load(path: PathBuf) -> Result<Self, FileError> {
        let version = Version::of(&fs::metadata(&path)?);
        let table = read(&path)?;
        Ok(Self {
            path: path.into(),
            table: Arc::new(RwLock::new(Arc::new(table))),
            seen: Arc::new(RwLock::new(Some(version))),
        })
    }

    /// The table of this moment.
    #[must_use]
    pub fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the file again and again until `shutdown`.
    pub async fn follow(self, shutdown: CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            let this = self.clone();
            if let Err(error) = tokio::task::spawn_blocking(move || this.look()).await {
                tracing::error!(%error, "looking at the token file failed");
            }
        }
    }

    /// Takes over a changed file. A broken one is told of once, and the tokens stay as they are.
    pub fn look(&self) {
        let version = fs::metadata(&self.path).ok().map(|metadata| Version::of(&metadata));
        if version == *self.seen.read().unwrap_or_else(PoisonError::into_inner) {
            return;
        }
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = version;
        let outcome = match read(&self.path) {
            // An editor that cuts the file and then fills it shows it so for a moment. `tokens: []` takes all away.
            Ok(_) if version.is_some_and(|version| version.len == 0) => {
                tracing::warn!(path = %self.path.display(), "token file is empty, keeping the old tokens");
                "failed"
            }
            Ok(table) => {
                tracing::info!(path = %self.path.display(), tokens = table.len(), "token file re-read");
                *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
                "ok"
            }
            Err(error) => {
                tracing::error!(path = %self.path.display(), %error, "token file can't be used, keeping the old tokens");
                "failed"
            }
        };
        counter(CounterName::IngestTokenReloads, &[(Label::Outcome, outcome)]).increment(1);
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

fn read(path: &Path) -> Result<Table, FileError> {
    let mut text = String::new();
    let len = fs::File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if len as u64 > MAX_FILE { Err(FileError::TooLarge) } else { parse(&text) }
}

#[cfg(test)]
mod tests {
    use forebay_record::Tenant;
    use jiff::Timestamp;

    use super::super::issue::issue;
    use super::*;

    /// Scenario: a token is added; then the file breaks; then it is gone; then it is mended.
    /// Guarantees: good files are taken over, everything else leaves the tokens as they were.
    #[test]
    fn a_changed_file_is_taken_over_unless_it_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.yaml");
        let acme = Tenant::new("acme").unwrap();
        let one = issue(&path, &acme, "one", None).unwrap();
        let tokens = Tokens::load(path.clone()).unwrap();
        let known = |token: &str| tokens.table().check(token.as_bytes(), Timestamp::UNIX_EPOCH).is_ok();
        assert!(known(&one.token));

        let two = issue(&path, &acme, "two", None).unwrap();
        assert!(!known(&two.token));
        tokens.look();
        assert!(known(&one.token) && known(&two.token));

        let good = fs::read_to_string(&path).unwrap();
        fs::write(&path, "tokens: [broken").unwrap();
        tokens.look();
        assert!(known(&one.token) && known(&two.token));
        fs::remove_file(&path).unwrap();
        tokens.look();
        assert!(known(&one.token) && known(&two.token));
        fs::write(&path, "").unwrap();
        tokens.look();
        assert!(known(&one.token) && known(&two.token), "cut before it is written anew");

        fs::write(&path, good.split("  - tenant").take(2).collect::<Vec<_>>().join("  - tenant")).unwrap();
        tokens.look();
        assert!(known(&one.token) && !known(&two.token), "a token that was taken out no longer counts");
    }

    #[test]
    fn a_broken_file_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.yaml");
        assert!(matches!(Tokens::load(path.clone()), Err(FileError::Read(_))));
        fs::write(&path, b"\xff").unwrap();
        assert!(Tokens::load(path).is_err());
    }
}
