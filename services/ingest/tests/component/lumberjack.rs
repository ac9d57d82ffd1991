//! Lumberjack: an acknowledgement means that Kafka has the events.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_settings::{ByteSize, Period};
use forebay_telemetry::Scrape;
use forebay_testkit::prometheus::sum;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout};

use crate::harness::Ingest;
use crate::syslog::{over_tcp, texts};

/// A window frame, and JSON frames numbered from 1.
fn window(size: u32, events: &[&str]) -> Vec<u8> {
    [&b"2W"[..], &size.to_be_bytes(), &frames(events)].concat()
}

fn frames(events: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for (sequence, event) in (1u32..).zip(events) {
        out.extend_from_slice(b"2J");
        out.extend_from_slice(&sequence.to_be_bytes());
        out.extend_from_slice(&u32::try_from(event.len()).unwrap().to_be_bytes());
        out.extend_from_slice(event.as_bytes());
    }
    out
}

fn compressed(size: u32, events: &[&str]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(3));
    encoder.write_all(&frames(events)).unwrap();
    let packed = encoder.finish().unwrap();
    let len = u32::try_from(packed.len()).unwrap().to_be_bytes();
    [&b"2W"[..], &size.to_be_bytes(), b"2C", &len, &packed].concat()
}

struct Client(TcpStream);

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next acknowledgement, at most 20 s; `None` when the other side has closed.
    async fn ack(&mut self) -> Option<u32> {
        let mut frame = [0; 6];
        let read = timeout(Duration::from_secs(20), self.0.read_exact(&mut frame)).await.expect("no answer");
        let _whole = read.ok()?;
        assert_eq!(&frame[1..2], b"A");
        Some(u32::from_be_bytes(frame[2..].try_into().unwrap()))
    }

    /// The next that isn't there only to keep the connection.
    async fn last_ack(&mut self) -> Option<u32> {
        loop {
            match self.ack().await {
                Some(0) => {}
                other => return other,
            }
        }
    }
}

async fn started(change: impl FnOnce(&mut forebay_settings::Settings)) -> (Ingest, SocketAddr) {
    over_tcp(ListenerProtocol::Lumberjack, change).await
}

