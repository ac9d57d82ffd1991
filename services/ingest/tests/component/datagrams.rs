//! Datagrams: syslog and GELF over UDP, and what local processes send over Unix sockets.

use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use forebay_access::secret::TokenHash;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_settings::{ByteSize, Period};
use forebay_telemetry::Scrape;
use forebay_testkit::free_port;
use forebay_testkit::prometheus::sum;

use crate::harness::{Ingest, eventually, started};
use crate::syslog::{arrived, listen, texts};

async fn over_udp(protocol: ListenerProtocol) -> (Ingest, SocketAddr) {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let ingest = started(|settings| listen(settings, protocol, format!("udp://{address}"))).await;
    (ingest, address)
}

/// Scenario: two senders in turn, while Kafka is away for the first messages.
/// Guarantees: every datagram is an event, those of a sender in order under its address.
#[tokio::test]
async fn syslog_over_udp_is_told_apart_by_sender() {
    let (ingest, address) = over_udp(ListenerProtocol::Syslog).await;
    let senders = ["127.0.0.1:0", "127.0.0.2:0"].map(|local| UdpSocket::bind(local).unwrap());
    ingest.cluster.broker_down(1).unwrap();
    for n in 0..100 {
        if n == 50 {
            ingest.cluster.broker_up(1).unwrap();
        }
        for sender in &senders {
            let _sent = sender.send_to(format!("<13>message {n:03}\n").as_bytes(), address).unwrap();
        }
    }
    arrived(&ingest, 200).await;
    let stored = ingest.stop().await;
    let expected: Vec<String> = (0..100).map(|n| format!("<13>message {n:03}")).collect();
    for sender in ["127.0.0.1", "127.0.0.2"] {
        let from: Vec<_> = stored.iter().filter(|event| event.stream == sender).cloned().collect();
        assert_eq!(texts(&from), expected);
        let address = ("log.source.address".to_owned(), sender.to_owned());
        assert!(from.iter().all(|event| event.format == "syslog" && event.attributes == [address.clone()]));
    }
}

/// Scenario: a message in one datagram, one that is compressed, one in chunks that come in the wrong order, and garbage.
/// Guarantees: three events with their JSON; the garbage harms nobody.
#[tokio::test]
async fn gelf_over_udp_is_put_together() {
    let (ingest, address) = over_udp(ListenerProtocol::Gelf).await;
    let json = |n: u8| format!(r#"{{"version":"1.1","host":"a","short_message":"{n}"}}"#).into_bytes();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&json(2)).unwrap();
    let whole = json(3);
    let (head, tail) = whole.split_at(20);
    let chunk = |number: u8, data: &[u8]| [b"\x1e\x0fabcdefgh", &[number, 2][..], data].concat();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in [json(1), zlib.finish().unwrap(), b"garbage".to_vec(), chunk(1, tail), chunk(0, head)] {
        let _sent = sender.send_to(&datagram, address).unwrap();
    }
    arrived(&ingest, 3).await;
    let stored = ingest.stop().await;
    assert_eq!(texts(&stored), [json(1), json(2), json(3)].map(|json| String::from_utf8(json).unwrap()));
    assert!(stored.iter().all(|event| event.format == "gelf" && event.source == "gelf"));
}

/// How many bytes the kernel keeps for the socket because nobody has received them.
fn unread(address: SocketAddr) -> u64 {
    let table = std::fs::read_to_string("/proc/self/net/udp").unwrap();
    let port = format!(":{:04X}", address.port());
    let queue = table.lines().find_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let queue = columns.get(4)?.split(':').nth(1)?;
        if columns[1].ends_with(&port) { u64::from_str_radix(queue, 16).ok() } else { None }
    });
    queue.unwrap()
}

