//! What stands in the topics twice, and what doesn't, by processes that are killed, frozen and stopped, on a real Kafka.
//!
//! Layer: end to end, from topic to topic. Does not prove: anything about brokers that lose acknowledged records.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use forebay_kafka::admin::wanted_topics;
use forebay_kafka::{
    Acks, Admin, Outgoing, Producer, ProducerOptions, ReadFrom, SendError, TopicReader, dead_letter,
};
use forebay_record::{EventKey, RawEvent, RawTemplate};
use forebay_settings::Settings;
use forebay_settings::sections::kafka::GroupProtocol;
use forebay_settings::sections::parser::Delivery;
use forebay_settings::sections::telemetry::ListenSettings;
use forebay_testkit::procs::{Process, settings_file};
use forebay_testkit::prometheus::series;
use forebay_testkit::servers::Server;
use forebay_testkit::{eventually, free_port};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(120);
/// The shortest session that a broker allows by default: who is frozen is soon missed.
const SHORT: Duration = Duration::from_secs(6);
/// A session that outlasts what a busy machine does to a process: nobody is missed who is there.
const LONG: Duration = Duration::from_secs(45);
const PARTITIONS: u32 = 4;
const EVENTS: usize = 60_000;
/// Every so many events one is no JSON.
const BROKEN_EVERY: usize = 50;

/// In the new protocol the broker says how long a session lasts.
async fn kafka(session: Duration) -> Result<Server> {
    let millis = session.as_millis().to_string();
    Server::kafka()
        .setting("group.consumer.min.session.timeout.ms", &millis)
        .setting("group.consumer.session.timeout.ms", &millis)
        .start()
        .await
}

async fn settings(
    kafka: &Server,
    session: Duration,
    protocol: GroupProtocol,
    delivery: Delivery,
) -> Result<Settings> {
    let mut settings = Settings::default();
    settings.kafka.bootstrap_servers = kafka.address();
    settings.kafka.group_protocol = protocol;
    settings.kafka.session_timeout.0 = session;
    settings.kafka.topics.partitions = i32::try_from(PARTITIONS)?;
    settings.parser.delivery = delivery;
    settings.parser.transaction_timeout.0 = Duration::from_secs(10);
    settings.parser.lanes = 2;
    let admin = Admin::new(&settings.kafka)?;
    admin.apply(&admin.plan(&wanted_topics(&settings.kafka)).await?).await?;
    Ok(settings)
}

/// A parser as the process that ships.
struct Parser {
    process: Process,
    metrics: String,
}

impl Parser {
    async fn start(settings: &Settings, folder: &TempDir, name: &str) -> Result<Self> {
        let mut settings = settings.clone();
        let listen = format!("127.0.0.1:{}", free_port()?);
        settings.telemetry.listen = ListenSettings::all(&listen);
        let file = folder.path().join(name);
        settings_file(&file, &settings)?;
        let mut process = Process::service("forebay-parser", &file)?;
        process.ready(&format!("http://{listen}/readyz"), PATIENCE).await?;
        Ok(Self { process, metrics: format!("http://{listen}/metrics") })
    }

    async fn partitions(&self) -> Result<f64> {
        let text = reqwest::get(&self.metrics).await?.text().await?;
        Ok(series(&text, "forebay_consumer_partitions").map(|(_, value)| value).sum())
    }
}

async fn produce(settings: &Settings, from: usize, to: usize) -> Result<()> {
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 64 << 20 };
    let producer = Producer::new(&settings.kafka, options)?;
    let acks = Acks::new();
    for n in from..to {
        let stream = format!("host-{}", n % 23);
        let shared = RawEvent { tenant: "acme", stream: &stream, format: "json", ..RawEvent::default() };
        let body = if n % BROKEN_EVERY == 0 { format!("no json {n}") } else { format!("{{\"n\":{n}}}") };
        let mut value = Vec::new();
        RawTemplate::new(&shared).push(&mut value, &format!("e{n}"), body.as_bytes());
        let record = Outgoing {
            topic: &settings.kafka.topics.raw,
            partition: Some(i32::try_from(n % 23 % 4)?),
            key: stream.as_bytes(),
            value: &value,
            headers: &[],
        };
        loop {
            match producer.send(&record, &acks) {
                Err(SendError::QueueFull) => tokio::task::yield_now().await,
                sent => break sent?,
            }
        }
    }
    acks.seal();
    assert_eq!(acks.wait().await.failed, 0);
    Ok(())
}

/// All events, bit by bit.
async fn feed(settings: Settings) -> Result<()> {
    for from in (0..EVENTS).step_by(2_000) {
        produce(&settings, from, from + 2_000).await?;
    }
    Ok(())
}

