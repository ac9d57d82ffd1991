//! The indexer between a broker and a store that both misbehave: librdkafka's mock cluster and the fake bulk server.
//!
//! Layer: component. Everything but the two servers is what runs in production.
//! Does not prove: anything about a real Elasticsearch; the end-to-end tests do.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use forebay_elastic::ElasticStore;
use forebay_kafka::testing::{Fault, Request, TestCluster};
use forebay_kafka::{Acks, Admin, Outgoing, Producer, ProducerOptions, ReadFrom, TopicReader, dead_letter};
use forebay_record::{DeadLetter, EventKey, Stage};
use forebay_service::{Context, Running};
use forebay_settings::{Period, Settings};
use forebay_testkit::eventually;
use forebay_testkit::fake_bulk::{FakeBulk, ItemFault, RequestFault};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);
const TARGET: &str = "forebay-acme-2026.11.21";

struct Bench {
    cluster: TestCluster,
    store: FakeBulk,
    settings: Settings,
    shutdown: CancellationToken,
    running: Option<Running>,
}

impl Bench {
    async fn new(change: impl FnOnce(&mut Settings)) -> Result<Self> {
        let cluster = TestCluster::start(1)?;
        let store = FakeBulk::start().await?;
        let mut settings = Settings { kafka: cluster.settings(), ..Settings::default() };
        settings.search.url = store.url();
        settings.indexer.bulk_wait = Period::from_millis(50);
        settings.indexer.retry_initial = Period::from_millis(10);
        settings.indexer.retry_max = Period::from_millis(100);
        change(&mut settings);
        for topic in [&settings.kafka.topics.events, &settings.kafka.topics.dead_letters] {
            cluster.create_topic(topic, 2)?;
        }
        Ok(Self { cluster, store, settings, shutdown: CancellationToken::new(), running: None })
    }

    fn start(&mut self) -> Result<()> {
        let store = Arc::new(ElasticStore::connect(&self.settings.search)?);
        let context = Context::new(&self.settings);
        self.shutdown = CancellationToken::new();
        self.running = Some(forebay_indexer::start(&self.settings, &context, store, self.shutdown.clone())?);
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        self.shutdown.cancel();
        match self.running.take() {
            Some(running) => running.stopped().await,
            None => Ok(()),
        }
    }

    /// Puts documents `e<from>` to `e<to - 1>` into the topic.
    async fn produce(&self, from: usize, to: usize) -> Result<()> {
        let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 64 << 20 };
        let producer = Producer::new(&self.settings.kafka, options)?;
        let acks = Acks::new();
        for n in from..to {
            let id = format!("e{n}");
            let mut key = String::new();
            let facts =
                EventKey { tenant: "acme", target: TARGET, event_ms: 1_795_255_200_000, replays: 0, id: &id };
            facts.push(&mut key);
            let document = format!("{{\"@timestamp\":\"2026-11-21T10:00:00Z\",\"n\":{n}}}");
            let record = Outgoing {
                topic: &self.settings.kafka.topics.events,
                partition: Some(i32::try_from(n % 2)?),
                key: key.as_bytes(),
                value: document.as_bytes(),
                headers: &[],
            };
            producer.send(&record, &acks)?;
        }
        acks.seal();
        assert_eq!(acks.wait().await.failed, 0);
        Ok(())
    }

    async fn wait_for_documents(&self, count: usize) -> Result<()> {
        eventually(&format!("{count} documents"), PATIENCE, async || self.store.ids(TARGET).len() >= count)
            .await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
        let settings = self.settings.kafka.clone();
        tokio::task::spawn_blocking(move || {
            let mut reader =
                TopicReader::open(&settings, &settings.topics.dead_letters, ReadFrom::Beginning)?;
            let mut letters = Vec::new();
            while let Some(record) = reader.next_record()? {
                letters.push(dead_letter::read(&record)?);
            }
            Ok(letters)
        })
        .await?
    }

    /// What the group has committed, over all partitions.
    async fn committed(&self) -> Result<i64> {
        let admin = Admin::new(&self.settings.kafka)?;
        let lags = admin.group_lag(&self.settings.indexer.group, &self.settings.kafka.topics.events).await?;
        Ok(lags.iter().map(|lag| lag.committed.unwrap_or(0)).sum())
    }
}

/// Scenario: the store refuses requests in every way that passes, cuts connections before and after it has written, and
/// refuses single items for now.
/// Guarantees: every document is there, no document is dead-lettered, and the offsets are committed to the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_is_waited_out() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    for fault in [
        RequestFault::TooManyRequests,
        RequestFault::InternalError,
        RequestFault::Unavailable,
        RequestFault::Unauthorized,
        RequestFault::ClusterBlock,
        RequestFault::CutBeforeWrite,
        RequestFault::CutAfterWrite,
        RequestFault::Slow(Duration::from_millis(300)),
    ] {
        bench.store.fail_next(fault);
    }
    bench.store.fail_items_times(ItemFault::Rejected, 40, |item| item.id.ends_with('3'));
    bench.store.fail_items_times(ItemFault::IndexBlock, 10, |item| item.id.ends_with('7'));
    bench.produce(0, 1_000).await?;
    bench.start()?;
    bench.wait_for_documents(1_000).await?;
    bench.stop().await?;
    assert_eq!(bench.store.ids(TARGET).len(), 1_000);
    assert_eq!(bench.dead_letters().await?, []);
    assert_eq!(bench.committed().await?, 1_000);
    Ok(())
}

