//! Credentials from files, read again when they change.
//!
//! Operators rotate passwords and keys by replacing files. Before each request the file is looked at, which costs
//! microseconds beside a request's milliseconds. A file that can't be read leaves the last good credentials in force.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use elasticsearch::auth::Credentials;
use forebay_settings::secret::{Secret, SecretError, read_secret};
use forebay_settings::sections::SearchSettings;
use tracing::{info, warn};

/// Where credentials come from.
#[derive(Debug)]
pub(crate) enum Auth {
    /// The cluster lets anybody in.
    None,
    /// A user, and the file that holds the password.
    Basic { username: String, file: Watched },
    /// The file that holds an API key in its encoded form.
    ApiKey { file: Watched },
}

/// A file, and what was last seen of it.
#[derive(Debug)]
pub(crate) struct Watched {
    path: PathBuf,
    seen: Mutex<Option<Stamp>>,
}

/// What changes when a file is replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
}

// === impl Auth ===

impl Auth {
    /// As the settings say. The files are read by [`Self::first`].
    pub(crate) fn new(settings: &SearchSettings) -> Self {
        match (&settings.api_key_file, &settings.username, &settings.password_file) {
            (Some(path), _, _) => Self::ApiKey { file: Watched::new(path.clone()) },
            (None, Some(username), Some(path)) => {
                Self::Basic { username: username.clone(), file: Watched::new(path.clone()) }
            }
            _ => Self::None,
        }
    }

    /// The credentials to begin with.
    pub(crate) fn first(&self) -> Result<Option<Credentials>, SecretError> {
        let Some(file) = self.file() else { return Ok(None) };
        // Looked at before it is read: a change between the two is seen the next time.
        let stamp = file.stamp();
        let secret = read_secret(&file.path)?;
        file.remember(stamp);
        Ok(self.credentials(&secret))
    }

    /// New credentials, if the file has changed since it was last looked at.
    pub(crate) fn changed(&self) -> Option<Credentials> {
        let file = self.file()?;
        let stamp = file.stamp();
        if !file.remember(stamp) {
            return None;
        }
        match read_secret(&file.path) {
            Ok(secret) => {
                info!(path = %file.path.display(), "credentials read again");
                self.credentials(&secret)
            }
            Err(error) => {
                warn!(path = %file.path.display(), %error, "credentials can't be read, the old ones stay in use");
                None
            }
        }
    }

    fn file(&self) -> Option<&Watched> {
        match self {
            Self::None => None,
            Self::Basic { file, .. } | Self::ApiKey { file } => Some(file),
        }
    }

    fn credentials(&self, secret: &Secret) -> Option<Credentials> {
        match self {
            Self::None => None,
            Self::Basic { username, .. } => {
                Some(Credentials::Basic(username.clone(), secret.expose().to_owned()))
            }
            Self::ApiKey { .. } => {
                Some(Credentials::AuthorizationHeader(format!("ApiKey {}", secret.expose())))
            }
        }
    }
}

// === impl Watched ===

impl Watched {
    fn new(path: PathBuf) -> Self {
        Self { path, seen: Mutex::new(None) }
    }

    fn stamp(&self) -> Option<Stamp> {
        let metadata = std::fs::metadata(&self.path).ok()?;
        Some(Stamp { modified: metadata.modified().ok(), len: metadata.len() })
    }

    /// Whether `stamp` is news.
    fn remember(&self, stamp: Option<Stamp>) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *seen, stamp) != stamp
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn header(credentials: Option<Credentials>) -> Option<String> {
        match credentials? {
            Credentials::AuthorizationHeader(header) => Some(header),
            Credentials::Basic(user, password) => Some(format!("{user}:{password}")),
            other => panic!("{other:?}"),
        }
    }

    /// Scenario: a key file is replaced, removed, and written again.
    /// Guarantees: each new key is taken up once; while there is none, the old one stays.
    #[test]
    fn a_new_key_is_taken_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, "first\n").unwrap();
        let auth =
            Auth::new(&SearchSettings { api_key_file: Some(path.clone()), ..SearchSettings::default() });
        assert_eq!(header(auth.first().unwrap()).as_deref(), Some("ApiKey first"));
        assert_eq!(header(auth.changed()), None);
        fs::write(&path, "the second\n").unwrap();
        assert_eq!(header(auth.changed()).as_deref(), Some("ApiKey the second"));
        assert_eq!(header(auth.changed()), None);
        fs::remove_file(&path).unwrap();
        assert_eq!(header(auth.changed()), None);
        fs::write(&path, "third").unwrap();
        assert_eq!(header(auth.changed()).as_deref(), Some("ApiKey third"));
    }

    #[test]
    fn a_user_goes_with_a_password_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        let settings = SearchSettings {
            username: Some("indexer".to_owned()),
            password_file: Some(path.clone()),
            ..SearchSettings::default()
        };
        let error = Auth::new(&settings).first().unwrap_err();
        assert!(error.to_string().contains("password"), "{error}");
        fs::write(&path, "hunter2").unwrap();
        assert_eq!(header(Auth::new(&settings).first().unwrap()).as_deref(), Some("indexer:hunter2"));
        assert!(Auth::new(&SearchSettings::default()).first().unwrap().is_none());
    }
}
