//! `forebay dlq` against a running `forebay dev`.

use forebay_testkit::eventually;
use serde_json::Value;

use crate::support::{Dev, PATIENCE};

/// Scenario: an event that can't be parsed in the format that its sender declared.
/// Guarantees: it is listed with its reason, shown with its body, replayed, and back with a higher count.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_listed_shown_and_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(dir.path(), &[]).await;
    let url = format!("{}?format=combined", dev.ingest);
    let client = reqwest::Client::new();
    let request = client.post(&url).header("content-type", "text/plain").header("idempotency-key", "bad");
    let answer = request.body("this is no access log\n").send().await.unwrap();
    assert_eq!(answer.status(), 200);

    let list = |more: &[&str]| -> Vec<Value> {
        let ran = dev.run(&[&["dlq", "list", "--json"], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    eventually("it is listed", PATIENCE, async || list(&[]).len() == 1).await.unwrap();
    let letter = &list(&["--stage", "parse", "--tenant", "default"])[0];
    assert_eq!((letter["event_id"].as_str(), letter["replay_count"].as_u64()), (Some("bad-0"), Some(0)));
    assert!(list(&["--tenant", "other"]).is_empty());

    let shown = dev.run(&["dlq", "show", "bad-0"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(shown["original"]["body"], "this is no access log", "{shown}");
    assert_eq!(dev.run(&["dlq", "show", "unknown"]).code, 1);

    let dry = dev.run(&["dlq", "replay", "--dry-run"]);
    assert!(
        dry.out.contains("letters that match: 1; events that would be replayed: 1"),
        "{}{}",
        dry.out,
        dry.err
    );
    assert_eq!(list(&[]).len(), 1);
    let replayed = dev.run(&["dlq", "replay", "--id", "bad-0", "--json"]);
    let report: Value = serde_json::from_str(&replayed.out).unwrap();
    assert_eq!((replayed.code, report["replayed"].as_u64()), (0, Some(1)), "{}", replayed.err);
    eventually("it is back", PATIENCE, async || list(&[]).len() == 2).await.unwrap();
    assert_eq!(list(&[])[1]["replay_count"], 1);
}
