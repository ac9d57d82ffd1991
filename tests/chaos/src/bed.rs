//! What a run stands on: a broker and a search server of its own, a proxy on every line, topics, templates, settings.
//!
//! Kafka's clients go where the broker says it is, so each process has a listener of its own there, which says that it is
//! where that process's proxy is. So any one process can be parted from Kafka while the others go on. Where nothing is to break,
//! there are no proxies, and processes have what they have by default.

mod destination;
mod disk;
mod ground;

use std::collections::HashMap;
use std::net::SocketAddr;
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
pub use destination::Destination;
pub use disk::Disk;
pub use ground::{Ground, Search};

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
    /// What takes the documents.
    pub search: Destination,
    /// Below Kafka, so that it is unmounted after Kafka has ended. None where this user can't mount one.
    pub disk: Option<Disk>,
    lines: HashMap<Line, (Proxy, Mutex<()>)>,
    /// The rules, where there are some.
    pub rules: Option<Rules>,
    /// The settings that all processes share: addresses here are the direct ones.
    pub settings: Settings,
    /// Looks at the broker, past all proxies.
    pub admin: Admin,
    ground: Ground,
    folder: TempDir,
    ingest_ports: Vec<u16>,
}

// === impl Bed ===

impl Bed {
    /// Starts the servers of a run in which everything breaks, and puts topics and templates there.
    ///
    /// # Errors
    /// When a server doesn't start or refuses.
    pub async fn make(search: Kind, with_rules: bool) -> Result<Self> {
        Self::on(Ground::of_chaos(search, with_rules)).await
    }

