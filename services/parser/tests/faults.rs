//! The parser between topics of a broker that misbehaves: librdkafka's mock cluster.
//!
//! Layer: component. Does not prove: anything about a real Kafka; the end-to-end tests do.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use forebay_kafka::testing::{Fault, Request, TestCluster};
use forebay_kafka::{Acks, Admin, Outgoing, Producer, ProducerOptions, ReadFrom, StoredRecord, TopicReader};
use forebay_record::{EventKey, RawEvent, RawTemplate};
use forebay_service::{Context, Running};
use forebay_settings::sections::parser::Delivery;
use forebay_settings::{Period, Settings};
use forebay_testkit::eventually;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);

struct Bench {
    cluster: TestCluster,
    settings: Settings,
    context: Context,
    shutdown: CancellationToken,
    running: Vec<Running>,
}

impl Bench {
    fn new(topics: bool) -> Result<Self> {
        let cluster = TestCluster::start(1)?;
        let mut settings = Settings { kafka: cluster.settings(), ..Settings::default() };
        settings.parser.lanes = 2;
        let context = Context::new(&settings);
        let shutdown = CancellationToken::new();
        let bench = Self { cluster, settings, context, shutdown, running: Vec::new() };
        if topics {
            bench.create_topics()?;
        }
        Ok(bench)
    }

    fn create_topics(&self) -> Result<()> {
        let topics = &self.settings.kafka.topics;
        for topic in [&topics.raw, &topics.events, &topics.dead_letters] {
            self.cluster.create_topic(topic, 4)?;
        }
        Ok(())
    }

    fn start(&mut self) -> Result<()> {
        self.running.push(forebay_parser::start(&self.settings, &self.context, self.shutdown.clone())?);
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        self.shutdown.cancel();
        for running in self.running.drain(..) {
            running.stopped().await?;
        }
        self.shutdown = CancellationToken::new();
        Ok(())
    }

    async fn produce(&self, from: usize, to: usize) -> Result<()> {
        let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 64 << 20 };
        let producer = Producer::new(&self.settings.kafka, options)?;
        let acks = Acks::new();
        for n in from..to {
            let stream = format!("host-{}", n % 7);
            let shared = RawEvent { tenant: "acme", stream: &stream, received_at: 1, ..RawEvent::default() };
            let mut value = Vec::new();
            RawTemplate::new(&shared).push(&mut value, &format!("e{n}"), format!("{{\"n\":{n}}}").as_bytes());
            let partition = Some(i32::try_from(n % 7 % 4)?);
            let topic = &self.settings.kafka.topics.raw;
            producer.send(
                &Outgoing { topic, partition, key: stream.as_bytes(), value: &value, headers: &[] },
                &acks,
            )?;
        }
        acks.seal();
        assert_eq!(acks.wait().await.failed, 0);
        Ok(())
    }

    async fn read(&self, topic: &str) -> Result<Vec<StoredRecord>> {
        let (settings, topic) = (self.settings.kafka.clone(), topic.to_owned());
        tokio::task::spawn_blocking(move || {
            let mut reader = TopicReader::open(&settings, &topic, ReadFrom::Beginning)?;
            let mut records = Vec::new();
            while let Some(record) = reader.next_record()? {
                records.push(record);
            }
            Ok(records)
        })
        .await?
    }

    /// How often each id stands in the documents' topic.
    async fn documents(&self) -> Result<BTreeMap<String, usize>> {
        let mut ids = BTreeMap::new();
        for record in self.read(&self.settings.kafka.topics.events).await? {
            *ids.entry(EventKey::read(&record.key)?.id.to_owned()).or_default() += 1;
        }
        Ok(ids)
    }

    async fn wait_for_documents(&self, count: usize) -> Result<BTreeMap<String, usize>> {
        let mut ids = BTreeMap::new();
        eventually(&format!("{count} documents"), PATIENCE, async || {
            ids = self.documents().await.unwrap_or_default();
            ids.len() >= count
        })
        .await?;
        Ok(ids)
    }

    /// Waits until `/readyz` says so.
    async fn wait_for_reason(&self, part: &str) -> Result<()> {
        eventually(part, PATIENCE, async || {
            self.context.health.readyz().failing.iter().any(|failing| failing.reason.contains(part))
        })
        .await
    }

    async fn committed(&self) -> Result<i64> {
        let admin = Admin::new(&self.settings.kafka)?;
        let lags = admin.group_lag(&self.settings.parser.group, &self.settings.kafka.topics.raw).await?;
        Ok(lags.iter().map(|lag| lag.committed.unwrap_or(0)).sum())
    }
}

