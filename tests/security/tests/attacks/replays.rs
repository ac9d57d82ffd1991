//! Credentials that were good once and are shown again: handshakes, signatures, certificates.

use std::net::SocketAddr;
use std::sync::Arc;

use forebay_security::victim::{PATIENCE, Victim};
use forebay_settings::sections::ClientCertificates;
use forebay_settings::sections::ingest::{ListenerProtocol, ListenerSettings};
use forebay_testkit::{eventually, free_port};
use futures_util::{SinkExt, StreamExt};
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use rcgen::SerialNumber;
use sha2::{Digest, Sha256, Sha512};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::authority::{Authority, Leaf};
use crate::missile::{lumberjack_frame, msgpack_text};

/// Adds to the access file.
fn allow(victim_file: &std::path::Path, credential: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(victim_file)?;
    Ok(std::fs::write(victim_file, text + credential)?)
}

// === Fluent Forward ===

/// Connects, and gives the connection and the nonces of key and user.
async fn greeted(to: SocketAddr) -> (TcpStream, Vec<u8>, Vec<u8>) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let mut helo = Vec::new();
    while !helo.ends_with(b"keepalive\xc3") {
        assert!(timeout(PATIENCE, stream.read_buf(&mut helo)).await.unwrap().unwrap() > 0, "{helo:?}");
    }
    let behind =
        |name: &[u8]| helo.windows(name.len()).position(|bytes| bytes == name).unwrap() + name.len() + 2;
    let salt = |at: usize| helo[at..at + 16].to_vec();
    (stream, salt(behind(b"nonce")), salt(behind(b"auth")))
}

/// The proof that somebody knows a key and a user's password.
fn ping(nonce: &[u8], auth: &[u8], key: &str, user: &str, password: &str) -> Vec<u8> {
    let digest = |parts: &[&[u8]]| hex::encode(Sha512::digest(parts.concat()));
    let shown = digest(&[b"salty", b"host", nonce, key.as_bytes()]);
    let proved = digest(&[auth, user.as_bytes(), password.as_bytes()]);
    let parts = ["PING", "host", "salty", &shown, user, &proved];
    [vec![0x96], parts.map(msgpack_text).concat()].concat()
}

/// Whether a ping is let in, on a connection that was greeted; an event follows it in any case.
async fn is_let_in(mut stream: TcpStream, ping: &[u8], text: &str) -> bool {
    stream.write_all(ping).await.unwrap();
    let mut pong = Vec::new();
    while pong.len() < 7 {
        match timeout(PATIENCE, stream.read_buf(&mut pong)).await.unwrap() {
            Ok(1..) => {}
            _ => return false,
        }
    }
    let mut message = [&[0x93][..], &msgpack_text("tag"), &[0xce, 0x6a, 0x4e, 0x1b, 0x80, 0x81]].concat();
    message.extend([msgpack_text("message"), msgpack_text(text)].concat());
    let _may_be_closed = stream.write_all(&message).await;
    let _ended = stream.shutdown().await;
    let _rest = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.unwrap();
    pong[6] == 0xc3
}

/// Scenario: somebody has recorded a handshake of Fluent Forward, and plays it again; somebody with a key and a user of his own says
/// that he is another user.
/// Guarantees: the recorded one opens nothing, since each connection has nonces of its own; a user needs his own password.
#[tokio::test]
async fn a_recorded_handshake_opens_nothing() {
    let mut victim = Victim::start_with(|settings, folder| {
        settings.ingest.max_connections_per_address = 100;
        let users =
            "  - {name: f1, tenant: honest, forward: {shared_key: shared-key, user: honest, password: right-one}}
  - {name: f2, tenant: mallory, forward: {shared_key: shared-key, user: mallory, password: own-word}}\n";
        allow(&folder.join("access.yaml"), users)
    })
    .await
    .unwrap();
    let to = victim.door("forward_nobody").unwrap();
    let (stream, nonce, auth) = greeted(to).await;
    let recorded = ping(&nonce, &auth, "shared-key", "honest", "right-one");
    assert!(is_let_in(stream, &recorded, "an honest line").await);
    for _again in 0..3 {
        let (stream, ..) = greeted(to).await;
        assert!(!is_let_in(stream, &recorded, "replayed").await);
    }
    for (key, user, password) in [
        ("shared-key", "honest", "own-word"),
        ("shared-key", "honest", ""),
        ("shared-key", "", ""),
        ("wrong", "honest", "right-one"),
        ("", "mallory", "own-word"),
    ] {
        let (stream, nonce, auth) = greeted(to).await;
        let shown = ping(&nonce, &auth, key, user, password);
        assert!(!is_let_in(stream, &shown, "claimed").await, "{key} {user} {password}");
    }
    let own = async || {
        victim.stored().unwrap().iter().filter(|one| one.body.contains("an honest line")).count() > 0
    };
    eventually("the first one is taken", PATIENCE, own).await.unwrap();
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}

