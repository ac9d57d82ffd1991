//! A person at a command line, or a job: the token comes from a file or from the environment.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use forebay_access::{Caller, Denial, Operator, Role, Secret};
use jiff::Timestamp;
use thiserror::Error;

use crate::watched::{FileError, load};

/// The variable that holds a token.
pub const VARIABLE: &str = "FOREBAY_TOKEN";

/// The most bytes of a file that is said to hold a token.
const MAX_FILE: u64 = 4096;

/// Why a command may not do what it was asked for.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The token can't be read.
    #[error("can't read the token in {path}: {error}")]
    Token {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is no token in it.
    #[error("{0} holds no token: it must be one line of text")]
    NoToken(String),
    /// The access file can't be used.
    #[error("access file {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: FileError,
    },
    /// A token is wanted, and none was given.
    #[error("this is for who has the role `{}` in {}, and no token was given", role.name(), path.display())]
    Asked {
        /// The access file.
        path: PathBuf,
        /// The role.
        role: Role,
    },
    /// A token was given, and it doesn't do.
    #[error("{denial}, says {}", path.display())]
    Denied {
        /// The access file.
        path: PathBuf,
        /// Why not.
        denial: Denial,
    },
}

/// The token of a command: that of the file, or else that of [`VARIABLE`].
///
/// # Errors
/// When the file can't be read, or what should hold a token holds none.
pub fn token(file: Option<&Path>, variable: Option<OsString>) -> Result<Option<Secret>, CommandError> {
    let Some(path) = file else {
        let Some(value) = variable.filter(|value| !value.is_empty()) else { return Ok(None) };
        let value = value.to_str().and_then(line);
        return value.map(Some).ok_or_else(|| CommandError::NoToken(VARIABLE.to_owned()));
    };
    let mut text = String::new();
    let _len = File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
        .map_err(|error| CommandError::Token { path: path.to_owned(), error })?;
    line(&text).map(Some).ok_or_else(|| CommandError::NoToken(path.display().to_string()))
}

/// Who gives this command. Without an access file nobody is asked, and the system's `account` has to do.
///
/// # Errors
/// When the file wants a token with this role, and there is none.
pub fn ask(
    access_file: Option<&Path>,
    token: Option<&Secret>,
    role: Role,
    account: &str,
) -> Result<Operator, CommandError> {
    let Some(path) = access_file.map(Path::to_owned) else { return Ok(Operator::unasked(account)) };
    let access = match load(&path) {
        Ok(access) => access,
        Err(error) => return Err(CommandError::File { path, error }),
    };
    let Some(token) = token else { return Err(CommandError::Asked { path, role }) };
    // A command comes from no address.
    let caller = Caller { address: None, listener: "" };
    access
        .operator(token.expose(), &caller, role, Timestamp::now())
        .map_err(|denial| CommandError::Denied { path, denial })
}

/// Who changes the credentials of this file: an administrator; before there is one, whoever may write it, by the
/// system's `account`. A file that isn't there names nobody.
///
/// # Errors
/// As [`ask`].
pub fn ask_to_change(
    access_file: &Path,
    token: Option<&Secret>,
    account: &str,
) -> Result<Operator, CommandError> {
    let has_admin = match load(access_file) {
        Ok(access) => access.has_admin(Timestamp::now()),
        Err(FileError::Read(error)) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(CommandError::File { path: access_file.to_owned(), error }),
    };
    if has_admin {
        ask(Some(access_file), token, Role::Admin, account)
    } else {
        Ok(Operator::unasked(account))
    }
}

// === impl CommandError ===

impl CommandError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Token { .. } | Self::NoToken(_) => {
                format!("name a file with --token-file, or put the token itself into {VARIABLE}")
            }
            Self::File { .. } => "mend it; `forebay check` names all that is wrong".to_owned(),
            Self::Asked { role, .. } => format!(
                "give one in {VARIABLE} or with --token-file; an administrator makes it with `forebay token create --role {}`",
                role.name()
            ),
            Self::Denied { denial: Denial::Address, .. } => {
                "a command comes from no network: use a credential without `from`".to_owned()
            }
            Self::Denied { denial, .. } => denial.hint().to_owned(),
        }
    }
}

