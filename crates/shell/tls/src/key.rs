//! The private key of a certificate.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::sign::SigningKey;

use crate::problem::Findings;

/// The key in a file, or what is wrong with it.
pub(crate) fn read(file: &Path, bytes: &[u8], findings: &mut Findings) -> Option<Arc<dyn SigningKey>> {
    if contains(bytes, b"BEGIN ENCRYPTED PRIVATE KEY") || contains(bytes, b"Proc-Type: 4,ENCRYPTED") {
        let remedy = "decrypt it: `openssl pkey -in FILE -out NEWFILE`, and let only Forebay read it";
        findings.problem(file, "the private key is encrypted", remedy);
        return None;
    }
    let keys: Result<Vec<_>, _> = PrivateKeyDer::pem_slice_iter(bytes).collect();
    let keys = match keys {
        Ok(keys) => keys,
        Err(error) => {
            findings.problem(
                file,
                format!("it is no valid PEM: {error}"),
                "put the private key there, in PEM",
            );
            return None;
        }
    };
    let [key] = keys.as_slice() else {
        let what = match keys.len() {
            0 if contains(bytes, b"BEGIN CERTIFICATE") => {
                "there is a certificate in it and no private key".to_owned()
            }
            0 if bytes.first() == Some(&0x30) => "it is DER, not PEM".to_owned(),
            0 => "there is no private key in it".to_owned(),
            many => format!("there are {many} private keys in it"),
        };
        let remedy =
            "put one private key there, in PEM (`-----BEGIN PRIVATE KEY-----`), that of the certificate";
        findings.problem(file, what, remedy);
        return None;
    };
    match any_supported_type(key) {
        Ok(key) => Some(key),
        Err(_) => {
            let remedy = "use ECDSA on P-256 or P-384, Ed25519, or RSA with 2048 to 4096 bits";
            findings.problem(file, "the private key is broken, or of a kind that isn't supported", remedy);
            None
        }
    }
}

pub(crate) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
