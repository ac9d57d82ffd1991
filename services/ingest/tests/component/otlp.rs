//! OTLP logs by HTTP and gRPC.

use std::io::Write;

use bytes::Bytes;
use forebay_operators::tokens::issue;
use forebay_record::Tenant;
use forebay_settings::{ByteSize, Period};
use forebay_wire::protobuf::{push_bytes, push_text};
use serde_json::{Value, json};

use crate::call::Client;
use crate::harness::{Ingest, eventually, started};

const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

fn sub(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

/// A request of these bodies, under a resource that has one attribute.
fn request(bodies: &[&str]) -> Vec<u8> {
    let any = |text: &str| sub(|out| push_text(out, 1, text));
    let service = sub(|out| {
        push_text(out, 1, "service.name");
        push_bytes(out, 2, &any("cart"));
    });
    let scope = sub(|out| {
        for body in bodies {
            push_bytes(out, 2, &sub(|out| push_bytes(out, 5, &any(body))));
        }
    });
    let logs = sub(|out| {
        push_bytes(out, 1, &sub(|out| push_bytes(out, 1, &service)));
        push_bytes(out, 2, &scope);
    });
    sub(|out| push_bytes(out, 1, &logs))
}

async fn post(ingest: &Ingest, content_type: &str, encoding: &str, body: Vec<u8>) -> (u16, String, Bytes) {
    let request = ingest.client.post(format!("http://{}/v1/logs", ingest.address)).body(body);
    let request = request.header("content-type", content_type).header("content-encoding", encoding);
    let response = request.send().await.unwrap();
    let told = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status().as_u16(), told, response.bytes().await.unwrap())
}

/// Scenario: the same records in protobuf and JSON, plain and compressed, by HTTP and gRPC.
/// Guarantees: each is in Kafka as the same object, with its resource; the answer has the form of the request.
#[tokio::test]
async fn records_arrive_by_every_way() {
    let ingest = started(|_| {}).await;
    let binary = request(&["hello"]);
    let text = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "cart"}}]},
        "scopeLogs": [{"logRecords": [{"body": {"stringValue": "hello"}}]}],
    }]});
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&binary).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(&binary[..], 1).unwrap();
    for (content_type, encoding, body, answer) in [
        ("application/x-protobuf", "identity", binary.clone(), &b""[..]),
        ("application/x-protobuf", "gzip", gzip.clone(), b""),
        ("application/x-protobuf", "zstd", zstd, b""),
        ("application/json", "identity", text.to_string().into_bytes(), b"{}"),
    ] {
        let expected = (200, content_type.to_owned(), Bytes::from_static(answer));
        assert_eq!(post(&ingest, content_type, encoding, body).await, expected);
    }
    let client = Client::connect(ingest.address, None).await;
    let plain = client.call(EXPORT, &binary).await;
    assert_eq!((plain.code, plain.messages), (0, vec![Bytes::new()]));
    let mut packed = framed_packed(&gzip);
    let ended = client.raw(EXPORT, &[("grpc-encoding", "gzip")], packed.clone().into()).await;
    assert_eq!(ended.code, 0, "{}", ended.message);
    packed[0] = 2;
    let ended = client.raw(EXPORT, &[], packed.into()).await;
    assert_eq!(ended.code, 3, "{}", ended.message);

    let stored = ingest.stop().await;
    assert_eq!(stored.len(), 6);
    for event in stored {
        assert_eq!((event.source.as_str(), event.format.as_str()), ("otlp", "otlp"));
        let record: Value = serde_json::from_slice(&event.body).unwrap();
        assert_eq!(record, json!({"body": "hello", "resource": {"attributes": {"service.name": "cart"}}}));
    }
}

fn framed_packed(message: &[u8]) -> Vec<u8> {
    let mut out = vec![1];
    out.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    out.extend_from_slice(message);
    out
}

