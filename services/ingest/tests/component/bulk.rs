//! Elasticsearch's API: what shippers send, ask for, and are answered.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_operators::tokens::issue;
use forebay_record::Tenant;
use forebay_settings::{ByteSize, Period};
use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Answer, Ingest, answer, eventually, started};

fn post(ingest: &Ingest, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    let request = ingest.client.post(format!("http://{}{path}", ingest.address));
    request.header("content-type", "application/x-ndjson").body(body)
}

/// The type of the error.
fn error(answer: &Answer) -> &str {
    answer.body["error"]["type"].as_str().unwrap()
}

/// Scenario: documents with and without ids and indices, plain and compressed, and one item of each kind that is refused.
/// Guarantees: what is taken is in Kafka byte for byte, under the id that the answer says, with the index as a fact; the
/// answer has every item in order.
#[tokio::test]
async fn documents_arrive_under_the_ids_of_the_answer() {
    let ingest = started(|_| {}).await;
    let body = "{\"index\":{}}\n{\"n\" : 1}\n{\"create\":{\"_index\":\"own\",\"_id\":\"id-2\"}}\n{\"n\":2}\n\
        {\"delete\":{\"_id\":\"x\"}}\n{\"index\":{}}\n{\"n\":\n{\"create\":{}}\n{\"n\":3}\n";
    let plain = answer(post(&ingest, "/logs-a/_bulk", body)).await;
    assert_eq!((plain.status, plain.body["errors"].as_bool()), (200, Some(true)));
    assert!(plain.body["took"].is_u64());
    let items: Vec<(&str, u64, &str)> = plain.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let (action, item) = item.as_object().unwrap().iter().next().unwrap();
            (action.as_str(), item["status"].as_u64().unwrap(), item["_id"].as_str().unwrap_or("none"))
        })
        .collect();
    let (first, last) = (items[0].2, items[4].2);
    assert_eq!(
        items,
        [
            ("index", 201, first),
            ("create", 201, "id-2"),
            ("delete", 400, "x"),
            ("index", 400, "none"),
            ("create", 201, last)
        ]
    );

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"{\"create\":{\"_index\":\"b\",\"_id\":\"id-9\"}}\n{\"n\":9}\n").unwrap();
    let filtered = "/_bulk?filter_path=errors,items.*.error,items.*.status";
    let request = post(&ingest, filtered, packed.finish().unwrap()).header("content-encoding", "gzip");
    let packed = answer(request).await;
    assert_eq!(packed.body, json!({"errors": false, "items": [{"create": {"status": 201}}]}));

    let (first, last) = (first.to_owned(), last.to_owned());
    let mut stored = ingest.stop().await;
    stored.sort_by(|one, other| one.body.cmp(&other.body));
    let found: Vec<(&str, &str, &str)> = stored
        .iter()
        .map(|event| {
            assert_eq!((event.source.as_str(), event.format.as_str()), ("bulk", "json"));
            assert_eq!((event.attributes.len(), event.attributes[0].0.as_str()), (1, "index"));
            (event.id.as_str(), std::str::from_utf8(&event.body).unwrap(), event.attributes[0].1.as_str())
        })
        .collect();
    assert_eq!(
        found,
        [
            (first.as_str(), "{\"n\" : 1}", "logs-a"),
            ("id-2", "{\"n\":2}", "own"),
            (last.as_str(), "{\"n\":3}", "logs-a"),
            ("id-9", "{\"n\":9}", "b")
        ]
    );
}

/// Scenario: requests that can't be read as a whole, a batch that is too large, a form that isn't taken.
/// Guarantees: the status and the form of answer that clients know; nothing is sent.
#[tokio::test]
async fn a_request_that_cannot_be_read_is_refused_as_there() {
    let ingest = started(|settings| settings.ingest.max_events = 2).await;
    for (body, status, kind) in [
        ("", 400, "illegal_argument_exception"),
        ("{\"index\":{}}\n{}", 400, "illegal_argument_exception"),
        ("{\"index\":{}}\n{}\n{}\n{}\n", 400, "illegal_argument_exception"),
        (&"{\"index\":{}}\n{}\n".repeat(3), 413, "content_too_long_exception"),
    ] {
        let refused = answer(post(&ingest, "/logs/_bulk", body.to_owned())).await;
        assert_eq!((refused.status, error(&refused)), (status, kind), "{body}");
        assert_eq!(refused.body["status"], json!(status));
    }
    let no_index = answer(post(&ingest, "/_bulk", "{\"index\":{}}\n{}\n")).await;
    assert_eq!(no_index.status, 400);
    let cbor = ingest.client.post(format!("http://{}/logs/_bulk", ingest.address));
    assert_eq!(answer(cbor.header("content-type", "application/cbor").body("x")).await.status, 415);
    assert_eq!(ingest.stop().await, []);
}