/// Scenario: one document of 1,000 has a mapping conflict.
/// Guarantees: 999 are written, each sent once; one is dead-lettered with the server's words and the place it came from.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refused_document_harms_no_other() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    bench.store.fail_items(ItemFault::MappingConflict("n"), |item| item.id == "e500");
    bench.produce(0, 1_000).await?;
    bench.start()?;
    bench.wait_for_documents(999).await?;
    bench.stop().await?;
    let letters = bench.dead_letters().await?;
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!((letter.event_id.as_str(), letter.stage, letter.status), ("e500", Stage::Index, 400));
    assert_eq!(letter.error_type, "document_parsing_exception");
    assert!(letter.reason.contains("failed to parse field [n]"), "{}", letter.reason);
    assert_eq!((letter.source_partition, letter.source_offset), (0, 250));
    assert_eq!(bench.store.counters().items, 1_000, "a document was sent twice");
    assert_eq!(bench.committed().await?, 1_000);
    Ok(())
}

/// Scenario: the store takes no body above 2 kB, and one document alone is larger.
/// Guarantees: requests are halved until they fit; the document that never will is dead-lettered as oversize.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_too_large_is_halved() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    bench.store.fail_always(RequestFault::TooLargeAbove(2_000));
    bench.produce(0, 200).await?;
    let large = Producer::new(
        &bench.settings.kafka,
        ProducerOptions { client_id: "test".to_owned(), queue_bytes: 1 << 20 },
    )?;
    let acks = Acks::new();
    let mut key = String::new();
    EventKey { tenant: "acme", target: TARGET, event_ms: 0, replays: 0, id: "large" }.push(&mut key);
    let value = format!("{{\"message\":\"{}\"}}", "x".repeat(4_000));
    let topic = bench.settings.kafka.topics.events.clone();
    let record = Outgoing {
        topic: &topic,
        partition: Some(0),
        key: key.as_bytes(),
        value: value.as_bytes(),
        headers: &[],
    };
    large.send(&record, &acks)?;
    acks.seal();
    assert_eq!(acks.wait().await.delivered, 1);
    bench.start()?;
    bench.wait_for_documents(200).await?;
    bench.stop().await?;
    let letters = bench.dead_letters().await?;
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!((letter.event_id.as_str(), letter.stage), ("large", Stage::Oversize));
    assert_eq!(bench.committed().await?, 201);
    Ok(())
}

/// Scenario: a record in the topic that no parser of ours wrote.
/// Guarantees: it is dead-lettered as undecodable, its neighbours are written, the partition isn't blocked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_record_blocks_nothing() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    let topic = bench.settings.kafka.topics.events.clone();
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 1 << 20 };
    let producer = Producer::new(&bench.settings.kafka, options)?;
    let acks = Acks::new();
    for (key, value) in
        [(&b""[..], &b"{}"[..]), (b"v1\tacme", b"{}"), (b"\xff", b""), (b"v9\tx", b"two\nlines")]
    {
        producer.send(&Outgoing { topic: &topic, partition: Some(0), key, value, headers: &[] }, &acks)?;
    }
    acks.seal();
    assert_eq!(acks.wait().await.delivered, 4);
    bench.produce(0, 10).await?;
    bench.start()?;
    bench.wait_for_documents(10).await?;
    bench.stop().await?;
    let letters = bench.dead_letters().await?;
    assert_eq!(letters.len(), 4);
    assert!(letters.iter().all(|letter| letter.stage == Stage::Decode), "{letters:?}");
    assert_eq!(bench.committed().await?, 14);
    Ok(())
}

/// Scenario: the store is away for longer than the intake waits before it pauses; more is produced meanwhile, and the
/// dead-letter topic can't be written at first.
/// Guarantees: nothing is taken beyond the limit; when the store is back everything is written, and the refused document
/// is dead-lettered, exactly once each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_store_is_waited_for() -> Result<()> {
    let mut bench = Bench::new(|settings| {
        settings.indexer.bulk_documents = 100;
        settings.indexer.requests_in_flight = 2;
    })
    .await?;
    bench.store.fail_always(RequestFault::Unavailable);
    bench.store.fail_items(ItemFault::MappingConflict("n"), |item| item.id == "e42");
    bench.produce(0, 2_000).await?;
    bench.start()?;
    eventually("the store was asked many times", PATIENCE, async || bench.store.counters().requests > 40)
        .await?;
    assert_eq!(bench.committed().await?, 0);
    bench.cluster.fail_next(Request::Produce, &[Fault::NotEnoughReplicas, Fault::RequestTimedOut]);
    bench.store.heal();
    bench.store.fail_items(ItemFault::MappingConflict("n"), |item| item.id == "e42");
    bench.wait_for_documents(1_999).await?;
    bench.stop().await?;
    assert_eq!(bench.dead_letters().await?.len(), 1);
    assert_eq!(bench.committed().await?, 2_000);
    Ok(())
}

/// Scenario: the indexer is stopped while the store refuses, with no time to drain, and started again.
/// Guarantees: no offset has moved past what was not written; afterwards everything is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_refusal_loses_nothing() -> Result<()> {
    let mut bench = Bench::new(|settings| settings.indexer.drain_timeout = Period::from_millis(100)).await?;
    bench.store.fail_always(RequestFault::TooManyRequests);
    bench.produce(0, 500).await?;
    bench.start()?;
    eventually("the store was asked", PATIENCE, async || bench.store.counters().requests > 3).await?;
    bench.stop().await?;
    assert_eq!(bench.committed().await?, 0);
    bench.store.heal();
    bench.start()?;
    bench.wait_for_documents(500).await?;
    bench.stop().await?;
    assert_eq!(bench.committed().await?, 500);
    Ok(())
}
