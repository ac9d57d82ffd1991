//! Secrets: hashes of those that nobody needs to know, and a wrapper around those that have to be kept as they are.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What the tokens begin with that `forebay token create` makes, so that people and secret scanners know one when they see it.
pub const PREFIX: &str = "fbt_";

/// The longest token that is looked at, in bytes: whoever sends more pays for no hash of it.
pub const MAX_TOKEN: usize = 1024;

/// What stands before the hash in the file.
const SCHEME: &str = "sha256:";

/// SHA-256 of a token.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct TokenHash([u8; 32]);

/// A secret that is kept as it is. It is never shown.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

// === impl TokenHash ===

impl TokenHash {
    /// The hash of a token.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Reads the form of the file, `sha256:` and 64 hexadecimal digits; `None` if it is another.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        hex::decode_to_slice(text.strip_prefix(SCHEME)?, &mut hash).ok()?;
        Some(Self(hash))
    }

    /// The form of the file.
    #[must_use]
    pub fn to_text(self) -> String {
        format!("{SCHEME}{}", hex::encode(self.0))
    }

    /// By what it is found. A look-up by a part of a hash may tell a caller how the hash of a guess begins, which he can
    /// compute himself; it tells nothing of the token.
    pub(crate) fn prefix(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }

    /// Whether they are the same, in a time that doesn't depend on where they differ.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

// === impl Secret ===

impl Secret {
    /// Keeps it.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(secret.as_bytes().into())
    }

    /// The secret, to compute with.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
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
    use super::*;

    #[test]
    fn a_hash_is_written_as_it_is_read() {
        let hash = TokenHash::of(b"fbt_one");
        assert_eq!(TokenHash::from_text(&hash.to_text()), Some(hash));
        assert!(hash.is(&TokenHash::of(b"fbt_one")) && !hash.is(&TokenHash::of(b"fbt_two")));
        for wrong in ["", "fbt_one", "sha256:", "sha256:00", "sha256", &hash.to_text()[..70]] {
            assert_eq!(TokenHash::from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        assert_eq!(
            format!("{:?} {:?}", Secret::new("hush"), TokenHash::of(b"x")),
            "Secret(..) TokenHash(..)"
        );
    }
}