/// Scenario: a token in every form that clients have for it, a wrong one, and none; an answer of each kind.
/// Guarantees: the tenant is that of the token; every answer names the product, or clients would not go on.
#[tokio::test]
async fn every_form_of_a_token_is_known_and_every_answer_names_the_product() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    let token = issue(&path, &Tenant::new("acme").unwrap(), "one", None).unwrap().token;
    let ingest = started(|settings| settings.ingest.access_file = Some(path.clone())).await;
    let body = "{\"index\":{}}\n{}\n";
    let basic = format!("Basic {}", STANDARD.encode(format!("elastic:{token}")));
    let key = format!("ApiKey {}", STANDARD.encode(format!("id:{token}")));
    for form in [basic.clone(), key, format!("Bearer {token}")] {
        let taken = post(&ingest, "/logs/_bulk", body).header("authorization", form).send().await.unwrap();
        assert_eq!(
            (taken.status().as_u16(), &taken.headers()["x-elastic-product"]),
            (200, &"Elasticsearch".parse().unwrap())
        );
    }
    for wrong in ["Bearer no", "ApiKey bm86bm8=", "Basic bm86bm8=", "Digest x"] {
        let refused = post(&ingest, "/logs/_bulk", body).header("authorization", wrong).send().await.unwrap();
        assert_eq!(refused.status(), 401, "{wrong}");
        assert_eq!(refused.headers()["x-elastic-product"], "Elasticsearch");
        assert_eq!(refused.headers().get_all("www-authenticate").iter().count(), 3);
    }
    for path in ["/", "/_license", "/_cluster/health", "/_index_template/x"] {
        let get = || ingest.client.get(format!("http://{}{path}", ingest.address));
        assert_eq!(answer(get()).await.status, 401, "{path}");
        assert_eq!(answer(get().header("authorization", &basic)).await.status, 200, "{path}");
    }
    let tenants: Vec<String> = ingest.stop().await.into_iter().map(|event| event.tenant).collect();
    assert_eq!(tenants, ["acme"; 3]);
}

/// Scenario: what shippers ask for at their start. Guarantees: each gets what it needs to go on.
#[tokio::test]
async fn shippers_find_what_they_ask_for() {
    let ingest = started(|_| {}).await;
    let url = |path: &str| format!("http://{}{path}", ingest.address);
    let root = answer(ingest.client.get(url("/"))).await;
    assert_eq!(root.body["tagline"], "You Know, for Search");
    assert!(root.body["version"]["number"].as_str().unwrap().starts_with("8."));
    let nine = "application/vnd.elasticsearch+json; compatible-with=9";
    let root = ingest.client.get(url("/")).header("accept", nine).send().await.unwrap();
    assert_eq!(root.headers()["content-type"], "application/vnd.elasticsearch+json;compatible-with=9");
    assert!(root.text().await.unwrap().contains("\"number\":\"9."));
    for path in ["/", "/_index_template/filebeat", "/_data_stream/filebeat", "/_ilm/policy/filebeat"] {
        assert_eq!(ingest.client.head(url(path)).send().await.unwrap().status(), 200, "{path}");
    }
    let made = answer(ingest.client.put(url("/_index_template/logstash")).body("{}")).await;
    assert_eq!(made.body, json!({"acknowledged": true}));
    assert_eq!(answer(ingest.client.get(url("/_license"))).await.body["license"]["status"], "active");
    assert_eq!(answer(ingest.client.get(url("/_cluster/health"))).await.body["status"], "green");
    assert_eq!(ingest.stop().await, []);
}

