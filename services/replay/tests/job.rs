//! The job as Kubernetes meets it: the binary on a real Kafka, its signals and its exit codes.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use forebay_deadletters::{Filter, LetterTopic, Letters, State};
use forebay_kafka::{Acks, Admin, Producer, ProducerOptions, ReadFrom, TopicReader, admin, dead_letter};
use forebay_record::{DeadLetter, ErrorDomain, EventKey, Stage};
use forebay_settings::Settings;
use forebay_testkit::eventually;
use forebay_testkit::procs::{Process, settings_file};
use forebay_testkit::servers::shared;

const LETTERS: i64 = 3000;

const PATIENCE: Duration = Duration::from_secs(60);

/// Topics of their own on the Kafka of this test process, with letters about documents in them.
async fn installation(name: &str, config: &Path) -> Settings {
    let mut settings = Settings::default();
    settings.kafka.bootstrap_servers = shared::kafka().await.unwrap().address();
    let topics = &mut settings.kafka.topics;
    (topics.raw, topics.events) = (format!("{name}.raw"), format!("{name}.events"));
    (topics.dead_letters, topics.parked) = (format!("{name}.dlq"), format!("{name}.parked"));
    topics.audit = format!("{name}.audit");
    topics.partitions = 2;
    let admin = Admin::new(&settings.kafka).unwrap();
    let plans = admin.plan(&admin::wanted_topics(&settings.kafka)).await.unwrap();
    admin.apply(&plans).await.unwrap();
    settings_file(config, &settings).unwrap();
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 64 << 20 };
    let producer = Producer::new(&settings.kafka, options).unwrap();
    let acks = Acks::new();
    for n in 0..LETTERS {
        let letter = letter(n, &settings);
        let key = key(&letter);
        let topic = &settings.kafka.topics.dead_letters;
        dead_letter::send(&producer, topic, &letter, key.as_bytes(), br#"{"n":"x"}"#, &acks).unwrap();
    }
    acks.seal();
    producer.flush(PATIENCE).unwrap();
    assert_eq!(acks.report().unwrap().failed, 0);
    settings
}

fn letter(n: i64, settings: &Settings) -> DeadLetter {
    DeadLetter {
        event_id: format!("e{n}"),
        tenant: "acme".to_owned(),
        source_topic: settings.kafka.topics.events.clone(),
        source_partition: 0,
        source_offset: n,
        source_timestamp: 1000,
        stage: Stage::Index,
        rule: "json".to_owned(),
        rule_revision: "0".to_owned(),
        target: "forebay-acme-2026.11.21".to_owned(),
        error_domain: ErrorDomain::User,
        error_type: "document_parsing_exception".to_owned(),
        status: 400,
        reason: "failed to parse field [n]".to_owned(),
        first_failed_at: 2000,
        last_failed_at: 2000,
        attempts: 1,
        replay_count: 0,
    }
}

fn key(letter: &DeadLetter) -> String {
    let mut key = String::new();
    let DeadLetter { tenant, target, event_id: id, .. } = letter;
    EventKey { tenant, target, event_ms: 1000, replays: 0, id, trace: "" }.push(&mut key);
    key
}

fn job(config: &Path, variables: &[(&str, &str)]) -> Process {
    let variables =
        variables.iter().map(|(name, value)| (format!("FOREBAY_REPLAY_{name}"), (*value).to_owned()));
    let arguments = ["--config", config.to_str().unwrap()];
    Process::start(Path::new(env!("CARGO_BIN_EXE_forebay-replay")), arguments, variables).unwrap()
}

/// The ids that were sent back, and how many records that took.
fn sent(settings: &Settings) -> (BTreeSet<String>, usize) {
    let topic = &settings.kafka.topics.events;
    let mut reader = TopicReader::open(&settings.kafka, topic, ReadFrom::Beginning).unwrap();
    let ids: Vec<String> = std::iter::from_fn(|| reader.next_record().unwrap())
        .map(|record| EventKey::read(&record.key).unwrap().id.to_owned())
        .collect();
    (ids.iter().cloned().collect(), ids.len())
}

fn open(settings: &Settings) -> usize {
    let state = State::read(&settings.kafka).unwrap();
    let mut letters = Letters::open(&settings.kafka, LetterTopic::DeadLetters, Filter::default()).unwrap();
    let entries = std::iter::from_fn(|| letters.next_entry().unwrap());
    entries.filter(|entry| entry.mark(&state.marks).is_none()).count()
}

/// Scenario: a job with a limit is evicted (SIGTERM) while it works, and its next pod too (SIGKILL); a third finishes.
/// Guarantees: the first ends by itself and says that it isn't complete; the limit holds over all three; each event was sent
/// once.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_evicted_goes_on_in_its_next_pod() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("forebay.yaml");
    let settings = installation("evicted", &config).await;
    let name = [("ALL", "true"), ("RUN", "job-1"), ("LIMIT", "2500"), ("RATE", "250")];
    let mut first = job(&config, &name);
    eventually("it sends", PATIENCE, async || sent(&settings).1 > 0).await.unwrap();
    let status = first.terminate(PATIENCE).await.unwrap();
    assert_eq!(status.code(), Some(1), "{}", first.log());
    assert!(first.log().contains("replay not complete"), "{}", first.log());
    let before = sent(&settings).1;
    let mut second = job(&config, &name);
    eventually("the next one sends", PATIENCE, async || sent(&settings).1 > before).await.unwrap();
    let _killed = second.kill().unwrap();
    let mut third = job(&config, &[("ALL", "true"), ("RUN", "job-1"), ("LIMIT", "2500")]);
    assert!(third.wait(PATIENCE).await.unwrap().success(), "{}", third.log());
    let (ids, records) = sent(&settings);
    assert_eq!((ids.len(), records, open(&settings)), (2500, 2500, 500));
}

/// Scenario: jobs that can't do what they were made for. Guarantees: each ends with the code that says why.
#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("forebay.yaml");
    let mut settings = Settings::default();
    settings.kafka.bootstrap_servers = format!("127.0.0.1:{}", forebay_testkit::free_port().unwrap());
    settings_file(&config, &settings).unwrap();
    let mut no_condition = job(&config, &[]);
    assert_eq!(no_condition.wait(PATIENCE).await.unwrap().code(), Some(2), "{}", no_condition.log());
    assert!(no_condition.log().contains("--all"), "{}", no_condition.log());
    std::fs::write(&config, "kafka: {nonsense: 1}").unwrap();
    let mut wrong = job(&config, &[("ALL", "true")]);
    assert_eq!(wrong.wait(PATIENCE).await.unwrap().code(), Some(78), "{}", wrong.log());
    // An access file: the job needs the token of an administrator before it looks at Kafka.
    let access = folder.path().join("access.yaml");
    std::fs::write(&access, "credentials: []\n").unwrap();
    settings.telemetry.access_file = Some(access);
    settings_file(&config, &settings).unwrap();
    let mut nobody = job(&config, &[("ALL", "true")]);
    assert_eq!(nobody.wait(PATIENCE).await.unwrap().code(), Some(77), "{}", nobody.log());
    assert!(nobody.log().contains("role `admin`"), "{}", nobody.log());
}
