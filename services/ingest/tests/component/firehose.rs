//! Amazon Data Firehose: what producers put, and what it delivers.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_kafka::testing::{Fault, Request};
use forebay_operators::tokens::issue;
use forebay_record::Tenant;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Answer, Ingest, answer, eventually, started};

fn put(ingest: &Ingest, call: &str, body: &Value) -> reqwest::RequestBuilder {
    let request = ingest.client.post(format!("http://{}/", ingest.address)).body(body.to_string());
    request
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("Firehose_20150804.{call}"))
}

fn record(data: &str) -> Value {
    json!({"Data": STANDARD.encode(data)})
}

fn error(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["__type"].as_str().unwrap())
}

/// Scenario: a record, and a batch with a bad one in the middle.
/// Guarantees: each record has its result in its place, with the id of its event; the good ones are in Kafka.
#[tokio::test]
async fn every_record_has_its_result() {
    let ingest = started(|_| {}).await;
    let one = json!({"DeliveryStreamName": "web", "Record": record("one\n")});
    let single = put(&ingest, "PutRecord", &one).send().await.unwrap();
    assert_eq!(single.headers()["content-type"], "application/x-amz-json-1.1");
    assert!(single.headers().contains_key("x-amzn-requestid"));
    let single: Value = serde_json::from_str(&single.text().await.unwrap()).unwrap();
    let lines = record("{\"a\":1}\n{\"a\":2}\n");
    let many = json!({"DeliveryStreamName": "web", "Records": [lines, {"Data": "%"}, record("two")]});
    let batch = answer(put(&ingest, "PutRecordBatch", &many)).await;
    assert_eq!((batch.status, &batch.body["FailedPutCount"]), (200, &json!(1)));
    let results = batch.body["RequestResponses"].as_array().unwrap();
    assert_eq!((results.len(), &results[1]["ErrorCode"]), (3, &json!("InvalidArgumentException")));
    let stored = ingest.stop().await;
    let id = |body: &str| stored.iter().find(|event| event.body == body.as_bytes()).unwrap().id.clone();
    let said = [&single["RecordId"], &results[0]["RecordId"], &results[2]["RecordId"]]
        .map(|id| id.as_str().unwrap());
    assert_eq!(said, [id("one"), id("{\"a\":1}"), id("two")]);
    let _second = id("{\"a\":2}");
    let attribute = [("aws.firehose.delivery_stream".to_owned(), "web".to_owned())];
    assert!(
        stored.len() == 4
            && stored.iter().all(|event| event.source == "firehose" && event.attributes == attribute)
    );
}

/// Scenario: calls that aren't answered, bodies that are none, a record that is bad by itself, Kafka that refuses.
/// Guarantees: the errors that SDKs know; nothing of these is in Kafka.
#[tokio::test]
async fn errors_are_those_that_sdks_know() {
    let ingest = started(|_| {}).await;
    let one = json!({"DeliveryStreamName": "web", "Record": record("x")});
    assert_eq!(
        error(&answer(put(&ingest, "ListDeliveryStreams", &json!({}))).await),
        (400, "UnknownOperationException")
    );
    assert_eq!(error(&answer(put(&ingest, "PutRecord", &json!({}))).await), (400, "SerializationException"));
    let bad = json!({"DeliveryStreamName": "web", "Record": {"Data": "%"}});
    assert_eq!(error(&answer(put(&ingest, "PutRecord", &bad)).await), (400, "InvalidArgumentException"));
    let nameless = json!({"DeliveryStreamName": "", "Record": record("x")});
    assert_eq!(error(&answer(put(&ingest, "PutRecord", &nameless)).await), (400, "InvalidArgumentException"));
    assert_eq!(ingest.stored(), []);
    ingest.cluster.fail_next(Request::Produce, &[Fault::TopicDenied]);
    let refused = answer(put(&ingest, "PutRecord", &one)).await;
    assert_eq!((error(&refused), refused.comes_again()), ((503, "ServiceUnavailableException"), true));
    eventually("taken again", async || answer(put(&ingest, "PutRecord", &one)).await.status == 200).await;
    assert_eq!(ingest.stop().await.len(), 1);
}