// === Firehose ===

const BODY: &str = "{\"DeliveryStreamName\":\"web\",\"Record\":{\"Data\":\"YW4gaG9uZXN0IGxpbmU=\"}}";

/// The header of a request that is signed with `secret` at `date` (AWS signature version 4).
fn signature(host: &str, secret: &str, date: &str, body: &str) -> String {
    let mac = |key: &[u8], text: &str| {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let scope = format!("{}/eu-west-1/firehose/aws4_request", &date[..8]);
    let hashed = hex::encode(Sha256::digest(body));
    let canonical = format!("POST\n/\n\nhost:{host}\nx-amz-date:{date}\n\nhost;x-amz-date\n{hashed}");
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    let digits = hex::encode(mac(&key, &text));
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDHONEST/{scope}, SignedHeaders=host;x-amz-date, Signature={digits}"
    )
}

/// Scenario: requests to Firehose that are signed with a wrong secret, or long ago, or in the future, or for another body, host or time;
/// a good one that claims another tenant.
/// Guarantees: only what is signed by the secret, of now and as it is, is taken.
#[tokio::test]
async fn a_signature_is_for_one_request_of_now() {
    let mut victim = Victim::start_with(|_, folder| {
        let key = "  - {name: aws, tenant: honest, access_key: {id: AKIDHONEST, secret: hush-hush}}\n";
        allow(&folder.join("access.yaml"), key)
    })
    .await
    .unwrap();
    let host = victim.address.to_string();
    let at = |hours: i64| {
        let time = Timestamp::now() + SignedDuration::from_hours(hours);
        time.strftime("%Y%m%dT%H%M%SZ").to_string()
    };
    let (now, past, future) = (at(0), at(-1), at(1));
    let send = async |date: &str, signature: String, body: &str, tenant: Option<&str>| {
        let request = reqwest::Client::new().post(format!("http://{host}/")).body(body.to_owned());
        let request =
            request.header("x-amz-target", "Firehose_20150804.PutRecord").header("x-amz-date", date);
        let request =
            request.header("content-type", "application/x-amz-json-1.1").header("authorization", signature);
        let request =
            tenant.into_iter().fold(request, |request, tenant| request.header("x-forebay-tenant", tenant));
        request.send().await.unwrap().status().as_u16()
    };
    let good = signature(&host, "hush-hush", &now, BODY);
    assert_eq!(send(&now, good.clone(), BODY, None).await, 200);
    let other = BODY.replace("YW4g", "YW5v");
    for (what, date, signed, body) in [
        ("a wrong secret", &now, signature(&host, "wrong", &now, BODY), BODY),
        ("no secret", &now, signature(&host, "", &now, BODY), BODY),
        ("an hour ago", &past, signature(&host, "hush-hush", &past, BODY), BODY),
        ("in an hour", &future, signature(&host, "hush-hush", &future, BODY), BODY),
        ("said to be of now", &now, signature(&host, "hush-hush", &past, BODY), BODY),
        ("said to be of then", &past, good.clone(), BODY),
        ("another body", &now, good.clone(), &other),
        ("another host", &now, signature("elsewhere", "hush-hush", &now, BODY), BODY),
        ("not all signed", &now, good.replace("host;x-amz-date", "x-amz-date"), BODY),
        ("another key", &now, good.replace("AKIDHONEST", "AKIDOTHER"), BODY),
    ] {
        assert_eq!(send(date, signed, body, None).await, 403, "{what}");
    }
    assert_eq!(send(&now, good, BODY, Some("mallory")).await, 403);
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
    let taken = victim.stored().unwrap().iter().filter(|one| one.body == "an honest line").count();
    assert_eq!(taken, 1);
}

// === TLS ===

