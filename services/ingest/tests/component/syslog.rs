//! Syslog over TCP and Unix sockets, which has no acknowledgements: what is promised is order, back-pressure, and a stop that
//! loses nothing of what was read.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use forebay_settings::sections::ingest::{ListenerProtocol, ListenerSettings};
use forebay_settings::{ByteSize, Period, Settings};
use forebay_testkit::free_port;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::harness::{Ingest, Stored, eventually, started};

/// A listener of its own for this protocol.
pub(crate) fn listen(settings: &mut Settings, protocol: ListenerProtocol, address: String) {
    let listener = ListenerSettings::new(protocol, address);
    let _before = settings.ingest.listeners.insert("test".to_owned(), listener);
}

/// The tier with one more listener over TCP, and its address.
pub(crate) async fn over_tcp(
    protocol: ListenerProtocol,
    change: impl FnOnce(&mut Settings),
) -> (Ingest, SocketAddr) {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let ingest = started(|settings| {
        listen(settings, protocol, address.to_string());
        change(settings);
    })
    .await;
    (ingest, address)
}

pub(crate) fn texts(stored: &[Stored]) -> Vec<&str> {
    stored.iter().map(|event| std::str::from_utf8(&event.body).unwrap()).collect()
}

/// Waits until so many events are there.
pub(crate) async fn arrived(ingest: &Ingest, count: usize) {
    eventually("all events are in Kafka", async || ingest.stored().len() >= count).await;
}

/// How many bytes from this client the kernel keeps because nobody has read them.
fn unread(client: SocketAddr) -> Option<u64> {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let port = format!(":{:04X}", client.port());
    table.lines().find_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let queue = columns.get(4)?.split(':').nth(1)?;
        if columns[2].ends_with(&port) { u64::from_str_radix(queue, 16).ok() } else { None }
    })
}

/// Scenario: one sender counts, another ends its messages with LF, the last one without.
/// Guarantees: the messages are events byte for byte, in order, under one key for each connection, and say where they are from.
#[tokio::test]
async fn both_framings_arrive_in_order() {
    let (ingest, address) = over_tcp(ListenerProtocol::Syslog, |_| {}).await;
    for bytes in ["8 <13>one\n9 <13>two\n\n", "<13>three\n<13>four"] {
        let mut sender = TcpStream::connect(address).await.unwrap();
        sender.write_all(bytes.as_bytes()).await.unwrap();
        sender.shutdown().await.unwrap();
        // What is closed after it was read to its end has nothing on its way any more.
        assert_eq!(sender.read(&mut [0; 9]).await.unwrap(), 0);
    }
    let mut stored = ingest.stop().await;
    stored.sort_by(|one, other| one.received_at.cmp(&other.received_at).then(one.id.cmp(&other.id)));
    assert_eq!(texts(&stored), ["<13>one", "<13>two\n".trim_end(), "<13>three", "<13>four"]);
    assert!(stored[0].key == stored[1].key && stored[1].key != stored[2].key);
    for event in &stored {
        assert_eq!((&*event.source, &*event.format, &*event.tenant), ("syslog", "syslog", "default"));
        assert_eq!(event.attributes, [("log.source.address".to_owned(), "127.0.0.1".to_owned())]);
    }
}

/// Scenario: a line has no end; after a while it has, and another comes after it.
/// Guarantees: what is beyond the limit of an event is read slowly, here 64 MiB in no less than two seconds; then all goes on.
#[tokio::test]
async fn a_line_without_end_is_read_slowly() {
    let (ingest, address) = over_tcp(ListenerProtocol::Syslog, |settings| {
        settings.ingest.max_event = ByteSize::kib(4);
    })
    .await;
    let mut sender = TcpStream::connect(address).await.unwrap();
    sender.write_all(b"<13>").await.unwrap();
    let endless = async {
        let part = vec![b'x'; 64 * 1024];
        for _ in 0..1024 {
            sender.write_all(&part).await.unwrap();
        }
    };
    assert!(timeout(Duration::from_secs(2), endless).await.is_err(), "nobody held it back");
    sender.write_all(b"\n<13>next\n").await.unwrap();
    arrived(&ingest, 2).await;
    let stored = ingest.stop().await;
    let seen = texts(&stored);
    assert!(seen[0].starts_with("<13>xxx") && seen[0].len() <= 4096, "{}", seen[0].len());
    assert_eq!(seen[1], "<13>next");
}

