//! What a run stands on: a broker and a search server of its own, a proxy on every line, topics, templates, settings.
//!
//! Kafka's clients go where the broker says it is, so each process has a listener of its own there, which says that it is
//! where that process's proxy is. So any one process can be parted from Kafka while the others go on.

mod disk;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use forebay_elastic::ElasticStore;
use forebay_kafka::{Admin, admin};
use forebay_settings::sections::telemetry::ListenSettings;
use forebay_settings::{Period, Settings};
use forebay_store::Store as _;
use forebay_testkit::free_port;
use forebay_testkit::procs::binary;
use forebay_testkit::proxy::Proxy;
use forebay_testkit::servers::{Kind, Server};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::plan::{Line, SESSION};
use crate::rules::Rules;
use crate::tier::Tier;
pub use disk::Disk;

/// Partitions of each topic: more than members, so that all have some.
pub const PARTITIONS: i32 = 6;

/// How long a record may wait for the broker: shorter than an outage, so that the tiers have to try again.
const DELIVERY: Period = Period::from_secs(8);
/// How long ingest waits for the broker before it answers 503.
const ACKNOWLEDGEMENT: Period = Period::from_secs(10);
/// How long a bulk request may take: shorter than an outage.
const REQUEST: Period = Period::from_secs(8);

/// What a run stands on.
#[derive(Debug)]
pub struct Bed {
    /// Kafka.
    pub kafka: Mutex<Server>,
    /// Elasticsearch or OpenSearch.
    pub search: Mutex<Server>,
    /// Below Kafka, so that it is unmounted after Kafka has ended. None where this user can't mount one.
    pub disk: Option<Disk>,
    lines: HashMap<Line, (Proxy, Mutex<()>)>,
    /// The rules, where there are some.
    pub rules: Option<Rules>,
    /// The settings that all processes share: addresses here are the direct ones.
    pub settings: Settings,
    /// Looks at the broker, past all proxies.
    pub admin: Admin,
    folder: TempDir,
    ingest_ports: Vec<u16>,
}

// === impl Bed ===