/// Scenario: a record that is too large beside a good one; bodies that are none; a bomb; what isn't spoken.
/// Guarantees: the good record is in Kafka, the other is counted in the partial success; all else is refused for good.
#[tokio::test]
async fn what_can_not_be_taken_is_told_in_the_protocols_way() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    bomb.write_all(&vec![0; 32 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let ingest = started(|settings| {
        // On a busy machine connections are idle for seconds between two requests.
        settings.ingest.read_timeout = Period::from_secs(60);
        settings.ingest.max_event = ByteSize::kib(1);
        settings.ingest.max_body = ByteSize::kib(256);
        settings.ingest.max_inflated_body = ByteSize::kib(256);
        settings.ingest.max_events = 10;
    })
    .await;
    let large = "x".repeat(2000);
    let some = request(&["good", &large]);
    let (status, _, answer) = post(&ingest, "application/x-protobuf", "identity", some.clone()).await;
    assert_eq!((status, &answer[..1]), (200, &b"\x0a"[..]), "a partial success");
    let text = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": large}}]}]}]});
    let (status, _, answer) = post(&ingest, "application/json", "identity", text.to_string().into()).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!((status, &answer["partialSuccess"]["rejectedLogRecords"]), (200, &json!("1")));
    let message = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("log record 1: the event has"), "{message}");

    let client = Client::connect(ingest.address, None).await;
    let partial = client.call(EXPORT, &some).await;
    assert_eq!((partial.code, &partial.messages[0][..1]), (0, &b"\x0a"[..]));

    for (content_type, encoding, body, status) in [
        ("application/x-protobuf", "identity", b"\x0a\xff".to_vec(), 400),
        ("application/json", "identity", b"{".to_vec(), 400),
        ("application/x-protobuf", "gzip", b"no gzip".to_vec(), 400),
        ("application/x-protobuf", "gzip", bomb.clone(), 413),
        ("application/x-protobuf", "identity", request(&["x"; 11]), 413),
        ("application/x-protobuf", "identity", vec![0; 257 * 1024], 413),
        ("application/x-protobuf", "br", Vec::new(), 415),
        ("text/plain", "identity", Vec::new(), 415),
    ] {
        let (found, told, _) = post(&ingest, content_type, encoding, body).await;
        let form = if content_type == "text/plain" { "application/json" } else { content_type };
        assert_eq!((found, told.as_str()), (status, form));
    }
    for (headers, body, code) in [
        (&[][..], Bytes::from(framed_packed(b"\x0a\xff")), 3),
        (&[("grpc-encoding", "gzip")][..], Bytes::from(framed_packed(&bomb)), 3),
        (&[("grpc-encoding", "br")][..], Bytes::new(), 12),
        (&[][..], Bytes::from_static(b"\0\0\0\0\x09abc"), 3),
        (&[][..], Bytes::from_static(b"\0\xff\xff\xff\xff"), 3),
    ] {
        let ended = client.raw(EXPORT, headers, body).await;
        assert_eq!(ended.code, code, "{}", ended.message);
        assert!(!ended.details.is_empty());
    }
    let bodies: Vec<Vec<u8>> = ingest.stop().await.into_iter().map(|event| event.body).collect();
    assert_eq!(bodies.len(), 2, "the good record of the two requests that had one");
}

/// Scenario: a resource that is many times larger than its records, so that writing it for each takes more than is usual.
/// Guarantees: taken.
#[tokio::test]
async fn a_large_resource_is_taken() {
    let ingest = started(|_| {}).await;
    let big = "x".repeat(20_000);
    let records: Vec<Value> = (0..200).map(|n| json!({"body": {"intValue": n}})).collect();
    let text = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "big", "value": {"stringValue": big}}]},
        "scopeLogs": [{"logRecords": records}],
    }]});
    let (status, ..) = post(&ingest, "application/json", "identity", text.to_string().into()).await;
    assert_eq!(status, 200);
    assert_eq!(ingest.stop().await.len(), 200);
}

/// Scenario: no token, an unknown one, a good one. Guarantees: 401 and `UNAUTHENTICATED`; the good one's tenant has the events.
#[tokio::test]
async fn a_token_says_whose_records_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.yaml");
    let token = issue(&file, &Tenant::new("acme").unwrap(), "test", None).unwrap().token;
    let ingest = started(|settings| settings.ingest.access_file = Some(file)).await;
    assert_eq!(post(&ingest, "application/x-protobuf", "identity", request(&["x"])).await.0, 401);
    for wrong in [None, Some("wrong")] {
        let ended = Client::connect(ingest.address, wrong).await.call(EXPORT, &request(&["x"])).await;
        assert_eq!((ended.code, ended.messages.len()), (16, 0), "{}", ended.message);
    }
    let ended = Client::connect(ingest.address, Some(&token)).await.call(EXPORT, &request(&["x"])).await;
    assert_eq!(ended.code, 0);
    let stored = ingest.stop().await;
    assert_eq!((stored.len(), stored[0].tenant.as_str()), (1, "acme"));
}

/// Scenario: Kafka goes away and comes back.
/// Guarantees: `UNAVAILABLE` with a `RetryInfo`, and by HTTP 503 with `Retry-After`; a deadline is kept; then it goes on.
#[tokio::test]
async fn clients_are_told_to_come_again() {
    let ingest = started(|settings| {
        // One client is idle while others are answered.
        settings.ingest.read_timeout = Period::from_secs(60);
        settings.ingest.ack_timeout = Period::from_secs(2);
        settings.ingest.max_latency = Period::from_secs(2);
        settings.kafka.delivery_timeout = Period::from_secs(2);
    })
    .await;
    ingest.cluster.broker_down(1).unwrap();
    let client = Client::connect(ingest.address, None).await;
    let late = client
        .raw(EXPORT, &[("grpc-timeout", "100m")], forebay_wire::grpc::framed(&request(&["late"])))
        .await;
    assert_eq!(late.code, 4, "{}", late.message);
    let refused = client.call(EXPORT, &request(&["x"])).await;
    assert_eq!(refused.code, 14, "{}", refused.message);
    let info = b"type.googleapis.com/google.rpc.RetryInfo";
    assert!(refused.details.windows(info.len()).any(|part| part == info));
    let url = format!("http://{}/v1/logs", ingest.address);
    let by_http = ingest
        .client
        .post(url)
        .header("content-type", "application/json")
        .body("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{}]}]}]}");
    let answer = by_http.send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    ingest.cluster.broker_up(1).unwrap();
    eventually("taken again", async || client.call(EXPORT, &request(&["again"])).await.code == 0).await;
    let stored = ingest.stop().await;
    assert!(stored.iter().any(|event| event.body.windows(5).any(|part| part == b"again")));
}
