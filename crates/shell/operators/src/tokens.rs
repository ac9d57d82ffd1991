//! Credentials made, revoked and listed in an access file: what `forebay token` does.

mod change;

use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use forebay_access::edit::{self, EditError, NewCredential, NewKey};
use forebay_access::password;
use forebay_access::secret::{PREFIX, TokenHash};
use forebay_record::Tenant;
use jiff::Timestamp;
use rand::TryRngCore;
use rand::rngs::OsRng;
use thiserror::Error;

use self::change::change;
use crate::watched::{FileError, load};

/// A credential that is to be made.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The tenant that it binds.
    pub tenant: &'a Tenant,
    /// What people call it.
    pub name: &'a str,
    /// What is shown.
    pub secret: WantedSecret<'a>,
    /// From when on it is no longer valid.
    pub expires: Option<Timestamp>,
    /// The names of its roles; to send, if there are none.
    pub roles: Vec<String>,
    /// The tenants that its bearer may choose.
    pub may_choose: Vec<String>,
    /// The networks that it may be shown from; all, if there are none.
    pub from: Vec<String>,
}

/// What kind of secret is to be made.
#[derive(Clone, Copy, Debug)]
pub enum WantedSecret<'a> {
    /// A token of 32 random bytes.
    Token,
    /// A token in the form of a UUID (version 4, RFC 9562), 122 random bits of it, for clients that want one.
    Uuid,
    /// A password for this user: this one, or a random one.
    Password {
        /// The user.
        user: &'a str,
        /// The password.
        password: Option<&'a str>,
    },
}

/// A new credential. Its secret is shown once and stored nowhere.
#[derive(Clone, Eq, PartialEq)]
pub struct Issued {
    /// What the sender shows.
    pub token: String,
    /// The tenant that it binds.
    pub tenant: Tenant,
}

/// A credential as it is listed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its tenant.
    pub tenant: Tenant,
    /// Its kind, by its key in the file.
    pub kind: &'static str,
    /// What it may do.
    pub roles: String,
    /// From when on it is no longer valid.
    pub expires: Option<Timestamp>,
    /// Whether it is switched off.
    pub disabled: bool,
}

/// Why nothing was done. The file is as it was.
#[derive(Debug, Error)]
pub enum IssueError {
    /// The file that is there can't be used.
    #[error("access file {path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: FileError,
    },
    /// It can't be changed so.
    #[error("access file {path}: {error}")]
    Edit {
        /// The file.
        path: String,
        /// Why not.
        error: EditError,
    },
    /// The new file can't be written.
    #[error("can't write access file {path}: {error}")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// The system gives no randomness.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    /// The password can't be used.
    #[error("{0}")]
    Password(String),
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// Makes a token for `tenant`, called `name` by people, as [`create`].
///
/// # Errors
/// When the file can't be used or written.
pub fn issue(
    path: &Path,
    tenant: &Tenant,
    name: &str,
    expires: Option<Timestamp>,
) -> Result<Issued, IssueError> {
    let (roles, may_choose, from) = (Vec::new(), Vec::new(), Vec::new());
    create(path, &Wanted { tenant, name, secret: WantedSecret::Token, expires, roles, may_choose, from })
}

/// Makes a credential and adds its hash to the file at `path`, which is made if it isn't there, readable by its owner
/// alone. A running ingest takes it up by itself.
///
/// # Errors
/// When the file can't be used or written.
pub fn create(path: &Path, wanted: &Wanted<'_>) -> Result<Issued, IssueError> {
    let (token, key) = match wanted.secret {
        WantedSecret::Token => of_token(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random::<32>()?))),
        WantedSecret::Uuid => {
            of_token(uuid::Builder::from_random_bytes(random()?).into_uuid().hyphenated().to_string())
        }
        WantedSecret::Password { user, password } => {
            let password = match password {
                Some(password) => password.to_owned(),
                None => URL_SAFE_NO_PAD.encode(random::<24>()?),
            };
            let argon2id = password::hash(password.as_bytes(), &random()?).map_err(IssueError::Password)?;
            (password, NewKey::Password { user: user.to_owned(), argon2id })
        }
    };
    let new = NewCredential {
        name: wanted.name.to_owned(),
        tenant: wanted.tenant.to_string(),
        key,
        expires: wanted.expires,
        roles: wanted.roles.clone(),
        may_choose: wanted.may_choose.clone(),
        from: wanted.from.clone(),
    };
    change(path, true, |text| edit::add(text, &new))?;
    Ok(Issued { token, tenant: wanted.tenant.clone() })
}

