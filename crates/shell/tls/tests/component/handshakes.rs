//! Which handshakes there are.

use std::future::{pending, ready};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use forebay_settings::Period;
use forebay_settings::sections::TlsVersion;
use forebay_tls::{AcceptError, ServerTls};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::rustls::ProtocolVersion;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::authority::Authority;
use crate::harness::{Files, client, exchange, meet, modern};

/// A ClientHello of TLS 1.1 (RFC 4346, section 7.4.1.2), with one of its cipher suites.
fn hello_of_tls11() -> Vec<u8> {
    let mut body = vec![3, 2];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x00, 0x2f, 1, 0]);
    let len = u8::try_from(body.len()).unwrap();
    let mut hello = vec![22, 3, 1, 0, len + 4, 1, 0, 0, len];
    hello.extend(body);
    hello
}

/// Guarantees: TLS 1.3 unless the settings say 1.2, and then both; a connection carries bytes both ways.
#[tokio::test]
async fn versions_as_the_settings_say() {
    let authority = Authority::new("ca");
    let mut files = Files::new(&authority.server(|_| {}));
    let server = files.load();
    let (accepted, connected) = meet(&server, &modern(&authority, None)).await;
    let (mut accepted, mut connected) = (accepted.unwrap(), connected.unwrap());
    assert_eq!(connected.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert!(accepted.peer.is_none());
    exchange(&mut accepted, &mut connected).await.unwrap();

    let only_12 = client(&authority, None, &[&TLS12], &[]);
    let (accepted, connected) = meet(&server, &only_12).await;
    assert!(matches!(accepted, Err(AcceptError::Incompatible(_))), "{accepted:?}");
    assert!(connected.unwrap_err().to_string().contains("ProtocolVersion"));

    files.settings.min_version = TlsVersion::Tls12;
    let server = files.load();
    for (versions, spoken) in
        [(&[&TLS12][..], ProtocolVersion::TLSv1_2), (&[&TLS12, &TLS13], ProtocolVersion::TLSv1_3)]
    {
        let (accepted, connected) = meet(&server, &client(&authority, None, versions, &[])).await;
        let (mut accepted, mut connected) = (accepted.unwrap(), connected.unwrap());
        assert_eq!(connected.get_ref().1.protocol_version(), Some(spoken));
        exchange(&mut accepted, &mut connected).await.unwrap();
    }
}

/// Guarantees: a client that speaks nothing newer than TLS 1.1 is told so, whatever the settings say.
#[tokio::test]
async fn nothing_older_than_12() {
    let authority = Authority::new("ca");
    let mut files = Files::new(&authority.server(|_| {}));
    for min_version in [TlsVersion::Tls13, TlsVersion::Tls12] {
        files.settings.min_version = min_version;
        let server = files.load();
        let (near, mut far) = duplex(4_096);
        far.write_all(&hello_of_tls11()).await.unwrap();
        let refused = server.accept(near).await.unwrap_err();
        assert_eq!(refused.reason(), "tls_incompatible", "{refused}");
        let mut alert = Vec::new();
        let _len = far.read_to_end(&mut alert).await.unwrap();
        // An alert (21), fatal (2): handshake_failure (40) or protocol_version (70).
        assert!(matches!(alert[..], [21, 3, _, 0, 2, 2, 40 | 70]), "{alert:?}");
    }
}

/// Guarantees: a protocol inside that both know is agreed on, and one that is spoken nowhere here is refused.
#[tokio::test]
async fn the_protocol_inside_is_agreed_on() {
    let authority = Authority::new("ca");
    let files = Files::new(&authority.server(|_| {}));
    let server = ServerTls::load(&files.settings, &[b"h2", b"http/1.1"]).unwrap();
    for (offered, agreed) in
        [(&["http/1.1", "h2"][..], Some(&b"h2"[..])), (&["http/1.1"], Some(b"http/1.1")), (&[], None)]
    {
        let (accepted, _connected) = meet(&server, &client(&authority, None, &[&TLS13], offered)).await;
        assert_eq!(accepted.unwrap().stream.get_ref().1.alpn_protocol(), agreed);
    }
    let (accepted, _connected) = meet(&server, &client(&authority, None, &[&TLS13], &["smtp"])).await;
    assert_eq!(accepted.unwrap_err().reason(), "tls_incompatible");
}

/// Scenario: clients that speak plain text, say nothing, stop in the middle, or hang up.
/// Guarantees: each is over, in time, and has its name.
#[tokio::test(start_paused = true)]
async fn handshakes_that_come_to_nothing() {
    let authority = Authority::new("ca");
    let mut files = Files::new(&authority.server(|_| {}));
    files.settings.handshake_timeout = Period::from_secs(5);
    let server = files.load();
    let half = &hello_of_tls11()[..20];
    for (sent, hangs_up, reason) in [
        (&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], false, "not_tls"),
        (b"2026-11-22 a line of a log, sent to the wrong port\n", false, "not_tls"),
        (b"", false, "handshake_timeout"),
        (half, false, "handshake_timeout"),
        (half, true, "handshake_closed"),
        (b"", true, "handshake_closed"),
    ] {
        let (near, mut far) = duplex(4_096);
        far.write_all(sent).await.unwrap();
        if hangs_up {
            far.shutdown().await.unwrap();
        }
        let started = tokio::time::Instant::now();
        let refused = server.accept(near).await.unwrap_err();
        assert_eq!(refused.reason(), reason, "{refused}");
        assert!(started.elapsed() <= Duration::from_secs(6));
    }
}

/// Scenario: where hands are shaken in turn, one client says nothing, one says hello and has no turn in time, and one has it.
/// Guarantees: only who has said hello takes a turn, gets no answer before it, and may not wait for longer than handshakes may take.
#[tokio::test(start_paused = true)]
async fn hands_are_shaken_in_turn() {
    let authority = Authority::new("ca");
    let server = Files::new(&authority.server(|_| {})).load();
    let asked = AtomicUsize::new(0);
    let turn = |comes: bool| {
        let asked = &asked;
        async move {
            let _before = asked.fetch_add(1, Ordering::Relaxed);
            if !comes {
                pending::<()>().await;
            }
        }
    };
    let (near, _silent) = duplex(4_096);
    let refused = server.accept_in_turn(ready(near), turn(true)).await.unwrap_err();
    assert_eq!((refused.reason(), asked.load(Ordering::Relaxed)), ("handshake_timeout", 0));

    let connector = modern(&authority, None);
    let meet = async |comes: bool| {
        let (near, far) = duplex(4_096);
        let connecting = connector.connect("localhost".try_into().unwrap(), far);
        tokio::join!(server.accept_in_turn(ready(near), turn(comes)), connecting)
    };
    let (accepted, connected) = meet(false).await;
    assert_eq!((accepted.unwrap_err().reason(), asked.load(Ordering::Relaxed)), ("handshake_timeout", 1));
    assert_eq!(connected.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    let (accepted, connected) = meet(true).await;
    assert!(accepted.is_ok() && connected.is_ok());
}
