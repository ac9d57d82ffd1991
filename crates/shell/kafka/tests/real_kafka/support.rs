//! What the tests on a real broker share.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use forebay_kafka::admin::{TopicSpec, wanted_topics};
use forebay_kafka::{
    Acks, Admin, Assignment, Intake, IntakeOptions, Member, Outgoing, PollLimits, Producer, ProducerOptions,
    ReadFrom, RecordBatch, TopicReader,
};
use forebay_settings::sections::{GroupProtocol, KafkaSettings};
use forebay_testkit::servers::shared;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const LIMITS: PollLimits = PollLimits { records: 10_000, bytes: 64 << 20 };

/// The broker that all these tests share, and two partitions for each topic.
pub(crate) async fn settings() -> KafkaSettings {
    let kafka = shared::kafka().await.unwrap();
    let mut settings = KafkaSettings { bootstrap_servers: kafka.address(), ..KafkaSettings::default() };
    settings.topics.partitions = 2;
    settings
}

pub(crate) fn speaking(settings: &KafkaSettings, group_protocol: GroupProtocol) -> KafkaSettings {
    KafkaSettings { group_protocol, ..settings.clone() }
}

pub(crate) async fn create(settings: &KafkaSettings, name: &str) {
    let mut topic: TopicSpec = wanted_topics(settings).swap_remove(0);
    name.clone_into(&mut topic.name);
    let admin = Admin::new(settings).unwrap();
    let plans = admin.plan(&[topic]).await.unwrap();
    admin.apply(&plans).await.unwrap();
}

pub(crate) async fn send(
    settings: &KafkaSettings,
    topic: &str,
    values: impl Iterator<Item = (i32, Vec<u8>)>,
) {
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

/// All that a reader of committed records finds in a topic, as text, sorted.
pub(crate) fn read_all(settings: &KafkaSettings, topic: &str) -> Vec<String> {
    let mut reader = TopicReader::open(settings, topic, ReadFrom::Beginning).unwrap();
    let mut values: Vec<String> = std::iter::from_fn(|| reader.next_record().unwrap())
        .map(|record| String::from_utf8(record.value).unwrap())
        .collect();
    values.sort();
    values
}

/// Answers a revocation with the offsets it was given, and remembers what it was told.
#[derive(Debug, Default)]
pub(crate) struct Stopped {
    pub(crate) offsets: Mutex<Vec<(i32, i64)>>,
    pub(crate) log: Mutex<Vec<(&'static str, Vec<i32>)>>,
}

impl Stopped {
    fn note(&self, what: &'static str, partitions: &[i32]) {
        self.log.lock().unwrap().push((what, partitions.to_vec()));
    }

    /// What it was told of partitions that came or went.
    pub(crate) fn told(&self) -> Vec<(&'static str, Vec<i32>)> {
        let log = self.log.lock().unwrap();
        log.iter().filter(|(_, partitions)| !partitions.is_empty()).cloned().collect()
    }
}

impl Assignment for Stopped {
    fn assigned(&self, partitions: &[i32]) {
        self.note("assigned", partitions);
    }

    fn revoked(&self, _member: &Member<'_>, partitions: &[i32]) -> Vec<(i32, i64)> {
        self.note("revoked", partitions);
        let offsets = self.offsets.lock().unwrap();
        offsets.iter().filter(|(partition, _)| partitions.contains(partition)).copied().collect()
    }

    fn lost(&self, partitions: &[i32]) {
        self.note("lost", partitions);
    }
}

pub(crate) fn member(settings: &KafkaSettings, topic: &str, assignment: Arc<dyn Assignment>) -> Intake {
    let options = IntakeOptions {
        group: format!("{topic}-group"),
        topic: topic.to_owned(),
        client_id: "test".to_owned(),
        prefetch_bytes: 16 << 20,
    };
    Intake::new(settings, options, assignment).unwrap()
}

#[track_caller]
pub(crate) fn poll_until(
    intake: &mut Intake,
    batch: &mut RecordBatch,
    mut done: impl FnMut(&Intake, &RecordBatch) -> bool,
) {
    let deadline = Instant::now() + PATIENCE;
    while !done(intake, batch) {
        assert!(Instant::now() < deadline, "waited in vain: {intake:?}; trouble: {:?}", intake.trouble());
        intake.poll(batch, LIMITS, Duration::from_millis(50)).unwrap();
    }
}

/// Polls two intakes in turn, into nowhere, until the condition holds.
#[track_caller]
pub(crate) fn poll_both_until(
    first: &mut Intake,
    second: &mut Intake,
    mut done: impl FnMut(&Intake, &Intake) -> bool,
) {
    let deadline = Instant::now() + PATIENCE;
    while !done(first, second) {
        assert!(Instant::now() < deadline, "waited in vain: {first:?}, {second:?}");
        for intake in [&mut *first, &mut *second] {
            intake.poll(&mut RecordBatch::new(), LIMITS, Duration::from_millis(20)).unwrap();
        }
    }
}
