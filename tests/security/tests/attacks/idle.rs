//! What connections cost that do nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use forebay_settings::Period;
use futures_util::StreamExt;
use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use forebay_security::victim::Victim;

/// How many connections there are: enough to tell what one costs.
const CONNECTIONS: usize = 1_000;
/// What one may cost, in bytes: 10,000 of them are to fit into 512 MiB.
const EACH: u64 = (512 << 20) / 10_000;

/// Comes in over TLS, is answered once, and stays.
async fn come(connector: TlsConnector, from: [u8; 4], to: SocketAddr, token: String) -> TlsStream<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::from(from), 0)).unwrap();
    let stream = socket.connect(to).await.unwrap();
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    let body = "{\"message\":\"an honest line\"}";
    let request = format!(
        "POST /v1/ingest HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let _len = stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    stream
}

/// Scenario: a thousand clients come in over TLS, send something, and stay without a word.
/// Guarantees: what each costs allows for ten thousand in 512 MiB.
#[tokio::test]
async fn an_idle_tls_connection_costs_little() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let victim = Victim::start_with(|settings, folder| {
        let (certificate_file, key_file) = (folder.join("server.pem"), folder.join("server.key"));
        std::fs::write(&certificate_file, certificate.pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        settings.ingest.tls.certificate_file = Some(certificate_file);
        settings.ingest.tls.key_file = Some(key_file);
        settings.ingest.read_timeout = Period::from_secs(600);
        settings.ingest.max_connections = 20_000;
        settings.ingest.max_connections_per_address = 20_000;
        // Plain ones beside it, which nobody asks for here.
        settings.ingest.listeners.clear();
        Ok(())
    })
    .await
    .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let one = |_| come(connector.clone(), [127, 0, 0, 4], victim.address, victim.token.clone());
    // The first ones make the process as large as it gets by working at all.
    let first: Vec<_> = futures_util::stream::iter(0..100).map(one).buffer_unordered(16).collect().await;
    let before = victim.memory().unwrap();
    let all: Vec<_> =
        futures_util::stream::iter(0..CONNECTIONS).map(one).buffer_unordered(16).collect().await;
    let each = victim.memory().unwrap().saturating_sub(before) / CONNECTIONS as u64;
    println!(
        "{} idle connections over TLS, {each} bytes each, {} MiB in all",
        all.len() + first.len(),
        victim.memory().unwrap() >> 20
    );
    assert!(each <= EACH, "{each} bytes each");
}
