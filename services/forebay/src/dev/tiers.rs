//! Starts all tiers in one process, and stops them in the order in which nothing is lost.
//!
//! Up: broker and store, then the readers before the writer, so that ingest's port answers last. Down: ingest and the
//! followed files first, then what reads, the broker at the very end, since the tiers commit to it while they drain.
//! What is still between two tiers then is on disk, and goes on at the next start.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use forebay_embedded_broker::{EmbeddedBroker, EmbeddedOptions};
use forebay_embedded_store::EmbeddedStore;
use forebay_kafka::{Producer, ProducerOptions};
use forebay_service::{Context, Running, metrics_guard};
use forebay_settings::Settings;
use forebay_store::Store;
use forebay_tail::{Options, PositionStore, Tail, TailError, follow};
use forebay_telemetry::{Health, Ledger, Scrape, admin, disk};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::guard;
use super::paths::DataDir;
use super::retention;
use super::settings::{topics, use_broker};
use super::tailing::Lines;

/// How many bytes of followed lines may wait for the broker.
const TAIL_QUEUE: usize = 8 * 1024 * 1024;

/// How often readiness is looked at during the start.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A process's tiers, running.
#[derive(Debug)]
pub(crate) struct Tiers {
    context: Context,
    ingest: Tier,
    parser: Tier,
    indexer: Tier,
    tail: Option<(CancellationToken, JoinHandle<Result<(), TailError>>)>,
    retention: (CancellationToken, Option<JoinHandle<()>>),
    broker: EmbeddedBroker,
    kafka: SocketAddr,
    metrics: SocketAddr,
    admin: CancellationToken,
}

#[derive(Debug)]
struct Tier {
    name: &'static str,
    shutdown: CancellationToken,
    address: Option<SocketAddr>,
    task: JoinHandle<Result<()>>,
}

// === impl Tiers ===

