//! Makes a token and adds its hash to the file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use forebay_record::Tenant;
use jiff::Timestamp;
use rand::TryRngCore;
use rand::rngs::OsRng;
use thiserror::Error;

use super::file::{FileError, parse};
use super::{PREFIX, table};

/// A new token. It is shown once and stored nowhere.
#[derive(Clone, Eq, PartialEq)]
pub struct Issued {
    /// What the sender puts behind `Authorization: Bearer `.
    pub token: String,
    /// The tenant that it binds.
    pub tenant: Tenant,
}

/// Why no token was made. The file is as it was.
#[derive(Debug, Error)]
pub enum IssueError {
    /// The file that is there can't be used, or can't be added to.
    #[error("token file {path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: FileError,
    },
    /// The new file can't be written.
    #[error("can't write token file {path}: {error}")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// The system gives no randomness.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    /// The name would break the file.
    #[error("a token's name must be 1 to 100 characters without quotes, backslashes and control characters")]
    Name,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// Makes a token for `tenant`, called `name` by people, and adds its hash to the file at `path`, which is made if it
/// isn't there, readable by its owner alone. A running ingest takes it up by itself.
///
/// # Errors
/// When the file can't be read, added to, or written.
pub fn issue(
    path: &Path,
    tenant: &Tenant,
    name: &str,
    expires: Option<Timestamp>,
) -> Result<Issued, IssueError> {
    if name.is_empty()
        || name.chars().count() > 100
        || name.contains(|c: char| c.is_control() || "\"\\".contains(c))
    {
        return Err(IssueError::Name);
    }
    let shown = path.display().to_string();
    let of_file = |error| IssueError::File { path: shown.clone(), error };
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(of_file(FileError::Read(error))),
    };
    let mut random = [0; 32];
    OsRng.try_fill_bytes(&mut random).map_err(|error| IssueError::Random(error.to_string()))?;
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
    let after = with_entry(&before, tenant, name, &hex::encode(table::hash(token.as_bytes())), expires);
    // What is written must be readable; a file of another style than ours is left alone instead of broken.
    let known = if before.trim().is_empty() { 0 } else { parse(&before).map_err(of_file)?.len() };
    let table = parse(&after).map_err(of_file)?;
    debug_assert_eq!(table.len(), known + 1, "an entry has been added");
    replace(path, &after).map_err(|error| IssueError::Write { path: shown.clone(), error })?;
    Ok(Issued { token, tenant: tenant.clone() })
}

fn with_entry(before: &str, tenant: &Tenant, name: &str, sha256: &str, expires: Option<Timestamp>) -> String {
    let mut text = before.trim_end().to_owned();
    if text.is_empty() {
        text.push_str("# Tokens that may send events. Only their SHA-256 hashes are kept here.\ntokens:");
    }
    text.push_str(&format!("\n  - tenant: \"{tenant}\"\n    name: \"{name}\"\n    sha256: \"{sha256}\"\n"));
    if let Some(expires) = expires {
        text.push_str(&format!("    expires: \"{expires}\"\n"));
    }
    text
}

/// Writes beside the file and renames, so that a reader sees either the old or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if let Ok(metadata) = fs::metadata(path) {
        fs::set_permissions(&beside, metadata.permissions())?;
    }
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_new_token_is_in_the_file_as_a_hash_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.yaml");
        let (acme, umbrella) = (Tenant::new("acme").unwrap(), Tenant::new("umbrella").unwrap());
        let one = issue(&path, &acme, "web", None).unwrap();
        let two = issue(&path, &umbrella, "db", Some(Timestamp::MAX)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&one.token) && !format!("{one:?}").contains(&one.token));
        let table = parse(&text).unwrap();
        assert_eq!(table.check(one.token.as_bytes(), Timestamp::UNIX_EPOCH).unwrap().tenant, acme);
        assert_eq!(table.check(two.token.as_bytes(), Timestamp::UNIX_EPOCH).unwrap().tenant, umbrella);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(one.token.len(), PREFIX.len() + 43);
    }

    /// Scenario: a file that is broken, or of a style that can't be added to.
    /// Guarantees: an error, and the file as it was.
    #[test]
    fn a_file_that_can_not_be_added_to_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.yaml");
        for text in ["tokens: [}", "tokens: []\n"] {
            fs::write(&path, text).unwrap();
            let error = issue(&path, &Tenant::new("acme").unwrap(), "web", None).unwrap_err();
            assert!(error.to_string().contains("tokens.yaml: it is not a token file"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert!(matches!(issue(&path, &Tenant::new("acme").unwrap(), "a\"b", None), Err(IssueError::Name)));
    }
}