/// Scenario: single documents, with an id and without. Guarantees: they arrive under the id of the answer.
#[tokio::test]
async fn single_documents_arrive() {
    let ingest = started(|_| {}).await;
    let made = answer(post(&ingest, "/logs/_doc", "{\n\"n\": 1\n}")).await;
    assert_eq!((made.status, made.body["result"].as_str()), (201, Some("created")));
    let url = format!("http://{}/logs/_create/a%20b", ingest.address);
    let given = answer(ingest.client.put(url).body("{\"n\":2}")).await;
    assert_eq!((given.status, given.body["_id"].as_str()), (201, Some("a b")));
    let broken = answer(post(&ingest, "/logs/_doc/x", "{\"n\":")).await;
    assert_eq!((broken.status, error(&broken)), (400, "illegal_argument_exception"));
    let mut ids: Vec<String> = ingest.stop().await.into_iter().map(|event| event.id).collect();
    let mut wanted = vec![made.body["_id"].as_str().unwrap().to_owned(), "a b".to_owned()];
    ids.sort();
    wanted.sort();
    assert_eq!(ids, wanted);
}

/// Scenario: the broker goes away, more requests come than there is room for, and it comes back.
/// Guarantees: 503 and 429 in the forms that clients try again after, with a time to come back; then the same documents are
/// taken, under the same ids.
#[tokio::test]
async fn clients_are_told_to_come_again() {
    let ingest = started(|settings| {
        settings.ingest.max_in_flight = ByteSize::mib(1);
        settings.ingest.ack_timeout = Period::from_secs(2);
        settings.kafka.delivery_timeout = Period::from_secs(2);
    })
    .await;
    ingest.cluster.broker_down(1).unwrap();
    let body = format!("{{\"index\":{{\"_id\":\"one\"}}}}\n{{\"a\":\"{}\"}}\n", "x".repeat(100_000));
    let send = || answer(post(&ingest, "/logs/_bulk", body.clone()));
    let answers = join_all((0..16).map(|_| send())).await;
    let mut kinds: Vec<(u16, &str)> = answers.iter().map(|answer| (answer.status, error(answer))).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, [(429, "es_rejected_execution_exception"), (503, "unavailable_shards_exception")]);
    assert!(answers.iter().all(Answer::comes_again), "{answers:?}");
    ingest.cluster.broker_up(1).unwrap();
    eventually("taken again", async || send().await.status == 200).await;
    assert!(ingest.stop().await.iter().all(|event| event.id == "one"));
}

/// Scenario: nothing else is under way, and a request needs more memory with its answer than all may have.
/// Guarantees: it is taken, since it would be refused for ever.
#[tokio::test]
async fn a_request_that_is_alone_may_need_more_than_all_may_have() {
    let ingest = started(|settings| settings.ingest.max_in_flight = ByteSize::mib(1)).await;
    let body = "{\"create\":{}}\n{\"a\":1}\n".repeat(20_000);
    for timeout in ["", "?timeout=10s"] {
        let taken = answer(post(&ingest, &format!("/logs/_bulk{timeout}"), body.clone())).await;
        assert_eq!((taken.status, taken.body["errors"].as_bool()), (200, Some(false)), "{timeout}");
    }
    assert_eq!(ingest.stop().await.len(), 40_000);
}

/// Scenario: a client that gives up what is refused asks for time; the broker comes back within it, and another time it doesn't.
/// Guarantees: first success, then 429 for each item that could have been taken, and nothing is said to be taken that isn't.
#[tokio::test]
async fn who_asks_for_time_is_waited_for() {
    let ingest = started(|settings| {
        settings.ingest.ack_timeout = Period::from_millis(500);
        settings.kafka.delivery_timeout = Period::from_secs(1);
    })
    .await;
    ingest.cluster.broker_down(1).unwrap();
    let body = "{\"create\":{\"_id\":\"one\"}}\n{}\n{\"delete\":{\"_id\":\"two\"}}\n";
    let late = answer(post(&ingest, "/logs/_bulk?timeout=300ms", body)).await;
    let of = |item: usize, action: &str| late.body["items"][item][action]["status"].as_u64();
    assert_eq!((late.status, of(0, "create"), of(1, "delete")), (200, Some(429), Some(400)));
    assert_eq!(late.body["errors"], true);

    let waits = tokio::spawn(answer(post(&ingest, "/logs/_bulk?timeout=1m", body)));
    // Who doesn't ask for time is refused meanwhile.
    assert_ne!(answer(post(&ingest, "/logs/_bulk", body)).await.status, 200);
    assert!(!waits.is_finished());
    ingest.cluster.broker_up(1).unwrap();
    let taken = waits.await.unwrap();
    assert_eq!((taken.status, &taken.body["items"][0]["create"]["status"]), (200, &json!(201)));
    let ids: Vec<String> = ingest.stop().await.into_iter().map(|event| event.id).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| id == "one"), "{ids:?}");
}
