//! Doors: TLS in front of a protocol, and how many connections an address may have.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use forebay_settings::Period;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use reqwest::{Certificate, Client, Identity};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::harness::{Ingest, answer, eventually, started};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "an authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for this name, and its key.
fn leaf(authority: &Authority, name: &str) -> (String, String) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

fn put(folder: &Path, (certificate, key): &(String, String)) {
    std::fs::write(folder.join("server.pem"), certificate).unwrap();
    std::fs::write(folder.join("server.key"), key).unwrap();
}

fn client(authority: &Authority, identity: Option<&(String, String)>) -> Client {
    let builder = Client::builder()
        .use_rustls_tls()
        .add_root_certificate(Certificate::from_pem(authority.pem().as_bytes()).unwrap());
    match identity {
        None => builder.build().unwrap(),
        Some((certificate, key)) => {
            let both = format!("{key}{certificate}");
            builder.identity(Identity::from_pem(both.as_bytes()).unwrap()).build().unwrap()
        }
    }
}

/// A request over TLS, to a name that the certificate has.
fn request(ingest: &Ingest, client: &Client, body: &'static str) -> reqwest::RequestBuilder {
    client.post(format!("https://localhost:{}/v1/ingest", ingest.address.port())).body(body)
}

/// Scenario: a listener with TLS; a client that trusts it, one that doesn't, one without TLS; then a renewal.
/// Guarantees: only the first gets through, in HTTP/2 as the handshake agrees on; its connection outlives the renewal.
#[tokio::test]
async fn tls_stands_before_http() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), authority());
    put(folder.path(), &leaf(&authority, "localhost"));
    let ingest = started(|settings| {
        // The first connection is idle until the renewal is in force.
        settings.ingest.read_timeout = Period::from_secs(60);
        settings.ingest.tls.certificate_file = Some(folder.path().join("server.pem"));
        settings.ingest.tls.key_file = Some(folder.path().join("server.key"));
    })
    .await;
    let trusting = client(&authority, None);
    let response = request(&ingest, &trusting, "{\"n\":1}").send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, reqwest::Version::HTTP_2));
    let stranger = client(&self::authority(), None);
    assert!(request(&ingest, &stranger, "{\"n\":2}").send().await.is_err());
    assert!(ingest.request("", "{\"n\":3}").send().await.is_err(), "without TLS nobody is heard");

    let renewed = self::authority();
    put(folder.path(), &leaf(&renewed, "localhost"));
    let follower = client(&renewed, None);
    eventually("the renewed certificate", async || {
        request(&ingest, &follower, "{\"n\":4}").send().await.is_ok()
    })
    .await;
    assert_eq!(
        answer(request(&ingest, &trusting, "{\"n\":5}")).await.counts(),
        (1, 0),
        "on its old connection"
    );
    let bodies: Vec<Vec<u8>> = ingest.stop().await.into_iter().map(|event| event.body).collect();
    assert_eq!(bodies.len(), 3, "{bodies:?}");
}

/// Scenario: certificates of clients are required; one comes with, one without; then their authority is exchanged.
/// Guarantees: who shows none or another's is not heard; who is no longer trusted is cut off, on the open connection too.
#[tokio::test]
async fn certificates_of_clients_stand_before_http() {
    let (folder, authority, clients) = (tempfile::tempdir().unwrap(), authority(), authority());
    put(folder.path(), &leaf(&authority, "localhost"));
    let path = folder.path().join("clients.pem");
    std::fs::write(&path, clients.pem()).unwrap();
    let ingest = started(|settings| {
        settings.ingest.tls.certificate_file = Some(folder.path().join("server.pem"));
        settings.ingest.tls.key_file = Some(folder.path().join("server.key"));
        settings.ingest.tls.client_ca_file = Some(path.clone());
        settings.ingest.tls.client_certificates = forebay_settings::sections::ClientCertificates::Required;
    })
    .await;
    let known = client(&authority, Some(&leaf(&clients, "web-1")));
    assert_eq!(answer(request(&ingest, &known, "{\"n\":1}")).await.counts(), (1, 0));
    assert!(request(&ingest, &client(&authority, None), "{\"n\":2}").send().await.is_err());
    let other = client(&authority, Some(&leaf(&self::authority(), "web-1")));
    assert!(request(&ingest, &other, "{\"n\":3}").send().await.is_err());

    std::fs::write(&path, self::authority().pem()).unwrap();
    eventually("the client is cut off", async || request(&ingest, &known, "{\"n\":4}").send().await.is_err())
        .await;
    assert!(ingest.stop().await.iter().all(|event| event.body == b"{\"n\":1}" || event.body == b"{\"n\":4}"));
}