/// Scenario: Kafka is away while a sender writes more than ingest may hold; then Kafka comes back.
/// Guarantees: the sender has to wait, and its connection stays; then every message arrives, in order.
#[tokio::test]
async fn while_kafka_is_away_the_sender_waits() {
    let (ingest, address) = over_tcp(ListenerProtocol::Syslog, |settings| {
        settings.ingest.max_in_flight = ByteSize::mib(2);
    })
    .await;
    ingest.cluster.broker_down(1).unwrap();
    let mut sender = TcpStream::connect(address).await.unwrap();
    let (mut sent, mut bytes, mut total) = (0, Vec::new(), 0);
    let mut message = || {
        sent += 1;
        format!("<13>1 - - - - - - {sent:0>1000}\n").into_bytes()
    };
    // Nobody reads for a second: that is what waiting looks like from here, once more has been written than buffers hold.
    loop {
        match timeout(Duration::from_secs(1), sender.writable()).await {
            Ok(writable) => writable.unwrap(),
            Err(_quiet) if total > 1 << 20 => break,
            Err(_quiet) => continue,
        }
        if bytes.is_empty() {
            bytes = message();
        }
        match sender.try_write(&bytes) {
            Ok(written) => {
                total += written;
                drop(bytes.drain(..written));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
    ingest.cluster.broker_up(1).unwrap();
    sender.write_all(&bytes).await.unwrap();
    sender.shutdown().await.unwrap();
    assert_eq!(sender.read(&mut [0; 9]).await.unwrap(), 0);
    let stored = ingest.stop().await;
    let mut seen = texts(&stored);
    seen.dedup();
    let expected: Vec<String> = (1..=sent).map(|n| format!("<13>1 - - - - - - {n:0>1000}")).collect();
    assert!(sent > 1000, "{sent}");
    assert!(seen.is_sorted() && seen.len() == expected.len(), "{} of {sent}", seen.len());
}

/// Scenario: a message that is larger than an event may be, in both framings.
/// Guarantees: its beginning is an event that says so; the next message is whole.
#[tokio::test]
async fn an_oversized_message_is_cut() {
    let (ingest, address) =
        over_tcp(ListenerProtocol::Syslog, |settings| settings.ingest.max_event = ByteSize(2000)).await;
    let large = "x".repeat(3000);
    for bytes in [format!("3000 {large}4 abcd"), format!("<{large}\n<13>abcd\n")] {
        let mut sender = TcpStream::connect(address).await.unwrap();
        sender.write_all(bytes.as_bytes()).await.unwrap();
    }
    arrived(&ingest, 4).await;
    let stored = ingest.stop().await;
    let mut found: Vec<(usize, usize)> =
        stored.iter().map(|event| (event.body.len(), event.attributes.len())).collect();
    found.sort_unstable();
    assert_eq!(found, [(4, 1), (8, 1), (2000, 2), (2000, 2)]);
    assert!(
        stored
            .iter()
            .any(|event| event.attributes.contains(&("log.flags".to_owned(), "truncated".to_owned())))
    );
}

/// Scenario: octet counting breaks. Guarantees: the connection is closed; what came before is there, what comes after isn't.
#[tokio::test]
async fn a_broken_count_closes_the_connection() {
    let (ingest, address) = over_tcp(ListenerProtocol::Syslog, |_| {}).await;
    let mut sender = TcpStream::connect(address).await.unwrap();
    sender.write_all(b"7 <13>onenot a count").await.unwrap();
    let closed = timeout(Duration::from_secs(20), sender.read(&mut [0; 9])).await.expect("never closed");
    assert!(matches!(closed, Ok(0) | Err(_)));
    assert_eq!(texts(&ingest.stop().await), ["<13>one"]);
}

/// Scenario: a stop, while a sender is connected and has sent two messages and a half.
/// Guarantees: the whole ones are in Kafka, and the stop doesn't wait for the sender.
#[tokio::test]
async fn a_stop_sends_what_was_read() {
    let (ingest, address) = over_tcp(ListenerProtocol::Syslog, |_| {}).await;
    ingest.cluster.broker_down(1).unwrap();
    let mut sender = TcpStream::connect(address).await.unwrap();
    sender.write_all(b"<13>one\n<13>two\n<13>hal").await.unwrap();
    let client = sender.local_addr().unwrap();
    eventually("all of it was read", async || unread(client) == Some(0)).await;
    ingest.shutdown.cancel();
    ingest.cluster.broker_up(1).unwrap();
    assert_eq!(texts(&ingest.stop().await), ["<13>one", "<13>two"]);
}

/// Scenario: an access file, and a listener that doesn't say whose events it takes.
/// Guarantees: the connection is closed, nothing of it is taken.
#[tokio::test]
async fn without_a_tenant_nothing_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let acme = forebay_record::Tenant::new("acme").unwrap();
    let _token = forebay_operators::tokens::issue(&path, &acme, "one", None).unwrap();
    let (ingest, address) =
        over_tcp(ListenerProtocol::Syslog, |settings| settings.ingest.access_file = Some(path.clone())).await;
    let mut sender = TcpStream::connect(address).await.unwrap();
    let _may_be_closed_already = sender.write_all(b"<13>one\n").await;
    let closed = timeout(Duration::from_secs(20), sender.read(&mut [0; 9])).await.expect("never closed");
    assert!(matches!(closed, Ok(0) | Err(_)));
    assert_eq!(ingest.stop().await.len(), 0);
}

/// Scenario: a local process sends lines over a Unix socket.
/// Guarantees: the events say which process that was, as the kernel knows it; their format is found out later.
#[tokio::test]
async fn a_local_process_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.sock");
    let address = format!("unix://{}", path.display());
    let ingest = started(|settings| listen(settings, ListenerProtocol::Lines, address)).await;
    let mut sender = UnixStream::connect(&path).await.unwrap();
    sender.write_all(b"{\"a\":1}\nplain\n").await.unwrap();
    arrived(&ingest, 2).await;
    let stored = ingest.stop().await;
    assert_eq!(texts(&stored), ["{\"a\":1}", "plain"]);
    let pid = ("log.source.pid".to_owned(), std::process::id().to_string());
    assert!(stored.iter().all(|event| event.format.is_empty() && event.attributes.contains(&pid)));
}

/// Scenario: many connections begin large messages, more than there is memory for, and are gone before their ends.
/// Guarantees: what they held is there for others then, and not only after `ack_timeout`: who waits for memory keeps none from others.
#[tokio::test]
async fn who_waits_for_memory_and_is_gone_keeps_none() {
    let (ingest, address) = over_tcp(ListenerProtocol::Syslog, |settings| {
        settings.ingest.max_in_flight = ByteSize::mib(4);
        settings.ingest.max_body = ByteSize::mib(1);
        settings.ingest.max_inflated_body = ByteSize::mib(4);
        settings.ingest.ack_timeout = Period::from_secs(120);
        settings.ingest.read_timeout = Period::from_secs(120);
    })
    .await;
    let half = format!("90000 <13>{}", "x".repeat(80_000));
    let mut crowd = Vec::new();
    for _ in 0..40 {
        let mut sender = TcpStream::connect(address).await.unwrap();
        sender.write_all(half.as_bytes()).await.unwrap();
        crowd.push(sender);
    }
    drop(crowd);
    let large = format!("{{\"a\":\"{}\"}}\n", "x".repeat(900_000));
    eventually("others have the memory", async || ingest.ndjson("", large.clone()).await.status == 200).await;
    assert_eq!(ingest.stop().await.len(), 1);
}
