//! The handshake: both sides prove that they know a shared key, and the client a user's password, without showing them.
//!
//! The server sends [`Helo`], the client a [`Ping`], the server a pong: [`Ping::accepted`] or [`refused`]. Digests are SHA-512 in
//! hexadecimal digits, over salts of both sides and the secret; so the server needs its secrets as they are. The digests
//! don't hide the secret from somebody who listens and tries out guesses: that needs TLS and long random keys.
//!
//! Specification: <https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1#handshake-messages>.

use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;

use super::fault::Fault;
use crate::msgpack::{Head, Reader};

/// The longest text of a ping, in bytes.
const MAX_TEXT: usize = 1024;

/// What the server begins with: random bytes that make every handshake's digests different.
#[derive(Clone, Copy, Debug)]
pub struct Helo {
    /// What the digests of the key are made with.
    pub nonce: [u8; 16],
    /// What the digest of the password is made with, if users are asked for.
    pub auth: Option<[u8; 16]>,
}

/// How a client proves what it knows.
#[derive(Clone, Eq, PartialEq)]
pub struct Ping {
    /// The host name that the client says it has.
    pub hostname: String,
    /// The user; empty if it shows none.
    pub user: String,
    salt: Vec<u8>,
    key_digest: Vec<u8>,
    password_digest: Vec<u8>,
}

impl Helo {
    /// The message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![0x92];
        text(&mut out, "HELO");
        out.push(0x83);
        for (name, salt) in [("nonce", &self.nonce[..]), ("auth", self.auth())] {
            text(&mut out, name);
            out.extend_from_slice(&[0xc4, if salt.is_empty() { 0 } else { 16 }]);
            out.extend_from_slice(salt);
        }
        text(&mut out, "keepalive");
        out.push(0xc3);
        out
    }

    fn auth(&self) -> &[u8] {
        self.auth.as_ref().map_or(&[], |salt| &salt[..])
    }
}

impl Ping {
    /// Reads the message.
    ///
    /// # Errors
    /// When it is another one, or its values are of the wrong kind.
    pub fn read(message: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(message);
        if reader.head().ok() != Some(Head::Array(6)) || reader.text().ok() != Some(b"PING") {
            return Err(Fault::Shape(
                "something else than the ping that the handshake needs: set the sender's `shared_key`",
            ));
        }
        let mut next = || match reader.text() {
            Ok(text) if text.len() <= MAX_TEXT => Ok(text.to_vec()),
            Ok(_) => Err(Fault::Shape("a text of more than 1,024 bytes in its ping")),
            // Some clients have no user and say so with `nil`.
            Err(_) if reader.head().ok() == Some(Head::Nil) => Ok(Vec::new()),
            Err(_) => Err(Fault::Shape("a value in its ping that is no text")),
        };
        let name =
            |bytes| String::from_utf8(bytes).map_err(|_| Fault::Shape("a name in its ping that isn't UTF-8"));
        Ok(Self {
            hostname: name(next()?)?,
            salt: next()?,
            key_digest: next()?,
            user: name(next()?)?,
            password_digest: next()?,
        })
    }

    /// Whether the client knows this shared key.
    #[must_use]
    pub fn proves_key(&self, helo: &Helo, key: &[u8]) -> bool {
        is_same(&self.key_digest, &self.digest(&self.hostname, helo, key))
    }

    /// Whether the client knows this password of its user.
    #[must_use]
    pub fn proves_password(&self, helo: &Helo, password: &[u8]) -> bool {
        is_same(&self.password_digest, &hex_digest(&[helo.auth(), self.user.as_bytes(), password]))
    }

    /// The answer that lets the client in, and proves that the server knows the key as well.
    #[must_use]
    pub fn accepted(&self, helo: &Helo, hostname: &str, key: &[u8]) -> Vec<u8> {
        pong(true, "", hostname, &self.digest(hostname, helo, key))
    }

    fn digest(&self, hostname: &str, helo: &Helo, key: &[u8]) -> String {
        hex_digest(&[&self.salt, hostname.as_bytes(), &helo.nonce, key])
    }
}

/// The answer that doesn't let the client in. The reason names no secrets; keep it below 32 bytes, since Fluent Bit has room for no
/// more, and doesn't check.
#[must_use]
pub fn refused(hostname: &str, reason: &str) -> Vec<u8> {
    pong(false, reason, hostname, "")
}

fn pong(is_let_in: bool, reason: &str, hostname: &str, digest: &str) -> Vec<u8> {
    let mut out = vec![0x95];
    text(&mut out, "PONG");
    out.push(if is_let_in { 0xc3 } else { 0xc2 });
    for value in [reason, hostname, digest] {
        text(&mut out, value);
    }
    out
}

fn hex_digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha512::new();
    parts.iter().for_each(|part| hash.update(part));
    hex::encode(hash.finalize())
}

fn is_same(shown: &[u8], expected: &str) -> bool {
    bool::from(shown.ct_eq(expected.as_bytes()))
}

/// Text of our own, of at most 65,535 bytes.
fn text(out: &mut Vec<u8>, text: &str) {
    let text = text.get(..text.floor_char_boundary(usize::from(u16::MAX))).unwrap_or_default();
    match u16::try_from(text.len()).unwrap_or(0) {
        len @ 0..32 => out.push(0xa0 | len.to_be_bytes()[1]),
        len => {
            out.push(0xda);
            out.extend_from_slice(&len.to_be_bytes());
        }
    }
    out.extend_from_slice(text.as_bytes());
}

// Digests of secrets are in nobody's log.
impl std::fmt::Debug for Ping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ping")
            .field("hostname", &self.hostname)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
