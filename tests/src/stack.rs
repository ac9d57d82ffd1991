//! All tiers of one test, and the hands of its user.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_embedded_broker::EmbeddedBroker;
use forebay_kafka::{ReadFrom, StoredRecord, TopicReader, dead_letter};
use forebay_record::DeadLetter;
use forebay_service::{Context, Running};
use forebay_settings::{Period, Settings};
use forebay_store::{Hit, Order, SearchRequest, Store};
use forebay_testkit::eventually;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::backend::Backend;

/// How long a test waits for what has to come. A search server's refresh interval and a group's rebalance are in it.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// The tiers of one test.
#[derive(Debug)]
pub struct Stack {
    /// What the tiers were started with.
    pub settings: Settings,
    /// Where the documents are.
    pub store: Arc<dyn Store>,
    /// What it runs on.
    pub backend: Backend,
    tiers: Option<Tiers>,
    broker: Option<EmbeddedBroker>,
    http: Client,
    _folder: TempDir,
}

#[derive(Debug)]
struct Tiers {
    ingest: Running,
    others: Vec<Running>,
    shutdown: CancellationToken,
}

/// What ingest answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Stack {
    /// Starts everything, as `change` wants the settings.
    ///
    /// # Errors
    /// When a server or a tier doesn't start.
    pub async fn start(backend: Backend, change: impl FnOnce(&mut Settings)) -> Result<Self> {
        let folder = TempDir::new()?;
        let mut settings = settings_of_its_own();
        change(&mut settings);
        let (broker, store) = backend.prepare(&mut settings, folder.path()).await?;
        let mut stack =
            Self { settings, store, backend, tiers: None, broker, http: client()?, _folder: folder };
        stack.start_tiers().await?;
        Ok(stack)
    }

    /// Starts the tiers, after a stop.
    ///
    /// # Errors
    /// When one doesn't start.
    pub async fn start_tiers(&mut self) -> Result<()> {
        let shutdown = CancellationToken::new();
        let context = Context::new(&self.settings);
        let ingest = forebay_ingest::start(&self.settings, &context, shutdown.clone()).await?;
        let parser = forebay_parser::start(&self.settings, &context, shutdown.clone())?;
        let indexer =
            forebay_indexer::start(&self.settings, &context, Arc::clone(&self.store), shutdown.clone())?;
        self.tiers = Some(Tiers { ingest, others: vec![parser, indexer], shutdown });
        eventually("all tiers are ready", PATIENCE, async || context.health.readyz().passes())
            .await
            .with_context(|| format!("{:?}", context.health.readyz()))
    }

    /// Stops the tiers as SIGTERM does, and waits until they have drained.
    ///
    /// # Errors
    /// When one fails on its way out.
    pub async fn stop_tiers(&mut self) -> Result<()> {
        if let Some(tiers) = self.tiers.take() {
            // Connections that it keeps would be kept for a while by the stop, too.
            self.http = client()?;
            tiers.shutdown.cancel();
            tiers.ingest.stopped().await?;
            for tier in tiers.others {
                tier.stopped().await?;
            }
        }
        Ok(())
    }

    /// Stops the tiers and the embedded broker.
    ///
    /// # Errors
    /// When one fails on its way out.
    pub async fn stop(mut self) -> Result<()> {
        self.stop_tiers().await?;
        match self.broker.take() {
            Some(broker) => broker.stop().await.context("embedded broker"),
            None => Ok(()),
        }
    }

    /// A request to `/v1/ingest`, with `query` behind it (`?atomic=true`, or nothing).
    ///
    /// # Errors
    /// When the tiers are stopped.
    pub fn post(&self, query: &str) -> Result<RequestBuilder> {
        let ingest = self.tiers.as_ref().context("the tiers are stopped")?;
        let address = ingest.ingest.address().context("ingest listens nowhere")?;
        Ok(self.http.post(format!("http://{address}/v1/ingest{query}")))
    }

    /// Sends a body with a content type.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(
        &self,
        query: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Result<Answer> {
        Answer::of(self.post(query)?.header("content-type", content_type).body(body)).await
    }

    /// Sends a body that ingest has to accept whole.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn send_ok(
        &self,
        query: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Result<()> {
        let answer = self.send(query, content_type, body).await?;
        ensure!(answer.status == 200, "{}: {}", answer.status, answer.body);
        ensure!(answer.body["rejected"] == 0, "{}", answer.body);
        Ok(())
    }

    /// Everything that is found, by id.
    ///
    /// # Errors
    /// When the store can't be asked, or finds an id in two places.
    pub async fn documents(&self) -> Result<BTreeMap<String, Hit>> {
        let mut found = BTreeMap::new();
        let mut after = None;
        loop {
            let request = SearchRequest {
                query: "*".to_owned(),
                limit: 1_000,
                order: Order::OldestFirst,
                after,
                ..SearchRequest::default()
            };
            let page = self.store.search(&request).await?;
            if page.hits.is_empty() {
                return Ok(found);
            }
            after = page.next;
            for hit in page.hits {
                let id = hit.id.clone();
                ensure!(found.insert(id.clone(), hit).is_none(), "{id} is indexed twice");
            }
        }
    }

    /// Waits until so many documents are found, and gives them by id.
    ///
    /// # Errors
    /// When they don't come.
    pub async fn wait_for_documents(&self, count: usize) -> Result<BTreeMap<String, Hit>> {
        let mut found = BTreeMap::new();
        let waited = eventually(&format!("{count} documents are found"), PATIENCE, async || {
            found = self.documents().await.unwrap_or_default();
            found.len() >= count
        })
        .await;
        waited.with_context(|| format!("{} were found", found.len()))?;
        Ok(found)
    }

    /// All dead letters, with their records.
    ///
    /// # Errors
    /// When the topic can't be read.
    pub async fn dead_letters(&self) -> Result<Vec<(DeadLetter, StoredRecord)>> {
        let settings = self.settings.kafka.clone();
        tokio::task::spawn_blocking(move || {
            let mut reader =
                TopicReader::open(&settings, &settings.topics.dead_letters, ReadFrom::Beginning)?;
            let mut letters = Vec::new();
            while let Some(record) = reader.next_record()? {
                letters.push((dead_letter::read(&record)?, record));
            }
            Ok(letters)
        })
        .await?
    }

    /// Waits until so many dead letters are there.
    ///
    /// # Errors
    /// When they don't come.
    pub async fn wait_for_dead_letters(&self, count: usize) -> Result<Vec<(DeadLetter, StoredRecord)>> {
        let mut letters = Vec::new();
        eventually(&format!("{count} dead letters are there"), PATIENCE, async || {
            letters = self.dead_letters().await.unwrap_or_default();
            letters.len() >= count
        })
        .await?;
        Ok(letters)
    }
}

impl Answer {
    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn of(request: RequestBuilder) -> Result<Self> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok(Self { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
    }
}

/// Settings that share no topic, group or index with another test's, and wait for little.
#[must_use]
pub fn settings_of_its_own() -> Settings {
    let own = uuid::Uuid::now_v7().simple().to_string();
    let mut settings = Settings::default();
    let topics = &mut settings.kafka.topics;
    topics.raw = format!("raw-{own}");
    topics.events = format!("events-{own}");
    topics.dead_letters = format!("dlq-{own}");
    topics.parked = format!("parked-{own}");
    topics.audit = format!("audit-{own}");
    topics.partitions = 4;
    settings.ingest.listen = "127.0.0.1:0".to_owned();
    settings.parser.group = format!("parser-{own}");
    settings.parser.lanes = 1;
    settings.indexer.group = format!("indexer-{own}");
    settings.indexer.bulk_wait = Period::from_millis(100);
    settings.search.index_prefix = format!("t{own}");
    settings.search.replicas = 0;
    settings
}

/// A client that gives up before a whole test does.
fn client() -> Result<Client> {
    Ok(Client::builder().timeout(Duration::from_secs(120)).build()?)
}
