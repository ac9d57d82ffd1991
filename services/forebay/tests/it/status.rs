//! `forebay status`: watched as JSON, and on an installation of which nothing runs.

use std::process::Command;
use std::time::Duration;

use forebay_kafka::{Acks, Outgoing, Producer, ProducerOptions};
use forebay_testkit::eventually;
use forebay_testkit::procs::Process;
use serde_json::Value;

use crate::installation::Installation;
use crate::support::{Dev, PATIENCE, program, run};

/// Scenario: `forebay dev` is watched while events come, one of which can't be parsed.
/// Guarantees: each look is a line; once nothing is in flight the ledger adds up, the dead letter included, and so it does after that
/// was replayed and refused again; Ctrl-C ends it.
#[tokio::test(flavor = "multi_thread")]
async fn a_watched_ledger_adds_up() {
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(dir.path(), &[]).await;
    let arguments =
        ["--data", dir.path().to_str().unwrap(), "status", "--watch", "--json", "--interval", "1"];
    let mut watch = Process::start(program(), arguments, []).unwrap();
    let last = |watch: &Process| -> Value {
        let log = watch.log();
        let line = log.lines().rev().find(|line| line.starts_with('{') && line.ends_with('}'));
        line.and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default()
    };
    let adds_up = |report: &Value| report["ledger"]["balance"]["is"] == "adds_up";
    eventually("the empty ledger adds up", PATIENCE, async || adds_up(&last(&watch))).await.unwrap();
    let client = reqwest::Client::new();
    for (format, body) in [("json", "{\"message\":\"good\"}"), ("combined", "no access log")] {
        let request = client.post(format!("{}?format={format}", dev.ingest)).body(body);
        let answer = request.header("content-type", "text/plain").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
    let waited = eventually("both have an outcome", PATIENCE, async || {
        let report = last(&watch);
        let tenant = &report["ledger"]["tenants"][0];
        let outcomes = (&tenant["accepted"], &tenant["indexed"], &tenant["dead_lettered"]);
        adds_up(&report) && outcomes == (&2.into(), &1.into(), &1.into())
    });
    assert!(waited.await.is_ok(), "{}", last(&watch));
    let replayed = dev.run(&["dlq", "replay", "--all"]);
    assert_eq!(replayed.code, 0, "{}", replayed.err);
    let waited = eventually("the letter is refused again", PATIENCE, async || {
        let report = last(&watch);
        let tenant = &report["ledger"]["tenants"][0];
        let again = (&tenant["replayed"], &tenant["dead_lettered"], &tenant["open"]);
        adds_up(&report) && again == (&1.into(), &2.into(), &0.into())
    });
    assert!(waited.await.is_ok(), "{}", last(&watch));
    let pid = watch.pid().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(watch.wait(PATIENCE).await.unwrap().code(), Some(130));
}

/// Scenario: `--watch` where there is no terminal to draw on.
/// Guarantees: it is refused, with what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_screen_needs_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(dir.path(), &[]).await;
    let refused = dev.run(&["status", "--watch"]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{}", refused.err);
    assert!(refused.err.contains("add --json"), "{}", refused.err);
    assert_eq!(run(&["status", "--interval", "0"]).code, 2);
}

/// Scenario: records wait in a real Kafka and no process of Forebay runs; there are dead letters.
/// Guarantees: Kafka alone says how many wait, for how long, and how long it keeps them; the letters' reasons are told, and so is who
/// wasn't heard.
#[tokio::test(flavor = "multi_thread")]
async fn kafka_alone_says_what_waits() {
    let installation = Installation::start("status-alone").await;
    let kafka = &installation.settings.kafka;
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 1 << 20 };
    let producer = Producer::new(kafka, options).unwrap();
    let acks = Acks::new();
    for partition in [0, 1, 1] {
        let topic = &kafka.topics.raw;
        let record = Outgoing { topic, partition: Some(partition), key: b"k", value: b"v", headers: &[] };
        producer.send(&record, &acks).unwrap();
    }
    acks.seal();
    producer.flush(Duration::from_secs(60)).unwrap();
    installation.letters((0..3).map(|n| format!("e{n}")), "mapper_parsing_exception");

    // Nobody listens on the port of `discard`.
    let mut report = Value::Null;
    eventually("the oldest record was found in the time there is for it", PATIENCE, async || {
        let ran = installation.run(&["status", "--json", "--interval", "1", "--target", "127.0.0.1:9"]);
        report = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
        !report["tiers"][1]["oldest_seconds"].is_null()
    })
    .await
    .unwrap();
    let parser = &report["tiers"][1];
    assert_eq!(parser["lag"], 3, "{report}");
    assert!(parser["oldest_seconds"].as_f64().is_some_and(|age| age < 600.0), "{report}");
    assert_eq!(parser["retention_seconds"], 259_200.0, "{report}");
    assert_eq!(parser["problem"]["kind"], "never_committed", "{report}");
    assert_eq!(report["tiers"][2]["lag"], 0, "{report}");
    let letters = &report["dead_letters"];
    assert_eq!((&letters["total"], &letters["looked_at"]), (&3.into(), &3.into()), "{report}");
    let reason = "mapper_parsing_exception: failed to parse field [n]";
    assert_eq!(letters["reasons"][0], serde_json::json!({ "reason": reason, "letters": 3 }), "{report}");
    assert_eq!(report["processes"][0]["problem"], "can't be reached", "{report}");
    assert_eq!(report["ledger"]["balance"]["is"], "not_told", "{report}");
}
