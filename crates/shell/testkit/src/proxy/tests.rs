use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::*;
use crate::{eventually, free_port};

const SOON: Duration = Duration::from_secs(10);
/// Long enough that what is going to come has come, as far as a test can wait for nothing.
const QUIET: Duration = Duration::from_millis(100);

/// A server that says back what it is told, and a proxy before it.
async fn echo() -> (Proxy, CancellationToken) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("binds");
    let proxy = Proxy::start(listener.local_addr().expect("bound")).await.expect("starts");
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let _task = tokio::spawn(async move {
        let _stopped = stopped
            .run_until_cancelled(async {
                while let Ok((mut stream, _from)) = listener.accept().await {
                    let _task = tokio::spawn(async move {
                        let (mut from, mut to) = stream.split();
                        let _copied = tokio::io::copy(&mut from, &mut to).await;
                        let _end = to.shutdown().await;
                    });
                }
            })
            .await;
    });
    (proxy, stop)
}

async fn said_back(stream: &mut TcpStream, words: &[u8]) -> std::io::Result<()> {
    stream.write_all(words).await?;
    let mut heard = vec![0; words.len()];
    let _count = stream.read_exact(&mut heard).await?;
    assert_eq!(heard, words);
    Ok(())
}

async fn connected(proxy: &Proxy) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
    said_back(&mut stream, b"hello").await.expect("passes");
    stream
}

