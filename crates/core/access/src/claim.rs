//! What somebody shows to say who he is.

use std::fmt;
use std::net::IpAddr;

/// Whether a secret explains what somebody sent: a signature, or a digest.
pub type Proof<'a> = &'a (dyn Fn(&[u8]) -> bool + Sync);

/// Where somebody comes from.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// His address; none over a Unix socket.
    pub address: Option<IpAddr>,
    /// The listener that he came to, by its name in the settings.
    pub listener: &'a str,
}

/// What he shows.
#[derive(Clone, Copy)]
pub enum Claim<'a> {
    /// A token, wherever the protocol carries one: `Bearer` (RFC 6750), `Splunk`, `X-Log-Key`,
    /// `X-Amz-Firehose-Access-Key`.
    Token(&'a [u8]),
    /// An id and a key, as in `Authorization: ApiKey base64(id:key)`.
    ApiKey {
        /// What stands before the colon.
        id: &'a str,
        /// What stands behind it: a token.
        key: &'a [u8],
    },
    /// A user and a password (RFC 7617). The password may be a token, whatever the user is.
    Basic {
        /// The user.
        user: &'a str,
        /// The password.
        password: &'a [u8],
    },
    /// Names of a certificate whose chain has been verified.
    Certificate(&'a PeerNames),
    /// An access key by its id.
    AccessKey {
        /// The id.
        id: &'a str,
        /// Whether this secret explains the signature that came with it; `None` if there was no signature. An id without a
        /// signature counts only where it is a token itself.
        proves: Option<Proof<'a>>,
    },
    /// Nothing: his address and the listener have to do.
    Nothing,
}

/// The names in a certificate (RFC 5280, sections 4.1.2.6 and 4.2.1.6).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PeerNames {
    /// The subject as RFC 4514 writes it; empty where there is none.
    pub subject: String,
    /// The subject's common name.
    pub common_name: Option<String>,
    /// DNS names.
    pub dns: Vec<String>,
    /// URIs.
    pub uris: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// IP addresses.
    pub ips: Vec<IpAddr>,
}

/// What the other side shows in Fluent Forward's handshake
/// (<https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1#authentication-message>).
#[derive(Clone, Copy)]
pub struct Forward<'a> {
    /// The host name that it says it has.
    pub hostname: &'a str,
    /// The user; empty where it shows none.
    pub user: &'a str,
    /// Whether this shared key explains its digest.
    pub proves_key: Proof<'a>,
    /// Whether this password explains the user's digest.
    pub proves_password: Proof<'a>,
}

impl fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(..)",
            Self::ApiKey { .. } => "ApiKey(..)",
            Self::Basic { .. } => "Basic(..)",
            Self::Certificate(_) => "Certificate(..)",
            Self::AccessKey { .. } => "AccessKey(..)",
            Self::Nothing => "Nothing",
        })
    }
}

impl fmt::Debug for Forward<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forward").field("hostname", &self.hostname).finish_non_exhaustive()
    }
}
