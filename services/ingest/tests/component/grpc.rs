//! `forebay.v1.Ingest`, health and reflection.

use std::time::Duration;

use bytes::Bytes;
use forebay_proto::v1;
use forebay_settings::Period;
use forebay_wire::protobuf::{push_bytes, push_text};
use prost::Message;
use tokio::time::timeout;
use v1::stream_response::Message as Said;

use crate::call::{Client, Stream};
use crate::harness::{eventually, started, started_with_little_memory};

const SEND: &str = "/forebay.v1.Ingest/Send";
const STREAM: &str = "/forebay.v1.Ingest/Stream";

fn batch(bodies: &[&str]) -> v1::SendRequest {
    let event = |body: &&str| v1::Event { body: Bytes::from((*body).to_owned()), ..v1::Event::default() };
    v1::SendRequest { events: bodies.iter().map(event).collect(), ..v1::SendRequest::default() }
}

fn numbered(sequence: u64, batch: v1::SendRequest) -> v1::StreamRequest {
    v1::StreamRequest { sequence, batch: Some(batch) }
}

async fn said(stream: &mut Stream) -> Said {
    stream.next::<v1::StreamResponse>().await.unwrap().message.unwrap()
}

/// Scenario: a batch with all that can be said of it, sent twice under its key; a bad event among good ones, then all or nothing.
/// Guarantees: the events are in Kafka as they came, under ids that repeat; the bad one is named.
#[tokio::test]
async fn a_batch_is_answered_once_kafka_has_it() {
    let ingest = started(|_| {}).await;
    let client = Client::connect(ingest.address, None).await;
    let mut request = batch(&["{\"n\" : 1}", "[]"]);
    request.events[0].observed_at = 7;
    request.format = "json".to_owned();
    request.stream = "web-1".to_owned();
    request.attributes = vec![v1::Attribute { name: "host".to_owned(), value: "h".to_owned() }];
    request.idempotency_key = "key".to_owned();
    for _ in 0..2 {
        let ended = client.call(SEND, &request.encode_to_vec()).await;
        assert_eq!(ended.code, 0, "{}", ended.message);
        let answer = v1::SendResponse::decode(ended.messages[0].clone()).unwrap();
        assert_eq!((answer.accepted, answer.rejected, answer.rejections[0].event), (1, 1, 2));
        assert_eq!(answer.rejections[0].error, "not_an_object");
    }
    request.atomic = true;
    let ended = client.call(SEND, &request.encode_to_vec()).await;
    let answer = v1::SendResponse::decode(ended.messages[0].clone()).unwrap();
    assert_eq!((answer.accepted, answer.rejected), (0, 1));
    request.idempotency_key = "a\tb".to_owned();
    assert_eq!(client.call(SEND, &request.encode_to_vec()).await.code, 3);

    let stored = ingest.stop().await;
    assert_eq!(stored.len(), 2);
    for event in stored {
        assert_eq!((event.id.as_str(), event.body.as_slice()), ("key-0", &b"{\"n\" : 1}"[..]));
        assert_eq!(
            (event.source.as_str(), event.format.as_str(), event.stream.as_str()),
            ("grpc", "json", "web-1")
        );
        assert_eq!((event.observed_at, event.attributes.len()), (7, 1));
    }
}

/// Scenario: fifty batches on a stream, a bad one among them, and its end.
/// Guarantees: the window comes first; each batch is answered once by its number; the call ends well.
#[tokio::test]
async fn every_batch_of_a_stream_is_answered() {
    let ingest = started(|_| {}).await;
    let client = Client::connect(ingest.address, None).await;
    let mut stream = client.stream(STREAM).await;
    let Said::Window(window) = said(&mut stream).await else { panic!("no window") };
    assert!(window.batches > 0);
    let requests = stream.requests.clone();
    let sending = tokio::spawn(async move {
        for n in 1..=50 {
            let mut batch = batch(&["one", "two"]);
            if n == 7 {
                batch.format = "no such format!".to_owned();
            }
            let message = forebay_wire::grpc::framed(&numbered(n, batch).encode_to_vec());
            // In two pieces, so that messages begin and end anywhere.
            let (head, tail) = (message.slice(..7), message.slice(7..));
            requests.send(Ok(hyper::body::Frame::data(head))).await.unwrap();
            requests.send(Ok(hyper::body::Frame::data(tail))).await.unwrap();
        }
    });
    let (mut acked, mut refused) = (Vec::new(), Vec::new());
    while acked.len() + refused.len() < 50 {
        match said(&mut stream).await {
            Said::Ack(ack) => {
                assert_eq!(ack.receipt.unwrap().accepted, 2);
                acked.push(ack.sequence);
            }
            Said::Nack(nack) => refused.push((nack.sequence, nack.error, nack.retry_after_ms)),
            Said::Window(_) => panic!("a second window"),
        }
    }
    sending.await.unwrap();
    acked.sort_unstable();
    assert_eq!(acked, (1..=50).filter(|n| *n != 7).collect::<Vec<_>>());
    assert_eq!(refused, [(7, "bad_request".to_owned(), 0)]);
    stream.close();
    assert!(stream.next::<v1::StreamResponse>().await.is_none());
    assert_eq!(stream.ended().code, 0);
    assert_eq!(ingest.stop().await.len(), 98);
}

