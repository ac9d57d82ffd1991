//! The indexer between a mock broker and the fake bulk server, and the hands of the test.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use forebay_elastic::ElasticStore;
use forebay_kafka::testing::TestCluster;
use forebay_kafka::{Acks, Admin, Outgoing, Producer, ProducerOptions, ReadFrom, TopicReader, dead_letter};
use forebay_record::{DeadLetter, EventKey};
use forebay_service::{Context, Running};
use forebay_settings::{Period, Settings};
use forebay_testkit::eventually;
use forebay_testkit::fake_bulk::FakeBulk;
use tokio_util::sync::CancellationToken;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const TARGET: &str = "forebay-acme-2026.11.21";

pub(crate) struct Bench {
    pub(crate) cluster: TestCluster,
    pub(crate) store: FakeBulk,
    pub(crate) settings: Settings,
    shutdown: CancellationToken,
    running: Option<Running>,
    pub(crate) context: Context,
}

impl Bench {
    pub(crate) async fn new(change: impl FnOnce(&mut Settings)) -> Result<Self> {
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
        let context = Context::new(&settings);
        Ok(Self { cluster, store, settings, shutdown: CancellationToken::new(), running: None, context })
    }

    pub(crate) fn start(&mut self) -> Result<()> {
        let store = Arc::new(ElasticStore::connect(&self.settings.search)?);
        self.context = Context::new(&self.settings);
        self.shutdown = CancellationToken::new();
        self.running =
            Some(forebay_indexer::start(&self.settings, &self.context, store, self.shutdown.clone())?);
        Ok(())
    }

    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.shutdown.cancel();
        match self.running.take() {
            Some(running) => running.stopped().await,
            None => Ok(()),
        }
    }

    /// Puts documents `e<from>` to `e<to - 1>` into the topic.
    pub(crate) async fn produce(&self, from: usize, to: usize) -> Result<()> {
        self.produce_to(&[TARGET], from, to).await
    }

    /// The same, for these targets in turns.
    pub(crate) async fn produce_to(&self, targets: &[&str], from: usize, to: usize) -> Result<()> {
        let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 64 << 20 };
        let producer = Producer::new(&self.settings.kafka, options)?;
        let acks = Acks::new();
        for n in from..to {
            let id = format!("e{n}");
            let target = targets[n % targets.len()];
            let mut key = String::new();
            EventKey { tenant: "acme", target, event_ms: 1_795_255_200_000, replays: 0, id: &id, trace: "" }
                .push(&mut key);
            let document = format!("{{\"@timestamp\":\"2026-11-21T10:00:00Z\",\"n\":{n}}}");
            let record = Outgoing {
                topic: &self.settings.kafka.topics.events,
                partition: Some(i32::try_from(n / targets.len() % 2)?),
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

    /// What `/readyz` says.
    pub(crate) fn readyz(&self) -> String {
        self.context.health.readyz().to_json().to_string()
    }

    pub(crate) async fn wait_for_documents(&self, count: usize) -> Result<()> {
        eventually(&format!("{count} documents"), PATIENCE, async || self.store.ids(TARGET).len() >= count)
            .await
    }

    pub(crate) async fn dead_letters(&self) -> Result<Vec<DeadLetter>> {
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
    pub(crate) async fn committed(&self) -> Result<i64> {
        let admin = Admin::new(&self.settings.kafka)?;
        let lags = admin.group_lag(&self.settings.indexer.group, &self.settings.kafka.topics.events).await?;
        Ok(lags.iter().map(|lag| lag.committed.unwrap_or(0)).sum())
    }
}