    /// Starts the servers and puts topics and templates there.
    ///
    /// # Errors
    /// When a server doesn't start or refuses.
    pub async fn on(ground: Ground) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-chaos-").tempdir()?;
        let disk = ground.breaks.then(|| Disk::mount(&folder.path().join("kafka"))).flatten();
        let mut lines = HashMap::new();
        let mut kafka = broker(&ground);
        if ground.breaks {
            for (tier, seat) in ground.seats.places() {
                let port = free_port()?;
                let proxy = Proxy::to_port(port).await?;
                kafka = kafka.listener(&format!("{tier}{seat}").to_uppercase(), port, proxy.port());
                let _new = lines.insert(Line::ToBroker(tier, seat), (proxy, Mutex::new(())));
            }
        }
        if let Some(disk) = &disk {
            kafka = kafka.log_dir(disk.path());
        }
        let mut ingest_ports = Vec::new();
        for seat in 0..ground.seats.of(Tier::Ingest) {
            let port = free_port()?;
            ingest_ports.push(port);
            if ground.breaks {
                let proxy = Proxy::to_port(port).await?;
                let _new = lines.insert(Line::ToIngest(seat), (proxy, Mutex::new(())));
            }
        }
        let (kafka, (search, behind)) = tokio::try_join!(kafka.start(), Destination::start(&ground))?;
        if ground.breaks {
            for seat in 0..ground.seats.of(Tier::Indexer) {
                let _new = lines.insert(Line::ToSearch(seat), (Proxy::start(behind).await?, Mutex::new(())));
            }
        }
        let rules = ground.rules.then(|| Rules::make(folder.path())).transpose()?;
        let mut settings = settings(&kafka, behind, &ground);
        settings.parser.rules.folder = rules.as_ref().map(|rules| rules.folder().to_owned());
        let admin = Admin::new(&settings.kafka)?;
        admin.wait_for_broker(Duration::from_secs(60), |_| ()).await?;
        let plans = admin.plan(&admin::wanted_topics(&settings.kafka)).await?;
        admin.apply(&plans).await.context("topics")?;
        let _changes =
            ElasticStore::connect(&settings.search)?.bootstrap(false).await.context("index template")?;
        Ok(Self {
            kafka: Mutex::new(kafka),
            search,
            disk,
            lines,
            rules,
            settings,
            admin,
            ground,
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

    /// How it was to be.
    #[must_use]
    pub const fn ground(&self) -> &Ground {
        &self.ground
    }

    /// The addresses of the ingests, as clients see them.
    ///
    /// # Errors
    /// When there is no line to one.
    pub fn ingest_urls(&self) -> Result<Vec<String>> {
        let url = |(seat, port): (usize, &u16)| -> Result<String> {
            let proxy = self.proxy(Line::ToIngest(seat))?;
            Ok(proxy.map_or_else(|| format!("http://127.0.0.1:{port}"), Proxy::url))
        };
        self.ingest_ports.iter().enumerate().map(url).collect()
    }

    /// The port that an ingest listens on, on 127.0.0.1.
    ///
    /// # Errors
    /// When there is no such seat.
    pub fn ingest_port(&self, seat: usize) -> Result<u16> {
        self.ingest_ports.get(seat).copied().context("no such ingest")
    }

    /// The proxy on a line, where lines have one.
    fn proxy(&self, line: Line) -> Result<Option<&Proxy>> {
        if self.ground.breaks { self.line(line).map(|(proxy, _)| Some(proxy)) } else { Ok(None) }
    }

    /// The settings of one process, and where it serves its metrics.
    ///
    /// # Errors
    /// When there is no such seat, or no port is free.
    pub fn settings_of(&self, tier: Tier, seat: usize) -> Result<(Settings, String)> {
        let mut settings = self.settings.clone();
        if let Some(proxy) = self.proxy(Line::ToBroker(tier, seat))? {
            settings.kafka.bootstrap_servers = proxy.address().to_string();
        }
        let listen = format!("127.0.0.1:{}", free_port()?);
        settings.telemetry.listen = ListenSettings::all(&listen);
        match tier {
            Tier::Ingest => settings.ingest.listen = format!("127.0.0.1:{}", self.ingest_port(seat)?),
            Tier::Parser => {}
            Tier::Indexer => {
                if let Some(proxy) = self.proxy(Line::ToSearch(seat))? {
                    settings.search.url = proxy.url();
                }
            }
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
            let built = match &self.ground.binaries {
                Some(folder) => folder.join(tier.binary()),
                None => binary(tier.binary())?,
            };
            let copied = std::fs::copy(&built, &copy);
            let _bytes = copied.with_context(|| format!("copying {}", built.display()))?;
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

fn broker(ground: &Ground) -> forebay_testkit::servers::Builder {
    // Members learn of a move at their next heartbeat.
    let broker = Server::kafka()
        .heap("1g")
        .setting("group.consumer.min.heartbeat.interval.ms", "2000")
        .setting("group.consumer.heartbeat.interval.ms", "2000")
        .setting("num.network.threads", "1");
    let broker = if ground.for_speed { broker.for_speed() } else { broker };
    if !ground.breaks {
        return broker;
    }
    let session = SESSION.as_millis().to_string();
    // The new group protocol takes its time-outs from the broker; an abandoned transaction is not to hold readers up for
    // longer than a session.
    broker
        .setting("group.consumer.min.session.timeout.ms", &session)
        .setting("group.consumer.session.timeout.ms", &session)
        .setting("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000")
}

fn settings(kafka: &Server, search: SocketAddr, ground: &Ground) -> Settings {
    let mut settings = Settings::default();
    settings.kafka.bootstrap_servers = kafka.address();
    settings.kafka.topics.partitions = ground.partitions;
    settings.ingest.ack_timeout = ACKNOWLEDGEMENT;
    settings.indexer.bulk_wait = Period::from_millis(200);
    settings.search.url = format!("http://{search}");
    settings.search.replicas = 0;
    if !ground.breaks {
        // So that a process more is a thread more.
        settings.parser.lanes = 1;
        return settings;
    }
    settings.kafka.session_timeout = Period(SESSION);
    settings.kafka.delivery_timeout = DELIVERY;
    settings.parser.lanes = 2;
    settings.indexer.retry_max = Period::from_secs(2);
    settings.search.request_timeout = REQUEST;
    settings
}