/// Scenario: Kafka is away while a stream has batches, and comes back.
/// Guarantees: no batch is acknowledged meanwhile; those that weren't taken say when to come again; sent again, they are.
#[tokio::test]
async fn a_stream_outlives_an_outage() {
    let ingest = started(|settings| {
        settings.ingest.ack_timeout = Period::from_secs(2);
        settings.ingest.max_latency = Period::from_secs(2);
        settings.kafka.delivery_timeout = Period::from_secs(2);
    })
    .await;
    let client = Client::connect(ingest.address, None).await;
    let mut stream = client.stream(STREAM).await;
    let Said::Window(_) = said(&mut stream).await else { panic!("no window") };
    ingest.cluster.broker_down(1).unwrap();
    stream.send(&numbered(1, batch(&["one"]))).await;
    let Said::Nack(nack) = said(&mut stream).await else { panic!("acknowledged without a broker") };
    assert!(nack.sequence == 1 && nack.retry_after_ms > 0, "{nack:?}");
    ingest.cluster.broker_up(1).unwrap();
    eventually("taken again", async || {
        stream.send(&numbered(2, batch(&["again"]))).await;
        matches!(said(&mut stream).await, Said::Ack(ack) if ack.sequence == 2)
    })
    .await;
    let stored = ingest.stop().await;
    assert!(stored.iter().any(|event| event.body == b"again"));
}

/// Scenario: a batch waits for Kafka, and the next one for memory, which others have for as long as they like.
/// Guarantees: the first is acknowledged meanwhile, and the other as soon as there is room.
#[tokio::test]
async fn acknowledgements_go_on_while_a_batch_waits_for_room() {
    let ingest = started_with_little_memory().await;
    let client = Client::connect(ingest.address, None).await;
    let mut stream = client.stream(STREAM).await;
    let Said::Window(_) = said(&mut stream).await else { panic!("no window") };
    let bodies = ingest.filled(None).await;
    ingest.cluster.broker_down(1).unwrap();
    stream.send(&numbered(1, batch(&["one"]))).await;
    stream.send(&numbered(2, batch(&[&"x".repeat(200_000)]))).await;
    ingest.cluster.broker_up(1).unwrap();
    assert!(matches!(said(&mut stream).await, Said::Ack(ack) if ack.sequence == 1));
    drop(bodies);
    assert!(matches!(said(&mut stream).await, Said::Ack(ack) if ack.sequence == 2));
    assert_eq!(ingest.stop().await.len(), 2);
}

