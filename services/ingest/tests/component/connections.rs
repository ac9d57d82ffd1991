//! Clients that do not behave, and the two versions of HTTP, byte by byte.

use std::time::{Duration, Instant};

use forebay_settings::{ByteSize, Period};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::harness::{Ingest, answer, eventually, started};

/// How long a refusal waits: a condition of safety, so that less is a fault. More is a matter of the machine.
const A_MOMENT: Duration = Duration::from_millis(100);

async fn connect(ingest: &Ingest) -> TcpStream {
    TcpStream::connect(ingest.address).await.unwrap()
}

/// Reads until the other side closes, at most 20 s.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A reset is a way to close too; what came before it counts.
    let _end = timeout(Duration::from_secs(20), stream.read_to_end(&mut all)).await.expect("never closed");
    String::from_utf8_lossy(&all).into_owned()
}

/// Reads until `text` has come, at most 20 s.
async fn until_says(stream: &mut TcpStream, text: &str) -> String {
    let mut all = String::new();
    let mut piece = [0; 1024];
    while !all.contains(text) {
        let read =
            timeout(Duration::from_secs(20), stream.read(&mut piece)).await.expect("says nothing").unwrap();
        assert_ne!(read, 0, "closed after: {all}");
        all.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    all
}

/// Scenario: half a head, half a body by length, half a body in chunks, half a gzip body; then the client is gone.
/// Guarantees: nothing of them is sent, and the service goes on.
#[tokio::test]
async fn half_a_request_is_no_request() {
    let ingest = started(|_| {}).await;
    for half in [
        "POST /v1/ingest HTTP/1.1\r\nhost: x\r\nconte",
        "POST /v1/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{\"a\":1}\n{\"a\":2}\n",
        "POST /v1/ingest HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"a\":1}\n\r\n",
    ] {
        let mut stream = connect(&ingest).await;
        stream.write_all(half.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answered = until_closed(&mut stream).await;
        assert!(!answered.starts_with("HTTP/1.1 200"), "{answered}");
    }
    assert_eq!(ingest.ndjson("", "{\"a\":3}").await.status, 200);
    let stored = ingest.stop().await;
    assert_eq!(stored.len(), 1);
}

/// Scenario: there is one place; clients hang up while their requests are under way, one after the other.
/// Guarantees: each leaves the place to the next, and none before the moment that a refusal takes: there are no more requests a second for
/// who hangs up than for who waits to be refused.
#[tokio::test]
async fn who_hangs_up_during_a_request_leaves_his_place() {
    let ingest = started(|settings| settings.ingest.max_connections = 1).await;
    let began = Instant::now();
    for _ in 0..3 {
        let mut stream = connect(&ingest).await;
        // Its answer takes a moment, since it is refused.
        stream
            .write_all(b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\n{\"a\":[")
            .await
            .unwrap();
    }
    let next = timeout(Duration::from_secs(20), ingest.ndjson("", "{\"a\":3}")).await;
    assert_eq!(next.expect("there is no place").status, 200);
    assert!(began.elapsed() >= 3 * A_MOMENT, "{:?}", began.elapsed());
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: of a request's events most are refused; of another's, few.
/// Guarantees: the first is answered after a moment, as if it had been refused as a whole, and what is good of both is in Kafka.
#[tokio::test]
async fn who_has_most_of_his_events_refused_waits() {
    let ingest = started(|_| {}).await;
    let began = Instant::now();
    assert_eq!(ingest.ndjson("", "{\"a\":1}\n[\n[\n").await.status, 200);
    assert!(began.elapsed() >= A_MOMENT, "{:?}", began.elapsed());
    assert_eq!(ingest.ndjson("", "{\"a\":2}\n{\"a\":3}\n[\n").await.status, 200);
    assert_eq!(ingest.stop().await.len(), 3);
}

/// Scenario: a client says nothing, one sends half a head, one half a body, and all of them stay.
/// Guarantees: each is closed in time, the one with a body gets 408 with a reason, and one slot is enough for all.
#[tokio::test]
async fn slow_clients_are_closed() {
    let ingest = started(|settings| {
        settings.ingest.read_timeout = Period::from_secs(1);
        settings.ingest.max_connections = 1;
    })
    .await;
    let mut silent = connect(&ingest).await;
    let mut half_head = connect(&ingest).await;
    half_head.write_all(b"POST /v1/ingest HTTP/1.1\r\nhos").await.unwrap();
    let mut half_body = connect(&ingest).await;
    half_body.write_all(b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
    assert_eq!(until_closed(&mut silent).await, "");
    assert_eq!(until_closed(&mut half_head).await, "");
    let answered = until_closed(&mut half_body).await;
    assert!(answered.starts_with("HTTP/1.1 408") && answered.contains("slow_body"), "{answered}");
    assert_eq!(ingest.ndjson("", "{}").await.status, 200);
    let _stored = ingest.stop().await;
}

/// Scenario: a client asks before it sends a body that is too large, and one that is not.
/// Guarantees: the first hears 413 and need not send it; the second hears `100 Continue`.
#[tokio::test]
async fn expect_continue_is_answered() {
    let ingest = started(|settings| settings.ingest.max_body = ByteSize::kib(1)).await;
    let head = |len: usize| {
        format!(
            "POST /v1/ingest HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {len}\r\n\r\n"
        )
    };
    let mut large = connect(&ingest).await;
    large.write_all(head(2000).as_bytes()).await.unwrap();
    let answered = until_says(&mut large, "max_body").await;
    assert!(answered.starts_with("HTTP/1.1 413"), "{answered}");

    let mut small = connect(&ingest).await;
    small.write_all(head(7).as_bytes()).await.unwrap();
    let _heard = until_says(&mut small, "100 Continue").await;
    small.write_all(b"{\"a\":1}").await.unwrap();
    let _answered = until_says(&mut small, "200 OK").await;
    drop((large, small));
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: three requests in one write, the second in chunks, the last closing the connection.
/// Guarantees: three answers in order; the events of the connection are one stream, in order.
#[tokio::test]
async fn requests_in_a_row_are_answered_in_order() {
    let ingest = started(|_| {}).await;
    let mut stream = connect(&ingest).await;
    let head = "POST /v1/ingest HTTP/1.1\r\nhost: x\r\n";
    let all = format!(
        "{head}content-length: 7\r\n\r\n{{\"a\":1}}\
         {head}transfer-encoding: chunked\r\n\r\n3\r\n{{\"a\r\n4\r\n\":2}}\r\n0\r\n\r\n\
         {head}content-length: 4\r\nconnection: close\r\n\r\nnope"
    );
    stream.write_all(all.as_bytes()).await.unwrap();
    let answered = until_closed(&mut stream).await;
    assert_eq!(answered.matches("HTTP/1.1 200 OK").count(), 3, "{answered}");
    let stored = ingest.stop().await;
    let bodies: Vec<&[u8]> = stored.iter().map(|event| event.body.as_slice()).collect();
    assert_eq!(bodies, [&b"{\"a\":1}"[..], b"{\"a\":2}", b"nope"]);
    assert!(stored.iter().all(|event| event.stream == stored[0].stream));
}

/// Scenario: HTTP/2 without TLS, many requests at once on one connection. Guarantees: all are answered.
#[tokio::test]
async fn http_2_is_spoken() {
    let ingest = started(|_| {}).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}/v1/ingest", ingest.address);
    let requests = (0..200).map(|n| answer(client.post(&url).body(format!("{{\"n\":{n}}}"))));
    for answer in futures_util::future::join_all(requests).await {
        assert_eq!(answer.counts(), (1, 0));
    }
    assert_eq!(ingest.stop().await.len(), 200);
}

/// Scenario: a client of HTTP/2 resets its requests before it hears that they are refused, hundreds of them, one wave after the other.
/// Guarantees: it has no more of them a second than if it had waited.
#[tokio::test]
async fn who_resets_instead_of_waiting_to_be_refused_is_read_slowly() {
    const WAVES: u32 = 12;
    let ingest = started(|_| {}).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let at = |path: &str| client.post(format!("http://{}{path}", ingest.address));
    assert_eq!(answer(at("/v1/ingest").body("{}")).await.status, 200);
    let began = Instant::now();
    for _wave in 0..WAVES {
        let refused: JoinSet<_> = (0..60).map(|_| at("/nowhere").send()).collect();
        // Behind those on the connection: when this is answered, they are under way.
        let taken = tokio::spawn(answer(at("/v1/ingest").body("{}"))).await.unwrap();
        assert_eq!(taken.status, 200);
        drop(refused);
    }
    // Of three waves the last is read 100 ms after the first at the soonest.
    assert!(began.elapsed() >= A_MOMENT * (WAVES / 3), "{:?}", began.elapsed());
    let _stored = ingest.stop().await;
}

/// Scenario: a stop while a client is sending its body.
/// Guarantees: the request is finished and answered, its event is in Kafka, and nobody else can connect.
#[tokio::test]
async fn a_stop_finishes_what_is_under_way() {
    let ingest = started(|_| {}).await;
    let mut stream = connect(&ingest).await;
    let head = "POST /v1/ingest HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 7\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let _under_way = until_says(&mut stream, "100 Continue").await;
    ingest.shutdown.cancel();
    eventually("the port is closed", async || TcpStream::connect(ingest.address).await.is_err()).await;
    stream.write_all(b"{\"a\":1}").await.unwrap();
    let answered = until_closed(&mut stream).await;
    assert!(answered.contains("HTTP/1.1 200 OK"), "{answered}");
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: a stop, while eight clients send one request after the other, each on a connection of its own, and a ninth keeps
/// its connection and says nothing more.
/// Guarantees: each request is answered, and the last one of a connection says that it was the last, so that no client loses one
/// on a connection that ends; the silent one's ends too.
#[tokio::test]
async fn a_stop_is_told_on_kept_connections() {
    let ingest = started(|_| {}).await;
    let request = b"POST /v1/ingest HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\n\r\n{\"a\":1}";
    let mut silent = connect(&ingest).await;
    silent.write_all(request).await.unwrap();
    let _answered = until_says(&mut silent, "}").await;
    let talk = async |client: usize| {
        let mut stream = connect(&ingest).await;
        let mut count = 0;
        loop {
            stream.write_all(request).await.unwrap();
            let answered = until_says(&mut stream, "}").await;
            assert!(answered.starts_with("HTTP/1.1 200 OK"), "{answered}");
            count += 1;
            if answered.contains("connection: close") {
                assert_eq!(until_closed(&mut stream).await, "");
                return count;
            }
            if client == 0 && count == 20 {
                ingest.shutdown.cancel();
            }
        }
    };
    let counts: Vec<usize> = futures_util::future::join_all((0..8).map(talk)).await;
    assert!(counts[0] > 20, "{counts:?}");
    assert_eq!(until_closed(&mut silent).await, "");
    assert_eq!(ingest.stop().await.len(), 1 + counts.iter().sum::<usize>());
}
