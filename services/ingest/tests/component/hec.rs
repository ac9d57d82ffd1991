//! Splunk's HTTP Event Collector: what its clients send, and the codes that they are answered with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_operators::tokens::issue;
use forebay_record::Tenant;
use forebay_settings::Period;
use serde_json::{Value, json};

use crate::harness::{Answer, Ingest, answer, eventually, started};

const CHANNEL: &str = "FE0ECFAD-13D5-401B-847D-77833BD77131";

fn post(ingest: &Ingest, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    ingest.client.post(format!("http://{}/services/collector{path}", ingest.address)).body(body)
}

fn code(answer: &Answer) -> (u16, u64) {
    (answer.status, answer.body["code"].as_u64().unwrap())
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Scenario: events in a row without separators, a text and an object, with and without metadata; then raw lines.
/// Guarantees: each is in Kafka with its time and what was said of it.
#[tokio::test]
async fn events_and_lines_arrive() {
    let ingest = started(|_| {}).await;
    let body = r#"{"event":"a \"text\"","time":"1795251598.25","host":"web-1","source":"/var/log/a"}{"event":{"n" : 1},"sourcetype":"_json","fields":{"k":"v"}}"#;
    for path in ["", "/event", "/event/1.0"] {
        let taken = answer(post(&ingest, &format!("{path}?index=main"), body)).await;
        assert_eq!((taken.status, taken.body), (200, json!({"text": "Success", "code": 0})));
    }
    let lines = answer(post(&ingest, "/raw?host=web-2&sourcetype=x", "one\r\n\ntwo")).await;
    assert_eq!(code(&lines), (200, 0));
    let stored = ingest.stop().await;
    assert_eq!(stored.len(), 3 * 2 + 2);
    assert!(stored.iter().all(|event| event.source == "hec"));
    let of = |body: &str| stored.iter().find(|event| event.body == body.as_bytes()).unwrap();
    let text = of("a \"text\"");
    assert_eq!((text.observed_at, text.format.as_str()), (1_795_251_598_250_000_000, ""));
    assert_eq!(text.attributes, attributes(&[("host", "web-1"), ("file", "/var/log/a"), ("index", "main")]));
    let object = of("{\"n\" : 1}");
    assert_eq!((object.observed_at, object.format.as_str()), (0, "json"));
    assert_eq!(object.attributes, attributes(&[("sourcetype", "_json"), ("index", "main"), ("k", "v")]));
    assert_eq!(of("two").attributes, attributes(&[("host", "web-2"), ("sourcetype", "x")]));
}

/// Scenario: a bad event behind a good one, no events, a channel that is none, compression that isn't.
/// Guarantees: the codes of the documentation, and nothing is taken.
#[tokio::test]
async fn what_cannot_be_taken_gets_its_code() {
    let ingest = started(|_| {}).await;
    let bad = answer(post(&ingest, "", r#"{"event":1}{"event":""}"#)).await;
    assert_eq!((code(&bad), &bad.body["invalid-event-number"]), ((400, 13), &json!(1)));
    assert_eq!(code(&answer(post(&ingest, "", "")).await), (400, 5));
    assert_eq!(code(&answer(post(&ingest, "/raw", "\n")).await), (400, 5));
    assert_eq!(code(&answer(post(&ingest, "?channel=x", r#"{"event":1}"#)).await), (400, 11));
    assert_eq!(code(&answer(post(&ingest, "/ack", r#"{"acks":[0]}"#)).await), (400, 10));
    let broken = post(&ingest, "", "no gzip").header("content-encoding", "gzip");
    assert_eq!(code(&answer(broken).await), (400, 6));
    assert_eq!(ingest.stop().await, []);
}

/// Scenario: a client with a channel sends, and asks for what it was given.
/// Guarantees: numbers of its own for each request, acknowledged as soon as they are given, since Kafka has the events by then.
#[tokio::test]
async fn a_request_with_a_channel_is_acknowledged() {
    let ingest = started(|_| {}).await;
    let mut acks = Vec::new();
    for path in ["", "/raw"] {
        let request = post(&ingest, path, r#"{"event":1}"#).header("X-Splunk-Request-Channel", CHANNEL);
        acks.push(answer(request).await.body["ackId"].as_u64().unwrap());
    }
    assert_ne!(acks[0], acks[1]);
    assert_eq!(ingest.stored().len(), 2);
    let question = json!({ "acks": acks }).to_string();
    let found = answer(post(&ingest, &format!("/ack?channel={CHANNEL}"), question)).await;
    let all: Vec<Option<&Value>> = acks.iter().map(|ack| found.body["acks"].get(ack.to_string())).collect();
    assert_eq!((found.status, all), (200, vec![Some(&json!(true)); 2]));
    let _stored = ingest.stop().await;
}

/// Scenario: a token in each form, none, one in the address, a wrong one, one that is disabled, a header that is none.
/// Guarantees: the tenant is the token's; the others get their codes, and nothing of them is sent.
#[tokio::test]
async fn only_a_token_opens_the_door() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let tenant = Tenant::new("acme").unwrap();
    let token = issue(&path, &tenant, "one", None).unwrap().token;
    let off = issue(&path, &tenant, "two", None).unwrap().token;
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "    disabled: true\n").unwrap();
    let ingest = started(|settings| settings.ingest.access_file = Some(path.clone())).await;
    let send = |query: String, value: Option<String>| {
        let request = post(&ingest, &query, r#"{"event":1}"#);
        answer(match value {
            Some(value) => request.header("authorization", value),
            None => request,
        })
    };
    let basic = format!("Basic {}", STANDARD.encode(format!("x:{token}")));
    for form in [format!("Splunk {token}"), basic, format!("Bearer {token}")] {
        assert_eq!(code(&send(String::new(), Some(form)).await), (200, 0));
    }
    assert_eq!(code(&send(String::new(), None).await), (401, 2));
    assert_eq!(code(&send(format!("?token={token}"), None).await), (400, 16));
    assert_eq!(code(&send(String::new(), Some("Splunk wrong".to_owned())).await), (403, 4));
    assert_eq!(code(&send(String::new(), Some(token.clone())).await), (401, 3));
    assert_eq!(code(&send(String::new(), Some(format!("Splunk {off}"))).await), (403, 1));
    let health = format!("http://{}/services/collector/health", ingest.address);
    assert_eq!(code(&answer(ingest.client.get(&health)).await), (200, 17));
    let wrong = ingest.client.get(&health).header("authorization", "Splunk wrong");
    assert_eq!(code(&answer(wrong).await), (403, 4));
    let tenants: Vec<String> = ingest.stop().await.into_iter().map(|event| event.tenant).collect();
    assert_eq!(tenants, ["acme"; 3]);
}

/// Scenario: the broker goes away and comes back. Guarantees: "server is busy" with a time to come back, never a success, and
/// load balancers are told; then events are taken again.
#[tokio::test]
async fn a_broker_that_is_away_makes_the_server_busy() {
    let ingest = started(|settings| {
        settings.ingest.ack_timeout = Period::from_millis(500);
        settings.kafka.delivery_timeout = Period::from_secs(1);
    })
    .await;
    ingest.cluster.broker_down(1).unwrap();
    let send = || answer(post(&ingest, "", r#"{"event":1}"#).header("X-Splunk-Request-Channel", CHANNEL));
    let refused = send().await;
    assert_eq!((code(&refused), refused.comes_again()), ((503, 9), true));
    assert_eq!(refused.body.get("ackId"), None);
    let url = format!("http://{}/services/collector/health", ingest.address);
    let health = || answer(ingest.client.get(&url));
    eventually("told", async || code(&health().await) == (503, 18)).await;
    ingest.cluster.broker_up(1).unwrap();
    eventually("taken again", async || send().await.status == 200).await;
    eventually("told again", async || code(&health().await) == (200, 17)).await;
    let _stored = ingest.stop().await;
}