/// The one line of a text.
fn line(text: &str) -> Option<Secret> {
    let text = text.trim();
    let is_one = !text.is_empty() && !text.contains(char::is_whitespace);
    is_one.then(|| Secret::new(text))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use forebay_access::secret::TokenHash;

    use super::*;

    fn write(path: &Path, credentials: &[(&str, &str)]) {
        let one = |(name, roles): &(&str, &str)| {
            let token = TokenHash::of(name.as_bytes()).to_text();
            format!("- {{name: {name}, tenant: acme, roles: [{roles}], token: \"{token}\"}}\n")
        };
        let text: String = credentials.iter().map(one).collect();
        fs::write(path, format!("credentials:\n{text}")).unwrap();
    }

    fn actor(answer: Result<Operator, CommandError>) -> String {
        match answer {
            Ok(operator) => operator.actor.to_string(),
            Err(error) => format!("{error} -> {}", error.hint()),
        }
    }

    /// Scenario: no access file; one, and no token, a wrong one, one of another role, the right one.
    /// Guarantees: a file is kept to, and who is refused is told what to do.
    #[test]
    fn a_file_that_is_named_is_kept_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let ask = |file: Option<&Path>, token: Option<&str>| {
            actor(super::ask(file, token.map(Secret::new).as_ref(), Role::Read, "os:ann@ops"))
        };
        assert_eq!(ask(None, None), "os:ann@ops");
        assert!(ask(Some(&path), None).contains("can't read it"), "closed, as long as it can't be read");
        write(&path, &[("reader", "read"), ("sender", "")]);
        let asked = ask(Some(&path), None);
        assert!(asked.contains("role `read`") && asked.contains("--role read"), "{asked}");
        assert!(ask(Some(&path), Some("wrong")).starts_with("the credential is not known, says "));
        assert!(ask(Some(&path), Some("sender")).starts_with("the credential may not be used to read"));
        assert_eq!(ask(Some(&path), Some("reader")), "credential:reader");
    }

    /// Guarantees: the first administrator needs nobody, and from then on everybody needs one.
    #[test]
    fn the_first_administrator_needs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let ask =
            |token: Option<&str>| actor(ask_to_change(&path, token.map(Secret::new).as_ref(), "os:ann@ops"));
        assert_eq!(ask(None), "os:ann@ops", "the file isn't there");
        write(&path, &[("sender", "")]);
        assert_eq!(ask(None), "os:ann@ops", "the file names no administrator");
        write(&path, &[("sender", ""), ("admin", "admin")]);
        assert!(ask(None).contains("role `admin`"));
        assert!(ask(Some("sender")).starts_with("the credential may not be used to administrate"));
        assert_eq!(ask(Some("admin")), "credential:admin");
        fs::write(&path, "credentials: [broken").unwrap();
        assert!(ask(Some("admin")).contains("access file "), "a file that nobody can read names nobody");
    }

    #[test]
    fn a_token_comes_from_a_file_or_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "fbt_file\n").unwrap();
        let text =
            |token: Option<Secret>| token.map(|token| String::from_utf8(token.expose().to_vec()).unwrap());
        let variable = || Some(OsString::from("fbt_variable"));
        assert_eq!(text(token(Some(&path), variable()).unwrap()).as_deref(), Some("fbt_file"));
        assert_eq!(text(token(None, variable()).unwrap()).as_deref(), Some("fbt_variable"));
        assert_eq!(text(token(None, Some(OsString::new())).unwrap()), None);
        for wrong in ["", "two words\n"] {
            fs::write(&path, wrong).unwrap();
            assert!(matches!(token(Some(&path), variable()), Err(CommandError::NoToken(_))), "{wrong:?}");
        }
        let missing = token(Some(&folder.path().join("none")), None).unwrap_err();
        assert!(missing.to_string().starts_with("can't read the token in "), "{missing}");
    }
}
