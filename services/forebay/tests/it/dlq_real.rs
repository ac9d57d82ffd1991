//! `forebay dlq` on a real Kafka, with transactions: what a kill, a rival and a purge leave behind.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_record::EventKey;
use forebay_testkit::procs::Process;
use forebay_testkit::{eventually, seed};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::installation::Installation;
use crate::support::{PATIENCE, program};

const LETTERS: usize = 12_000;

/// The most kills before a run is left in peace.
const KILLS: usize = 25;

fn replay(installation: &Installation, more: &[&str]) -> Process {
    let config = installation.config.to_str().unwrap();
    let arguments = [&["--config", config, "dlq", "replay", "--all", "--json"], more].concat();
    Process::start(program(), arguments, []).unwrap()
}

/// How often each id was sent back, with which count.
fn sent(installation: &Installation) -> BTreeMap<String, Vec<u32>> {
    let mut sent: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for record in installation.records(&installation.settings.kafka.topics.events) {
        let key = EventKey::read(&record.key).unwrap();
        sent.entry(key.id.to_owned()).or_default().push(key.replays);
    }
    sent
}

fn each_once(installation: &Installation) {
    let sent = sent(installation);
    let wrong: Vec<_> = sent.iter().filter(|(_, counts)| **counts != [1]).take(5).collect();
    assert!(wrong.is_empty(), "not once each: {wrong:?}");
    assert_eq!(sent.len(), LETTERS, "every event is sent");
}

/// Scenario: `forebay dlq replay` is killed with SIGKILL at random moments, again and again, and started anew until it ends.
/// Guarantees: a reader of committed records finds every event exactly once; all letters are closed; a further replay finds
/// nothing to do.
/// Doesn't prove: anything about brokers that die at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_killed_again_and_again_sends_each_event_once() {
    let installation = Installation::start("killed").await;
    installation.letters((0..LETTERS).map(|n| format!("e{n}")), "document_parsing_exception");
    let mut rng = ChaCha8Rng::seed_from_u64(seed());
    let events = installation.settings.kafka.topics.events.clone();
    let mut kills = 0;
    let mut in_the_middle = 0;
    loop {
        let mut run = replay(&installation, &["--rate", "2000"]);
        if kills == KILLS {
            assert!(run.wait(PATIENCE).await.unwrap().success(), "{}", run.log());
            break;
        }
        // A third of the kills come at any moment, most of them before anything is sent; the others once it is sending.
        let life = if rng.random_ratio(1, 3) {
            rng.random_range(50..2500)
        } else {
            let before = installation.written(&events).await;
            let sending = async || !run.is_running() || installation.written(&events).await > before;
            eventually("it sends", PATIENCE, sending).await.unwrap();
            rng.random_range(0..700)
        };
        if let Ok(status) = run.wait(Duration::from_millis(life)).await {
            assert!(status.success(), "{}", run.log());
            break;
        }
        let _killed = run.kill().unwrap();
        kills += 1;
        let done = sent(&installation).len();
        in_the_middle += usize::from(done > 0 && done < LETTERS);
    }
    assert!(in_the_middle > 2, "few kills hit a replay that was under way: {in_the_middle} of {kills}");
    each_once(&installation);
    let last = installation.run(&["dlq", "replay", "--all", "--json"]);
    let report: Value = serde_json::from_str(&last.out).unwrap();
    assert_eq!(
        (last.code, &report["matched"], &report["closed_before"]["replayed"]),
        (0, &0.into(), &LETTERS.into())
    );
    assert_eq!(installation.run(&["dlq", "list"]).out, "");
}

/// Scenario: a second replay begins while one is under way. Guarantees: the first ends with an error, the second does the rest, and every
/// event is sent once. Doesn't prove which error: now and then the broker answers just that something is wrong. What is said of a takeover
/// it tells of, `a_run_that_was_taken_over_says_so` shows.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_replays_at_once_the_later_one_goes_on() {
    let installation = Installation::start("rivals").await;
    installation.letters((0..LETTERS).map(|n| format!("e{n}")), "document_parsing_exception");
    let mut first = replay(&installation, &["--rate", "500"]);
    eventually("the first is under way", PATIENCE, async || !sent(&installation).is_empty()).await.unwrap();
    let mut second = replay(&installation, &[]);
    assert!(second.wait(PATIENCE).await.unwrap().success(), "{}", second.log());
    let ended = first.wait(PATIENCE).await.unwrap();
    assert_eq!(ended.code(), Some(1), "{}", first.log());
    let log = first.log();
    let report = log.lines().find_map(|line| serde_json::from_str::<Value>(line).ok()).unwrap_or_default();
    assert!(report["error"].is_string(), "{log}");
    each_once(&installation);
    let history = installation.run(&["dlq", "history"]);
    assert_eq!(history.out.matches("replay").count(), 2, "{}", history.out);
}

/// Scenario: letters of two kinds; one kind is purged, then the other replayed, and what was dealt with is freed.
/// Guarantees: purged letters aren't sent; what stands behind an open letter stays until that one is dealt with; a purge of one
/// tenant's letters deletes nothing even then; when all is freed, Kafka has deleted all of it, and the state topic doesn't call
/// letters closed that are written at the same places later.
#[tokio::test(flavor = "multi_thread")]
async fn purge_frees_what_was_dealt_with() {
    let installation = Installation::start("purged").await;
    installation.letters((0..300).map(|n| format!("keep{n}")), "document_parsing_exception");
    installation.letters((0..300).map(|n| format!("drop{n}")), "json_invalid");
    let purged = installation.run(&["dlq", "purge", "--error-type", "json_invalid", "--yes", "--json"]);
    let report: Value = serde_json::from_str(&purged.out).unwrap();
    assert_eq!((purged.code, &report["purged"]), (0, &300.into()), "{}{}", purged.out, purged.err);
    assert_eq!(report["deleted"], 0, "open letters stand before them");
    let replayed = installation.run(&["dlq", "replay", "--all"]);
    assert_eq!(replayed.code, 0, "{}{}", replayed.out, replayed.err);
    let sent = sent(&installation);
    assert!(sent.len() == 300 && sent.keys().all(|id| id.starts_with("keep")), "{}", sent.len());
    let own = installation.run(&["dlq", "purge", "--tenant", "acme", "--yes", "--json"]);
    let report: Value = serde_json::from_str(&own.out).unwrap();
    assert_eq!(
        (own.code, &report["deleted"]),
        (0, &0.into()),
        "others' letters might stand there: {}",
        own.err
    );
    let freed = installation.run(&["dlq", "purge", "--done", "--yes", "--json"]);
    let report: Value = serde_json::from_str(&freed.out).unwrap();
    assert_eq!((freed.code, &report["deleted"]), (0, &600.into()), "{}{}", freed.out, freed.err);
    assert!(installation.records(&installation.settings.kafka.topics.dead_letters).is_empty());
    installation.letters(["new".to_owned()].into_iter(), "json_invalid");
    let list = installation.run(&["dlq", "list"]);
    assert!(list.out.contains("new") && list.out.contains("json_invalid"), "{}", list.out);
}
