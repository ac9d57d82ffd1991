//! Who a certificate says its holder is.
//!
//! The subject is written as [RFC 4514](https://www.rfc-editor.org/rfc/rfc4514) says, escapes included: a common name of
//! `a,O=Acme` must not look like an organisation. `openssl x509 -noout -subject -nameopt RFC2253,-esc_msb` writes the same.

use std::fmt::Write as _;
use std::net::IpAddr;

use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::asn1_rs::{Any, ToDer as _};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate, X509Name};

/// Who a client is, by a certificate that an authority of ours has signed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PeerNames {
    /// The subject's distinguished name: `CN=web-1,OU=fleet,O=Acme`; empty where there is none.
    pub subject: String,
    /// The subject's last common name.
    pub common_name: Option<String>,
    /// Host names, in lower case.
    pub dns: Vec<String>,
    /// URIs, such as SPIFFE ids, as they are written.
    pub uris: Vec<String>,
    /// E-mail addresses, as they are written.
    pub emails: Vec<String>,
    /// Addresses.
    pub ips: Vec<IpAddr>,
}

// === impl PeerNames ===

impl PeerNames {
    /// The names in a certificate; `None` where it can't be read. Alternative names of other kinds are left out.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let common_name = certificate.subject().iter_common_name().last();
        let mut names = Self {
            subject: distinguished(certificate.subject()),
            common_name: common_name.and_then(|name| name.as_str().ok()).map(str::to_owned),
            ..Self::default()
        };
        let Ok(alternatives) = certificate.subject_alternative_name() else { return None };
        for name in alternatives.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => names.dns.push(name.to_ascii_lowercase()),
                GeneralName::URI(uri) => names.uris.push((*uri).to_owned()),
                GeneralName::RFC822Name(email) => names.emails.push((*email).to_owned()),
                GeneralName::IPAddress(bytes) => names.ips.extend(address(bytes)),
                _ => {}
            }
        }
        Some(names)
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// A name as RFC 4514 writes it: the last part first.
pub(crate) fn distinguished(name: &X509Name<'_>) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let mut text = String::new();
    for (index, part) in parts.iter().rev().enumerate() {
        if index > 0 {
            text.push(',');
        }
        for (index, attribute) in part.iter().enumerate() {
            if index > 0 {
                text.push('+');
            }
            let oid = attribute.attr_type().to_id_string();
            match (short(&oid), attribute.as_str()) {
                (Some(short), Ok(value)) => {
                    text.push_str(short);
                    text.push('=');
                    escape(value, &mut text);
                }
                (short, _) => {
                    text.push_str(short.unwrap_or(&oid));
                    text.push_str("=#");
                    hexadecimal(attribute.attr_value(), &mut text);
                }
            }
        }
    }
    text
}

/// The names of attributes in the table of section 3, and the two others that certificates often have.
fn short(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return None,
    })
}

/// Section 2.4.
fn escape(value: &str, text: &mut String) {
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().enumerate() {
        match c {
            ' ' if index == 0 || index == last => text.push_str("\\ "),
            '#' if index == 0 => text.push_str("\\#"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            '\0'..='\x1f' | '\x7f' => {
                let _infallible = write!(text, "\\{:02X}", u32::from(c));
            }
            _ => text.push(c),
        }
    }
}

fn hexadecimal(value: &Any<'_>, text: &mut String) {
    for byte in value.to_der_vec().unwrap_or_default() {
        let _infallible = write!(text, "{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};

    use super::*;

    fn names(change: impl FnOnce(&mut CertificateParams)) -> PeerNames {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        change(&mut params);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        PeerNames::of(certificate.der()).unwrap()
    }

    /// Guarantees: what a certificate says comes out, each kind in its place.
    #[test]
    fn names_of_all_kinds() {
        let names = names(|params| {
            params.distinguished_name.push(DnType::OrganizationName, "Acme");
            params.distinguished_name.push(DnType::OrganizationalUnitName, "fleet");
            params.distinguished_name.push(DnType::CommonName, "web-1");
            params.subject_alt_names = vec![
                SanType::DnsName("Web-1.example".try_into().unwrap()),
                SanType::URI("spiffe://acme/web".try_into().unwrap()),
                SanType::Rfc822Name("ops@acme.example".try_into().unwrap()),
                SanType::IpAddress("192.0.2.7".parse().unwrap()),
                SanType::IpAddress("2001:db8::7".parse().unwrap()),
            ];
        });
        assert_eq!(names.subject, "CN=web-1,OU=fleet,O=Acme");
        assert_eq!(names.common_name.as_deref(), Some("web-1"));
        assert_eq!((names.dns, names.uris), (vec!["web-1.example".into()], vec!["spiffe://acme/web".into()]));
        assert_eq!(names.emails, ["ops@acme.example"]);
        assert_eq!(names.ips, ["192.0.2.7", "2001:db8::7"].map(|ip| ip.parse::<IpAddr>().unwrap()));
    }

    /// Guarantees: a value can't pass for another attribute, and nothing in it breaks a line of a log.
    #[test]
    fn a_value_stays_a_value() {
        let names = names(|params| {
            params.distinguished_name.push(DnType::CommonName, " a,O=Acme+CN=b\n\\# ");
            params.distinguished_name.push(DnType::OrganizationName, "#é");
            let own = DnType::CustomDnType(vec![1, 2, 3, 4]);
            params.distinguished_name.push(own, DnValue::Utf8String("x".to_owned()));
        });
        assert_eq!(names.subject, r"1.2.3.4=#0C0178,O=\#é,CN=\ a\,O=Acme\+CN=b\0A\\#\ ");
    }

    #[test]
    fn a_certificate_without_names_has_none() {
        assert_eq!(names(|_| {}), PeerNames::default());
        assert_eq!(PeerNames::of(&CertificateDer::from(b"0\x80junk".to_vec())), None);
    }
}
