//! Clients that show certificates.

use std::time::SystemTime;

use forebay_settings::sections::{ClientCertificates, TlsVersion};
use forebay_tls::AcceptError;
use rcgen::{ExtendedKeyUsagePurpose, SanType, SerialNumber};
use tokio::io::AsyncReadExt;

use crate::authority::{Authority, DAY, Leaf};
use crate::harness::{Files, exchange, meet, modern};

const REQUIRED: ClientCertificates = ClientCertificates::Required;

fn numbered(authority: &Authority, name: &str, serial: u8) -> Leaf {
    authority.client(name, |params| params.serial_number = Some(SerialNumber::from_slice(&[serial])))
}

/// Guarantees: a client of a known authority comes in under the names that its certificate has.
#[tokio::test]
async fn a_client_comes_in_by_its_names() {
    let (authority, clients) = (Authority::new("ca"), Authority::new("clients"));
    let server = Files::new(&authority.server(|_| {})).asking(REQUIRED, &[&clients]).load();
    let leaf = clients.client("web-1", |params| {
        params.subject_alt_names = vec![SanType::URI("spiffe://acme/web".try_into().unwrap())];
    });
    let (accepted, connected) = meet(&server, &modern(&authority, Some(&leaf))).await;
    let (mut accepted, mut connected) = (accepted.unwrap(), connected.unwrap());
    exchange(&mut accepted, &mut connected).await.unwrap();
    let peer = accepted.peer.unwrap();
    assert_eq!(peer.names().subject, "CN=web-1");
    assert_eq!(peer.names().uris, ["spiffe://acme/web"]);
    assert!(!peer.distrusted().is_cancelled());
}

/// Guarantees: an authority between is enough where the client shows it.
#[tokio::test]
async fn a_chain_is_followed() {
    let (authority, clients) = (Authority::new("ca"), Authority::new("clients"));
    let between = clients.intermediate("between");
    let server = Files::new(&authority.server(|_| {})).asking(REQUIRED, &[&clients]).load();
    let mut leaf = between.client("web-1", |_| {});
    let (accepted, _) = meet(&server, &modern(&authority, Some(&leaf))).await;
    assert_eq!(accepted.unwrap_err().reason(), "certificate_unknown");
    leaf.certificate.push_str(&between.pem());
    let (accepted, _) = meet(&server, &modern(&authority, Some(&leaf))).await;
    assert_eq!(accepted.unwrap().peer.unwrap().names().subject, "CN=web-1");
}

/// Scenario: no certificate; one of another authority, even of the same name; expired; not valid yet; made for servers;
/// revoked. In both versions.
/// Guarantees: none comes in, each has its reason, and the client gets nothing but an alert.
#[tokio::test]
async fn who_does_not_belong_stays_out() {
    let (authority, clients, others) =
        (Authority::new("ca"), Authority::new("clients"), Authority::new("clients"));
    let mut files = Files::new(&authority.server(|_| {}))
        .asking(REQUIRED, &[&clients])
        .with_revocations(clients.revocations(&[7, 9]));
    let now = SystemTime::now();
    let wrong = [
        (None, "no_certificate"),
        (Some(others.client("web-1", |_| {})), "certificate_unknown"),
        (
            Some(clients.client("web-1", |params| params.not_after = (now - DAY).into())),
            "certificate_expired",
        ),
        (
            Some(clients.client("web-1", |params| params.not_before = (now + DAY).into())),
            "certificate_expired",
        ),
        (
            Some(clients.client("web-1", |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            })),
            "certificate_invalid",
        ),
        (Some(numbered(&clients, "web-1", 9)), "certificate_revoked"),
    ];
    for min_version in [TlsVersion::Tls13, TlsVersion::Tls12] {
        files.settings.min_version = min_version;
        let server = files.load();
        for (leaf, reason) in &wrong {
            let (accepted, connected) = meet(&server, &modern(&authority, leaf.as_ref())).await;
            assert_eq!(accepted.unwrap_err().reason(), *reason);
            if let Ok(mut connected) = connected {
                assert!(connected.read_u8().await.is_err(), "in TLS 1.3 a client learns of it when it reads");
            }
        }
        let (accepted, _) = meet(&server, &modern(&authority, Some(&numbered(&clients, "web-1", 8)))).await;
        assert!(accepted.is_ok(), "one that no list names comes in: {accepted:?}");
    }
}

/// Guarantees: where lists of revocations are used, an authority without a list has no clients.
#[tokio::test]
async fn an_authority_without_a_list_has_no_clients() {
    let (authority, clients, others) = (Authority::new("ca"), Authority::new("a"), Authority::new("b"));
    let files = Files::new(&authority.server(|_| {}))
        .asking(REQUIRED, &[&clients, &others])
        .with_revocations(clients.revocations(&[]));
    let warnings = forebay_tls::ServerTls::check(&files.settings).unwrap();
    assert!(warnings[0].what.contains("no list of the authority `CN=b`"), "{warnings:?}");
    let server = files.load();
    let (accepted, _) = meet(&server, &modern(&authority, Some(&clients.client("web-1", |_| {})))).await;
    assert!(accepted.is_ok(), "{accepted:?}");
    let (accepted, _) = meet(&server, &modern(&authority, Some(&others.client("web-1", |_| {})))).await;
    assert!(matches!(accepted, Err(AcceptError::CertificateUnknown(_))), "{accepted:?}");
}

/// Guarantees: `optional` lets those in who show nothing, and still nobody with a bad certificate.
#[tokio::test]
async fn optional_is_not_lenient() {
    let (authority, clients) = (Authority::new("ca"), Authority::new("clients"));
    let server =
        Files::new(&authority.server(|_| {})).asking(ClientCertificates::Optional, &[&clients]).load();
    let (accepted, _) = meet(&server, &modern(&authority, None)).await;
    assert!(accepted.unwrap().peer.is_none());
    let (accepted, _) = meet(&server, &modern(&authority, Some(&clients.client("web-1", |_| {})))).await;
    assert!(accepted.unwrap().peer.is_some());
    let other = Authority::new("clients").client("web-1", |_| {});
    let (accepted, _) = meet(&server, &modern(&authority, Some(&other))).await;
    assert_eq!(accepted.unwrap_err().reason(), "certificate_unknown");
}
