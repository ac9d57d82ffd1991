//! All files of a listener together, read and checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_settings::sections::{ClientCertificates, TlsSettings};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;

use crate::problem::{Findings, TlsError, TlsProblem};
use crate::{certificates, clients, config, files, key};

/// What new connections get.
#[derive(Debug)]
pub(crate) struct Material {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) verifier: Option<Arc<dyn ClientCertVerifier>>,
    /// When the certificate expires, in seconds since the epoch.
    pub(crate) expires: i64,
    pub(crate) warnings: Vec<TlsProblem>,
}

/// The files that the settings name.
pub(crate) fn named(settings: &TlsSettings) -> Vec<PathBuf> {
    let files =
        [&settings.certificate_file, &settings.key_file, &settings.client_ca_file, &settings.crl_file];
    files.into_iter().flatten().cloned().collect()
}

/// Reads and checks all files; `now` in seconds since the epoch.
///
/// # Errors
/// With all that is wrong in them.
pub(crate) fn load(settings: &TlsSettings, alpn: &[Vec<u8>], now: i64) -> Result<Material, TlsError> {
    let mut findings = Findings::default();
    let (Some(certificate_file), Some(key_file)) = (&settings.certificate_file, &settings.key_file) else {
        let file = settings.certificate_file.as_deref().or(settings.key_file.as_deref());
        let remedy = "set certificate_file and key_file";
        findings.problem(
            file.unwrap_or_else(|| Path::new("tls")),
            "TLS needs a certificate and its key",
            remedy,
        );
        return Err(failed(findings));
    };
    let bytes = files::read(certificate_file, &mut findings);
    let chain = bytes.and_then(|bytes| certificates::chain(certificate_file, &bytes, now, &mut findings));
    let bytes = files::read(key_file, &mut findings);
    let key = bytes.and_then(|bytes| key::read(key_file, &bytes, &mut findings));
    let certified = match (&chain, key) {
        (Some(chain), Some(key)) => {
            let of = (certificate_file.as_path(), chain);
            Some(certificates::certified(of, (key_file.as_path(), key), &mut findings))
        }
        _ => None,
    };
    let provider = config::provider();
    let verifier = match (settings.client_certificates, &settings.client_ca_file) {
        (ClientCertificates::Off, _) => None,
        (_, None) => {
            let remedy = "set client_ca_file";
            findings.problem(
                certificate_file,
                "clients are to show certificates, of no known authority",
                remedy,
            );
            None
        }
        (asked, Some(file)) => {
            let bytes = files::read(file, &mut findings);
            let authorities = bytes.and_then(|bytes| clients::authorities(file, &bytes, now, &mut findings));
            let lists = settings.crl_file.as_ref().and_then(|file| {
                let bytes = files::read(file, &mut findings)?;
                Some(clients::revocations(file, bytes, authorities.as_ref(), now, &mut findings))
            });
            authorities.and_then(|authorities| {
                let required = asked == ClientCertificates::Required;
                let file = settings.crl_file.as_ref().unwrap_or(file);
                let with = (&provider, file.as_path());
                clients::verifier((authorities, required), lists.unwrap_or_default(), with, &mut findings)
            })
        }
    };
    let warnings = findings.into_result()?;
    let (Some(chain), Some(certified)) = (chain, certified) else {
        return Err(unusable(certificate_file, "there is no certificate in it"));
    };
    let config = config::server(provider, settings.min_version, verifier.clone(), certified, alpn)
        .map_err(|error| unusable(certificate_file, &format!("TLS can't be set up: {error}")))?;
    Ok(Material { config: Arc::new(config), verifier, expires: chain.expires, warnings })
}

fn unusable(file: &Path, what: &str) -> TlsError {
    let mut findings = Findings::default();
    findings.problem(file, what, "check the file");
    failed(findings)
}

fn failed(findings: Findings) -> TlsError {
    match findings.into_result() {
        Err(error) => error,
        Ok(_) => TlsError::default(),
    }
}
