//! The launcher on real servers: what tests and chaos rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::net::TcpStream;
use std::time::Duration;

use forebay_testkit::eventually;
use forebay_testkit::servers::{Server, shared};
use serde_json::{Value, json};

fn is_open(server: &Server) -> bool {
    TcpStream::connect(server.address()).is_ok()
}

/// Scenario: a broker is killed, started again, stopped cleanly and started again, then its handle is dropped.
/// Guarantees: it comes back on its port each time; after the drop neither the server nor its data are left.
#[tokio::test]
async fn kafka_lives_dies_and_comes_back() {
    let mut kafka = Server::kafka().setting("num.partitions", "2").start().await.expect("starts");
    let first = kafka.pid().expect("runs");
    kafka.kill().await.expect("dies");
    assert!(!is_open(&kafka));
    kafka.restart().await.expect("comes back");
    let second = kafka.pid().expect("runs");
    assert_ne!(first, second);
    assert!(is_open(&kafka));
    kafka.stop().await.expect("stops");
    kafka.restart().await.expect("comes back");
    let last = kafka.pid().expect("runs");
    drop(kafka);
    assert!(!std::path::Path::new(&format!("/proc/{last}")).exists());
}

async fn keeps_documents_over_a_crash(mut server: Server) {
    let client = reqwest::Client::new();
    let document = format!("{}/i/_doc/1?op_type=create", server.url());
    let answer = client.put(&document).json(&json!({"n": 1})).send().await.expect("answers");
    assert_eq!(answer.status(), 201);
    server.kill().await.expect("dies");
    server.restart().await.expect("comes back");
    let again = client.put(&document).json(&json!({"n": 1})).send().await.expect("answers");
    assert_eq!(again.status(), 409);
}

#[tokio::test]
async fn elasticsearch_keeps_documents_over_a_crash() {
    keeps_documents_over_a_crash(Server::elasticsearch().start().await.expect("starts")).await;
}

#[tokio::test]
async fn opensearch_keeps_documents_over_a_crash() {
    keeps_documents_over_a_crash(Server::opensearch().start().await.expect("starts")).await;
}

/// Scenario: two tests ask for the shared server, and one of them freezes it.
/// Guarantees: both get the same; while frozen it answers nothing, and afterwards it does.
#[tokio::test]
async fn a_shared_server_can_be_frozen() {
    let (one, other) = tokio::join!(shared::elasticsearch(), shared::elasticsearch());
    let (server, other) = (one.expect("starts"), other.expect("starts"));
    assert_eq!(server.pid(), other.pid());
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build().unwrap();
    let greets = async || -> bool {
        let answer = client.get(server.url()).send().await;
        match answer {
            Ok(answer) => answer.json::<Value>().await.is_ok_and(|greeting| greeting["version"].is_object()),
            Err(_) => false,
        }
    };
    eventually("it greets", Duration::from_secs(60), greets).await.unwrap();
    server.pause().await.unwrap();
    assert!(!greets().await);
    server.resume().unwrap();
    eventually("it greets again", Duration::from_secs(60), greets).await.unwrap();
}
