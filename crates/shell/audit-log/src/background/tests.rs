use forebay_audit::{Record, State};
use forebay_kafka::testing::TestCluster;
use forebay_testkit::eventually;

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

fn cluster() -> (TestCluster, KafkaSettings) {
    let cluster = TestCluster::start(1).unwrap();
    let settings = cluster.settings();
    cluster.create_topic(&settings.topics.audit, 1).unwrap();
    (cluster, settings)
}

async fn records(settings: &KafkaSettings) -> Vec<Record> {
    let add = |records: &mut Vec<Record>, _, bytes: &[u8]| records.push(Record::read(bytes).unwrap());
    crate::read(settings, Vec::new(), add).await.unwrap()
}

fn subjects(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.subject.as_str()).collect()
}

/// Scenario: a service records two things, a command two others, and the service stops right behind a last one.
/// Guarantees: all stand there in their order, each writer with a chain of its own, and nothing is wrong with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_and_commands_write_side_by_side() {
    let (_cluster, settings) = cluster();
    let (auditor, mut background) = Background::start(&settings, "ingest");
    background.drain = PATIENCE;
    for subject in ["one", "two"] {
        auditor.record(auditor.entry(Action::AccessInForce, subject));
    }
    eventually("both are written", PATIENCE, async || records(&settings).await.len() == 2).await.unwrap();
    let mut writer = crate::Writer::open(&settings, "cli").await.unwrap();
    let entry = Entry::new("os:ann@ops", Action::TokenRevoke, "three");
    writer.write(&entry.clone().in_state(State::Planned)).await.unwrap();
    writer.write(&entry).await.unwrap();
    auditor.record(auditor.entry(Action::AccessInForce, "four"));
    background.finish().await;
    let records = records(&settings).await;
    assert_eq!(subjects(&records), ["one", "two", "three", "three", "four"]);
    assert!(records[0].actor.starts_with("service:ingest") && records[0].writer.starts_with("ingest/"));
    assert_eq!((records[2].state, records[3].state, records[4].sequence), (State::Planned, State::Done, 2));
    assert!(records[2].seen.is_some() && records[4].seen.is_some(), "each has seen what others wrote");
    let verdict = crate::verify(&settings, None).await.unwrap();
    assert_eq!((verdict.faults, verdict.records, verdict.heads.len()), (Vec::new(), 5, 2));
}

/// Scenario: Kafka is away while five things are to be recorded, and there is room for two beside the one that is tried.
/// Guarantees: nobody waits; when Kafka is back, what there was room for is written in order, and a record has the
/// number of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_counted_and_told() {
    let (cluster, settings) = cluster();
    cluster.broker_down(1).unwrap();
    let (auditor, background) = Background::with_queue(&settings, "parser", 2);
    auditor.record(auditor.entry(Action::RulesInForce, "0"));
    let taken = || auditor.queue.capacity() == 2;
    eventually("the first one is being tried", PATIENCE, async || taken()).await.unwrap();
    for number in 1..5 {
        auditor.record(auditor.entry(Action::RulesInForce, &number.to_string()));
    }
    assert_eq!(auditor.shared.untold.load(Ordering::Relaxed), 2);
    cluster.broker_up(1).unwrap();
    let waiting = || auditor.shared.waiting.load(Ordering::Relaxed);
    eventually("all are written", PATIENCE, async || waiting() == 0).await.unwrap();
    background.finish().await;
    let records = records(&settings).await;
    let gap = records.iter().find(|record| record.action == "audit.lost").unwrap();
    assert_eq!(gap.details["records"], "2");
    let others: Vec<&str> = subjects(&records).into_iter().filter(|subject| subject.len() == 1).collect();
    assert_eq!(others, ["0", "1", "2"]);
    assert!(crate::verify(&settings, None).await.unwrap().is_good());
}

/// Scenario: there is no audit topic, and a service that has something to record stops.
/// Guarantees: it stops in time, and a command is told what to do. Nobody creates the topic by the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_topic_nothing_is_written() {
    let cluster = TestCluster::start(1).unwrap();
    let settings = cluster.settings();
    let (auditor, background) = Background::start(&settings, "ingest");
    auditor.record(auditor.entry(Action::AccessInForce, "one"));
    tokio::time::timeout(PATIENCE, background.finish()).await.unwrap();
    assert_eq!(auditor.shared.waiting.load(Ordering::Relaxed), 1);
    let error = crate::Writer::open(&settings, "cli").await.unwrap_err();
    assert!(error.to_string().contains("run `forebay bootstrap`"), "{error}");
    assert!(matches!(crate::verify(&settings, None).await, Err(KafkaError::UnknownTopic { .. })));
}
