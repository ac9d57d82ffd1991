//! Secrets: read from files, never shown.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longer than any key or password; a file beyond this is not the one that was meant.
const MAX_BYTES: u64 = 64 * 1024;

/// A password, key or token. It can't be printed by mistake: `Debug` shows nothing of it, and there is no `Display`.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

/// Why a secret can't be had. It names the file and never what is in it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file can't be read.
    #[error("can't read the secret in {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("the file {path} is empty; a secret was expected in it")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It isn't text, or far too long.
    #[error("the file {path} doesn't hold a secret: it isn't UTF-8 text of at most 64 KiB")]
    NotASecret {
        /// The file.
        path: PathBuf,
    },
}

/// Reads the secret that a file holds, without the newline that editors put at its end.
///
/// # Errors
///
/// When the file can't be read, is empty, or holds something else than a secret.
pub fn read_secret(path: &Path) -> Result<Secret, SecretError> {
    let mut bytes = Vec::new();
    let read_error = |source| SecretError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(read_error)?;
    let _length = file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(read_error)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(SecretError::NotASecret { path: path.to_owned() });
    }
    let text = String::from_utf8(bytes).map_err(|_| SecretError::NotASecret { path: path.to_owned() })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let secret = line.strip_suffix('\r').unwrap_or(line);
    if secret.is_empty() {
        return Err(SecretError::Empty { path: path.to_owned() });
    }
    Ok(Secret(secret.to_owned()))
}

// === impl Secret ===

impl Secret {
    /// A secret that came in by another way than a file.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Secret, read_secret};

    fn read(content: &[u8]) -> Result<Secret, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        fs::write(&path, content).unwrap();
        read_secret(&path).map_err(|error| error.to_string())
    }

    /// Guarantees: one newline at the end goes, whatever else the secret ends in stays.
    #[test]
    fn one_newline_is_trimmed() {
        for (content, secret) in
            [("hunter2", "hunter2"), ("hunter2\n", "hunter2"), ("a b \r\n", "a b "), ("x\n\n", "x\n")]
        {
            assert_eq!(read(content.as_bytes()).unwrap().expose(), secret);
        }
    }

    /// Guarantees: no message and no debug output holds any of the secret.
    #[test]
    fn it_is_never_shown() {
        assert_eq!(format!("{:?}", read(b"hunter2").unwrap()), "Secret(..)");
        let error = read(b"hunter2\xff").unwrap_err();
        assert!(error.contains("password") && !error.contains("hunter2"), "{error}");
        assert!(read(&vec![b'x'; 70_000]).unwrap_err().contains("at most 64 KiB"));
        assert!(read(b"\n").unwrap_err().contains("is empty"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_secret("nowhere/password".as_ref()).unwrap_err();
        assert_eq!(error.to_string(), "can't read the secret in nowhere/password");
    }
}