/// Scenario: the broker refuses produce requests in passing ways while events are parsed.
/// Guarantees: every event becomes exactly one document (the idempotent producer's doing), and all offsets are committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_writes_are_done_again() -> Result<()> {
    let mut bench = Bench::new(true)?;
    bench.produce(0, 2_000).await?;
    bench.cluster.fail_next(
        Request::Produce,
        &[Fault::NotEnoughReplicas, Fault::NotEnoughReplicas, Fault::RequestTimedOut, Fault::NotLeader],
    );
    bench.start()?;
    let ids = bench.wait_for_documents(2_000).await?;
    bench.stop().await?;
    assert!(ids.values().all(|count| *count == 1));
    assert_eq!(bench.committed().await?, 2_000);
    Ok(())
}

/// Scenario: the documents' topic refuses everything for good, until an operator mends it.
/// Guarantees: no offset moves meanwhile; afterwards every event is a document.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_offset_moves_while_nothing_is_written() -> Result<()> {
    let mut bench = Bench::new(true)?;
    let events = bench.settings.kafka.topics.events.clone();
    bench.produce(0, 300).await?;
    bench.cluster.break_topic(&events, Fault::TopicDenied)?;
    bench.start()?;
    bench.wait_for_reason("kafka refuses access").await?;
    assert_eq!(bench.committed().await?, 0);
    bench.cluster.mend_topic(&events)?;
    let ids = bench.wait_for_documents(300).await?;
    bench.stop().await?;
    assert_eq!(ids.len(), 300);
    assert_eq!(bench.committed().await?, 300);
    Ok(())
}

/// Scenario: the broker goes away while the parser has nothing to do, and comes back.
/// Guarantees: `/readyz` says so while it is away, and is ready again without a new event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_follows_the_broker() -> Result<()> {
    let mut bench = Bench::new(true)?;
    bench.start()?;
    let ready = async || bench.context.health.readyz().passes();
    eventually("it is ready", PATIENCE, ready).await?;
    bench.cluster.broker_down(1)?;
    bench.wait_for_reason("kafka is not reachable").await?;
    bench.cluster.broker_up(1)?;
    eventually("it is ready again", PATIENCE, ready).await?;
    bench.stop().await
}

/// Scenario: the broker reads, writes and shares out partitions, and gives out no transactional ids for a while.
/// Guarantees: `/readyz` says that transactions don't begin, so that no restart takes a parser for well that can do nothing;
/// it is ready once they do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_follows_transactions() -> Result<()> {
    let mut bench = Bench::new(true)?;
    bench.settings.parser.delivery = Delivery::ExactlyOnce;
    bench.cluster.fail_next(Request::InitProducer, &[Fault::RequestTimedOut; 100]);
    bench.start()?;
    bench.wait_for_reason("kafka is not done with a step of a transaction").await?;
    let ready = async || bench.context.health.readyz().passes();
    eventually("it is ready", PATIENCE, ready).await?;
    bench.stop().await
}

/// Scenario: the broker has too few replicas for an event, for longer than the producer tries; then it takes it.
/// Guarantees: `/readyz` says that nothing moves, and why; nothing is lost, and it is ready afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_follows_what_kafka_takes() -> Result<()> {
    let mut bench = Bench::new(true)?;
    bench.produce(0, 1).await?;
    bench.settings.kafka.delivery_timeout = Period::from_millis(300);
    bench.cluster.fail_next(Request::Produce, &[Fault::NotEnoughReplicas; 20]);
    bench.start()?;
    bench.wait_for_reason("kafka takes no batch").await?;
    let ids = bench.wait_for_documents(1).await?;
    assert_eq!(ids.len(), 1);
    eventually("it is ready", PATIENCE, async || bench.context.health.readyz().passes()).await?;
    bench.stop().await
}

/// Scenario: a second parser joins while events come in, then both leave at once, which the group may take for a rebalance
/// in which nobody may commit; one comes back.
/// Guarantees: every event is a document, at least once, and the group's offsets reach the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebalance_loses_nothing() -> Result<()> {
    let mut bench = Bench::new(true)?;
    bench.produce(0, 1_000).await?;
    bench.start()?;
    let _some = bench.wait_for_documents(1).await?;
    bench.start()?;
    bench.produce(1_000, 2_000).await?;
    let ids = bench.wait_for_documents(2_000).await?;
    assert_eq!(ids.len(), 2_000);
    bench.stop().await?;
    bench.start()?;
    eventually("all is committed", PATIENCE, async || matches!(bench.committed().await, Ok(2_000))).await?;
    bench.stop().await?;
    assert_eq!(bench.documents().await?.len(), 2_000);
    Ok(())
}

/// Scenario: the topics aren't there when the parser starts.
/// Guarantees: it waits, and works once they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_topic_is_waited_for() -> Result<()> {
    let mut bench = Bench::new(false)?;
    bench.start()?;
    bench.create_topics()?;
    bench.produce(0, 100).await?;
    let ids = bench.wait_for_documents(100).await?;
    bench.stop().await?;
    assert_eq!(ids.len(), 100);
    Ok(())
}
