//! `forebay dev`: the whole pipeline, over restarts, kills and rotations.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use forebay_testkit::eventually;
use forebay_testkit::procs::Process;

use crate::support::{Dev, PATIENCE, program, run};

async fn post(dev: &Dev, lines: &str) {
    let client = reqwest::Client::new();
    let answer = client.post(&dev.ingest).body(lines.to_owned()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Scenario: the first five minutes: start, send, search, status, Ctrl-C, start again, search.
/// Guarantees: what was acknowledged is found, also after the restart; the stop is clean.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_found_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut dev = Dev::start(dir.path(), &[]).await;
    post(&dev, r#"{"message":"hello from the test","log.level":"warn","host":"web-1"}"#).await;
    dev.finds("hello", 1).await;
    let shown = dev.run(&["search", "log.level:warn"]);
    assert!(shown.out.contains("web-1 WARN hello from the test"), "{}", shown.out);
    assert!(!shown.out.contains('\x1b'), "no colour outside of a terminal");
    let wrong = dev.run(&["search", "message:(open"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);

    let status = dev.run(&["status", "--json", "--interval", "1"]);
    assert_eq!(status.code, 0, "{}", status.err);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(status["servers"][0]["reachable"], true, "{status}");
    assert_eq!(status["dead_letters"]["total"], 0, "{status}");
    assert_eq!(status["verdict"]["state"], "well", "{status}");
    assert_eq!(status["ledger"]["tenants"][0]["accepted"], 1, "{status}");
    assert_eq!(status["processes"][0]["problem"], serde_json::Value::Null, "{status}");
    let status = dev.run(&["status", "--interval", "1"]);
    assert!(status.out.starts_with("ALL WELL: nothing is lost, nothing is stuck"), "{}", status.out);
    let metrics =
        reqwest::get(format!("http://{}/metrics", dev.metrics)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"forebay_events_accepted_total{tenant="default"} 1"#), "{metrics}");

    let second = run(&["dev", "--port", "0", "--data", dir.path().to_str().unwrap()]);
    assert_eq!(second.code, 1);
    assert!(second.err.contains("another `forebay dev` runs on"), "{}", second.err);

    let pid = dev.process.pid().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let status = dev.process.wait(PATIENCE).await.unwrap();
    assert!(status.success(), "{}", dev.process.log());
    assert!(dev.process.log().contains("SIGINT: stopping"), "{}", dev.process.log());
    assert!(!dir.path().join("dev.json").exists());
    assert_eq!(dev.found("hello").len(), 1, "its store can be searched while it is stopped");

    let dev = Dev::start(dir.path(), &[]).await;
    dev.finds("hello", 1).await;
}

/// Scenario: kill -9 right after acknowledgements, several times.
/// Guarantees: after the next start every acknowledged event is found, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let mut dev = Dev::start(dir.path(), &[]).await;
        let lines: String =
            (0..200).map(|n| format!("{{\"message\":\"kept\",\"n\":{n},\"round\":{round}}}\n")).collect();
        post(&dev, &lines).await;
        let _killed = dev.process.kill().unwrap();
    }
    let dev = Dev::start(dir.path(), &[]).await;
    dev.finds("message:kept", 600).await;
}

/// Scenario: files are followed, rotated, and the process is killed and stopped in between.
/// Guarantees: every line is found exactly once.
#[tokio::test(flavor = "multi_thread")]
async fn followed_files_are_found_line_by_line() {
    let dir = tempfile::tempdir().unwrap();
    let (data, logs) = (dir.path().join("data"), dir.path().join("logs"));
    fs::create_dir(&logs).unwrap();
    let log = logs.join("app.log");
    append(&log, "tailed one\ntailed two\n");
    let follow = ["--tail", logs.to_str().unwrap()];
    let mut dev = Dev::start(&data, &follow).await;
    dev.finds("message:tailed", 2).await;
    fs::rename(&log, logs.join("app.log.1")).unwrap();
    append(&log, "tailed three\n");
    dev.finds("message:tailed", 3).await;
    let _killed = dev.process.kill().unwrap();

    append(&log, "tailed four\n");
    let mut dev = Dev::start(&data, &follow).await;
    dev.finds("message:tailed", 4).await;
    assert!(dev.process.terminate(PATIENCE).await.unwrap().success(), "{}", dev.process.log());

    fs::remove_file(data.join("positions.json")).unwrap();
    append(&log, "tailed five\n");
    let dev = Dev::start(&data, &follow).await;
    dev.finds("message:tailed", 5).await;
}

/// Scenario: `search --follow` is started when there are documents already, then more come.
/// Guarantees: it shows the newest of the old ones as asked, and each new one once; Ctrl-C ends it with its own code.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(dir.path(), &[]).await;
    post(&dev, "{\"message\":\"old one\"}\n{\"message\":\"old two\"}\n").await;
    dev.finds("old", 2).await;
    let arguments = ["--data", dir.path().to_str().unwrap(), "search", "-f", "--json", "--limit", "1"];
    let mut follower = Process::start(program(), arguments, []).unwrap();
    let shown = |follower: &Process| follower.log().lines().filter(|line| line.starts_with('{')).count();
    eventually("the newest old one is shown", PATIENCE, async || shown(&follower) == 1).await.unwrap();
    for number in 2..=3 {
        post(&dev, &format!("{{\"message\":\"new {number}\"}}\n")).await;
        eventually("a new one is shown", PATIENCE, async || shown(&follower) == number).await.unwrap();
    }
    let pid = follower.pid().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(follower.wait(PATIENCE).await.unwrap().code(), Some(130));
    assert_eq!(shown(&follower), 3, "{}", follower.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_and_a_wrong_pattern_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let taken = run(&["dev", "--data", data, "--port", &port]);
    assert_eq!(taken.code, 1);
    assert!(taken.err.contains(&format!("127.0.0.1:{port} is taken by another process")), "{}", taken.err);
    assert!(taken.err.contains("--port 0"), "{}", taken.err);
    let wrong = run(&["dev", "--data", data, "--port", "0", "--tail", "logs/[a-"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("is not a pattern"), "{}", wrong.err);
}
