//! The whole crate on a real broker: what librdkafka's mock cluster can't show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use forebay_kafka::admin::{TopicAction, TopicSpec, wanted_topics};
use forebay_kafka::{
    Acks, Admin, Assignment, CommitMode, Intake, IntakeOptions, MAX_RECORD_BYTES, Outgoing, PollLimits,
    Producer, ProducerOptions, ReadFrom, RecordBatch, TopicReader,
};
use forebay_settings::sections::KafkaSettings;
use forebay_testkit::servers::shared;

const PATIENCE: Duration = Duration::from_secs(60);
const LIMITS: PollLimits = PollLimits { records: 10_000, bytes: 64 << 20 };

async fn settings() -> KafkaSettings {
    let kafka = shared::kafka().await.unwrap();
    let mut settings = KafkaSettings { bootstrap_servers: kafka.address(), ..KafkaSettings::default() };
    settings.topics.partitions = 2;
    settings
}

async fn create(settings: &KafkaSettings, name: &str) {
    let mut topic: TopicSpec = wanted_topics(settings).swap_remove(0);
    name.clone_into(&mut topic.name);
    let admin = Admin::new(settings).unwrap();
    let plans = admin.plan(&[topic]).await.unwrap();
    admin.apply(&plans).await.unwrap();
}

async fn send(settings: &KafkaSettings, topic: &str, values: impl Iterator<Item = (i32, Vec<u8>)>) {
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 64 << 20 };
    let producer = Producer::new(settings, options).unwrap();
    let acks = Acks::new();
    for (partition, value) in values {
        let record = Outgoing { topic, partition: Some(partition), key: b"k", value: &value, headers: &[] };
        producer.send(&record, &acks).unwrap();
    }
    acks.seal();
    let report = acks.wait().await;
    assert_eq!((report.delivered, report.failed), (acks.sent(), 0), "{report:?}");
}

/// Answers a revocation with the offsets it was given.
#[derive(Debug, Default)]
struct Stopped(Mutex<Vec<(i32, i64)>>);

impl Assignment for Stopped {
    fn assigned(&self, _partitions: &[i32]) {}
    fn revoked(&self, partitions: &[i32]) -> Vec<(i32, i64)> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|(partition, _)| partitions.contains(partition))
            .copied()
            .collect()
    }
    fn lost(&self, _partitions: &[i32]) {}
}

fn member(settings: &KafkaSettings, topic: &str, assignment: &Arc<Stopped>) -> Intake {
    let options = IntakeOptions {
        group: format!("{topic}-group"),
        topic: topic.to_owned(),
        client_id: "test".to_owned(),
        prefetch_bytes: 16 << 20,
    };
    Intake::new(settings, options, Arc::<Stopped>::clone(assignment)).unwrap()
}

fn poll_until(
    intake: &mut Intake,
    batch: &mut RecordBatch,
    mut done: impl FnMut(&Intake, &RecordBatch) -> bool,
) {
    let deadline = Instant::now() + PATIENCE;
    while !done(intake, batch) {
        assert!(Instant::now() < deadline, "waited in vain; trouble: {:?}", intake.trouble());
        intake.poll(batch, LIMITS, Duration::from_millis(50)).unwrap();
    }
}

/// Scenario: all topics are planned and made, then planned again, then one is wanted otherwise.
/// Guarantees: making them twice does nothing, and a difference is named with both values.
#[tokio::test]
async fn bootstrap_is_idempotent_and_tells_differences() {
    let mut settings = settings().await;
    settings.topics.raw = "plan.raw".to_owned();
    let admin = Admin::new(&settings).unwrap();
    let plans = admin.plan(&wanted_topics(&settings)).await.unwrap();
    assert!(plans.iter().all(|plan| plan.action == TopicAction::Create), "{plans:?}");
    admin.apply(&plans).await.unwrap();
    admin.apply(&plans).await.unwrap();
    let plans = admin.plan(&wanted_topics(&settings)).await.unwrap();
    assert!(plans.iter().all(|plan| plan.action == TopicAction::Keep), "{plans:?}");
    settings.topics.partitions = 3;
    settings.topics.retention.0 = Duration::from_secs(60);
    let plans = admin.plan(&wanted_topics(&settings)).await.unwrap();
    let TopicAction::Differs(differences) = &plans[0].action else { panic!("{plans:?}") };
    let told: Vec<String> =
        differences.iter().map(|d| format!("{} {} {}", d.what, d.wanted, d.found)).collect();
    assert_eq!(told, ["partitions 3 2", "retention.ms 60000 259200000"]);
}

