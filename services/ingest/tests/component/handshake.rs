//! Fluent Forward's handshake, by its specification: <https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1>.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use forebay_settings::sections::ingest::ListenerProtocol;
use sha2::{Digest, Sha512};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::syslog::{over_tcp, texts};

const PATIENCE: Duration = Duration::from_secs(20);

/// Text of up to 255 bytes in MessagePack.
fn text(text: &str) -> Vec<u8> {
    [&[0xd9, u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat()
}

fn digest(parts: &[&[u8]]) -> String {
    hex::encode(Sha512::digest(parts.concat()))
}

/// What the server says, until `until` of it is there or it ends.
async fn said(stream: &mut TcpStream, until: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < until {
        match timeout(PATIENCE, stream.read_buf(&mut all)).await.unwrap() {
            Ok(1..) => {}
            _ => break,
        }
    }
    all
}

/// Shakes hands with this key; says whether the server let it in, and proved itself.
async fn shake(stream: &mut TcpStream, hostname: &str, key: &str) -> bool {
    shake_as(stream, hostname, key, None).await
}

/// The same as a user with a password.
async fn shake_as(stream: &mut TcpStream, hostname: &str, key: &str, user: Option<(&str, &str)>) -> bool {
    // An array of two: "HELO", and a map of nonce (16 bytes), auth (the same, or empty where no user is asked for) and keepalive.
    let helo = said(stream, if user.is_some() { 65 } else { 49 }).await;
    let after =
        |name: &[u8]| helo.windows(name.len()).position(|bytes| bytes == name).unwrap() + name.len() + 2;
    let (nonce, salt) = (&helo[after(b"nonce")..][..16], b"salty");
    let shown = digest(&[salt, hostname.as_bytes(), nonce, key.as_bytes()]);
    let (user, password) = match user {
        Some((user, password)) => {
            (user, digest(&[&helo[after(b"auth")..][..16], user.as_bytes(), password.as_bytes()]))
        }
        None => ("", String::new()),
    };
    let mut ping = vec![0x96];
    for part in ["PING", hostname, "salty", &shown, user, &password] {
        ping.extend(text(part));
    }
    stream.write_all(&ping).await.unwrap();
    let own = digest(&[salt, b"forebay", nonce, key.as_bytes()]);
    let pong = said(stream, 10 + own.len()).await;
    let is_let_in = pong[6] == 0xc3;
    assert_eq!(pong.ends_with(own.as_bytes()), is_let_in, "the server proves that it knows the key");
    is_let_in
}

/// A message of the mode of the same name: tag, time, record.
fn message(line: &str) -> Vec<u8> {
    let mut message = vec![0x93];
    message.extend(text("a.tag"));
    message.extend([0xce, 0x6a, 0x4e, 0x1b, 0x80, 0x81]);
    message.extend(text("message"));
    message.extend(text(line));
    message
}

/// Scenario: senders with the keys of two tenants, one with a wrong key, one with the key of another host, one that sends
/// events instead of shaking hands.
/// Guarantees: the key's tenant has the events; who doesn't know the key isn't let in, and nothing of him is taken.
#[tokio::test]
async fn a_shared_key_says_whose_events_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let keys = "credentials:
  - {name: any, tenant: acme, forward: {shared_key: key-of-acme}}
  - {name: one, tenant: umbrella, forward: {shared_key: key-of-umbrella, hostname: h1}}
";
    std::fs::write(&path, keys).unwrap();
    let change = |settings: &mut forebay_settings::Settings| settings.ingest.access_file = Some(path.clone());
    let (ingest, address): (_, SocketAddr) = over_tcp(ListenerProtocol::Forward, change).await;
    for (hostname, key, is_let_in) in [
        ("h2", "key-of-acme", true),
        ("h1", "key-of-umbrella", true),
        ("h2", "key-of-umbrella", false),
        ("h1", "key-of-nobody", false),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(shake(&mut stream, hostname, key).await, is_let_in, "{hostname} {key}");
        let _may_be_closed = stream.write_all(&message(key)).await;
        let _sent = stream.shutdown().await;
        assert_eq!(said(&mut stream, 1).await, b"", "no acknowledgement was asked for");
    }
    let mut rude = TcpStream::connect(address).await.unwrap();
    rude.write_all(&message("rude")).await.unwrap();
    let _helo_and_the_end = said(&mut rude, usize::MAX).await;
    let stored = ingest.stop().await;
    let mut of: Vec<(&str, bool)> = stored
        .iter()
        .map(|event| event.tenant.as_str())
        .zip(texts(&stored))
        .map(|(tenant, text)| (tenant, text.contains(&format!("key-of-{tenant}"))))
        .collect();
    of.sort_unstable();
    assert_eq!(of, [("acme", true), ("umbrella", true)]);
}

/// Scenario: a user shakes hands; somebody else guesses at its password from the same address until he has to wait, and then comes upon
/// another user's right one.
/// Guarantees: the user is let in all the time; a user who comes for the first time is let in, while nobody guesses at its name.
#[tokio::test]
async fn guesses_lock_out_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let keys = "credentials:
  - {name: ann, tenant: acme, forward: {shared_key: shared-key, user: ann, password: pw-ann}}
  - {name: bob, tenant: acme, forward: {shared_key: shared-key, user: bob, password: pw-bob}}
  - {name: eve, tenant: acme, forward: {shared_key: shared-key, user: eve, password: pw-eve}}
";
    std::fs::write(&path, keys).unwrap();
    let change = |settings: &mut forebay_settings::Settings| settings.ingest.access_file = Some(path.clone());
    let (ingest, address): (_, SocketAddr) = over_tcp(ListenerProtocol::Forward, change).await;
    let enters = async |user: &str, password: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        shake_as(&mut stream, "h", "shared-key", Some((user, password))).await
    };
    assert!(enters("ann", "pw-ann").await);
    for user in ["ann", "eve"] {
        for guess in 0..12 {
            assert!(!enters(user, &format!("guess {guess}")).await);
        }
    }
    assert!(!enters("eve", "pw-eve").await, "a guess that is right is answered like the wrong ones before");
    assert!(enters("ann", "pw-ann").await, "it was let in from here before");
    assert!(enters("bob", "pw-bob").await, "nobody guesses at its name");
    let _stored = ingest.stop().await;
}

