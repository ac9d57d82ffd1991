//! The broker as librdkafka sees it, through `forebay-kafka`.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a panic is the report")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use forebay_embedded_broker::{
    BrokerError, EmbeddedBroker, EmbeddedOptions, TopicSpec, recommended_properties,
};
use forebay_kafka::{
    Acks, Assignment, CommitMode, Intake, IntakeOptions, Outgoing, PollLimits, Producer, ProducerOptions,
    RecordBatch,
};
use forebay_settings::sections::KafkaSettings;
use tokio_util::sync::CancellationToken;

const TOPIC: &str = "forebay.raw";
const PARTITIONS: i32 = 2;
const PATIENCE: Duration = Duration::from_secs(60);
const LIMITS: PollLimits = PollLimits { records: 1000, bytes: 32 * 1024 * 1024 };

fn options(dir: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        data_dir: dir.to_path_buf(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        topics: vec![TopicSpec::new(TOPIC, PARTITIONS), TopicSpec::new("other", 1)],
        shutdown: CancellationToken::new(),
    }
}

fn settings(bootstrap_servers: &str, strategy: &str) -> KafkaSettings {
    KafkaSettings {
        bootstrap_servers: bootstrap_servers.to_owned(),
        assignment_strategy: strategy.to_owned(),
        properties: recommended_properties(),
        ..KafkaSettings::default()
    }
}

/// Sends `values` with acks=all and an idempotent producer, and waits for the acknowledgements.
async fn produce(settings: &KafkaSettings, topic: &str, values: &[Vec<u8>]) -> anyhow::Result<()> {
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 64 * 1024 * 1024 };
    let producer = Producer::new(settings, options)?;
    let acks = Acks::new();
    for (n, value) in values.iter().enumerate() {
        let key = n.to_string();
        let record = Outgoing { topic, partition: None, key: key.as_bytes(), value, headers: &[] };
        producer.send(&record, &acks)?;
    }
    acks.seal();
    let report = acks.wait().await;
    ensure!(report.failed == 0, "{report:?}");
    ensure!(report.delivered == values.len() as u64, "{report:?}");
    Ok(())
}

/// One member of a group, which commits what it read.
struct Member {
    intake: Intake,
    read: BTreeSet<Vec<u8>>,
    count: usize,
    next: Arc<Next>,
}

#[derive(Default)]
struct Next(Mutex<std::collections::BTreeMap<i32, i64>>);

impl Assignment for Next {
    fn assigned(&self, _partitions: &[i32]) {}
    fn revoked(&self, _member: &forebay_kafka::Member<'_>, partitions: &[i32]) -> Vec<(i32, i64)> {
        let next = self.0.lock().unwrap();
        partitions.iter().filter_map(|partition| Some((*partition, *next.get(partition)?))).collect()
    }
    fn lost(&self, _partitions: &[i32]) {}
}

impl Member {
    fn join(settings: &KafkaSettings, group: &str, topic: &str) -> anyhow::Result<Self> {
        let options = IntakeOptions {
            group: group.to_owned(),
            topic: topic.to_owned(),
            client_id: "test".to_owned(),
            prefetch_bytes: 16 * 1024 * 1024,
        };
        let next = Arc::new(Next::default());
        let intake = Intake::new(settings, options, Arc::clone(&next) as Arc<dyn Assignment>)?;
        Ok(Self { intake, read: BTreeSet::new(), count: 0, next })
    }

    fn poll(&mut self, wait: Duration) -> anyhow::Result<()> {
        let mut batch = RecordBatch::default();
        self.intake.poll(&mut batch, LIMITS, wait)?;
        for record in batch.iter() {
            let _new = self.read.insert(record.value.to_vec());
            self.count += 1;
            let _before = self.next.0.lock().unwrap().insert(record.partition, record.offset + 1);
        }
        Ok(())
    }

    /// Polls until so many records were read in all.
    fn read_until(&mut self, count: usize) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.count < count {
            ensure!(Instant::now() < deadline, "{} of {count} records", self.count);
            self.poll(Duration::from_millis(100))?;
        }
        Ok(())
    }

    fn commit(&self) -> anyhow::Result<()> {
        let next: Vec<(i32, i64)> = self.next.0.lock().unwrap().iter().map(|(p, o)| (*p, *o)).collect();
        self.intake.commit(&next, CommitMode::Sync)?;
        Ok(())
    }
}

fn values(prefix: &str, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("{prefix} {n} {}", "x".repeat(280)).into_bytes()).collect()
}

