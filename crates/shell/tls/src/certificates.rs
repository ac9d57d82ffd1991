//! The chain that a server shows: its own certificate, and those of authorities up to the one that clients know.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::sign::{CertifiedKey, SigningKey};
use tokio_rustls::rustls::{Error, InconsistentKeys};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::key;
use crate::names::distinguished;
use crate::problem::Findings;

/// A chain that can be shown.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// When the first one expires, in seconds since the epoch.
    pub(crate) expires: i64,
}

/// The certificates in a file, in their order; with a problem, and empty, where there is none that can be read.
pub(crate) fn read(file: &Path, bytes: &[u8], findings: &mut Findings) -> Vec<CertificateDer<'static>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match certificates {
        Err(error) => {
            findings.problem(file, format!("it is no valid PEM: {error}"), "put certificates there, in PEM");
            Vec::new()
        }
        Ok(certificates) if certificates.is_empty() => {
            let (what, remedy) = if bytes.first() == Some(&0x30) {
                let remedy = "convert it: `openssl x509 -inform der -in FILE -out NEWFILE`";
                ("it is DER, not PEM", remedy)
            } else if key::contains(bytes, b"PRIVATE KEY-----") {
                ("there is a private key in it and no certificate", "are the two files swapped?")
            } else {
                (
                    "there is no certificate in it",
                    "put certificates there, in PEM (`-----BEGIN CERTIFICATE-----`)",
                )
            };
            findings.problem(file, what, remedy);
            Vec::new()
        }
        Ok(certificates) => certificates,
    }
}

/// The chain of a server in a file, or what is wrong with it; `now` in seconds since the epoch.
pub(crate) fn chain(file: &Path, bytes: &[u8], now: i64, findings: &mut Findings) -> Option<Chain> {
    let certificates = read(file, bytes, findings);
    let mut parsed = Vec::with_capacity(certificates.len());
    for (index, der) in certificates.iter().enumerate() {
        match X509Certificate::from_der(der) {
            Ok((_, certificate)) => parsed.push(certificate),
            Err(_) => {
                let what = format!("the {} certificate in it can't be read", nth(index));
                findings.problem(file, what, "export it again");
                return None;
            }
        }
    }
    let leaf = parsed.first()?;
    let expires = leaf.validity().not_after.timestamp();
    a_servers(file, leaf, now, findings);
    for (index, pair) in parsed.windows(2).enumerate() {
        let [below, above] = pair else { continue };
        if below.issuer() != above.subject() {
            let what = format!(
                "the {} certificate in it is signed by `{}`, and the next one is of `{}`",
                nth(index),
                distinguished(below.issuer()),
                distinguished(above.subject())
            );
            findings.warning(file, what, "put each authority after what it signed, or clients may refuse it");
        }
    }
    drop(parsed);
    Some(Chain { certificates, expires })
}

/// Whether clients can take a certificate for a server's.
fn a_servers(file: &Path, leaf: &X509Certificate<'_>, now: i64, findings: &mut Findings) {
    let (from, to) = (leaf.validity().not_before.timestamp(), leaf.validity().not_after.timestamp());
    if now > to {
        findings.problem(file, format!("the certificate expired at {}", date(to)), "renew it");
    } else if now < from {
        let what = format!("the certificate isn't valid before {}", date(from));
        findings.problem(file, what, "is the clock right?");
    }
    if leaf.is_ca() {
        if leaf.issuer() == leaf.subject() {
            let remedy = "make it with `-addext basicConstraints=critical,CA:FALSE`, since many clients refuse it as it is";
            findings.warning(file, "the certificate is an authority's that signed itself", remedy);
        } else {
            let remedy = "put the server's own certificate first, then those of authorities";
            findings.problem(file, "the first certificate in it is an authority's", remedy);
        }
    }
    let for_servers = match leaf.extended_key_usage() {
        Ok(Some(usage)) => usage.value.any || usage.value.server_auth,
        Ok(None) | Err(_) => true,
    };
    if !for_servers {
        let remedy = "have one made with the extended key usage serverAuth";
        findings.problem(file, "the certificate isn't meant for servers", remedy);
    }
    if !matches!(leaf.subject_alternative_name(), Ok(Some(_))) {
        let remedy =
            "have one made with the server's names as subjectAltName, since most clients look nowhere else";
        findings.warning(file, "the certificate has no alternative names", remedy);
    }
}

/// Chain and key together, if they belong together.
pub(crate) fn certified(
    (file, chain): (&Path, &Chain),
    (key_file, key): (&Path, Arc<dyn SigningKey>),
    findings: &mut Findings,
) -> CertifiedKey {
    let matches = |certificate: &CertificateDer<'static>| {
        let alone = CertifiedKey::new(vec![certificate.clone()], Arc::clone(&key));
        !matches!(alone.keys_match(), Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)))
    };
    match chain.certificates.iter().position(matches) {
        Some(0) => {}
        Some(other) => {
            let what = format!("the {} certificate in it is the one of the key", nth(other));
            findings.problem(file, what, "put that one first, then those of authorities");
        }
        None => {
            let what = format!("the private key is not the one of the certificate in {}", file.display());
            findings.problem(key_file, what, "put the two there that were made together");
        }
    }
    CertifiedKey::new(chain.certificates.clone(), key)
}

pub(crate) fn nth(index: usize) -> String {
    match index {
        0 => "first".to_owned(),
        1 => "second".to_owned(),
        2 => "third".to_owned(),
        _ => format!("{}th", index + 1),
    }
}

/// A time for messages.
pub(crate) fn date(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
