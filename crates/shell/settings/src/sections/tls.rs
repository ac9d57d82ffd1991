//! `tls:` what a listener shows its clients, and what it asks of them.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Period;

/// TLS towards clients. All files are PEM, and are read again when they change: new connections get the new ones, none is
/// dropped. A new file that can't be used changes nothing but the log and `forebay_tls_reloads_total`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate, followed by those of the authorities between it and the one that clients know. Without it there
    /// is no TLS.
    pub certificate_file: Option<PathBuf>,
    /// The certificate's private key, not encrypted.
    pub key_file: Option<PathBuf>,
    /// Whether clients show a certificate: `off`, `optional` (who shows none comes in without a name, and needs another
    /// credential) or `required`. One that is shown must be good in either case.
    pub client_certificates: ClientCertificates,
    /// The certificates of the authorities that sign those of clients.
    pub client_ca_file: Option<PathBuf>,
    /// The certificates that the authorities have revoked (CRLs, PEM or DER): one list for each authority, or the clients of
    /// an authority without are refused.
    pub crl_file: Option<PathBuf>,
    /// The oldest version of TLS that is spoken: `tls1.3` or `tls1.2`.
    pub min_version: TlsVersion,
    /// How long a client may take for the handshake.
    pub handshake_timeout: Period,
}

/// Whether clients show a certificate.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientCertificates {
    /// None is asked for.
    #[default]
    Off,
    /// Who shows none comes in without a name.
    Optional,
    /// Who shows none stays out.
    Required,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[serde(rename = "tls1.2")]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    #[default]
    #[serde(rename = "tls1.3")]
    Tls13,
}

// === impl TlsSettings ===

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            certificate_file: None,
            key_file: None,
            client_certificates: ClientCertificates::Off,
            client_ca_file: None,
            crl_file: None,
            min_version: TlsVersion::Tls13,
            handshake_timeout: Period::from_secs(10),
        }
    }
}

impl TlsSettings {
    /// Whether there is TLS at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.certificate_file.is_some()
    }
}
