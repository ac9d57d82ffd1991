//! Passwords. Checking one takes milliseconds and memory on purpose (argon2id, RFC 9106), so that a stolen file is hard to
//! try words against. No request of an honest sender pays for that twice: [`guesses`](crate::guesses) remember what was found right.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Argon2, Params};

use crate::grant::{Denial, Grant};

/// The longest password that is looked at, in bytes.
pub const MAX_PASSWORD: usize = 1024;

/// The most memory that a hash in the file may ask for, in KiB, and the most passes over it: a typing error must not stop the
/// service.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;

/// What an unknown user's password is checked against, so that the time of the answer doesn't tell who is known: the
/// cost of those that `forebay token create` makes.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password that has to be checked before there is an answer.
pub struct Challenge {
    hash: Arc<str>,
    user: String,
    outcome: Result<Grant, Denial>,
}

/// The hash of a new password, for the file. `salt` is 16 random bytes.
///
/// # Errors
/// When the password is empty or too long.
pub fn hash(password: &[u8], salt: &[u8; 16]) -> Result<String, String> {
    if password.is_empty() || password.len() > MAX_PASSWORD {
        return Err(format!("a password has 1 to {MAX_PASSWORD} bytes"));
    }
    let salt = SaltString::encode_b64(salt).map_err(|error| error.to_string())?;
    let hash = Argon2::default().hash_password(password, &salt).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

/// Checks the form of a hash in the file.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    const FORM: &str = "write the hash as `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`; `forebay token create --user` makes one";
    let hash = PasswordHash::new(text).map_err(|_| FORM)?;
    if hash.algorithm != argon2::ARGON2ID_IDENT || hash.hash.is_none() || hash.salt.is_none() {
        return Err(FORM);
    }
    let params = Params::try_from(&hash).map_err(|_| FORM)?;
    if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES {
        return Err("the hash asks for more than 256 MiB of memory (`m`) or 16 passes (`t`)");
    }
    Ok(())
}

// === impl Challenge ===

impl Challenge {
    /// What is answered if the password is right.
    pub(crate) fn new(hash: Arc<str>, user: &str, outcome: Result<Grant, Denial>) -> Self {
        Self { hash, user: user.to_owned(), outcome }
    }

    /// A password of nobody.
    pub(crate) fn nobody(user: &str) -> Self {
        Self::new(NOBODY.into(), user, Err(Denial::Unknown))
    }

    /// Whose password it is to be.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether there is no such user, so that no password is right.
    #[must_use]
    pub fn is_of_nobody(&self) -> bool {
        &*self.hash == NOBODY
    }

    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// Whether it is right. Slow: for a thread that may wait.
    #[must_use]
    pub fn verify(&self, password: &[u8]) -> bool {
        let Ok(hash) = PasswordHash::new(&self.hash) else { return false };
        password.len() <= MAX_PASSWORD && Argon2::default().verify_password(password, &hash).is_ok()
    }

    /// The answer to a password that was found right, now or before.
    ///
    /// # Errors
    /// When its user may not come in all the same.
    pub fn passed(self) -> Result<Grant, Denial> {
        self.outcome
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_right_or_wrong() {
        let text = hash(b"correct horse", &[7; 16]).unwrap();
        assert_eq!(check(&text), Ok(()));
        let challenge = Challenge::new(text.as_str().into(), "ann", Err(Denial::Expired));
        assert!(challenge.verify(b"correct horse") && !challenge.verify(b"battery staple"));
        assert!(!Challenge::nobody("bob").verify(b"") && !Challenge::nobody("bob").verify(b"correct horse"));
        assert!(Challenge::nobody("bob").is_of_nobody() && !challenge.is_of_nobody());
        assert!(hash(b"", &[7; 16]).is_err());
    }

    #[test]
    fn a_hash_of_another_kind_or_cost_is_refused() {
        for wrong in [
            "secret",
            "$argon2i$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=8,t=1,p=1",
        ] {
            assert!(check(wrong).unwrap_err().contains("argon2id"), "{wrong}");
        }
        assert!(check(&NOBODY.replace("m=19456", "m=4000000")).unwrap_err().contains("256 MiB"));
        assert_eq!(check(NOBODY), Ok(()));
    }
}
