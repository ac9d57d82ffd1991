use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;

const FILTER: &str = "filter_path=errors,items.*.status,items.*.error,items.*.failure_store";

fn creates(ids: &[&str]) -> String {
    ids.iter()
        .map(|id| format!("{{\"create\":{{\"_index\":\"i\",\"_id\":\"{id}\"}}}}\n{{\"n\":1}}\n"))
        .collect()
}

async fn post(fake: &FakeBulk, body: impl Into<reqwest::Body>) -> reqwest::Result<(u16, Value)> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
    let answer = client.post(format!("{}/_bulk?{FILTER}", fake.url())).body(body).send().await?;
    let status = answer.status().as_u16();
    Ok((status, answer.json().await.unwrap_or_default()))
}

fn statuses(answer: &Value) -> Vec<u64> {
    let items = answer["items"].as_array().expect("items");
    items.iter().filter_map(|item| item["create"]["status"].as_u64()).collect()
}

#[tokio::test]
async fn creates_once_and_counts() {
    let fake = FakeBulk::start().await.expect("starts");
    let (status, answer) = post(&fake, creates(&["a", "b"])).await.expect("answers");
    assert_eq!(
        (status, answer),
        (
            200,
            json!({"errors": false, "items": [
        {"create": {"status": 201}}, {"create": {"status": 201}}]})
        )
    );
    let (_, again) = post(&fake, creates(&["b", "c"])).await.expect("answers");
    assert_eq!(statuses(&again), [409, 201]);
    assert_eq!(again["items"][0]["create"]["error"]["type"], "version_conflict_engine_exception");
    assert_eq!(fake.ids("i"), ["a", "b", "c"]);
    assert_eq!(fake.document("i", "a").expect("there"), r#"{"n":1}"#);
    let counters = fake.counters();
    assert_eq!((counters.requests, counters.items, counters.created, counters.conflicts), (2, 4, 3, 1));
}

#[tokio::test]
async fn reads_gzip() {
    let fake = FakeBulk::start().await.expect("starts");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(creates(&["a"]).as_bytes()).expect("writes");
    let request = reqwest::Client::new()
        .post(format!("{}/_bulk", fake.url()))
        .header("content-encoding", "gzip")
        .body(gzip.finish().expect("finishes"));
    assert_eq!(request.send().await.expect("answers").status(), 200);
    assert_eq!(fake.all_ids(), ["a"]);
}

#[tokio::test]
async fn faults_of_requests_come_in_turn_and_heal() {
    let fake = FakeBulk::start().await.expect("starts");
    fake.fail_next(RequestFault::TooManyRequests);
    fake.fail_next(RequestFault::TooLarge);
    fake.fail_always(RequestFault::ClusterBlock);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(post(&fake, creates(&["a"])).await.expect("answers").0);
    }
    fake.heal();
    seen.push(post(&fake, creates(&["a"])).await.expect("answers").0);
    assert_eq!(seen, [429, 413, 403, 403, 200]);
}

/// Scenario: the connection is cut before or after the write, or the server hangs or stops.
/// Guarantees: the client sees a transport error each time, and the write has happened only in the second case.
#[tokio::test]
async fn cut_connections() {
    let fake = FakeBulk::start().await.expect("starts");
    fake.fail_next(RequestFault::CutBeforeWrite);
    assert!(post(&fake, creates(&["a"])).await.is_err());
    assert!(fake.all_ids().is_empty());
    fake.fail_next(RequestFault::CutAfterWrite);
    assert!(post(&fake, creates(&["a"])).await.is_err());
    assert_eq!(fake.all_ids(), ["a"]);
    fake.fail_next(RequestFault::Hang);
    let hung = tokio::time::timeout(Duration::from_millis(200), post(&fake, creates(&["b"]))).await;
    assert!(hung.is_err(), "no answer");
    let url = fake.url();
    drop(fake);
    let stopped = async || reqwest::get(&url).await.is_err();
    crate::eventually("the port is closed", Duration::from_secs(5), stopped).await.expect("stops");
}

#[tokio::test]
async fn faults_of_items_leave_their_neighbours_alone() {
    let fake = FakeBulk::start().await.expect("starts");
    fake.fail_items(ItemFault::MappingConflict("n"), |item| item.id == "bad");
    fake.fail_items_times(ItemFault::Rejected, 1, |item| item.id == "busy");
    let (_, answer) = post(&fake, creates(&["a", "bad", "busy"])).await.expect("answers");
    assert_eq!(statuses(&answer), [201, 400, 429]);
    assert_eq!(answer["items"][1]["create"]["error"]["type"], "document_parsing_exception");
    let (_, again) = post(&fake, creates(&["bad", "busy"])).await.expect("answers");
    assert_eq!(statuses(&again), [400, 201]);
}

#[tokio::test]
async fn a_malformed_request_or_document_is_refused() {
    let fake = FakeBulk::start().await.expect("starts");
    assert_eq!(post(&fake, "").await.expect("answers").0, 400);
    assert_eq!(post(&fake, "{\"create\":{}}\n{}").await.expect("answers").0, 400);
    assert_eq!(post(&fake, "nonsense\n{}\n").await.expect("answers").0, 400);
    let broken = "{\"create\":{\"_index\":\"i\",\"_id\":\"a\"}}\n{\"n\":\n";
    assert_eq!(statuses(&post(&fake, broken).await.expect("answers").1), [400]);
    assert!(fake.all_ids().is_empty());
}

#[tokio::test]
async fn the_sink_counts_and_keeps_nothing() {
    let fake = FakeBulk::sink().await.expect("starts");
    let (_, answer) = post(&fake, creates(&["a", "b", "c"])).await.expect("answers");
    assert_eq!(statuses(&answer), [201, 201, 201]);
    assert_eq!(fake.counters().created, 3);
    assert!(fake.all_ids().is_empty());
    assert_eq!(post(&fake, "").await.expect("answers").1, json!({"errors": false, "items": []}));
}

#[tokio::test]
async fn templates_are_kept() {
    let fake = FakeBulk::start().await.expect("starts");
    let url = format!("{}/_index_template/t", fake.url());
    let client = reqwest::Client::new();
    assert_eq!(client.get(&url).send().await.expect("answers").status(), 404);
    let template = json!({"index_patterns": ["t-*"]});
    assert_eq!(client.put(&url).json(&template).send().await.expect("answers").status(), 200);
    let kept: Value = client.get(&url).send().await.expect("answers").json().await.expect("json");
    assert_eq!(kept["index_templates"][0]["index_template"], template);
}
