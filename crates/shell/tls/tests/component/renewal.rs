//! Files that change under way.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use forebay_settings::sections::{ClientCertificates, TlsSettings};
use forebay_testkit::eventually;
use forebay_tls::ServerTls;
use rcgen::SerialNumber;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::version::TLS13;
use tokio_util::sync::CancellationToken;

use crate::authority::{Authority, Leaf};
use crate::harness::{Files, client, exchange, meet, modern};

fn look_until_settled(server: &ServerTls) {
    server.look();
    server.look();
}

/// Which certificate new connections get.
async fn shown(server: &ServerTls, connector: &TlsConnector) -> Vec<u8> {
    let (_accepted, connected) = meet(server, connector).await;
    connected.unwrap().get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

/// Scenario: a certificate is renewed while a connection lives; then the file breaks in every way, and is mended.
/// Guarantees: new connections get the new certificate, the old connection goes on, a broken file changes nothing.
#[tokio::test]
async fn a_renewal_drops_no_connection_and_a_broken_one_changes_nothing() {
    let authority = Authority::new("ca");
    let files = Files::new(&authority.server(|_| {}));
    let (server, connector) = (files.load(), modern(&authority, None));
    let (accepted, connected) = meet(&server, &connector).await;
    let (mut accepted, mut connected) = (accepted.unwrap(), connected.unwrap());
    let old = shown(&server, &connector).await;

    let renewed = authority.server(|_| {});
    files.put(&renewed);
    server.look();
    assert_eq!(shown(&server, &connector).await, old, "a change counts once it is there for two looks");
    server.look();
    let new = shown(&server, &connector).await;
    assert_ne!(new, old);
    exchange(&mut accepted, &mut connected).await.unwrap();

    let other = authority.server(|_| {});
    let breaks: [&dyn Fn(); 5] = [
        &|| drop(files.write("server.pem", "")),
        &|| drop(files.write("server.pem", &other.certificate)),
        &|| std::fs::remove_file(files.folder.path().join("server.key")).unwrap(),
        &|| drop(files.write("server.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n")),
        &|| drop(files.write("server.pem", [0xff; 100])),
    ];
    for break_it in breaks {
        break_it();
        look_until_settled(&server);
        assert_eq!(shown(&server, &connector).await, new);
        exchange(&mut accepted, &mut connected).await.unwrap();
    }
    files.put(&other);
    look_until_settled(&server);
    assert!(![old, new].contains(&shown(&server, &connector).await));
    exchange(&mut accepted, &mut connected).await.unwrap();
}

/// Scenario: files lie behind links as Kubernetes puts secrets there, and one link is swapped.
/// Guarantees: `follow` notices by itself, and ends when it is told to.
#[tokio::test]
async fn a_swapped_link_is_a_change() {
    let authority = Authority::new("ca");
    let folder = tempfile::tempdir().unwrap();
    let put = |version: &str, leaf: &Leaf| {
        let at = folder.path().join(version);
        std::fs::create_dir(&at).unwrap();
        std::fs::write(at.join("tls.crt"), &leaf.certificate).unwrap();
        std::fs::write(at.join("tls.key"), &leaf.key).unwrap();
        symlink(version, folder.path().join("..new")).unwrap();
        std::fs::rename(folder.path().join("..new"), folder.path().join("..data")).unwrap();
    };
    put("one", &authority.server(|_| {}));
    let at = |name: &str| {
        symlink(Path::new("..data").join(name), folder.path().join(name)).unwrap();
        Some(folder.path().join(name))
    };
    let settings =
        TlsSettings { certificate_file: at("tls.crt"), key_file: at("tls.key"), ..TlsSettings::default() };
    let server = ServerTls::load(&settings, &[]).unwrap();
    let connector = modern(&authority, None);
    let old = shown(&server, &connector).await;
    let shutdown = CancellationToken::new();
    let following = tokio::spawn(server.clone().follow(shutdown.clone()));
    put("two", &authority.server(|_| {}));
    let changed = async || shown(&server, &connector).await != old;
    eventually("the new certificate", Duration::from_secs(30), changed).await.unwrap();
    shutdown.cancel();
    following.await.unwrap();
}

/// Scenario: two clients are in; the certificate of one is revoked; then their authority is taken out.
/// Guarantees: each connection is told when its client is no longer trusted, and not before.
#[tokio::test]
async fn who_is_no_longer_trusted_is_told() {
    let (authority, clients) = (Authority::new("ca"), Authority::new("clients"));
    let files = Files::new(&authority.server(|_| {}))
        .asking(ClientCertificates::Required, &[&clients])
        .with_revocations(clients.revocations(&[]));
    let server = files.load();
    let mut peers = Vec::new();
    for serial in [1, 2] {
        let leaf =
            clients.client("web", |params| params.serial_number = Some(SerialNumber::from_slice(&[serial])));
        let (accepted, _connected) = meet(&server, &modern(&authority, Some(&leaf))).await;
        peers.push(accepted.unwrap().peer.unwrap());
    }
    let told = || peers.iter().map(|peer| peer.distrusted().is_cancelled()).collect::<Vec<_>>();
    files.put(&authority.server(|_| {}));
    look_until_settled(&server);
    assert_eq!(told(), [false, false], "a renewal of ours is no reason");
    let _path = files.write("clients.crl", clients.revocations(&[2]));
    look_until_settled(&server);
    assert_eq!(told(), [false, true]);
    let others = Authority::new("others");
    let _path = files.write("clients.pem", others.pem());
    let _path = files.write("clients.crl", others.revocations(&[]));
    look_until_settled(&server);
    assert_eq!(told(), [true, true]);
}

/// Scenario: a client comes in twice with one configuration, so that it could resume its session.
/// Guarantees: without certificates of clients it does; with them it never does, since a resumed session shows none.
#[tokio::test]
async fn sessions_are_resumed_only_without_certificates() {
    use tokio_rustls::rustls::HandshakeKind;
    let (authority, clients) = (Authority::new("ca"), Authority::new("clients"));
    let leaf = clients.client("web-1", |_| {});
    let open = Files::new(&authority.server(|_| {}));
    let closed = Files::new(&authority.server(|_| {})).asking(ClientCertificates::Required, &[&clients]);
    for (files, leaf, kind) in
        [(open, None, HandshakeKind::Resumed), (closed, Some(&leaf), HandshakeKind::Full)]
    {
        let server = Arc::new(files.load());
        let connector = client(&authority, leaf, &[&TLS13], &[]);
        for last in [false, true] {
            let (accepted, connected) = meet(&server, &connector).await;
            let (mut accepted, mut connected) = (accepted.unwrap(), connected.unwrap());
            // Tickets come with the first bytes.
            exchange(&mut accepted, &mut connected).await.unwrap();
            if last {
                assert_eq!(connected.get_ref().1.handshake_kind(), Some(kind));
            }
        }
    }
}
