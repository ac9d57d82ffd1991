//! `forebay audit` on a real Kafka: what commands and services record, and what is found out about a forgery.

use std::fs;
use std::path::Path;

use forebay_audit::Record;
use forebay_kafka::{Acks, Outgoing, Producer, ProducerOptions};
use forebay_service::Context;
use forebay_settings::Period;
use forebay_testkit::procs::settings_file;
use forebay_testkit::{eventually, free_port};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::installation::{Installation, ask_operators};
use crate::support::PATIENCE;

const RULE: &str = "steps: [{vrl: '.made_by = 1'}]\n";

/// What `forebay audit show` lists.
fn show(installation: &Installation, more: &[&str]) -> Vec<Value> {
    let ran = installation.run(&[&["audit", "show", "--json"], more].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same, in short: what was done, and how far it is.
fn done(records: &[Value]) -> Vec<String> {
    let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    records.iter().map(|record| format!("{} {}", text(record, "action"), text(record, "state"))).collect()
}

/// Waits until the last record is this one.
async fn last_is(installation: &Installation, action: &str, name: &str, value: &str) {
    let is_there = async || {
        show(installation, &["--action", action]).last().is_some_and(|last| last["details"][name] == value)
    };
    eventually(&format!("{action} with {name} {value} is recorded"), PATIENCE, is_there).await.unwrap();
}

fn put(file: &Path, text: &str) {
    let fresh = file.with_extension("new");
    fs::write(&fresh, text).unwrap();
    fs::rename(&fresh, file).unwrap();
}

async fn installation(name: &str) -> Installation {
    Installation::start_with(name, |settings, folder| {
        settings.ingest.listen = "127.0.0.1:0".to_owned();
        settings.ingest.access_file = Some(folder.join("access.yaml"));
        ask_operators(settings, folder);
        let rules = folder.join("rules");
        fs::create_dir(&rules).unwrap();
        put(&rules.join("10-a.yaml"), RULE);
        settings.parser.rules.folder = Some(rules);
        settings.parser.rules.check_every = Period::from_millis(50);
        settings.parser.group = name.to_owned();
    })
    .await
}

/// Scenario: a token is made, ingest and parser start, the token is revoked, a rule is changed and then broken, a dead letter
/// is replayed. Then somebody writes a record that says that somebody else made the token.
/// Guarantees: all of it is listed, in order, by whom, without secrets; nothing is wrong with it, also by the anchor;
/// the forgery is named, with where it stands, and the anchor is left as it was.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_recorded_and_a_forgery_is_named() {
    let installation = installation("audited").await;
    let created = installation.run(&["token", "create", "--tenant", "acme", "--name", "web"]);
    assert_eq!(created.code, 0, "{}", created.err);
    let (settings, shutdown) = (installation.settings.clone(), CancellationToken::new());
    let context = Context::new(&settings);
    let ingest = forebay_ingest::start(&settings, &context, shutdown.clone()).await.unwrap();
    last_is(&installation, "access.in_force", "why", "start").await;
    let parser = forebay_parser::start(&settings, &context, shutdown.clone()).unwrap();
    last_is(&installation, "rules.in_force", "why", "start").await;

    assert_eq!(installation.run(&["token", "revoke", "web"]).code, 0);
    assert_eq!(installation.run(&["token", "revoke", "nobody"]).code, 1);
    last_is(&installation, "access.in_force", "credentials_disabled", "web").await;
    let rule = settings.parser.rules.folder.as_ref().unwrap().join("10-a.yaml");
    put(&rule, &RULE.replace('1', "2"));
    last_is(&installation, "rules.in_force", "why", "changed").await;
    put(&rule, "steps: [{vrl: '.made_by ='}]\n");
    let is_rejected = async || !show(&installation, &["--action", "rules.rejected"]).is_empty();
    eventually("the broken rule is recorded", PATIENCE, is_rejected).await.unwrap();
    // Replays ask the rules, too. These are the ones in force, so that nothing is recorded of them.
    put(&rule, &RULE.replace('1', "2"));
    installation.letters(["e1".to_owned()].into_iter(), "document_parsing_exception");
    let replayed = installation.run(&["dlq", "replay", "--id", "e1"]);
    assert_eq!(replayed.code, 0, "{}", replayed.err);
    shutdown.cancel();
    ingest.stopped().await.unwrap();
    parser.stopped().await.unwrap();

    let records = show(&installation, &[]);
    let others: Vec<Value> = records.iter().filter(|one| one["subject"] != "nobody").cloned().collect();
    let mut short = done(&others);
    // Ingest looks every second: it may see the revocation before the command has recorded that it is done.
    short[5..7].sort();
    let expected = [
        "token.create planned",
        "token.create done",
        "access.in_force done",
        "rules.in_force done",
        "token.revoke planned",
        "access.in_force done",
        "token.revoke done",
        "rules.in_force done",
        "rules.rejected failed",
        "dlq.replay planned",
        "dlq.replay done",
    ];
    assert_eq!(short, expected);
    let nobody: Vec<Value> = records.iter().filter(|one| one["subject"] == "nobody").cloned().collect();
    assert_eq!(done(&nobody), ["token.revoke planned", "token.revoke failed"]);
    assert_eq!((&records[0]["subject"], &records[0]["details"]["tenant"]), (&"web".into(), &"acme".into()));
    assert_eq!(records[0]["actor"], "credential:ops", "who was asked for a token is known by it");
    let replay = records.last().unwrap();
    assert_eq!(replay["actor"], "credential:ops");
    assert_eq!(
        (&replay["details"]["replayed"], &replay["details"]["filter.id"]),
        (&"1".into(), &"e1".into())
    );
    let all = serde_json::to_string(&records).unwrap();
    let access = fs::read_to_string(settings.ingest.access_file.as_ref().unwrap()).unwrap();
    let hash = access.split("sha256:").nth(1).unwrap().get(..20).unwrap();
    assert!(!all.contains(created.out.trim()) && !all.contains(hash), "{all}");
    let list =
        installation.run(&["audit", "show", "--action", "dlq", "--actor", "credential:ops", "--since", "1h"]);
    assert_eq!(list.out.lines().count(), 3, "{}", list.out);

    let anchor = installation.config.with_file_name("anchor.json");
    let verify = |more: &[&str]| {
        installation.run(&[&["audit", "verify", "--anchor", anchor.to_str().unwrap()], more].concat())
    };
    let first = verify(&[]);
    assert_eq!((first.code, anchor.exists()), (0, true), "{}{}", first.out, first.err);
    assert!(!first.err.contains("warning"), "the topic is as it should be: {}", first.err);
    let second = verify(&["--json"]);
    let report: Value = serde_json::from_str(&second.out).unwrap();
    assert_eq!((&report["good"], &report["anchored"]), (&true.into(), &true.into()), "{report}");

    forge(&installation);
    let kept = fs::read_to_string(&anchor).unwrap();
    let found = verify(&[]);
    assert_eq!(found.code, 1, "{}{}", found.out, found.err);
    let place = format!("0:{}: forked", records.len());
    assert!(found.out.contains(&place) && found.out.contains("at 0:0"), "{}", found.out);
    assert_eq!(fs::read_to_string(&anchor).unwrap(), kept);
    let accepted = verify(&["--accept"]);
    assert!(accepted.code == 0 && accepted.out.contains(&place), "{}{}", accepted.out, accepted.err);
    let later = verify(&[]);
    assert_eq!(later.code, 0, "{}{}", later.out, later.err);
    assert!(later.out.contains("1 faults accepted before, the rest in order"), "{}", later.out);
    forge(&installation);
    assert_eq!(verify(&[]).code, 1, "another forgery is told");
}

/// Writes the first record again, with another name in it.
fn forge(installation: &Installation) {
    let topic = &installation.settings.kafka.topics.audit;
    let first = &installation.records(topic)[0].value;
    let mut record = Record::read(first).unwrap();
    record.actor = "os:eve@ops".to_owned();
    let value = serde_json::to_vec(&record).unwrap();
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 1 << 20 };
    let producer = Producer::new(&installation.settings.kafka, options).unwrap();
    let acks = Acks::new();
    let record = Outgoing { topic, partition: Some(0), key: &[], value: &value, headers: &[] };
    producer.send(&record, &acks).unwrap();
    acks.seal();
    producer.flush(PATIENCE).unwrap();
    assert_eq!(acks.report().unwrap().failed, 0);
}

