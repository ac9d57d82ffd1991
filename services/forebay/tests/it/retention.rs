//! `forebay retention` beside a `forebay dev`, where there is nothing to do, and where the search cluster doesn't say what there is.

use std::path::Path;

use axum::Router;
use axum::http::StatusCode;
use forebay_testkit::eventually;
use jiff::{Timestamp, ToSpan};
use tokio::net::TcpListener;

use crate::support::{Dev, PATIENCE, Ran, run};

/// Runs it with these settings.
fn retention(folder: &Path, settings: &str, more: &[&str]) -> Ran {
    let config = folder.join("forebay.yaml");
    std::fs::write(&config, settings).unwrap();
    run(&[&["--config", config.to_str().unwrap(), "retention"], more].concat())
}

/// Scenario: a `forebay dev` that keeps documents for 30 days, with one of 40 days ago that came after its start, and one of today.
/// Guarantees: a dry run shows what is due; a run leaves it to the process that has the store; a tenant that has nothing is told to.
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_what_forebay_dev_will_delete() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("dev.yaml");
    std::fs::write(&config, "search:\n  retention:\n    delete_after: 30d\n").unwrap();
    let dev = Dev::start(&dir.path().join("data"), &["--config", config.to_str().unwrap()]).await;
    let client = reqwest::Client::new();
    let (now, old) = (Timestamp::now(), Timestamp::now() - (40 * 24).hours());
    for moment in [now, old] {
        let event = format!(r#"{{"@timestamp":"{moment}","message":"hello"}}"#);
        assert_eq!(client.post(&dev.ingest).body(event).send().await.unwrap().status(), 200);
    }
    dev.finds("hello", 2).await;

    let dry = dev.run(&["retention", "--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    let day = old.strftime("-%Y.%m.%d").to_string();
    assert!(dry.out.contains(&day) && dry.out.contains("delete"), "{}{}", dry.out, dry.err);
    assert!(dry.err.contains("would be deleted: 1; would be closed: 0; kept: 1"), "{}", dry.err);
    let nobody = dev.run(&["retention", "--dry-run", "--tenant", "nobody"]);
    assert!(nobody.err.contains("there is no index of tenant `nobody`"), "{}", nobody.err);
    let left = dev.run(&["retention"]);
    assert!(left.code == 0 && left.err.contains("deletes by itself"), "{}", left.err);
    assert_eq!(dev.found("hello").len(), 2);
}

/// Scenario: a `forebay dev` with a document that is too old, started again.
/// Guarantees: at its start it deletes that one, and the audit trail has it before and after.
#[tokio::test(flavor = "multi_thread")]
async fn what_forebay_dev_deletes_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("dev.yaml");
    std::fs::write(&config, "search:\n  retention:\n    delete_after: 30d\n").unwrap();
    let arguments = ["--config", config.to_str().unwrap()];
    let mut dev = Dev::start(&dir.path().join("data"), &arguments).await;
    let client = reqwest::Client::new();
    let old = Timestamp::now() - (40 * 24).hours();
    for moment in [Timestamp::now(), old] {
        let event = format!(r#"{{"@timestamp":"{moment}","message":"hello"}}"#);
        assert_eq!(client.post(&dev.ingest).body(event).send().await.unwrap().status(), 200);
    }
    dev.finds("hello", 2).await;
    assert!(dev.process.terminate(PATIENCE).await.unwrap().success(), "{}", dev.process.log());

    let dev = Dev::start(&dir.path().join("data"), &arguments).await;
    let gone =
        eventually("the old document is deleted", PATIENCE, async || dev.found("hello").len() == 1).await;
    assert!(gone.is_ok(), "{}", dev.process.log());
    let mut states = Vec::new();
    let recorded = eventually("both records are there", PATIENCE, async || {
        let shown = dev.run(&["audit", "show", "--action", "target", "--json"]);
        let records = shown.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        states = records
            .map(|record| format!("{} {} {}", record["actor"], record["action"], record["state"]))
            .collect();
        states.len() == 2
    })
    .await;
    assert!(recorded.is_ok(), "{states:?}\n{}", dev.process.log());
    for (shown, state) in states.iter().zip(["planned", "done"]) {
        assert!(
            shown.starts_with("\"service:dev") && shown.contains("target.delete") && shown.contains(state),
            "{states:?}"
        );
    }
}

/// Scenario: settings without terms; a cluster that is away; one that refuses.
/// Guarantees: each is told with where it is and what to do, and with a code that tells them apart.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_cluster_says_is_told_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let terms = |url: &str| format!("search:\n  url: {url}\n  retention: {{ delete_after: 30d }}\n");
    let without = retention(dir.path(), "search:\n  url: http://127.0.0.1:9\n", &[]);
    assert_eq!(without.code, 0, "{}", without.err);
    assert!(without.err.contains("search.retention.delete_after"), "{}", without.err);

    // Nobody listens on the port of `discard`.
    let away = retention(dir.path(), &terms("http://127.0.0.1:9"), &["--dry-run"]);
    assert_eq!((away.code, away.out.as_str()), (69, ""), "{}", away.err);
    for part in ["search.url: http://127.0.0.1:9", "nothing was done", "is the search cluster running"] {
        assert!(away.err.contains(part), "{part} is missing in\n{}", away.err);
    }

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let refuse = || async {
        (
            StatusCode::FORBIDDEN,
            r#"{"error":{"type":"security_exception","reason":"no\u001b[2J\u009b31m"},"status":403}"#,
        )
    };
    let _server = tokio::spawn(axum::serve(listener, Router::new().fallback(refuse)).into_future());
    let refused = retention(dir.path(), &terms(&url), &["--unaudited"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{}", refused.err);
    for part in ["403", "`forebay-*`", "`delete_index`"] {
        assert!(refused.err.contains(part), "{part} is missing in\n{}", refused.err);
    }
    // What a server says doesn't steer the terminal.
    assert!(refused.err.contains(r"no\u{1b}[2J\u{9b}31m"), "{}", refused.err);
    assert!(!refused.err.chars().any(|c| c.is_control() && c != '\n'), "{:?}", refused.err);
}