/// Runs what blocks away from the runtime.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// Scenario: produce, read in a group and commit; stop, start on the same folder, produce more, with either strategy.
/// Guarantees: records, topics and committed offsets are kept, and the group goes on where it was.
#[tokio::test]
async fn a_restart_keeps_records_and_offsets() -> anyhow::Result<()> {
    for strategy in ["cooperative-sticky", "range"] {
        let dir = tempfile::tempdir()?;
        let broker = EmbeddedBroker::start(options(dir.path())).await?;
        let kafka = settings(&broker.bootstrap_servers(), strategy);
        produce(&kafka, TOPIC, &values("first", 2000)).await?;
        let first = blocking(move || {
            let mut member = Member::join(&kafka, "group", TOPIC)?;
            member.read_until(2000)?;
            member.commit()?;
            Ok(member.read)
        })
        .await?;
        ensure!(first.len() == 2000, "{} different records", first.len());
        broker.stop().await?;

        let broker = EmbeddedBroker::start(options(dir.path())).await?;
        let kafka = settings(&broker.bootstrap_servers(), strategy);
        produce(&kafka, TOPIC, &values("second", 100)).await?;
        let second = blocking(move || {
            let mut member = Member::join(&kafka, "group", TOPIC)?;
            member.read_until(100)?;
            member.poll(Duration::from_millis(500))?;
            Ok(member.read)
        })
        .await?;
        ensure!(second == values("second", 100).into_iter().collect(), "{} records", second.len());
        broker.stop().await?;
    }
    Ok(())
}

/// Scenario: a second member joins a group that reads, then leaves it.
/// Guarantees: the partitions are shared and come back, and every record is read.
#[tokio::test]
async fn two_members_share_the_partitions() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let broker = EmbeddedBroker::start(options(dir.path())).await?;
    let kafka = settings(&broker.bootstrap_servers(), "cooperative-sticky");
    produce(&kafka, TOPIC, &values("a", 100)).await?;
    let again = kafka.clone();
    let mut first = blocking(move || {
        let mut first = Member::join(&again, "group", TOPIC)?;
        first.read_until(100)?;
        let mut second = Member::join(&again, "group", TOPIC)?;
        let deadline = Instant::now() + PATIENCE;
        while first.intake.partitions().len() != 1 || second.intake.partitions().len() != 1 {
            ensure!(Instant::now() < deadline, "the partitions were never shared");
            first.poll(Duration::from_millis(50))?;
            second.poll(Duration::from_millis(50))?;
        }
        second.intake.close();
        while first.intake.partitions().len() != 2 {
            ensure!(Instant::now() < deadline, "the partitions never came back");
            first.poll(Duration::from_millis(50))?;
        }
        Ok(first)
    })
    .await?;
    produce(&kafka, TOPIC, &values("b", 100)).await?;
    blocking(move || first.read_until(200)).await?;
    broker.stop().await?;
    Ok(())
}

/// Scenario: a client that was told nothing about this broker tries the new group protocol.
/// Guarantees: it finds out that there is none, and reads with the classic one.
#[tokio::test]
async fn a_client_finds_the_group_protocol_by_itself() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let broker = EmbeddedBroker::start(options(dir.path())).await?;
    let mut kafka = settings(&broker.bootstrap_servers(), "cooperative-sticky");
    kafka.properties.clear();
    produce(&kafka, TOPIC, &values("a", 10)).await?;
    let protocol = blocking(move || {
        let mut member = Member::join(&kafka, "group", TOPIC)?;
        member.read_until(10)?;
        Ok(member.intake.protocol())
    })
    .await?;
    assert_eq!(protocol, forebay_kafka::Protocol::Classic);
    broker.stop().await?;
    Ok(())
}

/// Scenario: a record of 7 MiB, between small ones.
/// Guarantees: it is delivered, though it is larger than an answer usually is.
#[tokio::test]
async fn a_record_larger_than_an_answer_is_delivered() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let broker = EmbeddedBroker::start(options(dir.path())).await?;
    let kafka = settings(&broker.bootstrap_servers(), "range");
    produce(&kafka, "other", &[b"before".to_vec(), vec![b'x'; 7 * 1024 * 1024], b"after".to_vec()]).await?;
    let read = blocking(move || {
        let mut member = Member::join(&kafka, "group", "other")?;
        member.read_until(3)?;
        Ok(member.read)
    })
    .await?;
    ensure!(read.iter().any(|value| value.len() == 7 * 1024 * 1024));
    broker.stop().await?;
    Ok(())
}

/// Scenario: a consumer waits at the end, a record arrives.
/// Guarantees: it is delivered at once, though the wait of a fetch is long.
#[tokio::test]
async fn a_waiting_fetch_is_woken() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let broker = EmbeddedBroker::start(options(dir.path())).await?;
    let mut kafka = settings(&broker.bootstrap_servers(), "range");
    let _default = kafka.properties.insert("fetch.wait.max.ms".to_owned(), "50000".to_owned());
    produce(&kafka, "other", &values("a", 1)).await?;
    let again = kafka.clone();
    let mut member = blocking(move || {
        let mut member = Member::join(&again, "group", "other")?;
        member.read_until(1)?;
        Ok(member)
    })
    .await?;
    let start = Instant::now();
    produce(&kafka, "other", &values("b", 1)).await?;
    blocking(move || member.read_until(2)).await?;
    ensure!(start.elapsed() < Duration::from_secs(30), "it took {:?}", start.elapsed());
    broker.stop().await?;
    Ok(())
}