impl Tiers {
    /// Starts everything and waits for nothing but ports and disks: see [`ready`].
    pub(crate) async fn start(mut settings: Settings, data: &DataDir, tail: Vec<String>) -> Result<Self> {
        // A pattern with a mistake is told before anything runs.
        let tail = match tail.is_empty() {
            true => None,
            false => Some(Tail::new(Options::new(tail), PositionStore::load(data.positions()))?),
        };
        let metrics_guard = metrics_guard(&settings)?;
        let scrape = Scrape::install()?;
        let context = Context::new(&settings);
        let broker = EmbeddedBroker::start(EmbeddedOptions {
            data_dir: data.broker(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            topics: topics(&settings),
            shutdown: CancellationToken::new(),
        })
        .await?;
        let bootstrap_servers = broker.bootstrap_servers();
        let kafka = bootstrap_servers.parse().context("the embedded broker gave no address")?;
        use_broker(&mut settings, bootstrap_servers);

        let path = data.store();
        let store = tokio::task::spawn_blocking(move || EmbeddedStore::open(path)).await??;
        let store: Arc<dyn Store> = Arc::new(store);
        guard::set(data, settings.operators_file()).context("can't say who may read the store")?;

        let shutdown = CancellationToken::new();
        let keeper = retention::start(Arc::clone(&store), &settings, shutdown.clone());
        let retention = (shutdown, keeper);
        let shutdown = CancellationToken::new();
        let indexer = forebay_indexer::start(&settings, &context, store, shutdown.clone())?;
        let indexer = Tier::new("indexer", shutdown, indexer);
        let shutdown = CancellationToken::new();
        let parser = forebay_parser::start(&settings, &context, shutdown.clone())?;
        let parser = Tier::new("parser", shutdown, parser);
        let shutdown = CancellationToken::new();
        let ingest = forebay_ingest::start(&settings, &context, shutdown.clone()).await?;
        let ingest = Tier::new("ingest", shutdown, ingest);

        let admin = CancellationToken::new();
        let _watching = tokio::spawn(disk::watch("data", data.path().to_owned(), admin.clone()));
        let health = context.health.clone();
        let listen = &settings.telemetry.listen.ingest;
        let metrics = admin::serve(listen, scrape, health, metrics_guard, admin.clone()).await?.address;
        let tail = match tail {
            Some(tail) => Some(start_tail(tail, &settings, &context)?),
            None => None,
        };
        Ok(Self { context, ingest, parser, indexer, tail, retention, broker, kafka, metrics, admin })
    }

    /// What the parts say about themselves.
    pub(crate) fn health(&self) -> Health {
        self.context.health.clone()
    }

    /// Where ingest listens.
    pub(crate) fn ingest(&self) -> Option<SocketAddr> {
        self.ingest.address
    }

    /// Where the embedded broker listens.
    pub(crate) const fn kafka(&self) -> SocketAddr {
        self.kafka
    }

    /// Where metrics and health are served.
    pub(crate) const fn metrics(&self) -> SocketAddr {
        self.metrics
    }

    /// Waits until a part ends by itself, which none should; answers why.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        let tail = async {
            match &mut self.tail {
                Some((_, task)) => task.await.map_err(anyhow::Error::from).and_then(|end| Ok(end?)),
                None => std::future::pending().await,
            }
        };
        let (name, end) = tokio::select! {
            end = &mut self.ingest.task => ("ingest", flat(end)),
            end = &mut self.parser.task => ("parser", flat(end)),
            end = &mut self.indexer.task => ("indexer", flat(end)),
            end = tail => ("the follower of files", end),
        };
        match end {
            Ok(()) => anyhow::anyhow!("{name} stopped by itself"),
            Err(error) => error.context(format!("{name} failed")),
        }
    }

    /// Stops everything in order. Every part is stopped, also when one before it fails; the first failure is told.
    pub(crate) async fn stop(self) -> Result<()> {
        let ingest = self.ingest.stop().await;
        let tail = match self.tail {
            Some((shutdown, task)) => {
                shutdown.cancel();
                task.await.map_err(anyhow::Error::from).and_then(|end| Ok(end?))
            }
            None => Ok(()),
        };
        let (shutdown, keeper) = self.retention;
        shutdown.cancel();
        if let Some(keeper) = keeper {
            let _told_already = keeper.await;
        }
        let parser = self.parser.stop().await;
        let indexer = self.indexer.stop().await;
        self.admin.cancel();
        let broker = self.broker.stop().await.context("the embedded broker");
        ingest.and(tail).and(parser).and(indexer).and(broker)
    }
}

// === impl Tier ===

impl Tier {
    fn new(name: &'static str, shutdown: CancellationToken, running: Running) -> Self {
        let address = running.address();
        Self { name, shutdown, address, task: tokio::spawn(running.stopped()) }
    }

    async fn stop(self) -> Result<()> {
        self.shutdown.cancel();
        if self.task.is_finished() {
            // Its end was told when it came.
            return Ok(());
        }
        flat(self.task.await).context(self.name)
    }
}

fn flat(end: Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    end?
}

type TailTask = (CancellationToken, JoinHandle<Result<(), TailError>>);

fn start_tail(tail: Tail, settings: &Settings, context: &Context) -> Result<TailTask> {
    let options = ProducerOptions { client_id: "forebay-tail".to_owned(), queue_bytes: TAIL_QUEUE };
    let producer = Producer::new(&settings.kafka, options)?;
    let topic = settings.kafka.topics.raw.clone();
    let tenant = settings.ingest.default_tenant.clone();
    let mut lines = Lines::new(producer, topic, tenant, Ledger::new(context.tenants.clone()));
    let shutdown = CancellationToken::new();
    let until = shutdown.clone();
    Ok((shutdown, tokio::spawn(async move { follow(tail, &mut lines, &until).await })))
}

/// Waits until every part is ready, or for as long as `patience` lasts; answers whether they are.
pub(crate) async fn ready(health: Health, patience: Duration) -> bool {
    let ready = async {
        while !health.readyz().passes() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(patience, ready).await.is_ok()
}