/// Scenario: the largest record, incompressible, through a topic as bootstrap makes it.
/// Guarantees: it arrives, byte for byte.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_record_passes() {
    let settings = settings().await;
    create(&settings, "largest").await;
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    let value: Vec<u8> = std::iter::repeat_with(&mut noise).take(MAX_RECORD_BYTES - 1).collect();
    send(&settings, "largest", std::iter::once((0, value.clone()))).await;
    let mut intake = member(&settings, "largest", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, |_, batch| batch.len() == 1);
    assert!(batch.get(0).unwrap().value == value);
    let mut reader = TopicReader::open(&settings, "largest", ReadFrom::Beginning).unwrap();
    assert!(reader.next_record().unwrap().unwrap().value == value);
}

/// Scenario: a second member joins; the first answers the revocation with how far it is.
/// Guarantees: with either protocol, whoever owns a partition next starts exactly there.
async fn hands_over(strategy: &str) {
    let mut settings = settings().await;
    settings.assignment_strategy = strategy.to_owned();
    let topic = format!("handover.{strategy}");
    create(&settings, &topic).await;
    send(&settings, &topic, (0..20).map(|n| (n % 2, vec![b'x'; 10]))).await;
    let stopped = Arc::new(Stopped::default());
    let mut first = member(&settings, &topic, &stopped);
    poll_until(&mut first, &mut RecordBatch::new(), |_, batch| batch.len() == 20);
    stopped.0.lock().unwrap().extend([(0, 5), (1, 7)]);
    let mut second = member(&settings, &topic, &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut second, &mut batch, |second, batch| {
        first.poll(&mut RecordBatch::new(), LIMITS, Duration::from_millis(20)).unwrap();
        second.partitions().len() == 1 && first.partitions().len() == 1 && !batch.is_empty()
    });
    let record = batch.get(0).unwrap();
    assert_eq!(record.offset, if record.partition == 0 { 5 } else { 7 });
}

#[tokio::test(flavor = "multi_thread")]
async fn cooperative_members_hand_over() {
    hands_over("cooperative-sticky").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eager_members_hand_over() {
    hands_over("range").await;
}

/// Scenario: records of two times, read from a time between them.
/// Guarantees: the earlier ones are left out; a time after all of them finds nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_starts_at_a_time() {
    let settings = settings().await;
    create(&settings, "times").await;
    send(&settings, "times", (0..10).map(|n| (n % 2, b"early".to_vec()))).await;
    let mut reader = TopicReader::open(&settings, "times", ReadFrom::Beginning).unwrap();
    let mut last = 0;
    while let Some(record) = reader.next_record().unwrap() {
        last = last.max(record.timestamp_ms);
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    send(&settings, "times", (0..4).map(|n| (n % 2, b"late".to_vec()))).await;
    let mut reader = TopicReader::open(&settings, "times", ReadFrom::Time(last + 1)).unwrap();
    let mut values = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        values.push(record.value);
    }
    assert_eq!(values, vec![b"late".to_vec(); 4]);
    let mut reader = TopicReader::open(&settings, "times", ReadFrom::Time(last + 3_600_000)).unwrap();
    assert_eq!(reader.next_record().unwrap(), None);
}

/// Scenario: half is committed. Guarantees: lag and offsets tell it, from outside and from inside the group.
#[tokio::test(flavor = "multi_thread")]
async fn lag_is_told() {
    let settings = settings().await;
    create(&settings, "lag").await;
    send(&settings, "lag", (0..20).map(|n| (n % 2, b"x".to_vec()))).await;
    let mut intake = member(&settings, "lag", &Arc::default());
    let mut batch = RecordBatch::new();
    poll_until(&mut intake, &mut batch, |_, batch| batch.len() == 20);
    intake.commit(&[(0, 5), (1, 10)], CommitMode::Sync).unwrap();
    poll_until(&mut intake, &mut batch, |intake, _| intake.lag() == [(0, 5), (1, 0)]);
    let admin = Admin::new(&settings).unwrap();
    let lag = admin.group_lag("lag-group", "lag").await.unwrap();
    assert_eq!(lag.iter().map(|lag| (lag.range.len(), lag.lag())).collect::<Vec<_>>(), [(10, 5), (10, 0)]);
    intake.close();
}