/// Scenario: over TLS with optional certificates of clients: two clients of two tenants, one whose certificate the file doesn't know, one
/// that is switched off, one that shows none, and one that names another tenant.
/// Guarantees: the certificate's name gives the tenant; the others get nothing in.
#[tokio::test]
async fn a_certificate_of_a_client_gives_the_tenant() {
    let (folder, authority, clients) = (tempfile::tempdir().unwrap(), authority(), authority());
    put(folder.path(), &leaf(&authority, "localhost"));
    let (trusted, access) = (folder.path().join("clients.pem"), folder.path().join("access.yaml"));
    std::fs::write(&trusted, clients.pem()).unwrap();
    let file = "credentials:
  - {name: web, tenant: acme, certificate: {dns: web-1}}
  - {name: db, tenant: umbrella, certificate: {common_name: db-1}}
  - {name: old, tenant: acme, certificate: {dns: old-1}, disabled: true}
";
    std::fs::write(&access, file).unwrap();
    let ingest = started(|settings| {
        settings.ingest.access_file = Some(access);
        settings.ingest.tls.certificate_file = Some(folder.path().join("server.pem"));
        settings.ingest.tls.key_file = Some(folder.path().join("server.key"));
        settings.ingest.tls.client_ca_file = Some(trusted);
        settings.ingest.tls.client_certificates = forebay_settings::sections::ClientCertificates::Optional;
    })
    .await;
    let of = |name: &str| client(&authority, Some(&leaf(&clients, name)));
    let web = of("web-1");
    assert_eq!(answer(request(&ingest, &web, "{\"n\":1}")).await.counts(), (1, 0));
    assert_eq!(answer(request(&ingest, &of("db-1"), "{\"n\":2}")).await.counts(), (1, 0));
    let status = async |request: reqwest::RequestBuilder| answer(request).await.status;
    assert_eq!(status(request(&ingest, &of("other-1"), "{}")).await, 401);
    assert_eq!(status(request(&ingest, &of("old-1"), "{}")).await, 403);
    assert_eq!(status(request(&ingest, &client(&authority, None), "{}")).await, 401);
    let named = |tenant| request(&ingest, &web, "{\"n\":3}").header("x-forebay-tenant", tenant);
    assert_eq!((status(named("umbrella")).await, status(named("acme")).await), (403, 200));
    let mut stored: Vec<(String, Vec<u8>)> =
        ingest.stop().await.into_iter().map(|event| (event.tenant, event.body)).collect();
    stored.sort();
    let expected = [("acme", "{\"n\":1}"), ("acme", "{\"n\":3}"), ("umbrella", "{\"n\":2}")];
    assert_eq!(stored, expected.map(|(tenant, body)| (tenant.to_owned(), body.as_bytes().to_vec())));
}

/// Connects from this address.
pub(crate) async fn connect_from(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::from(from), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

/// What a request on this connection is answered, until the connection ends.
async fn ask(stream: &mut TcpStream) -> String {
    let request = b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    // Who is turned away may be gone before it has asked.
    let _sent = stream.write_all(request).await;
    let mut all = Vec::new();
    let _end = timeout(Duration::from_secs(20), stream.read_to_end(&mut all)).await.unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

/// Scenario: an address has as many connections as it may, and opens more; another comes; then one is closed.
/// Guarantees: what is too many is told so and closed, the other client isn't concerned, and a place that is left is free.
#[tokio::test]
async fn an_address_has_so_many_connections() {
    let ingest = started(|settings| {
        settings.ingest.read_timeout = Period::from_secs(60);
        settings.ingest.max_connections_per_address = 2;
    })
    .await;
    let mine = [127, 0, 0, 2];
    let held = [connect_from(mine, ingest.address).await, connect_from(mine, ingest.address).await];
    for _ in 0..20 {
        let refused = ask(&mut connect_from(mine, ingest.address).await).await;
        assert!(
            refused.starts_with("HTTP/1.1 429 ") && refused.contains("max_connections_per_address"),
            "{refused}"
        );
    }
    let other = ask(&mut connect_from([127, 0, 0, 3], ingest.address).await).await;
    assert!(other.starts_with("HTTP/1.1 200 "), "{other}");
    drop(held);
    eventually("a place is free", async || {
        ask(&mut connect_from(mine, ingest.address).await).await.starts_with("HTTP/1.1 200 ")
    })
    .await;
    let _stored = ingest.stop().await;
}