#[tokio::test]
async fn passes_bytes_in_order_and_both_ends_of_stream() {
    let (proxy, _server) = echo().await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
    let sent: Vec<u8> = (0..1_000_000u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let (mut from, mut to) = stream.split();
    let mut heard = Vec::new();
    let (written, read) = tokio::join!(
        async {
            to.write_all(&sent).await?;
            to.shutdown().await
        },
        from.read_to_end(&mut heard)
    );
    written.expect("written");
    let _count = read.expect("ends");
    assert!(heard == sent, "{} of {} bytes", heard.len(), sent.len());
    let counters = proxy.counters();
    assert_eq!((counters.accepted, counters.to_server, counters.to_client), (1, 1_000_000, 1_000_000));
}

#[tokio::test]
async fn a_cut_resets_what_is_open_and_takes_what_comes() {
    let (proxy, _server) = echo().await;
    let mut stream = connected(&proxy).await;
    proxy.cut();
    let error = timeout(SOON, stream.read_u8()).await.expect("at once").expect_err("reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let _next = connected(&proxy).await;
    assert_eq!(proxy.counters().cut, 1);
}

#[tokio::test]
async fn refuse_resets_new_connections_and_leaves_open_ones() {
    let (proxy, _server) = echo().await;
    let mut open = connected(&proxy).await;
    proxy.set(Mode::Refuse);
    let refused = async {
        let mut stream = TcpStream::connect(proxy.address()).await?;
        said_back(&mut stream, b"anybody").await
    };
    let _error = timeout(SOON, refused).await.expect("at once").expect_err("refused");
    said_back(&mut open, b"still").await.expect("passes");
    assert_eq!(proxy.counters().refused, 1);
}

/// Scenario: nobody listens behind the proxy. Guarantees: a client is reset, as it would be refused without the proxy.
#[tokio::test]
async fn without_a_server_a_client_is_reset() {
    let proxy = Proxy::to_port(free_port().expect("free")).await.expect("starts");
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
    let _error = timeout(SOON, stream.read_u8()).await.expect("at once").expect_err("reset");
    eventually("it is counted", SOON, async || proxy.counters().refused == 1).await.expect("counted");
}

/// Scenario: the network parts in the middle of a connection, and heals.
/// Guarantees: nothing goes through meanwhile, on open and new connections, and nothing is lost after.
#[tokio::test]
async fn a_black_hole_holds_and_heals() {
    let (proxy, _server) = echo().await;
    let mut open = connected(&proxy).await;
    proxy.set(Mode::BlackHole);
    let mut new = TcpStream::connect(proxy.address()).await.expect("accepted");
    open.write_all(b"one").await.expect("buffered");
    new.write_all(b"two").await.expect("buffered");
    assert!(timeout(QUIET, open.read_u8()).await.is_err(), "held");
    assert!(timeout(QUIET, new.read_u8()).await.is_err(), "held");
    assert_eq!(proxy.counters().to_server, 5, "the greeting alone");
    proxy.set(Mode::Pass);
    let mut heard = [0; 3];
    let _count = timeout(SOON, open.read_exact(&mut heard)).await.expect("soon").expect("heals");
    assert_eq!(&heard, b"one");
    let _count = timeout(SOON, new.read_exact(&mut heard)).await.expect("soon").expect("heals");
    assert_eq!(&heard, b"two");
}

/// Scenario: a request gets through, its answer doesn't, and then the connection is cut.
/// Guarantees: the server had the request; the client has a reset and no byte of the answer.
#[tokio::test]
async fn mute_does_the_work_and_keeps_the_answer() {
    let (proxy, _server) = echo().await;
    let mut stream = connected(&proxy).await;
    proxy.set(Mode::Mute);
    stream.write_all(b"do it").await.expect("buffered");
    eventually("the server has it", SOON, async || proxy.counters().to_server == 10).await.expect("through");
    assert!(timeout(QUIET, stream.read_u8()).await.is_err(), "held");
    proxy.cut();
    let _error = timeout(SOON, stream.read_u8()).await.expect("at once").expect_err("reset");
    assert_eq!(proxy.counters().to_client, 5, "the greeting alone");
}

/// Guarantees: what crosses takes as long as the limit says, whether by one connection or by two, and latency is added.
#[tokio::test]
async fn slow_lines_are_slow_for_all_connections_together() {
    let (proxy, _server) = echo().await;
    let (mut one, mut two) = (connected(&proxy).await, connected(&proxy).await);
    let latency = Duration::from_millis(50);
    proxy.set(Mode::Slow(Shape { latency, to_server: Some(100_000), to_client: None }));
    let start = Instant::now();
    let words = vec![7; 15_000];
    let (first, second) = tokio::join!(said_back(&mut one, &words), said_back(&mut two, &words));
    first.and(second).expect("passes");
    // 30,000 bytes at 100,000 a second, and the latency of the answer.
    assert!(start.elapsed() >= Duration::from_millis(300) + latency, "{:?}", start.elapsed());
    proxy.set(Mode::Pass);
    let start = Instant::now();
    for _part in 0..10 {
        said_back(&mut one, &vec![7; 400_000]).await.expect("passes");
    }
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "at the old speed it takes forty: {:?}",
        start.elapsed()
    );
}

/// Scenario: a long delay is taken back while bytes wait for it. Guarantees: they go at once.
#[tokio::test]
async fn a_new_mode_holds_for_bytes_that_wait() {
    let (proxy, _server) = echo().await;
    let mut stream = connected(&proxy).await;
    proxy.set(Mode::Slow(Shape { latency: Duration::from_secs(600), ..Shape::default() }));
    stream.write_all(b"x").await.expect("buffered");
    assert!(timeout(QUIET, stream.read_u8()).await.is_err(), "late");
    proxy.set(Mode::Pass);
    let byte = timeout(SOON, stream.read_u8()).await.expect("at once").expect("passes");
    assert_eq!(byte, b'x');
}

/// Scenario: the server reads nothing. Guarantees: the proxy takes a bounded amount and then nothing more.
#[tokio::test]
async fn back_pressure_reaches_the_client() {
    let (proxy, _server) = echo().await;
    let mut stream = connected(&proxy).await;
    proxy.set(Mode::BlackHole);
    let mut taken = 0;
    // The proxy's window and two kernel buffers of some megabytes each; no more, however long it goes on.
    while let Ok(count) = timeout(QUIET, stream.write(&[0; 65_536])).await {
        taken += count.expect("writes");
        assert!(taken < 64 << 20, "no end");
    }
    assert_eq!(proxy.counters().to_server, 5, "the greeting alone");
}

#[tokio::test]
async fn ends_with_its_handle() {
    let (proxy, _server) = echo().await;
    let address = proxy.address();
    let mut stream = connected(&proxy).await;
    drop(proxy);
    let _error = timeout(SOON, stream.read_u8()).await.expect("at once").expect_err("reset");
    eventually("nobody listens", SOON, async || TcpStream::connect(address).await.is_err())
        .await
        .expect("ends");
}