/// Scenario: a message on a stream comes byte by byte. Guarantees: it keeps memory no longer than a body of a request might.
#[tokio::test]
async fn a_message_that_trickles_in_is_given_up() {
    let ingest = started(|settings| settings.ingest.read_timeout = Period::from_secs(1)).await;
    let client = Client::connect(ingest.address, None).await;
    let mut stream = client.stream(STREAM).await;
    let Said::Window(_) = said(&mut stream).await else { panic!("no window") };
    let requests = stream.requests.clone();
    let trickling = tokio::spawn(async move {
        for byte in forebay_wire::grpc::framed(&[0; 1000]) {
            let frame = hyper::body::Frame::data(Bytes::from(vec![byte]));
            if requests.send(Ok(frame)).await.is_err() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });
    assert!(stream.next::<v1::StreamResponse>().await.is_none());
    assert_eq!(stream.ended().code, 14, "{}", stream.ended().message);
    trickling.abort();
}

/// Scenario: the process is told to stop while a stream is open and between batches.
/// Guarantees: the stream ends with `UNAVAILABLE`, what was acknowledged is in Kafka, and the process ends.
#[tokio::test]
async fn a_stop_ends_streams() {
    let ingest = started(|_| {}).await;
    let client = Client::connect(ingest.address, None).await;
    let mut stream = client.stream(STREAM).await;
    let Said::Window(_) = said(&mut stream).await else { panic!("no window") };
    stream.send(&numbered(1, batch(&["one"]))).await;
    assert!(matches!(said(&mut stream).await, Said::Ack(_)));
    ingest.shutdown.cancel();
    assert!(stream.next::<v1::StreamResponse>().await.is_none());
    assert_eq!(stream.ended().code, 14);
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: bytes that are no messages. Guarantees: the stream ends with `INVALID_ARGUMENT`.
#[tokio::test]
async fn a_broken_stream_ends() {
    let ingest = started(|_| {}).await;
    let client = Client::connect(ingest.address, None).await;
    let mut stream = client.stream(STREAM).await;
    let Said::Window(_) = said(&mut stream).await else { panic!("no window") };
    stream.requests.send(Ok(hyper::body::Frame::data(Bytes::from_static(b"GET / HTTP/1.1")))).await.unwrap();
    assert!(stream.next::<v1::StreamResponse>().await.is_none());
    assert_eq!(stream.ended().code, 3);
}

/// Scenario: health of the server, of a service, of none, watched over a stop; reflection in both versions.
/// Guarantees: as the specifications say.
#[tokio::test]
async fn health_and_reflection_are_there() {
    let ingest = started(|_| {}).await;
    let client = Client::connect(ingest.address, None).await;
    let check = "/grpc.health.v1.Health/Check";
    let named = |name: &str| {
        let mut out = Vec::new();
        push_text(&mut out, 1, name);
        out
    };
    for service in ["", "forebay.v1.Ingest", "opentelemetry.proto.collector.logs.v1.LogsService"] {
        assert_eq!(client.call(check, &named(service)).await.messages, [&b"\x08\x01"[..]], "{service}");
    }
    assert_eq!(client.call(check, &named("other")).await.code, 5);

    for version in ["v1", "v1alpha"] {
        // `list_services` is field 7, a service's file by symbol field 4.
        let mut list = Vec::new();
        push_bytes(&mut list, 7, b"*");
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let ended = client.call(&path, &list).await;
        let text = String::from_utf8_lossy(&ended.messages[0]).into_owned();
        assert!(ended.code == 0 && text.contains("forebay.v1.Ingest"), "{text}");
        let mut file = Vec::new();
        push_text(&mut file, 4, "forebay.v1.Ingest");
        let ended = client.call(&path, &file).await;
        assert!(String::from_utf8_lossy(&ended.messages[0]).contains("idempotency_key"));
    }

    let mut watch = client.watch("/grpc.health.v1.Health/Watch", b"").await;
    // An enum's number is a varint in field 1, as the stream's sequence number is.
    let serving: v1::StreamRequest = watch.next().await.unwrap();
    assert_eq!(serving.sequence, 1);
    ingest.shutdown.cancel();
    let stopping: v1::StreamRequest = watch.next().await.unwrap();
    assert_eq!(stopping.sequence, 2);
    assert!(watch.next::<v1::StreamRequest>().await.is_none());
}

/// Scenario: there is one place, and somebody without a credential has it, who only watches.
/// Guarantees: it is his for as long as any connection's on which nothing is asked for, and then the next one's.
#[tokio::test]
async fn who_only_watches_keeps_no_place() {
    let ingest = started(|settings| {
        settings.ingest.read_timeout = Period::from_secs(1);
        settings.ingest.max_connections = 1;
    })
    .await;
    let client = Client::connect(ingest.address, None).await;
    let mut watch = client.watch("/grpc.health.v1.Health/Watch", b"").await;
    let serving: v1::StreamRequest = watch.next().await.unwrap();
    assert_eq!(serving.sequence, 1);
    let next = timeout(Duration::from_secs(20), ingest.ndjson("", "{\"a\":1}")).await;
    assert_eq!(next.expect("the watcher keeps the place").status, 200);
    assert_eq!(ingest.stop().await.len(), 1);
}
