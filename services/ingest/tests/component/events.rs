//! JSON events at `/events`, and GELF over HTTP.

use forebay_kafka::testing::{Fault, Request};
use forebay_operators::tokens::issue;
use forebay_record::Tenant;

use crate::harness::{Ingest, answer, started};

const EVENT: &str = r#"{"summary":"boom","category":"syslog","tags":"a,b"}"#;
const MESSAGE: &str = r#"{"version":"1.1","host":"web-1","short_message":"boom"}"#;

fn post(ingest: &Ingest, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    ingest.client.post(format!("http://{}{path}", ingest.address)).body(body)
}

/// Scenario: one object, an array, and lines, with the content types that rsyslog and Python say of them, and without.
/// Guarantees: each event is in Kafka byte for byte, for the parser's format.
#[tokio::test]
async fn events_come_in_every_arrangement() {
    let ingest = started(|_| {}).await;
    let (array, lines) = (format!("[{EVENT},{EVENT}]"), format!("{EVENT}\n{EVENT}\n"));
    for (content_type, body, count) in [
        ("application/json", EVENT, 1),
        ("application/json; charset=utf-8", &array, 2),
        ("text/plain", &lines, 2),
        ("application/x-www-form-urlencoded", EVENT, 1),
        ("application/x-ndjson", &lines, 2),
    ] {
        let request = post(&ingest, "/events", body.to_owned()).header("content-type", content_type);
        let taken = answer(request).await;
        assert_eq!((taken.status, taken.counts()), (200, (count, 0)), "{content_type}");
    }
    let bad = answer(post(&ingest, "/events/", format!("{EVENT}\n7\n{EVENT}"))).await;
    assert_eq!((bad.status, bad.counts(), bad.lines()), (200, (2, 1), vec![(2, "not_an_object")]));
    let broken = answer(post(&ingest, "/events", "[{")).await;
    assert_eq!((broken.status, broken.error()), (400, "malformed_body"));
    let stored = ingest.stop().await;
    assert_eq!(stored.len(), 10);
    assert!(
        stored.iter().all(|event| event.body == EVENT.as_bytes()
            && event.format == "mozdef"
            && event.source == "events")
    );
}

/// Scenario: the key in `X-Log-Key`, a wrong one, none. Guarantees: the tenant is the key's.
#[tokio::test]
async fn the_key_stands_in_a_header_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.yaml");
    let key = issue(&path, &Tenant::new("acme").unwrap(), "one", None).unwrap().token;
    let ingest = started(|settings| settings.ingest.access_file = Some(path.clone())).await;
    assert_eq!(answer(post(&ingest, "/events", EVENT)).await.status, 401);
    assert_eq!(answer(post(&ingest, "/events", EVENT).header("x-log-key", "wrong")).await.status, 401);
    assert_eq!(answer(post(&ingest, "/events", EVENT).header("x-log-key", &key)).await.status, 200);
    let tenants: Vec<String> = ingest.stop().await.into_iter().map(|event| event.tenant).collect();
    assert_eq!(tenants, ["acme"]);
}

/// Scenario: GELF over HTTP, one message and several; one that is no object; Kafka that refuses.
/// Guarantees: 202 once the brokers have it, never before.
#[tokio::test]
async fn gelf_is_accepted_when_kafka_has_it() {
    let ingest = started(|_| {}).await;
    for body in [MESSAGE.to_owned(), format!("{MESSAGE}\n{MESSAGE}"), format!("[{MESSAGE}]")] {
        let response = post(&ingest, "/gelf", body).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (202, ""));
    }
    let mixed = answer(post(&ingest, "/gelf", format!("{MESSAGE}\n7"))).await;
    assert_eq!((mixed.status, mixed.counts()), (202, (1, 1)));
    let bad = answer(post(&ingest, "/gelf", "7")).await;
    assert_eq!((bad.status, bad.counts()), (400, (0, 1)));
    ingest.cluster.fail_next(Request::Produce, &[Fault::TopicDenied]);
    let refused = answer(post(&ingest, "/gelf", MESSAGE)).await;
    assert_eq!((refused.status, refused.comes_again()), (503, true));
    let stored = ingest.stop().await;
    assert!(stored.len() == 5 && stored.iter().all(|event| event.format == "gelf" && event.source == "gelf"));
}
