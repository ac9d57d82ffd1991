//! Why a client didn't come in.

use std::io;
use std::time::Duration;

use thiserror::Error;
use tokio_rustls::rustls::{self, AlertDescription, CertificateError, InvalidMessage};

/// Why a handshake came to nothing. What the client is told is the alert that its protocol has for it.
#[derive(Debug, Error)]
pub enum AcceptError {
    /// It took too long: the client is slow, gone, or means harm.
    #[error("no handshake within {0:?}")]
    Timeout(Duration),
    /// The client sent something else than TLS, such as plain text.
    #[error("the client doesn't speak TLS")]
    NotTls,
    /// The client speaks only versions or ciphers that aren't spoken here.
    #[error("the client speaks no TLS that is spoken here: {0}")]
    Incompatible(String),
    /// The client showed no certificate, and one is required.
    #[error("the client showed no certificate")]
    NoCertificate,
    /// The client's certificate has expired, or isn't valid yet.
    #[error("the client's certificate is out of its time: {0}")]
    CertificateExpired(String),
    /// The client's certificate is revoked.
    #[error("the client's certificate is revoked")]
    CertificateRevoked,
    /// The client's certificate is of no authority that is trusted here, or of one without a list of revocations.
    #[error("the client's certificate is of no authority that is trusted here: {0}")]
    CertificateUnknown(String),
    /// The client's certificate is bad in another way, such as one for servers only.
    #[error("the client's certificate is refused: {0}")]
    CertificateInvalid(String),
    /// The client refused us: mostly since it doesn't trust our certificate.
    #[error("the client broke off: {0}")]
    RefusedByClient(String),
    /// The client broke the protocol.
    #[error("the client broke the protocol: {0}")]
    Protocol(String),
    /// The connection ended.
    #[error("the connection ended in the handshake: {0}")]
    Closed(io::Error),
}

// === impl AcceptError ===

impl AcceptError {
    /// The reason for metrics, in snake case.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Timeout(_) => "handshake_timeout",
            Self::NotTls => "not_tls",
            Self::Incompatible(_) => "tls_incompatible",
            Self::NoCertificate => "no_certificate",
            Self::CertificateExpired(_) => "certificate_expired",
            Self::CertificateRevoked => "certificate_revoked",
            Self::CertificateUnknown(_) => "certificate_unknown",
            Self::CertificateInvalid(_) => "certificate_invalid",
            Self::RefusedByClient(_) => "refused_by_client",
            Self::Protocol(_) => "tls_protocol",
            Self::Closed(_) => "handshake_closed",
        }
    }

    pub(crate) fn of(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => Self::of_tls(error),
            None => Self::Closed(error),
        }
    }

    pub(crate) fn of_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::NotTls,
            rustls::Error::PeerIncompatible(why) => Self::Incompatible(format!("{why:?}")),
            rustls::Error::NoApplicationProtocol => {
                Self::Incompatible("no protocol (ALPN) in common".to_owned())
            }
            rustls::Error::NoCertificatesPresented => Self::NoCertificate,
            rustls::Error::InvalidCertificate(why) => Self::of_certificate(why),
            rustls::Error::AlertReceived(AlertDescription::CloseNotify) => {
                Self::Closed(io::ErrorKind::UnexpectedEof.into())
            }
            rustls::Error::AlertReceived(alert) => Self::RefusedByClient(format!("{alert:?}")),
            other => Self::Protocol(other.to_string()),
        }
    }

    fn of_certificate(why: &CertificateError) -> Self {
        match why {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::CertificateExpired(why.to_string()),
            CertificateError::Revoked => Self::CertificateRevoked,
            CertificateError::UnknownIssuer
            | CertificateError::BadSignature
            | CertificateError::UnknownRevocationStatus => Self::CertificateUnknown(why.to_string()),
            // rustls hands on what webpki says, without words for it.
            other if other.to_string().contains("CaUsedAsEndEntity") => {
                Self::CertificateInvalid("it is an authority's, and not a client's own".to_owned())
            }
            other => Self::CertificateInvalid(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    /// Guarantees: what stands in the log is a sentence, and no type of a library.
    #[test]
    fn an_authority_that_comes_as_a_client_is_told_in_words() {
        let why = OtherError(Arc::new(io::Error::other("CaUsedAsEndEntity")));
        let error = AcceptError::of_tls(&rustls::Error::InvalidCertificate(CertificateError::Other(why)));
        let text = error.to_string();
        assert!(text.ends_with("it is an authority's, and not a client's own"), "{text}");
    }
}
