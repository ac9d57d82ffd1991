//! `tls:` files that need each other. What is in them is looked at where they are read.

use super::findings::Findings;
use crate::sections::{ClientCertificates, TlsSettings};
use crate::units::Period;

/// Checks the section at `path`, such as `ingest.tls`.
pub(super) fn check(path: &str, tls: &TlsSettings, findings: &mut Findings) {
    let at = |field: &str| format!("{path}.{field}");
    let asks = tls.client_certificates != ClientCertificates::Off;
    match (&tls.certificate_file, &tls.key_file) {
        (Some(_), None) => findings.add(
            &at("key_file"),
            "there is a certificate without its key",
            "name the file of the certificate's private key",
        ),
        (None, Some(_)) => findings.add(
            &at("certificate_file"),
            "there is a key without its certificate",
            "name the file of the key's certificate",
        ),
        (None, None) => {
            findings.require(
                !asks && tls.client_ca_file.is_none(),
                &at("certificate_file"),
                "clients can't show certificates without TLS",
                "set certificate_file and key_file",
            );
            let unset = TlsSettings::default();
            findings.require(
                tls.min_version == unset.min_version && tls.handshake_timeout == unset.handshake_timeout,
                &at("certificate_file"),
                "the section has no certificate, so that nothing of it counts",
                "repeat certificate_file and key_file here, or set it in ingest.tls",
            );
        }
        (Some(_), Some(_)) => {}
    }
    findings.require(
        !asks || tls.client_ca_file.is_some(),
        &at("client_ca_file"),
        "clients are asked for certificates, and no authority is known that signs them",
        "name the file of the authorities' certificates",
    );
    findings.require(
        asks || tls.client_ca_file.is_none(),
        &at("client_certificates"),
        "authorities of clients are set, and clients are asked for nothing",
        "set it to `required` or `optional`, or take client_ca_file out",
    );
    findings.require(
        tls.client_ca_file.is_some() || tls.crl_file.is_none(),
        &at("crl_file"),
        "revocations are for certificates of clients, which are not asked for",
        "set client_ca_file, or take it out",
    );
    let (least, greatest) = (Period::from_millis(100), Period::from_secs(300));
    findings.period(&at("handshake_timeout"), tls.handshake_timeout, least, greatest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(change: impl FnOnce(&mut TlsSettings)) -> Vec<String> {
        let mut tls = TlsSettings::default();
        change(&mut tls);
        let mut findings = Findings::default();
        check("ingest.tls", &tls, &mut findings);
        findings.into_problems().into_iter().map(|problem| problem.path).collect()
    }

    /// Guarantees: files that need each other are asked for, all at once.
    #[test]
    fn files_that_need_each_other() {
        assert_eq!(problems(|_| {}), Vec::<String>::new());
        assert_eq!(problems(|tls| tls.certificate_file = Some("a.pem".into())), ["ingest.tls.key_file"]);
        assert_eq!(problems(|tls| tls.key_file = Some("a.key".into())), ["ingest.tls.certificate_file"]);
        let all = problems(|tls| {
            tls.client_certificates = ClientCertificates::Required;
            tls.crl_file = Some("a.crl".into());
            tls.handshake_timeout = Period::from_secs(3_600);
        });
        let at = ["certificate_file", "certificate_file", "client_ca_file", "crl_file", "handshake_timeout"];
        assert_eq!(all, at.map(|field| format!("ingest.tls.{field}")));
        let idle = problems(|tls| {
            tls.certificate_file = Some("a.pem".into());
            tls.key_file = Some("a.key".into());
            tls.client_ca_file = Some("ca.pem".into());
        });
        assert_eq!(idle, ["ingest.tls.client_certificates"]);
    }
}