/// Scenario: a delivery, sent twice as after a lost answer, one with a bad record, one that is too large.
/// Guarantees: its request id is answered and gives the same ids both times; what can't be taken as a whole isn't taken at all, and
/// is never answered with 413, after which Firehose would throw it away.
#[tokio::test]
async fn a_delivery_is_taken_whole_or_not_at_all() {
    let ingest = started(|settings| settings.ingest.max_events = 3).await;
    let deliver = |request_id: &str, records: &[&str]| {
        let records: Vec<Value> = records.iter().map(|data| json!({"data": data})).collect();
        let body = json!({"requestId": request_id, "timestamp": 1_795_251_598_250_u64, "records": records});
        let request =
            ingest.client.post(format!("http://{}/firehose", ingest.address)).body(body.to_string());
        answer(
            request
                .header("x-amz-firehose-request-id", request_id)
                .header("x-amz-firehose-source-arn", "arn:x")
                .header("x-amz-firehose-common-attributes", r#"{"commonAttributes":{"env":"prod"}}"#),
        )
    };
    for _again in 0..2 {
        let taken = deliver("r-1", &["b25l", "dHdv"]).await;
        assert_eq!((taken.status, &taken.body["requestId"]), (200, &json!("r-1")));
        assert!(taken.body["timestamp"].is_u64());
    }
    for records in [&["b25l", "%"][..], &["b25l"; 4]] {
        let refused = deliver("r-2", records).await;
        assert_eq!((refused.status, &refused.body["requestId"]), (400, &json!("r-2")));
        assert!(refused.body["errorMessage"].is_string());
    }
    let stored = ingest.stop().await;
    let ids: BTreeSet<&str> = stored.iter().map(|event| event.id.as_str()).collect();
    assert_eq!((stored.len(), ids), (4, BTreeSet::from(["r-1-0", "r-1-1"])));
    let attributes =
        [("aws.firehose.arn", "arn:x"), ("env", "prod")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert!(
        stored
            .iter()
            .all(|event| event.attributes == attributes && event.observed_at == 1_795_251_598_250_000_000)
    );
}

/// Scenario: the token as the id of an access key, in Firehose's own header, and none.
/// Guarantees: the tenant is the token's; without one there is an error that SDKs know.
#[tokio::test]
async fn the_access_key_is_the_credential() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.yaml");
    let token = issue(&path, &Tenant::new("acme").unwrap(), "one", None).unwrap().token;
    let ingest = started(|settings| settings.ingest.access_file = Some(path.clone())).await;
    let one = json!({"DeliveryStreamName": "web", "Record": record("x")});
    let signed = |id: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/20261122/eu-west-1/firehose/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
        )
    };
    assert_eq!(error(&answer(put(&ingest, "PutRecord", &one)).await), (403, "UnrecognizedClientException"));
    let wrong = put(&ingest, "PutRecord", &one).header("authorization", signed("AKIDX"));
    assert_eq!(error(&answer(wrong).await), (403, "UnrecognizedClientException"));
    let right = put(&ingest, "PutRecord", &one).header("authorization", signed(&token));
    assert_eq!(answer(right).await.status, 200);
    let delivery = ingest
        .client
        .post(format!("http://{}/firehose", ingest.address))
        .header("x-amz-firehose-access-key", &token)
        .body(r#"{"requestId":"r","timestamp":1,"records":[{"data":"eA=="}]}"#);
    assert_eq!(answer(delivery).await.status, 200);
    let tenants: Vec<String> = ingest.stop().await.into_iter().map(|event| event.tenant).collect();
    assert_eq!(tenants, ["acme"; 2]);
}

/// A request that is signed as AWS has it (signature version 4), `ago` seconds ago.
fn signed(ingest: &Ingest, body: &Value, (id, secret): (&str, &str), ago: i64) -> reqwest::RequestBuilder {
    const TARGET: &str = "Firehose_20150804.PutRecord";
    let mac = |key: &[u8], text: &str| {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let time = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(ago);
    let date = time.strftime("%Y%m%dT%H%M%SZ").to_string();
    let (day, host, text) = (&date[..8], ingest.address.to_string(), body.to_string());
    let names = "host;x-amz-date;x-amz-target";
    let headers = format!("host:{host}\nx-amz-date:{date}\nx-amz-target:{TARGET}\n");
    let hash = |text: &str| hex::encode(Sha256::digest(text.as_bytes()));
    let canonical = format!("POST\n/\n\n{headers}\n{names}\n{}", hash(&text));
    let scope = format!("{day}/eu-west-1/firehose/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(&canonical));
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    let digits = hex::encode(mac(&key, &to_sign));
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={digits}");
    put(ingest, "PutRecord", body).header("x-amz-date", date).header("authorization", authorization)
}

/// Scenario: calls signed with the right secret, with a wrong one, with that of another key, an hour ago, and over another body.
/// Guarantees: the first alone gets in, as the tenant of its key.
#[tokio::test]
async fn a_signature_has_to_be_made_with_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let keys = "credentials:
  - {name: one, tenant: acme, access_key: {id: AKIDONE, secret: secret-of-acme}}
  - {name: two, tenant: umbrella, access_key: {id: AKIDTWO, secret: secret-of-umbrella}}
";
    std::fs::write(&path, keys).unwrap();
    let ingest = started(|settings| settings.ingest.access_file = Some(path.clone())).await;
    let one = json!({"DeliveryStreamName": "web", "Record": record("x")});
    for (id, secret) in [("AKIDONE", "secret-of-acme"), ("AKIDTWO", "secret-of-umbrella")] {
        let right = answer(signed(&ingest, &one, (id, secret), 0)).await;
        assert_eq!(right.status, 200, "{right:?}");
    }
    let other = json!({"DeliveryStreamName": "web", "Record": record("other")}).to_string();
    for (wrong, what) in [
        (signed(&ingest, &one, ("AKIDONE", "secret"), 0), "a wrong secret"),
        (signed(&ingest, &one, ("AKIDONE", "secret-of-umbrella"), 0), "another key's secret"),
        (signed(&ingest, &one, ("AKIDNONE", "secret-of-acme"), 0), "a key that is not known"),
        (signed(&ingest, &one, ("AKIDONE", "secret-of-acme"), 3600), "recorded an hour ago"),
        (signed(&ingest, &one, ("AKIDONE", "secret-of-acme"), 0).body(other), "another body"),
    ] {
        assert_eq!(error(&answer(wrong).await), (403, "UnrecognizedClientException"), "{what}");
    }
    let mut tenants: Vec<String> = ingest.stop().await.into_iter().map(|event| event.tenant).collect();
    tenants.sort();
    assert_eq!(tenants, ["acme", "umbrella"]);
}
