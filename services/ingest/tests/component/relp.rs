//! RELP: an answer means that Kafka has the message.

use std::time::Duration;

use forebay_kafka::testing::Fault;
use forebay_kafka::testing::Request;
use forebay_settings::sections::ingest::ListenerProtocol;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::eventually;
use crate::syslog::{over_tcp, texts};

const OPEN: &str = "1 open 30 relp_version=0\ncommands=syslog\n";

/// Reads until `text` has come, at most 20 s; gives all that came.
async fn until_says(stream: &mut TcpStream, text: &str) -> String {
    let mut all = String::new();
    let mut piece = [0; 1024];
    while !all.contains(text) {
        let read = stream.read(&mut piece);
        let read = timeout(Duration::from_secs(20), read).await.expect("says nothing").unwrap();
        assert_ne!(read, 0, "closed after: {all}");
        all.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    all
}

/// Reads until the other side closes, at most 20 s.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let _end = timeout(Duration::from_secs(20), stream.read_to_end(&mut all)).await.expect("never closed");
    String::from_utf8_lossy(&all).into_owned()
}

/// Scenario: a session from `open` to `close`, all of it in one write.
/// Guarantees: every command is answered in order; the messages are events, in order.
#[tokio::test]
async fn a_session_is_answered() {
    let (ingest, address) = over_tcp(ListenerProtocol::Relp, |_| {}).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let commands = "2 syslog 8 <13>one\n\n3 syslog 0\n4 syslog 7 <13>two\n5 close 0\n";
    client.write_all(format!("{OPEN}{commands}").as_bytes()).await.unwrap();
    let answers = until_closed(&mut client).await;
    assert!(answers.starts_with("1 rsp "), "{answers}");
    let rest = "\n2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 6 200 OK\n5 rsp 0\n0 serverclose 0\n";
    assert!(answers.ends_with(rest), "{answers}");
    let stored = ingest.stop().await;
    assert_eq!(texts(&stored), ["<13>one", "<13>two"]);
    assert!(stored.iter().all(|event| event.source == "relp" && event.format == "syslog"));
}

/// Scenario: Kafka is away when a command comes, and comes back.
/// Guarantees: no answer before that; then the answer, and the event is there once.
#[tokio::test]
async fn there_is_no_answer_before_kafka_has_the_message() {
    let (ingest, address) = over_tcp(ListenerProtocol::Relp, |_| {}).await;
    ingest.cluster.broker_down(1).unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(format!("{OPEN}2 syslog 7 <13>one\n").as_bytes()).await.unwrap();
    let _opened = until_says(&mut client, "commands=syslog").await;
    let early = timeout(Duration::from_millis(500), until_says(&mut client, "2 rsp")).await;
    assert!(early.is_err(), "{early:?}");
    ingest.cluster.broker_up(1).unwrap();
    let _answered = until_says(&mut client, "2 rsp 6 200 OK\n").await;
    assert_eq!(texts(&ingest.stored()), ["<13>one"]);
    drop(client);
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: Kafka refuses for good what it is sent, for a while.
/// Guarantees: the command is answered once it is in, not before, and not with an error that would make the client drop it.
#[tokio::test]
async fn what_kafka_refuses_is_sent_again() {
    let (ingest, address) = over_tcp(ListenerProtocol::Relp, |_| {}).await;
    ingest.cluster.fail_next(Request::Produce, &[Fault::TopicDenied]);
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(format!("{OPEN}2 syslog 7 <13>one\n").as_bytes()).await.unwrap();
    let answers = until_says(&mut client, "2 rsp").await;
    assert!(answers.contains("2 rsp 6 200 OK\n"), "{answers}");
    assert_eq!(texts(&ingest.stop().await), ["<13>one"]);
}

/// Scenario: a stop while a client is connected.
/// Guarantees: it is told that the server closes, and no one else gets in.
#[tokio::test]
async fn a_stop_is_told_to_the_client() {
    let (ingest, address) = over_tcp(ListenerProtocol::Relp, |_| {}).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(format!("{OPEN}2 syslog 7 <13>one\n").as_bytes()).await.unwrap();
    let _answered = until_says(&mut client, "2 rsp 6 200 OK\n").await;
    ingest.shutdown.cancel();
    assert_eq!(until_closed(&mut client).await, "0 serverclose 0\n");
    eventually("the port is closed", async || TcpStream::connect(address).await.is_err()).await;
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: a message without a session, and bytes that are no frame.
/// Guarantees: the connection is closed, and nothing of them is an event.
#[tokio::test]
async fn what_is_no_session_is_closed() {
    let (ingest, address) = over_tcp(ListenerProtocol::Relp, |_| {}).await;
    for wrong in ["1 syslog 7 <13>one\n", "GET / HTTP/1.1\r\n\r\n"] {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(wrong.as_bytes()).await.unwrap();
        let _reason = until_closed(&mut client).await;
    }
    assert_eq!(ingest.stop().await.len(), 0);
}
