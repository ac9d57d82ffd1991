//! Who signs the certificates of clients, and what has been revoked.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::CertificateRevocationListDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use x509_parser::prelude::{CertificateRevocationList, FromDer as _, X509Certificate};

use crate::certificates::{self, date, nth};
use crate::names::distinguished;
use crate::problem::Findings;

/// Whom to trust.
#[derive(Debug)]
pub(crate) struct Authorities {
    roots: RootCertStore,
    /// Their names, to see whether each has a list of revocations.
    subjects: BTreeSet<String>,
}

/// The authorities in a file; those that have expired are left out.
pub(crate) fn authorities(
    file: &Path,
    bytes: &[u8],
    now: i64,
    findings: &mut Findings,
) -> Option<Authorities> {
    let certificates = certificates::read(file, bytes, findings);
    if certificates.is_empty() {
        return None;
    }
    let mut found = Authorities { roots: RootCertStore::empty(), subjects: BTreeSet::new() };
    for (index, der) in certificates.into_iter().enumerate() {
        let nth = nth(index);
        let Ok((_, certificate)) = X509Certificate::from_der(&der) else {
            findings.problem(file, format!("the {nth} certificate in it can't be read"), "export it again");
            continue;
        };
        let name = distinguished(certificate.subject());
        let expires = certificate.validity().not_after.timestamp();
        if !certificate.is_ca() {
            let what = format!("the {nth} certificate in it, of `{name}`, is not an authority's");
            findings.problem(file, what, "put those of the authorities there that sign the clients' ones");
        } else if now > expires {
            let what =
                format!("the authority `{name}` expired at {}, its clients are refused", date(expires));
            findings.warning(file, what, "take it out, or renew it");
        } else if let Err(error) = found.roots.add(der.clone()) {
            findings.problem(
                file,
                format!("the {nth} certificate in it can't be used: {error}"),
                "export it again",
            );
        } else {
            let _new = found.subjects.insert(name);
        }
    }
    if found.roots.is_empty() {
        findings.problem(
            file,
            "there is no authority in it that can be used",
            "put those of the clients there",
        );
        return None;
    }
    Some(found)
}

/// The lists of revocations in a file, PEM or one of DER.
pub(crate) fn revocations(
    file: &Path,
    bytes: Vec<u8>,
    authorities: Option<&Authorities>,
    now: i64,
    findings: &mut Findings,
) -> Vec<CertificateRevocationListDer<'static>> {
    let lists: Vec<CertificateRevocationListDer<'static>> = if bytes.first() == Some(&0x30) {
        vec![CertificateRevocationListDer::from(bytes)]
    } else {
        match CertificateRevocationListDer::pem_slice_iter(&bytes).collect() {
            Ok(lists) => lists,
            Err(error) => {
                let what = format!("it is no valid PEM: {error}");
                findings.problem(file, what, "put lists of revocations there, in PEM or one in DER");
                return Vec::new();
            }
        }
    };
    if lists.is_empty() {
        let remedy = "put one there for each authority (`-----BEGIN X509 CRL-----`), or take crl_file out";
        findings.problem(file, "there is no list of revocations in it", remedy);
        return lists;
    }
    let mut without: BTreeSet<String> = authorities.map(|found| found.subjects.clone()).unwrap_or_default();
    for (index, der) in lists.iter().enumerate() {
        let Ok((_, list)) = CertificateRevocationList::from_der(der) else {
            findings.problem(file, format!("the {} list in it can't be read", nth(index)), "export it again");
            continue;
        };
        let issuer = distinguished(list.issuer());
        let _had = without.remove(&issuer);
        if let Some(next) = list.next_update().map(|time| time.timestamp())
            && now > next
        {
            let what = format!("the list of `{issuer}` should have been renewed by {}", date(next));
            findings.warning(file, what, "renew it: until then, later revocations aren't known");
        }
    }
    for name in without {
        let what = format!("there is no list of the authority `{name}`, so its clients are refused");
        findings.warning(file, what, "add its list, even an empty one");
    }
    lists
}

/// What decides about a client's certificate. The whole chain is checked for revocation, and what no list speaks of is
/// refused.
pub(crate) fn verifier(
    (authorities, required): (Authorities, bool),
    lists: Vec<CertificateRevocationListDer<'static>>,
    (provider, file): (&Arc<CryptoProvider>, &Path),
    findings: &mut Findings,
) -> Option<Arc<dyn ClientCertVerifier>> {
    let roots = Arc::new(authorities.roots);
    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider)).with_crls(lists);
    let builder = if required { builder } else { builder.allow_unauthenticated() };
    match builder.build() {
        Ok(verifier) => Some(verifier),
        Err(error) => {
            let remedy = "use whole lists, signed by the authority itself";
            findings.problem(file, format!("clients can't be checked by it: {error}"), remedy);
            None
        }
    }
}
