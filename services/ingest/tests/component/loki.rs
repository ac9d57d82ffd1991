//! Loki's push API.

use std::io::Write;

use forebay_operators::tokens::issue;
use forebay_record::Tenant;
use forebay_settings::Period;
use forebay_wire::protobuf::{push_bytes, push_text, push_varint};

use crate::harness::{Ingest, Stored, eventually, started};

const JSON: &str = r#"{"streams":[{"stream":{"app":"web"},"values":[["1732247552000000007","one"],["1732247552000000008","two",{"id":"7"}]]}]}"#;

fn push(ingest: &Ingest, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    ingest.client.post(format!("http://{}/loki/api/v1/push", ingest.address)).body(body)
}

fn json(ingest: &Ingest, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    push(ingest, body).header("content-type", "application/json")
}

async fn said(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// A `PushRequest` with one stream of one line, in Snappy.
fn protobuf(labels: &str, line: &str) -> Vec<u8> {
    let (mut request, mut stream, mut entry, mut time) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    push_varint(&mut time, 1, 1_732_247_552);
    push_varint(&mut time, 2, 9);
    push_bytes(&mut entry, 1, &time);
    push_text(&mut entry, 2, line);
    push_text(&mut stream, 1, labels);
    push_bytes(&mut stream, 2, &entry);
    push_bytes(&mut request, 1, &stream);
    snap::raw::Encoder::new().compress_vec(&request).unwrap()
}

/// Scenario: JSON, JSON in gzip, protobuf with and without a content type.
/// Guarantees: 204 without a body, and each line is in Kafka as it was, with its time, labels and metadata.
#[tokio::test]
async fn both_encodings_arrive() {
    let ingest = started(|_| {}).await;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(JSON.as_bytes()).unwrap();
    let gzip = json(&ingest, gzip.finish().unwrap()).header("content-encoding", "gzip");
    let three = protobuf(r#"{app="web",host="a"}"#, "three");
    for request in [
        json(&ingest, JSON),
        gzip,
        push(&ingest, three.clone()).header("content-type", "application/x-protobuf"),
        push(&ingest, three),
    ] {
        assert_eq!(said(request).await, (204, String::new()));
    }
    assert_eq!(said(json(&ingest, r#"{"streams":[]}"#)).await.0, 204);
    let stored = ingest.stop().await;
    assert!(
        stored.len() == 6 && stored.iter().all(|event| event.source == "loki" && event.format.is_empty())
    );
    let of = |body: &str| -> Vec<&Stored> {
        stored.iter().filter(|event| event.body == body.as_bytes()).collect()
    };
    let pairs = |event: &Stored| {
        let pair = |(name, value): &(String, String)| format!("{name}={value}");
        event.attributes.iter().map(pair).collect::<Vec<_>>().join(" ")
    };
    for (body, time, attributes) in [
        ("one", 1_732_247_552_000_000_007, "app=web"),
        ("two", 1_732_247_552_000_000_008, "app=web id=7"),
        ("three", 1_732_247_552_000_000_009, "app=web host=a"),
    ] {
        let found = of(body);
        assert_eq!(found.len(), 2, "{body}");
        assert!(
            found.iter().all(|event| event.observed_at == time && pairs(event) == attributes),
            "{found:?}"
        );
    }
}

/// Scenario: a stream whose labels are none beside a good one; bodies that are no pushes.
/// Guarantees: the good one is taken, and the answer says in words what isn't; 400 after which no client sends again.
#[tokio::test]
async fn what_is_refused_is_said_in_words() {
    let ingest = started(|settings| settings.ingest.max_events = 3).await;
    let mixed = r#"{"streams":[{"stream":{"a b":"c"},"values":[["1","x"]]},{"stream":{"a":"b"},"values":[["2","y"]]}]}"#;
    let (status, text) = said(json(&ingest, mixed)).await;
    assert!(
        status == 400 && text.starts_with("1 lines were refused, the others were taken; line 1: label names"),
        "{text}"
    );
    let (status, text) = said(json(&ingest, "{}")).await;
    assert!(status == 400 && text.starts_with("missing field `streams`"), "{text}");
    assert_eq!(said(push(&ingest, "no snappy")).await.0, 400);
    assert_eq!(said(push(&ingest, "x").header("content-type", "text/plain")).await.0, 415);
    let many =
        format!(r#"{{"streams":[{{"stream":{{}},"values":[{}["1","x"]]}}]}}"#, r#"["1","x"],"#.repeat(3));
    assert_eq!(said(json(&ingest, many)).await.0, 413);
    let get = ingest.client.get(format!("http://{}/loki/api/v1/push", ingest.address));
    assert_eq!(said(get).await.0, 405);
    let bodies: Vec<_> = ingest.stop().await.into_iter().map(|event| event.body).collect();
    assert_eq!(bodies, [b"y"]);
}

/// Scenario: Kafka goes away and comes back; a client that names another tenant than its token's.
/// Guarantees: 503 with a time to come again, never a success for what isn't there; the tenant is the token's.
#[tokio::test]
async fn success_waits_for_kafka_and_the_tenant_is_the_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.yaml");
    let token = issue(&path, &Tenant::new("acme").unwrap(), "one", None).unwrap().token;
    let ingest = started(|settings| {
        settings.ingest.access_file = Some(path.clone());
        settings.ingest.ack_timeout = Period::from_millis(500);
        settings.kafka.delivery_timeout = Period::from_secs(1);
    })
    .await;
    assert_eq!(said(json(&ingest, JSON)).await.0, 401);
    let send = || json(&ingest, JSON).bearer_auth(&token).header("x-scope-orgid", "other");
    ingest.cluster.broker_down(1).unwrap();
    let response = send().send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers().contains_key("retry-after")), (503, true));
    ingest.cluster.broker_up(1).unwrap();
    eventually("taken again", async || said(send()).await.0 == 204).await;
    let basic = json(&ingest, JSON).basic_auth("anyone", Some(&token));
    assert_eq!(said(basic).await.0, 204);
    let stored = ingest.stop().await;
    assert!(stored.len() >= 4 && stored.iter().all(|event| event.tenant == "acme"));
}
