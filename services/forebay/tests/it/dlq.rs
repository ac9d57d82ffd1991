//! `forebay dlq` against a running `forebay dev`.

use forebay_testkit::eventually;
use serde_json::Value;

use crate::support::{Dev, PATIENCE};

/// Scenario: an event that can't be parsed in the format that its sender declared.
/// Guarantees: it is listed with its reason, shown with its body, replayed, and back with a higher count; the one that was
/// replayed is closed. The new one is exported, parked, and given up from there, and the history has all of it.
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
    for expected in
        ["1 open letters match", "1  would be replayed", "would be dead letters again: format_mismatch"]
    {
        assert!(dry.out.contains(expected), "{expected}: {}{}", dry.out, dry.err);
    }
    assert_eq!(list(&[]).len(), 1);
    let edit = ".body = \"{}\"\n.format = \"json\"";
    let edited = dev.run(&["dlq", "replay", "--dry-run", "--edit", edit]);
    for expected in [
        "the correction changes 1 of them",
        "-   \"body\": \"this is no access log\"",
        "+   \"body\": {}",
        "would pass the parser now",
    ] {
        assert!(edited.out.contains(expected), "{expected}: {}{}", edited.out, edited.err);
    }
    let broken = dev.run(&["dlq", "replay", "--all", "--edit", ".body ="]);
    assert!(broken.code == 2 && broken.err.contains("the correction does not compile"), "{}", broken.err);
    let stats = dev.run(&["dlq"]);
    assert_eq!(stats.code, 0, "{}", stats.err);
    assert!(stats.out.contains("1 open letters") && stats.out.contains("format_mismatch: "), "{}", stats.out);
    assert!(stats.err.contains("dlq replay --like 0:0 --dry-run"), "{}", stats.err);
    let all = dev.run(&["dlq", "replay"]);
    assert_eq!(all.code, 2, "without a condition it doesn't just replay everything: {}", all.out);
    assert!(all.err.contains("--all"), "{}", all.err);
    let replayed = dev.run(&["dlq", "replay", "--id", "bad-0", "--json"]);
    let report: Value = serde_json::from_str(&replayed.out).unwrap();
    assert_eq!((replayed.code, report["replayed"].as_u64()), (0, Some(1)), "{}", replayed.err);
    eventually("it is back", PATIENCE, async || list(&["--all"]).len() == 2).await.unwrap();
    let open = list(&[]);
    assert_eq!((open.len(), &open[0]["replay_count"], &open[0]["state"]), (1, &1.into(), &"open".into()));

    let exported = dir.path().join("letters.ndjson");
    let path = exported.to_str().unwrap();
    assert_eq!(dev.run(&["dlq", "export", "--all", "--output", path]).code, 0);
    let lines: Vec<Value> = std::fs::read_to_string(&exported)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((lines.len(), &lines[0]["original"]["body"]), (2, &"this is no access log".into()));
    assert_eq!(dev.run(&["dlq", "export", "--output", path]).code, 1, "a file that is there is left alone");

    let parked = dev.run(&["dlq", "park", "--tenant", "default"]);
    assert_eq!(parked.code, 0, "{}{}", parked.out, parked.err);
    assert!(list(&[]).is_empty());
    assert_eq!(list(&["--parked"]).len(), 1);
    assert_eq!(dev.run(&["dlq", "purge", "--parked", "--all"]).code, 2, "nobody is here to be asked");
    let purged = dev.run(&["dlq", "purge", "--parked", "--all", "--yes"]);
    assert!(purged.out.contains("1  were given up"), "{}{}", purged.out, purged.err);
    assert!(purged.code == 0 && purged.out.contains("nothing was deleted"), "{}{}", purged.out, purged.err);
    assert!(list(&["--parked"]).is_empty());
    let history = dev.run(&["dlq", "history", "--json"]);
    let tasks: Vec<Value> = history.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tasks: Vec<&str> = tasks.iter().map(|line| line["task"].as_str().unwrap()).collect();
    assert_eq!(tasks, ["replay", "park", "purge"], "{}", history.err);
    let audit = dev.run(&["audit", "show", "--action", "dlq", "--json"]);
    let records: Vec<Value> = audit.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<&str> = records.iter().map(|record| record["action"].as_str().unwrap()).collect();
    let expected = ["dlq.replay", "dlq.replay", "dlq.park", "dlq.park", "dlq.purge", "dlq.purge"];
    assert_eq!(actions, expected, "each is recorded before and after: {}", audit.err);
    let verified = dev.run(&["audit", "verify"]);
    assert!(verified.code == 0 && verified.out.contains("6 records"), "{}{}", verified.out, verified.err);
}
