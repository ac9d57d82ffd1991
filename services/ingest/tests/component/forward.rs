//! Fluent Forward: an acknowledgement means that Kafka has the events of the chunk.

use std::net::SocketAddr;
use std::time::Duration;

use forebay_settings::Period;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_testkit::free_port;
use sha2::{Digest, Sha512};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::harness::Ingest;
use crate::syslog::{arrived, listen, over_tcp, texts};

/// Entries at 7.000000005 s, `{"n":<number>}`.
fn entries(numbers: &[u8]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| [0x92, 0xd7, 0, 0, 0, 0, 7, 0, 0, 0, 5, 0x81, 0xa1, b'n', *number])
        .collect()
}

/// A packed message with the tag `a.b`, which asks for an acknowledgement.
fn packed(numbers: &[u8], chunk: &str) -> Vec<u8> {
    let entries = entries(numbers);
    let mut out = b"\x93\xa3a.b\xc4".to_vec();
    out.push(u8::try_from(entries.len()).unwrap());
    out.extend_from_slice(&entries);
    out.extend_from_slice(b"\x81\xa5chunk");
    text(&mut out, chunk);
    out
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&[0xd9, u8::try_from(text.len()).unwrap()]);
    out.extend_from_slice(text.as_bytes());
}

fn ack(chunk: &str) -> Vec<u8> {
    let mut out = b"\x81\xa3ack".to_vec();
    text(&mut out, chunk);
    out
}

/// Exactly so many bytes, at most after 20 s.
async fn read(client: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let _read =
        timeout(Duration::from_secs(20), client.read_exact(&mut bytes)).await.expect("no answer").unwrap();
    bytes
}

/// Everything until the other side closes, at most 20 s.
async fn until_closed(client: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // A reset ends it just as well.
    let _end = timeout(Duration::from_secs(20), client.read_to_end(&mut all)).await.expect("never closed");
    all
}

async fn started(change: impl FnOnce(&mut forebay_settings::Settings)) -> (Ingest, SocketAddr) {
    over_tcp(ListenerProtocol::Forward, change).await
}