/// Scenario: one socket takes the datagrams of three tenants, by their networks. One has used up its quota; Kafka takes its time, so
/// that batches with datagrams of all of them are gathered, beyond the memory that the socket has of its own.
/// Guarantees: each event is its sender's tenant's, and nobody waits for the one that is over its quota.
#[tokio::test]
async fn tenants_of_one_socket_are_told_apart_by_their_networks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let file = "tenants:\n  one: {}\n  two: {}\n  full: {bytes_per_day: 1000B}\ncredentials:\n  \
                - {name: one, tenant: one, network: 127.0.0.2/32}\n  \
                - {name: two, tenant: two, network: 127.0.0.3/32}\n  \
                - {name: full, tenant: full, network: 127.0.0.4/32}\n";
    std::fs::write(&path, file).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let ingest = started(|settings| {
        listen(settings, ListenerProtocol::Syslog, format!("udp://{address}"));
        settings.ingest.access_file = Some(path.clone());
    })
    .await;
    ingest.cluster.round_trip(1, Duration::from_millis(300)).unwrap();
    let senders = ["127.0.0.2:0", "127.0.0.3:0", "127.0.0.4:0"].map(|local| UdpSocket::bind(local).unwrap());
    for n in 0..200 {
        for (sender, name) in senders.iter().zip(["one", "two", "full"]) {
            let _sent = sender.send_to(format!("<13>{name} {n:0>1000}").as_bytes(), address).unwrap();
        }
        if n % 20 == 0 {
            eventually("all is received", async || unread(address) == 0).await;
        }
    }
    let of = |tenant: &str| ingest.stored().iter().filter(|event| event.tenant == tenant).count();
    eventually("all of two tenants are in Kafka", async || of("one") == 200 && of("two") == 200).await;
    let stored = ingest.stop().await;
    for event in &stored {
        assert!(event.body.starts_with(format!("<13>{} ", event.tenant).as_bytes()), "{}", event.tenant);
    }
    assert!(stored.iter().filter(|event| event.tenant == "full").count() < 200);
}

/// Scenario: a tenant of a socket has its share of the memory, and sends on; another tenant sends a little by the same socket.
/// Guarantees: the other's events get through meanwhile; of the first's, all are in Kafka in the end or counted as lost.
#[tokio::test]
async fn a_tenant_beyond_its_share_delays_nobody_else() {
    const SENT: usize = 40;
    let scrape = Scrape::install().unwrap();
    // Metrics are the whole process's: what the other tests have lost by now is theirs.
    let all_lost = || sum(&scrape.render(), "forebay_ingest_lost_events_total", &["protocol=\"lines\""]);
    let before = all_lost();
    let lost = || all_lost() - before;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let hash = TokenHash::of(b"token-of-full").to_text();
    let file = format!(
        "tenants:\n  full: {{}}\n  other: {{}}\ncredentials:\n  \
         - {{name: token, tenant: full, token: \"{hash}\"}}\n  \
         - {{name: full, tenant: full, network: 127.0.0.2/32}}\n  \
         - {{name: other, tenant: other, network: 127.0.0.3/32}}\n"
    );
    std::fs::write(&path, file).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let ingest = started(|settings| {
        listen(settings, ListenerProtocol::Lines, format!("udp://{address}"));
        settings.ingest.access_file = Some(path.clone());
        settings.ingest.max_in_flight = ByteSize::mib(1);
        settings.ingest.read_timeout = Period::from_secs(60);
    })
    .await;
    let bodies = ingest.filled(Some("token-of-full")).await;
    let [full, other] = ["127.0.0.2:0", "127.0.0.3:0"].map(|local| UdpSocket::bind(local).unwrap());
    for n in 0..SENT {
        let _sent = full.send_to(format!("{n:0>60000}").as_bytes(), address).unwrap();
        eventually("it is received", async || unread(address) == 0).await;
    }
    let _sent = other.send_to(b"one of another", address).unwrap();
    let of = |tenant: &str| ingest.stored().iter().filter(|event| event.tenant == tenant).count();
    eventually("the other's is in Kafka", async || of("other") == 1).await;
    assert_eq!(of("full"), 0);
    assert!(lost() > 0.0);
    drop(bodies);
    eventually("the rest is in Kafka", async || of("full") > 0).await;
    let stored = ingest.stop().await.iter().filter(|event| event.tenant == "full").count();
    assert_eq!(stored as f64 + lost(), SENT as f64);
}

/// Scenario: a local process writes to a datagram socket, as to `/dev/log`.
/// Guarantees: the events say which process that was, as the kernel knows it.
#[tokio::test]
async fn a_local_process_is_named_by_the_kernel() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.sock");
    let address = format!("unixgram://{}", path.display());
    let ingest = started(|settings| listen(settings, ListenerProtocol::Syslog, address)).await;
    let sender = UnixDatagram::unbound().unwrap();
    for n in 0..3 {
        let _sent = sender.send_to(format!("<13>message {n}\0").as_bytes(), &path).unwrap();
    }
    arrived(&ingest, 3).await;
    let stored = ingest.stop().await;
    assert_eq!(texts(&stored), ["<13>message 0", "<13>message 1", "<13>message 2"]);
    let pid = ("log.source.pid".to_owned(), std::process::id().to_string());
    assert!(stored.iter().all(|event| event.attributes.contains(&pid) && event.stream.starts_with("test/")));
}