/// How often each id stands in the two topics, for who reads committed records.
async fn ids(settings: &Settings) -> Result<BTreeMap<String, usize>> {
    let kafka = settings.kafka.clone();
    tokio::task::spawn_blocking(move || {
        let mut ids = BTreeMap::new();
        let mut reader = TopicReader::open(&kafka, &kafka.topics.events, ReadFrom::Beginning)?;
        while let Some(record) = reader.next_record()? {
            *ids.entry(EventKey::read(&record.key)?.id.to_owned()).or_default() += 1;
        }
        let mut reader = TopicReader::open(&kafka, &kafka.topics.dead_letters, ReadFrom::Beginning)?;
        while let Some(record) = reader.next_record()? {
            *ids.entry(dead_letter::read(&record)?.event_id).or_default() += 1;
        }
        Ok(ids)
    })
    .await?
}

async fn wait_until_all_is_committed(settings: &Settings) -> Result<()> {
    let admin = Admin::new(&settings.kafka)?;
    eventually("all offsets are committed", PATIENCE, async || {
        let lags = admin.group_lag(&settings.parser.group, &settings.kafka.topics.raw).await;
        lags.is_ok_and(|lags| lags.iter().map(|lag| lag.committed.unwrap_or(0)).sum::<i64>() == EVENTS as i64)
    })
    .await
}

/// The body of the tests: two parsers; one is killed, then frozen for longer than its session lasts, while the other is
/// stopped and started.
async fn survives(protocol: GroupProtocol) -> Result<()> {
    let kafka = kafka(SHORT).await?;
    let settings = settings(&kafka, SHORT, protocol, Delivery::ExactlyOnce).await?;
    let folder = TempDir::new()?;
    let feed = tokio::spawn(feed(settings.clone()));
    let start = async |name: &str| Parser::start(&settings, &folder, name).await;
    let (mut one, mut two) = (start("one").await?, start("two").await?);
    for _ in 0..3 {
        let some = ids(&settings).await?.len();
        eventually("something more is parsed", PATIENCE, async || {
            ids(&settings).await.is_ok_and(|ids| ids.len() > some || ids.len() == EVENTS)
        })
        .await?;
        let _status = one.process.kill()?;
        one = start("one").await?;
    }
    // The frozen one's partitions go to the other. Awake again, it must not commit what it holds.
    two.process.pause().await?;
    eventually("the other has all partitions", PATIENCE, async || {
        one.partitions().await.is_ok_and(|held| held >= f64::from(PARTITIONS))
    })
    .await?;
    two.process.resume()?;
    assert!(one.process.terminate(PATIENCE).await?.success());
    one = start("one").await?;
    feed.await??;
    wait_until_all_is_committed(&settings).await?;
    for parser in [&mut one, &mut two] {
        assert!(parser.process.terminate(PATIENCE).await?.success());
    }
    assert_each_stands_once(&settings).await
}

async fn assert_each_stands_once(settings: &Settings) -> Result<()> {
    let ids = ids(settings).await?;
    let twice: Vec<_> = ids.iter().filter(|(_, count)| **count > 1).take(5).collect();
    assert!(twice.is_empty(), "twice: {twice:?}");
    assert_eq!(ids.len(), EVENTS);
    Ok(())
}

/// Scenario: parsers in transactions are killed, frozen beyond their session, stopped and started, while events come in; the
/// group speaks the protocol that brokers before 4.0 know.
/// Guarantees: for readers of committed records each event stands once in the events or in the dead letters.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_stands_once_with_the_classic_protocol() -> Result<()> {
    survives(GroupProtocol::Classic).await
}

/// The same with the protocol of KIP-848.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_stands_once_with_the_new_protocol() -> Result<()> {
    survives(GroupProtocol::Consumer).await
}

/// The body of the tests: parsers come and go in good order while events come in, at least once.
async fn moves(protocol: GroupProtocol) -> Result<()> {
    let kafka = kafka(LONG).await?;
    let mut settings = settings(&kafka, LONG, protocol, Delivery::AtLeastOnce).await?;
    // What takes longer is done again by the next owner: that isn't what this is about.
    (settings.parser.revoke_timeout.0, settings.parser.drain_timeout.0) = (LONG, LONG);
    let folder = TempDir::new()?;
    let feed = tokio::spawn(feed(settings.clone()));
    let start = async |name: &str| Parser::start(&settings, &folder, name).await;
    let mut one = start("one").await?;
    let mut two = start("two").await?;
    assert!(one.process.terminate(PATIENCE).await?.success());
    one = start("one").await?;
    feed.await??;
    wait_until_all_is_committed(&settings).await?;
    for parser in [&mut one, &mut two] {
        assert!(parser.process.terminate(PATIENCE).await?.success());
    }
    assert_each_stands_once(&settings).await
}

/// Scenario: parsers that hand on at least once are added and stopped while events come in.
/// Guarantees: partitions move without a record done twice, since what is under way for them ends before they do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_repeats_nothing_with_the_classic_protocol() -> Result<()> {
    moves(GroupProtocol::Classic).await
}

/// The same with the protocol of KIP-848.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_repeats_nothing_with_the_new_protocol() -> Result<()> {
    moves(GroupProtocol::Consumer).await
}