/// Scenario: a message without a chunk, then chunks that ask for acknowledgements.
/// Guarantees: these are acknowledged in order, the first isn't; all are there with their tag and time.
#[tokio::test]
async fn chunks_are_acknowledged() {
    let (ingest, address) = started(|_| {}).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let message = b"\x93\xa3a.b\xd7\0\0\0\0\x07\0\0\0\x05\x81\xa1n\x01";
    client.write_all(message).await.unwrap();
    client.write_all(&packed(&[2, 3], "one")).await.unwrap();
    client.write_all(&packed(&[4], "two")).await.unwrap();
    let expected = [ack("one"), ack("two")].concat();
    assert_eq!(read(&mut client, expected.len()).await, expected);
    drop(client);
    let stored = ingest.stop().await;
    assert_eq!(texts(&stored), [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#, r#"{"n":4}"#]);
    for event in stored {
        assert_eq!((event.source.as_str(), event.format.as_str()), ("forward", "json"));
        assert_eq!(event.attributes, [("fluent.tag".to_owned(), "a.b".to_owned())]);
        assert_eq!(event.observed_at, 7_000_000_005);
    }
}

/// Scenario: Kafka is away when a chunk comes, and comes back.
/// Guarantees: no acknowledgement before it has the events; then each is there once.
#[tokio::test]
async fn there_is_no_acknowledgement_before_kafka_has_the_chunk() {
    let (ingest, address) = started(|_| {}).await;
    ingest.cluster.broker_down(1).unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(&packed(&[1, 2], "id")).await.unwrap();
    let early = timeout(Duration::from_millis(500), client.read_u8()).await;
    assert!(early.is_err(), "{early:?}");
    ingest.cluster.broker_up(1).unwrap();
    assert_eq!(read(&mut client, ack("id").len()).await, ack("id"));
    drop(client);
    assert_eq!(texts(&ingest.stop().await), [r#"{"n":1}"#, r#"{"n":2}"#]);
}

/// Scenario: Kafka is away; a sender without acknowledgements writes and is gone before it comes back.
/// Guarantees: what was read is kept and sent.
#[tokio::test]
async fn what_needs_no_acknowledgement_is_kept_all_the_same() {
    let (ingest, address) = started(|_| {}).await;
    ingest.cluster.broker_down(1).unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"\x93\xa1a\x01\x81\xa1n\x01").await.unwrap();
    client.shutdown().await.unwrap();
    let early = timeout(Duration::from_millis(500), client.read_u8()).await;
    assert!(early.is_err(), "the connection stays until it is done: {early:?}");
    drop(client);
    ingest.cluster.broker_up(1).unwrap();
    arrived(&ingest, 1).await;
    assert_eq!(texts(&ingest.stop().await), [r#"{"n":1}"#]);
}

/// Scenario: a stop while a chunk waits for Kafka. Guarantees: it is acknowledged before the connection is closed.
#[tokio::test]
async fn a_stop_ends_what_is_under_way() {
    let (ingest, address) = started(|_| {}).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(&packed(&[1], "id")).await.unwrap();
    assert_eq!(read(&mut client, ack("id").len()).await, ack("id"));
    ingest.cluster.broker_down(1).unwrap();
    client.write_all(&packed(&[2], "on")).await.unwrap();
    let early = timeout(Duration::from_millis(500), client.read_u8()).await;
    assert!(early.is_err(), "{early:?}");
    ingest.shutdown.cancel();
    ingest.cluster.broker_up(1).unwrap();
    assert_eq!(until_closed(&mut client).await, ack("on"));
    assert_eq!(ingest.stop().await.len(), 2);
}

/// Scenario: bytes of another protocol, a chunk of metrics, a broken chunk, a message that never ends.
/// Guarantees: the connection is closed, in time; nothing of them is an event or acknowledged.
#[tokio::test]
async fn what_is_no_message_is_closed() {
    let (ingest, address) = started(|settings| settings.ingest.read_timeout = Period::from_secs(1)).await;
    let mut broken = packed(&[1, 2], "id");
    broken[7] = 0xc1;
    let metrics = b"\x93\xa1a\xc4\0\x82\xa5chunk\xa2id\xadfluent_signal\x01";
    for wrong in [&b"GET / HTTP/1.1\r\n\r\n"[..], metrics, &broken, b"\x93\xa1a"] {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(wrong).await.unwrap();
        assert!(until_closed(&mut client).await.is_empty());
    }
    assert_eq!(ingest.stop().await.len(), 0);
}

/// Scenario: a sender asks over UDP whether somebody is there. Guarantees: a byte of zero.
#[tokio::test]
async fn heartbeats_are_answered() {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let ingest = crate::harness::started(|settings| {
        listen(settings, ListenerProtocol::Forward, format!("udp://{address}"));
    })
    .await;
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let _sent = client.send_to(&[0], address).await.unwrap();
    let mut answer = [1; 16];
    let received = timeout(Duration::from_secs(20), client.recv_from(&mut answer)).await.expect("no answer");
    assert_eq!((received.unwrap(), answer[0]), ((1, address), 0));
    assert_eq!(ingest.stop().await.len(), 0);
}

/// What a client answers to the server's greeting.
fn ping(nonce: &[u8], auth: &[u8], key: &str, user: &str, password: &str) -> Vec<u8> {
    let digest = |parts: &[&[u8]]| hex::encode(Sha512::digest(parts.concat()));
    let mut out = vec![0x96];
    let key_digest = digest(&[b"salt", b"web-1", nonce, key.as_bytes()]);
    let password_digest = digest(&[auth, user.as_bytes(), password.as_bytes()]);
    for value in ["PING", "web-1", "salt", &key_digest, user, &password_digest] {
        text(&mut out, value);
    }
    out
}

/// Reads the greeting: its nonce and the salt for passwords.
async fn greeting(client: &mut TcpStream) -> (Vec<u8>, Vec<u8>) {
    let head = read(client, b"\x92\xa4HELO\x83\xa5nonce\xc4\x10".len()).await;
    assert!(head.starts_with(b"\x92\xa4HELO"), "{head:?}");
    let nonce = read(client, 16).await;
    let _name = read(client, b"\xa4auth\xc4\x10".len()).await;
    let auth = read(client, 16).await;
    let _keepalive = read(client, b"\xa9keepalive\xc3".len()).await;
    (nonce, auth)
}

/// Scenario: an access file with a shared key, and one that needs a user; clients with the right ones, wrong ones, and none.
/// Guarantees: the key decides the tenant, and the server proves that it knows it; nobody else's events are taken.
#[tokio::test]
async fn the_handshake_decides_the_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let file = "tenants: {acme: , hooli: }
credentials:
  - {name: any, tenant: acme, forward: {shared_key: the-key-of-all-hosts}}
  - {name: user, tenant: hooli, forward: {shared_key: the-key-of-users, user: ann, password: a-long-password}}
";
    std::fs::write(&path, file).unwrap();
    let (ingest, address) = started(|settings| settings.ingest.access_file = Some(path.clone())).await;
    let shake = async |key: &str, user: &str, password: &str, number: u8| {
        let mut client = TcpStream::connect(address).await.unwrap();
        let (nonce, auth) = greeting(&mut client).await;
        client.write_all(&ping(&nonce, &auth, key, user, password)).await.unwrap();
        let pong = read(&mut client, 7).await;
        assert!(pong.starts_with(b"\x95\xa4PONG"), "{pong:?}");
        if pong[6] != 0xc3 {
            assert!(!until_closed(&mut client).await.is_empty(), "it says why");
            return false;
        }
        let proof = hex::encode(Sha512::digest([b"saltforebay", &nonce[..], key.as_bytes()].concat()));
        let rest = read(&mut client, b"\xa0\xa7forebay\xda\x00\x80".len() + proof.len()).await;
        assert!(rest.ends_with(proof.as_bytes()));
        client.write_all(&packed(&[number], "id")).await.unwrap();
        read(&mut client, ack("id").len()).await == ack("id")
    };
    assert!(shake("the-key-of-all-hosts", "", "", 1).await);
    assert!(shake("the-key-of-users", "ann", "a-long-password", 2).await);
    assert!(!shake("the-key-of-nobody", "", "", 3).await);
    assert!(!shake("the-key-of-users", "ann", "another-password", 4).await);
    assert!(!shake("the-key-of-users", "", "", 5).await);
    let mut client = TcpStream::connect(address).await.unwrap();
    let _greeting = greeting(&mut client).await;
    client.write_all(&packed(&[6], "id")).await.unwrap();
    assert!(until_closed(&mut client).await.is_empty(), "no events without a handshake");
    let mut stored: Vec<_> =
        ingest.stop().await.into_iter().map(|event| (event.tenant, event.body)).collect();
    stored.sort();
    let expected = [("acme", r#"{"n":1}"#), ("hooli", r#"{"n":2}"#)];
    assert_eq!(stored, expected.map(|(tenant, body)| (tenant.to_owned(), body.as_bytes().to_vec())));
}