/// Scenario: somebody with a wrong key, somebody whose ping can't be read, and a sender of syslog that no certificate, network or listener
/// speaks for.
/// Guarantees: none of them hears anything for a tenth of a second, so that it isn't worth much to come again at once.
/// Doesn't prove: that who comes again on many connections costs little. `make attack` measures that.
#[tokio::test]
async fn who_is_not_let_in_has_to_wait() {
    const PAUSE: Duration = Duration::from_millis(100);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    std::fs::write(
        &path,
        "credentials:\n  - {name: any, tenant: acme, forward: {shared_key: key-of-acme}}\n",
    )
    .unwrap();
    let change = |settings: &mut forebay_settings::Settings| settings.ingest.access_file = Some(path.clone());
    let (ingest, address): (_, SocketAddr) = over_tcp(ListenerProtocol::Forward, change).await;

    let mut wrong = TcpStream::connect(address).await.unwrap();
    let started = Instant::now();
    assert!(!shake(&mut wrong, "h", "another-key").await);
    assert!(started.elapsed() >= PAUSE, "{:?}", started.elapsed());

    let mut broken = TcpStream::connect(address).await.unwrap();
    let _helo = said(&mut broken, 49).await;
    let started = Instant::now();
    broken.write_all(&message("no ping")).await.unwrap();
    assert_eq!(said(&mut broken, 1).await, b"");
    assert!(started.elapsed() >= PAUSE, "{:?}", started.elapsed());
    assert!(ingest.stop().await.is_empty());

    let (ingest, address): (_, SocketAddr) = over_tcp(ListenerProtocol::Syslog, change).await;
    let started = Instant::now();
    let mut unknown = TcpStream::connect(address).await.unwrap();
    assert_eq!(said(&mut unknown, 1).await, b"");
    assert!(started.elapsed() >= PAUSE, "{:?}", started.elapsed());
    assert!(ingest.stop().await.is_empty());
}
