//! How rustls is set up.

use std::sync::Arc;

use forebay_settings::sections::TlsVersion;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoServerSessionStorage, ServerConfig};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{Error, SupportedProtocolVersion};

const FROM_12: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
const FROM_13: &[&SupportedProtocolVersion] = &[&TLS13];

/// The cryptography: by name, since the process-wide default is anybody's to set.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// A set-up for one listener.
///
/// # Errors
/// When there is no randomness for the keys of tickets.
pub(crate) fn server(
    provider: Arc<CryptoProvider>,
    min_version: TlsVersion,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    certified: CertifiedKey,
    alpn: &[Vec<u8>],
) -> Result<ServerConfig, Error> {
    let versions = match min_version {
        TlsVersion::Tls12 => FROM_12,
        TlsVersion::Tls13 => FROM_13,
    };
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions)?;
    let resolver = Arc::new(SingleCertAndKey::from(certified));
    let mut config = match &verifier {
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        None => builder.with_no_client_auth(),
    }
    .with_cert_resolver(resolver);
    // A resumed session shows no certificate: who was revoked or has expired would come in by it.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if verifier.is_some() {
        config.send_tls13_tickets = 0;
    } else {
        // Sessions that the client keeps cost the server nothing.
        config.ticketer = ring::Ticketer::new()?;
        config.send_tls13_tickets = 1;
    }
    config.alpn_protocols = alpn.to_vec();
    Ok(config)
}
