//! What the component tests share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use forebay_kafka::testing::TestCluster;
use forebay_kafka::{
    Acks, Assignment, Intake, IntakeOptions, Member, Outgoing, PollLimits, Producer, ProducerOptions,
    RecordBatch,
};
use forebay_settings::sections::KafkaSettings;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const TOPIC: &str = "forebay.test";

pub(crate) fn cluster(partitions: i32) -> TestCluster {
    let cluster = TestCluster::start(1).unwrap();
    cluster.create_topic(TOPIC, partitions).unwrap();
    cluster
}

pub(crate) fn producer(settings: &KafkaSettings) -> Producer {
    Producer::new(settings, ProducerOptions { client_id: "test".to_owned(), queue_bytes: 8 << 20 }).unwrap()
}

pub(crate) fn outgoing<'a>(partition: i32, value: &'a [u8]) -> Outgoing<'a> {
    Outgoing { topic: TOPIC, partition: Some(partition), key: b"k", value, headers: &[] }
}

/// Sends `count` records to each partition and waits for them.
pub(crate) fn fill(settings: &KafkaSettings, partitions: i32, count: usize) {
    let producer = producer(settings);
    let acks = Acks::new();
    for partition in 0..partitions {
        for n in 0..count {
            producer.send(&outgoing(partition, format!("{partition}-{n}").as_bytes()), &acks).unwrap();
        }
    }
    acks.seal();
    let report = block_on(acks.wait());
    assert_eq!((report.delivered, report.failed), (acks.sent(), 0), "{report:?}");
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.expect("no answer in time") })
}

/// Remembers what it was told, and answers a revocation with what it was given.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) offsets: Mutex<BTreeMap<i32, i64>>,
    pub(crate) log: Mutex<Vec<(&'static str, Vec<i32>)>>,
}

impl Assignment for Recorder {
    fn assigned(&self, partitions: &[i32]) {
        self.log.lock().unwrap().push(("assigned", partitions.to_vec()));
    }

    fn revoked(&self, _member: &Member<'_>, partitions: &[i32]) -> Vec<(i32, i64)> {
        self.log.lock().unwrap().push(("revoked", partitions.to_vec()));
        let offsets = self.offsets.lock().unwrap();
        partitions
            .iter()
            .filter_map(|partition| offsets.get_key_value(partition))
            .map(|(p, o)| (*p, *o))
            .collect()
    }

    fn lost(&self, partitions: &[i32]) {
        self.log.lock().unwrap().push(("lost", partitions.to_vec()));
    }
}

pub(crate) fn intake(settings: &KafkaSettings, group: &str, recorder: &Arc<Recorder>) -> Intake {
    let options = IntakeOptions {
        group: group.to_owned(),
        topic: TOPIC.to_owned(),
        client_id: "test".to_owned(),
        prefetch_bytes: 1 << 20,
    };
    Intake::new(settings, options, Arc::<Recorder>::clone(recorder)).unwrap()
}

pub(crate) const LIMITS: PollLimits = PollLimits { records: 1000, bytes: 1 << 20 };

/// Polls until the condition holds.
pub(crate) fn poll_until(
    intake: &mut Intake,
    batch: &mut RecordBatch,
    what: &str,
    mut done: impl FnMut(&Intake, &RecordBatch) -> bool,
) {
    let deadline = Instant::now() + PATIENCE;
    while !done(intake, batch) {
        assert!(Instant::now() < deadline, "waited in vain until {what}; trouble: {:?}", intake.trouble());
        intake.poll(batch, LIMITS, Duration::from_millis(50)).unwrap();
    }
}

/// Blocks until the condition holds.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    block_on(async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(done(), "{what}");
}