/// Scenario: windows one after the other, compressed and not.
/// Guarantees: each is acknowledged by its last event's number; the events are there, in order, byte for byte.
#[tokio::test]
async fn windows_are_acknowledged() {
    let (ingest, address) = started(|_| {}).await;
    let mut client = Client::connect(address).await;
    client.send(&window(2, &[r#"{"n":1}"#, r#"{ "n": 2 }"#])).await;
    assert_eq!(client.last_ack().await, Some(2));
    client.send(&compressed(3, &[r#"{"n":3}"#, r#"{"n":4}"#, "not json"])).await;
    assert_eq!(client.last_ack().await, Some(3));
    drop(client);
    let stored = ingest.stop().await;
    assert_eq!(texts(&stored), [r#"{"n":1}"#, r#"{ "n": 2 }"#, r#"{"n":3}"#, r#"{"n":4}"#, "not json"]);
    assert!(stored.iter().all(|event| event.source == "lumberjack" && event.format == "json"));
}

/// Scenario: of a window comes a byte now and then, then the rest, which is short; of the next each frame comes by itself, at once.
/// Guarantees: the first is read slowly, and acknowledged all the same, without another byte to wake who reads; the second is acknowledged.
#[tokio::test]
async fn a_byte_now_and_then_is_read_slowly() {
    let (ingest, address) = started(|_| {}).await;
    let mut client = Client::connect(address).await;
    client.0.set_nodelay(true).unwrap();
    let bytes = window(1, &[r#"{"n":1}"#]);
    let (slowly, rest) = bytes.split_at(16);
    let (began, mut now_and_then) = (Instant::now(), interval(Duration::from_millis(50)));
    for byte in slowly {
        let _at = now_and_then.tick().await;
        client.send(&[*byte]).await;
    }
    client.send(rest).await;
    assert_eq!(client.last_ack().await, Some(1));
    // From 300 ms on nothing is read for a second at least.
    assert!(began.elapsed() >= Duration::from_millis(1300), "{:?}", began.elapsed());

    let events = [r#"{"n":2}"#; 20];
    for frame in window(20, &events).split_inclusive(|byte| *byte == b'}') {
        client.send(frame).await;
    }
    assert_eq!(client.last_ack().await, Some(20));
    assert_eq!(ingest.stop().await.len(), 21);
}

/// Scenario: a sender of version 1 announces ten events, sends two, and waits.
/// Guarantees: these two are acknowledged.
#[tokio::test]
async fn a_window_that_is_not_filled_is_acknowledged_in_part() {
    let (ingest, address) = started(|_| {}).await;
    let mut client = Client::connect(address).await;
    let mut bytes = b"1W\0\0\0\x0a".to_vec();
    for sequence in [7u8, 8] {
        bytes.extend_from_slice(&[
            b'1', b'D', 0, 0, 0, sequence, 0, 0, 0, 1, 0, 0, 0, 1, b'n', 0, 0, 0, 1, b'x',
        ]);
    }
    client.send(&bytes).await;
    assert_eq!(client.last_ack().await, Some(8));
    assert_eq!(texts(&ingest.stop().await), [r#"{"n":"x"}"#, r#"{"n":"x"}"#]);
}

/// Scenario: Kafka is away when a window comes, and comes back.
/// Guarantees: the sender hears that its window is being worked on, but no acknowledgement before Kafka has it; then every event is
/// there once.
#[tokio::test]
async fn a_slow_kafka_is_bridged_by_keepalives() {
    let (ingest, address) = started(|_| {}).await;
    ingest.cluster.broker_down(1).unwrap();
    let mut client = Client::connect(address).await;
    client.send(&compressed(2, &[r#"{"n":1}"#, r#"{"n":2}"#])).await;
    assert_eq!(client.ack().await, Some(0));
    ingest.cluster.broker_up(1).unwrap();
    assert_eq!(client.last_ack().await, Some(2));
    drop(client);
    assert_eq!(texts(&ingest.stop().await), [r#"{"n":1}"#, r#"{"n":2}"#]);
}

/// Scenario: a stop while a window waits for Kafka, and half of another has come.
/// Guarantees: what was taken is acknowledged before the connection is closed, and nothing else.
#[tokio::test]
async fn a_stop_ends_what_is_under_way() {
    let (ingest, address) = started(|_| {}).await;
    ingest.cluster.broker_down(1).unwrap();
    let mut client = Client::connect(address).await;
    client.send(&window(1, &[r#"{"n":1}"#])).await;
    assert_eq!(client.ack().await, Some(0), "it was taken");
    client.send(&window(2, &[r#"{"n":2}"#])).await;
    ingest.shutdown.cancel();
    ingest.cluster.broker_up(1).unwrap();
    assert_eq!(client.last_ack().await, Some(1));
    assert_eq!(client.ack().await, None);
    assert_eq!(texts(&ingest.stop().await), [r#"{"n":1}"#]);
}

/// Scenario: an event that is too large among others.
/// Guarantees: it is refused alone, and acknowledged, since its sender would send it for ever.
#[tokio::test]
async fn an_event_that_is_too_large_is_refused_alone() {
    let (ingest, address) = started(|settings| settings.ingest.max_event = ByteSize::kib(1)).await;
    let mut client = Client::connect(address).await;
    let large = format!(r#"{{"n":"{}"}}"#, "x".repeat(2000));
    client.send(&compressed(3, &[r#"{"n":1}"#, &large, r#"{"n":3}"#])).await;
    assert_eq!(client.last_ack().await, Some(3));
    assert_eq!(texts(&ingest.stop().await), [r#"{"n":1}"#, r#"{"n":3}"#]);
}

/// Scenario: bytes of another protocol, a frame larger than anything, a bomb, a window that never ends.
/// Guarantees: the connection is closed, in time, and others go on.
#[tokio::test]
async fn what_is_no_window_is_closed() {
    let (ingest, address) = started(|settings| {
        settings.ingest.max_inflated_body = ByteSize::mib(1);
        settings.ingest.read_timeout = forebay_settings::Period::from_secs(1);
    })
    .await;
    let zeros = "0".repeat(2 << 20);
    let bomb = compressed(1, &[&zeros]);
    for wrong in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"2W\0\0\0\x012J\0\0\0\x01\xff\xff\xff\xff", &bomb, b"2W\0"]
    {
        let mut client = Client::connect(address).await;
        client.send(wrong).await;
        assert_eq!(client.ack().await, None);
    }
    let mut client = Client::connect(address).await;
    client.send(&window(1, &["{}"])).await;
    assert_eq!(client.last_ack().await, Some(1));
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: there is no memory for what a window may become, for longer than a request waits.
/// Guarantees: the sender is sent away to begin anew, and that is counted once.
#[tokio::test]
async fn a_window_without_room_is_refused_once() {
    let scrape = Scrape::install().unwrap();
    // Metrics are the whole process's: what the other tests have counted by now is theirs.
    let words = ["protocol=\"lumberjack\"", "outcome=\"busy\""];
    let busy = || sum(&scrape.render(), "forebay_ingest_batches_total", &words);
    let before = busy();
    let (ingest, address) = started(|settings| {
        settings.ingest.max_in_flight = ByteSize::mib(1);
        settings.ingest.ack_timeout = Period::from_secs(1);
        settings.ingest.read_timeout = Period::from_secs(60);
    })
    .await;
    let _bodies = ingest.filled(None).await;
    let mut client = Client::connect(address).await;
    let event = format!("{{\"a\":\"{}\"}}", "x".repeat(400_000));
    client.send(&compressed(1, &[&event])).await;
    assert_eq!(client.last_ack().await, None);
    assert_eq!(busy() - before, 1.0);
}