/// Scenario: the audit topic isn't there; then Kafka isn't.
/// Guarantees: no token is made or revoked and no letter replayed that can't be recorded; the message says what to do, and
/// `--unaudited` is named when it is used; reading the topic is an error that says so.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_done() {
    let mut installation = installation("unrecorded").await;
    installation.letters(["e1".to_owned()].into_iter(), "document_parsing_exception");
    installation.settings.kafka.topics.audit = "unrecorded.elsewhere".to_owned();
    settings_file(&installation.config, &installation.settings).unwrap();
    let access = installation.settings.ingest.access_file.clone().unwrap();
    let create = ["token", "create", "--tenant", "acme"];
    for refused in [&create[..], &["dlq", "replay", "--all"]] {
        let ran = installation.run(refused);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(
            ran.err.contains("nothing was done") && ran.err.contains("run `forebay bootstrap`"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("--unaudited"), "{}", ran.err);
    }
    assert!(!access.exists() && installation.records(&installation.settings.kafka.topics.events).is_empty());
    for read in ["show", "verify"] {
        let ran = installation.run(&["audit", read]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(
            ran.err.contains("`unrecorded.elsewhere` does not exist: run `forebay bootstrap`"),
            "{}",
            ran.err
        );
    }
    let replayed = installation.run(&["dlq", "replay", "--all", "--unaudited"]);
    assert!(replayed.code == 0 && replayed.err.contains("warning: --unaudited"), "{}", replayed.err);

    installation.settings.kafka.bootstrap_servers = format!("127.0.0.1:{}", free_port().unwrap());
    settings_file(&installation.config, &installation.settings).unwrap();
    let away = installation.run(&create);
    assert!(away.code == 69 && away.err.contains("nothing was done"), "{} {}", away.code, away.err);
    assert!(!access.exists());
    let unaudited = installation.run(&[&create[..], &["--unaudited"]].concat());
    assert!(unaudited.code == 0 && unaudited.err.contains("warning: --unaudited"), "{}", unaudited.err);
    assert!(access.exists());
}