impl Bed {
    /// Starts the servers and puts topics and templates there.
    ///
    /// # Errors
    /// When a server doesn't start or refuses.
    pub async fn make(search: Kind, with_rules: bool) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-chaos-").tempdir()?;
        let disk = Disk::mount(&folder.path().join("kafka"));
        let mut lines = HashMap::new();
        let mut kafka = broker();
        for (tier, seat) in seats() {
            let port = free_port()?;
            let proxy = Proxy::to_port(port).await?;
            kafka = kafka.listener(&format!("{tier}{seat}").to_uppercase(), port, proxy.port());
            let _new = lines.insert(Line::ToBroker(tier, seat), (proxy, Mutex::new(())));
        }
        if let Some(disk) = &disk {
            kafka = kafka.log_dir(disk.path());
        }
        let mut ingest_ports = Vec::new();
        for seat in 0..Tier::Ingest.seats() {
            let port = free_port()?;
            ingest_ports.push(port);
            let _new = lines.insert(Line::ToIngest(seat), (Proxy::to_port(port).await?, Mutex::new(())));
        }
        let store = match search {
            Kind::OpenSearch => Server::opensearch(),
            Kind::Elasticsearch | Kind::Kafka => Server::elasticsearch(),
        };
        let (kafka, search) = tokio::try_join!(kafka.start(), store.heap("1g").start())?;
        let behind = SocketAddr::from((Ipv4Addr::LOCALHOST, search.port()));
        for seat in 0..Tier::Indexer.seats() {
            let _new = lines.insert(Line::ToSearch(seat), (Proxy::start(behind).await?, Mutex::new(())));
        }
        let rules = with_rules.then(|| Rules::make(folder.path())).transpose()?;
        let mut settings = settings(&kafka, &search);
        settings.parser.rules.folder = rules.as_ref().map(|rules| rules.folder().to_owned());
        let admin = Admin::new(&settings.kafka)?;
        admin.wait_for_broker(Duration::from_secs(60), |_| ()).await?;
        let plans = admin.plan(&admin::wanted_topics(&settings.kafka)).await?;
        admin.apply(&plans).await.context("topics")?;
        let _changes =
            ElasticStore::connect(&settings.search)?.bootstrap(false).await.context("index template")?;
        Ok(Self {
            kafka: Mutex::new(kafka),
            search: Mutex::new(search),
            disk,
            lines,
            rules,
            settings,
            admin,
            folder,
            ingest_ports,
        })
    }

    /// The proxy on a line, and what is held while the line is in trouble.
    ///
    /// # Errors
    /// When there is no such line.
    pub fn line(&self, line: Line) -> Result<&(Proxy, Mutex<()>)> {
        self.lines.get(&line).with_context(|| format!("no {line:?}"))
    }

    /// The addresses of the ingests, as clients see them.
    ///
    /// # Errors
    /// When there is no line to one.
    pub fn ingest_urls(&self) -> Result<Vec<String>> {
        (0..Tier::Ingest.seats()).map(|seat| Ok(self.line(Line::ToIngest(seat))?.0.url())).collect()
    }

    /// The settings of one process, and where it serves its metrics.
    ///
    /// # Errors
    /// When there is no such seat, or no port is free.
    pub fn settings_of(&self, tier: Tier, seat: usize) -> Result<(Settings, String)> {
        let mut settings = self.settings.clone();
        settings.kafka.bootstrap_servers = self.line(Line::ToBroker(tier, seat))?.0.address().to_string();
        let listen = format!("127.0.0.1:{}", free_port()?);
        settings.telemetry.listen = ListenSettings::all(&listen);
        match tier {
            Tier::Ingest => {
                let port = self.ingest_ports.get(seat).context("no such ingest")?;
                settings.ingest.listen = format!("127.0.0.1:{port}");
            }
            Tier::Parser => {}
            Tier::Indexer => settings.search.url = self.line(Line::ToSearch(seat))?.0.url(),
        }
        Ok((settings, listen))
    }

    /// The program of a tier: a copy, so that a build beside the run doesn't change what it runs.
    ///
    /// # Errors
    /// When it isn't built.
    pub fn program(&self, tier: Tier) -> Result<PathBuf> {
        let copy = self.folder.path().join(tier.binary());
        if !copy.is_file() {
            let _bytes = std::fs::copy(binary(tier.binary())?, &copy)?;
        }
        Ok(copy)
    }

    /// Where the run's files are; they go with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps the files when the run is over, but for copies of programs; where they are.
    #[must_use]
    pub fn keep(&mut self) -> PathBuf {
        for tier in Tier::ALL {
            let _gone = std::fs::remove_file(self.folder.path().join(tier.binary()));
        }
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }
}

fn seats() -> impl Iterator<Item = (Tier, usize)> {
    Tier::ALL.into_iter().flat_map(|tier| (0..tier.seats()).map(move |seat| (tier, seat)))
}

fn broker() -> forebay_testkit::servers::Builder {
    let session = SESSION.as_millis().to_string();
    // The new group protocol takes its time-outs from the broker; an abandoned transaction is not to hold readers up for
    // longer than a session.
    Server::kafka()
        .heap("1g")
        .setting("group.consumer.min.session.timeout.ms", &session)
        .setting("group.consumer.session.timeout.ms", &session)
        .setting("group.consumer.min.heartbeat.interval.ms", "2000")
        .setting("group.consumer.heartbeat.interval.ms", "2000")
        .setting("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000")
        .setting("num.network.threads", "1")
}

fn settings(kafka: &Server, search: &Server) -> Settings {
    let mut settings = Settings::default();
    settings.kafka.bootstrap_servers = kafka.address();
    settings.kafka.topics.partitions = PARTITIONS;
    settings.kafka.session_timeout = Period(SESSION);
    settings.kafka.delivery_timeout = DELIVERY;
    settings.ingest.ack_timeout = ACKNOWLEDGEMENT;
    settings.parser.lanes = 2;
    settings.indexer.bulk_wait = Period::from_millis(200);
    settings.indexer.retry_max = Period::from_secs(2);
    settings.search.url = search.url();
    settings.search.request_timeout = REQUEST;
    settings.search.replicas = 0;
    settings
}
