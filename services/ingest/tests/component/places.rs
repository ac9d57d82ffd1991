//! A listener whose places are all taken.

use std::time::Duration;

use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_settings::{Period, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::doors::connect_from;
use crate::harness::Ingest;
use crate::syslog::{arrived, over_tcp};

/// Whether the other side has ended this connection within a time that it doesn't need.
async fn is_ended(stream: &mut TcpStream) -> bool {
    matches!(timeout(Duration::from_secs(20), stream.read(&mut [0; 9])).await, Ok(Ok(0) | Err(_)))
}

/// Sends a line, and waits until so many are in Kafka.
async fn sends(stream: &mut TcpStream, ingest: &Ingest, count: usize) {
    stream.write_all(b"a line\n").await.unwrap();
    arrived(ingest, count).await;
}

/// Scenario: an address has all places of a listener for lines: three silent connections, and one of which a message waits for Kafka. Others
/// come, one after the other, with one connection each; then one that finds nobody who has more than itself.
/// Guarantees: each of the first gets in for one that is silent, which is ended; what waits for Kafka is never ended and arrives; the last
/// gets in as soon as somebody goes.
#[tokio::test]
async fn who_is_silent_makes_room() {
    let change = |settings: &mut Settings| {
        settings.ingest.read_timeout = Period::from_secs(1);
        let listener = settings.ingest.listeners.get_mut("test").unwrap();
        listener.max_connections = Some(4);
    };
    let (ingest, address) = over_tcp(ListenerProtocol::Lines, change).await;
    let crowd = [127, 0, 0, 2];
    let mut waits = connect_from(crowd, address).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(connect_from(crowd, address).await);
    }
    sends(&mut waits, &ingest, 1).await;
    ingest.cluster.broker_down(1).unwrap();
    waits.write_all(b"a line that waits\n").await.unwrap();
    let mut newcomers = Vec::new();
    for last in 3..6 {
        let mut newcomer = connect_from([127, 0, 0, last], address).await;
        newcomer.write_all(b"a line\n").await.unwrap();
        newcomers.push(newcomer);
    }
    // In the order in which they came, since none of them was ever heard.
    for mut silent in silent {
        assert!(is_ended(&mut silent).await);
    }
    ingest.cluster.broker_up(1).unwrap();
    arrived(&ingest, 5).await;
    sends(&mut waits, &ingest, 6).await;

    let mut last = connect_from([127, 0, 0, 9], address).await;
    last.write_all(b"a line\n").await.unwrap();
    drop(newcomers.pop());
    arrived(&ingest, 7).await;
    sends(&mut waits, &ingest, 8).await;
    for (count, newcomer) in (9..).zip(&mut newcomers) {
        sends(newcomer, &ingest, count).await;
    }
    let _stored = ingest.stop().await;
}