/// Comes in with this certificate; none if it isn't let in.
async fn come(config: &Arc<ClientConfig>, to: SocketAddr) -> Option<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(to).await.unwrap();
    TlsConnector::from(Arc::clone(config)).connect("localhost".try_into().unwrap(), stream).await.ok()
}

/// Sends an event by Lumberjack, and says whether it was acknowledged.
async fn is_acknowledged(stream: &mut TlsStream<TcpStream>, text: &str) -> bool {
    let event = format!("{{\"message\":\"{text}\"}}");
    let window = [b"2W\0\0\0\x01", &lumberjack_frame(1, &event)[..]].concat();
    let mut answer = [0; 6];
    let exchanged = async {
        stream.write_all(&window).await?;
        stream.flush().await?;
        stream.read_exact(&mut answer).await
    };
    timeout(PATIENCE, exchanged).await.unwrap().is_ok() && &answer == b"2A\0\0\0\x01"
}

fn config(authority: &Authority, leaf: &Leaf) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(leaf.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

/// Scenario: a shipper's certificate is revoked while it is connected, by a protocol of its own and by a WebSocket; it comes again, with what is left of its session.
/// Guarantees: its connections are cut, and it doesn't get in any more; who isn't revoked goes on.
#[tokio::test]
async fn a_revoked_certificate_is_cut_off() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let server = servers.server(|_| {});
    let client = |name: &str, serial: u8| {
        clients.client(name, |params| params.serial_number = Some(SerialNumber::from_slice(&[serial])))
    };
    let (stolen, good) = (client("stolen", 7), client("good", 8));
    let to = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let http = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let mut lists = None;
    let mut victim = Victim::start_with(|settings, folder| {
        let put = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).map(|()| Some(path))
        };
        let mut listener = ListenerSettings::new(ListenerProtocol::Lumberjack, to.to_string());
        listener.tls.certificate_file = put("server.pem", &server.certificate)?;
        listener.tls.key_file = put("server.key", &server.key)?;
        listener.tls.client_ca_file = put("clients.pem", &clients.pem())?;
        listener.tls.crl_file = put("crl.pem", &clients.revocations(&[]))?;
        listener.tls.client_certificates = ClientCertificates::Required;
        lists.clone_from(&listener.tls.crl_file);
        let streams = ListenerSettings::new(ListenerProtocol::Http, http.to_string());
        let streams = ListenerSettings { tls: listener.tls.clone(), ..streams };
        settings
            .ingest
            .listeners
            .extend([("beats_tls".to_owned(), listener), ("http_tls".to_owned(), streams)]);
        let names = "  - {name: c1, tenant: honest, certificate: {common_name: stolen}}
  - {name: c2, tenant: honest, certificate: {common_name: good}}\n";
        allow(&folder.join("access.yaml"), names)
    })
    .await
    .unwrap();
    let (stolen, good) = (config(&servers, &stolen), config(&servers, &good));
    let mut thief = come(&stolen, to).await.unwrap();
    let mut shipper = come(&good, to).await.unwrap();
    assert!(is_acknowledged(&mut thief, "an honest line").await);
    assert!(is_acknowledged(&mut shipper, "an honest line").await);
    let upgraded = come(&stolen, http).await.unwrap();
    let (mut stream, _) = client_async("ws://localhost/v1/stream", upgraded).await.unwrap();

    std::fs::write(lists.unwrap(), clients.revocations(&[7])).unwrap();
    let mut rest = [0; 16];
    let cut = timeout(PATIENCE, thief.read(&mut rest)).await.expect("its connection goes on");
    assert!(!matches!(cut, Ok(1..)), "{cut:?}");
    let batches = async {
        let mut number = 1;
        loop {
            let batch = format!("{{\"seq\":{number}}}\n{{\"message\":\"an honest line\"}}\n");
            let sent = stream.send(Message::Text(batch.into())).await;
            let Some(Ok(_)) = stream.next().await else { return };
            if sent.is_err() {
                return;
            }
            number += 1;
        }
    };
    timeout(PATIENCE, batches).await.expect("its WebSocket goes on");
    for _again in 0..3 {
        // TLS 1.3 lets a client finish its side before it hears that it isn't wanted.
        if let Some(mut again) = come(&stolen, to).await {
            assert!(!is_acknowledged(&mut again, "revoked").await);
        }
    }
    assert!(is_acknowledged(&mut shipper, "an honest line").await, "who isn't revoked goes on");
    victim.unharmed().await.unwrap();
    victim.only_honest_lines().unwrap();
}