/// Scenario: a consumer asks for a topic that doesn't exist.
/// Guarantees: the broker goes on serving others.
#[tokio::test]
async fn a_missing_topic_harms_nobody() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let broker = EmbeddedBroker::start(options(dir.path())).await?;
    let kafka = settings(&broker.bootstrap_servers(), "range");
    let again = kafka.clone();
    blocking(move || {
        let mut member = Member::join(&again, "group", "missing")?;
        let deadline = Instant::now() + PATIENCE;
        while member.intake.trouble().is_none() {
            ensure!(Instant::now() < deadline, "the missing topic was never reported");
            member.poll(Duration::from_millis(100))?;
        }
        Ok(())
    })
    .await?;
    produce(&kafka, TOPIC, &values("a", 10)).await?;
    broker.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_folder_serves_one_broker_and_is_freed() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let broker = EmbeddedBroker::start(options(dir.path())).await?;
    let second = EmbeddedBroker::start(options(dir.path())).await;
    ensure!(matches!(second, Err(BrokerError::InUse(_))), "{second:?}");
    broker.stop().await?;
    EmbeddedBroker::start(options(dir.path())).await?.stop().await?;
    Ok(())
}

#[tokio::test]
async fn what_is_in_the_way_is_named() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let listen = taken.local_addr()?;
    let error = EmbeddedBroker::start(EmbeddedOptions { listen, ..options(dir.path()) }).await.unwrap_err();
    ensure!(matches!(error, BrokerError::Listen { address, .. } if address == listen), "{error:?}");
    let listen = SocketAddr::from(([0, 0, 0, 0], 0));
    let error = EmbeddedBroker::start(EmbeddedOptions { listen, ..options(dir.path()) }).await.unwrap_err();
    ensure!(matches!(error, BrokerError::NotLoopback(_)), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn an_odd_path_is_no_obstacle() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let odd = dir.path().join("größe 100% #1");
    for round in 0..2 {
        let broker = EmbeddedBroker::start(options(&odd)).await?;
        let kafka = settings(&broker.bootstrap_servers(), "range");
        produce(&kafka, "other", &values("a", 5)).await?;
        if round == 1 {
            blocking(move || Member::join(&kafka, "group", "other")?.read_until(10)).await?;
        }
        broker.stop().await?;
    }
    ensure!(odd.join("broker.sqlite").exists());
    Ok(())
}

/// Scenario: the process is killed with SIGKILL after records and an offset were acknowledged, with a member in the
/// group; another takes over the folder.
/// Guarantees: all of it is there, and the group doesn't wait for the member that is gone.
#[tokio::test]
async fn a_kill_loses_nothing_that_was_acknowledged() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let (mut child, address) = spawn_child(dir.path())?;
    let mut kafka = settings(&address, "cooperative-sticky");
    let _tuned = kafka.properties.insert("session.timeout.ms".to_owned(), "20000".to_owned());
    produce(&kafka, TOPIC, &values("a", 500)).await?;
    let member = blocking(move || {
        let mut member = Member::join(&kafka, "group", TOPIC)?;
        member.read_until(500)?;
        member.commit()?;
        Ok(member)
    })
    .await?;
    child.kill()?;
    let _status = child.wait()?;

    let broker = EmbeddedBroker::start(options(dir.path())).await?;
    let kafka = settings(&broker.bootstrap_servers(), "cooperative-sticky");
    produce(&kafka, TOPIC, &values("b", 10)).await?;
    let start = Instant::now();
    let read = blocking(move || {
        let mut member = Member::join(&kafka, "group", TOPIC)?;
        member.read_until(10)?;
        Ok(member.read)
    })
    .await?;
    ensure!(read == values("b", 10).into_iter().collect());
    ensure!(start.elapsed() < Duration::from_secs(15), "joining took {:?}", start.elapsed());
    drop(member);
    broker.stop().await?;
    Ok(())
}

const CHILD_DIR: &str = "FOREBAY_TEST_BROKER_DIR";

/// This test binary once more, as a process that only runs a broker.
fn spawn_child(dir: &Path) -> anyhow::Result<(Child, String)> {
    let child = Command::new(std::env::current_exe()?)
        .args(["--exact", "child_process", "--nocapture"])
        .env(CHILD_DIR, dir)
        .stdout(Stdio::null())
        .spawn()?;
    let file = dir.join("address");
    let deadline = Instant::now() + PATIENCE;
    loop {
        match std::fs::read_to_string(&file) {
            Ok(address) if address.ends_with('\n') => return Ok((child, address.trim().to_owned())),
            _ => ensure!(Instant::now() < deadline, "the child never came up"),
        }
        std::thread::yield_now();
    }
}

/// Not a test by itself: the body of [`spawn_child`]'s process.
#[tokio::test]
async fn child_process() -> anyhow::Result<()> {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return Ok(()) };
    let dir = Path::new(&dir);
    let broker = EmbeddedBroker::start(options(dir)).await?;
    std::fs::write(dir.join("address"), format!("{}\n", broker.bootstrap_servers())).context("address")?;
    std::future::pending::<()>().await;
    Ok(())
}