/// Switches a credential off. A running ingest turns it away within seconds.
///
/// # Errors
/// When there is none of that name, or the file can't be used or written.
pub fn revoke(path: &Path, name: &str) -> Result<(), IssueError> {
    change(path, false, |text| edit::disable(text, name, Timestamp::now()))
}

/// All credentials of a file, without their secrets.
///
/// # Errors
/// When the file can't be used.
pub fn list(path: &Path) -> Result<Vec<Line>, IssueError> {
    let shown = path.display().to_string();
    let of_file = |error| IssueError::File { path: shown.clone(), error };
    let access = load(path).map_err(of_file)?;
    let lines = access.list().map(|one| Line {
        name: one.name.to_owned(),
        tenant: one.tenant.clone(),
        kind: one.kind,
        roles: one.roles.names().collect::<Vec<_>>().join(", "),
        expires: one.expires,
        disabled: one.disabled,
    });
    Ok(lines.collect())
}

fn of_token(token: String) -> (String, NewKey) {
    let key = NewKey::Token(TokenHash::of(token.as_bytes()).to_text());
    (token, key)
}

fn random<const N: usize>() -> Result<[u8; N], IssueError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| IssueError::Random(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use forebay_access::{Answer, Caller, Claim, Role, read};

    use super::*;

    fn tenant_of(path: &Path, token: &str) -> Option<String> {
        let access = read(&fs::read_to_string(path).unwrap()).unwrap();
        let caller = Caller { address: None, listener: "" };
        match access.check(&Claim::Token(token.as_bytes()), &caller, Role::Send, Timestamp::UNIX_EPOCH) {
            Ok(Answer::Granted(grant)) => Some(grant.tenant.to_string()),
            _ => None,
        }
    }

    #[test]
    fn a_new_token_is_in_the_file_as_a_hash_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let (acme, umbrella) = (Tenant::new("acme").unwrap(), Tenant::new("umbrella").unwrap());
        let one = issue(&path, &acme, "web", None).unwrap();
        let two = issue(&path, &umbrella, "db", Some(Timestamp::MAX)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&one.token) && !format!("{one:?}").contains(&one.token));
        assert_eq!(tenant_of(&path, &one.token).as_deref(), Some("acme"));
        assert_eq!(tenant_of(&path, &two.token).as_deref(), Some("umbrella"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(one.token.len(), PREFIX.len() + 43);
        revoke(&path, "web").unwrap();
        assert_eq!(tenant_of(&path, &one.token), None);
        let lines = list(&path).unwrap();
        assert_eq!((lines[0].name.as_str(), lines[0].disabled, lines[1].disabled), ("web", true, false));
        assert!(revoke(&path, "nobody").unwrap_err().to_string().contains("no credential `nobody`"));
    }

    #[test]
    fn other_secrets_are_made_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let acme = Tenant::new("acme").unwrap();
        let wanted = |name, secret| Wanted {
            tenant: &acme,
            name,
            secret,
            expires: None,
            roles: vec!["send".to_owned(), "admin".to_owned()],
            may_choose: Vec::new(),
            from: vec!["10.0.0.0/8".to_owned()],
        };
        let hec = create(&path, &wanted("hec", WantedSecret::Uuid)).unwrap();
        assert_eq!(uuid::Uuid::try_parse(&hec.token).unwrap().get_version_num(), 4);
        let user = WantedSecret::Password { user: "ann", password: Some("correct horse") };
        assert_eq!(create(&path, &wanted("ann", user)).unwrap().token, "correct horse");
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("correct horse") && text.contains("$argon2id$"), "{text}");
        assert_eq!(list(&path).unwrap()[1].roles, "send, admin");
    }

    /// Scenario: a file that is broken, or of a style that can't be added to; then many are made at once.
    /// Guarantees: an error and the file as it was; and none is lost.
    #[test]
    fn a_file_is_changed_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let acme = Tenant::new("acme").unwrap();
        for text in ["credentials: [}", "credentials: []\n"] {
            fs::write(&path, text).unwrap();
            let error = issue(&path, &acme, "web", None).unwrap_err();
            assert!(error.to_string().contains("access.yaml: "), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::remove_file(&path).unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (path, acme) = (&path, &acme);
                scope.spawn(move || issue(path, acme, &format!("t{n}"), None).unwrap());
            }
        });
        assert_eq!(list(&path).unwrap().len(), 8);
    }
}
