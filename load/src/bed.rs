//! What all runs stand on: one Kafka, a folder for settings, and names that no two runs share.

mod tier;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_kafka::Admin;
use forebay_kafka::admin::wanted_topics;
use forebay_settings::sections::telemetry::ListenSettings;
use forebay_settings::{Period, Settings};
use forebay_testkit::procs::settings_file;
use forebay_testkit::servers::Server;
use forebay_testkit::{eventually, free_port};
use tempfile::TempDir;

pub use self::tier::Tier;

/// How many partitions every topic has.
pub const PARTITIONS: i32 = 4;

/// How long the last commit may take: tiers commit every second, and every half minute again what a rebalance may have
/// cost them.
const COMMITS: Duration = Duration::from_secs(60);

/// What all runs stand on.
#[derive(Debug)]
pub struct Bed {
    kafka: Server,
    admin: Admin,
    folder: TempDir,
    runs: u32,
}

// === impl Bed ===

impl Bed {
    /// Starts Kafka.
    ///
    /// # Errors
    /// When it doesn't start.
    pub async fn make() -> Result<Self> {
        let kafka = Server::kafka().for_speed().heap("1g").start().await?;
        let mut settings = Settings::default();
        settings.kafka.bootstrap_servers = kafka.address();
        let admin = Admin::new(&settings.kafka)?;
        admin.wait_for_broker(Duration::from_secs(60), |_| ()).await?;
        Ok(Self { kafka, admin, folder: TempDir::new()?, runs: 0 })
    }

    /// The pid of Kafka, whose CPU time is no part of a result but explains where the machine's went.
    ///
    /// # Errors
    /// When it has ended.
    pub fn kafka_pid(&self) -> Result<u32> {
        self.kafka.pid().context("kafka has ended")
    }

    /// What Kafka has printed.
    #[must_use]
    pub fn kafka_log(&self) -> String {
        self.kafka.log()
    }

    /// Settings for a new run: defaults, but for addresses and for names of its own. Its topics are there.
    ///
    /// # Errors
    /// When Kafka doesn't take the topics.
    pub async fn run(&mut self, name: &str) -> Result<Settings> {
        self.runs += 1;
        let settings = self.settings(&format!("{name}-{}", self.runs))?;
        let plans = self.admin.plan(&wanted_topics(&settings.kafka)).await?;
        self.admin.apply(&plans).await.context("topics")?;
        Ok(settings)
    }

    /// Settings with these names in them: defaults, but for addresses. Its topics are not there yet.
    ///
    /// # Errors
    /// When no port is free.
    pub fn settings(&self, name: &str) -> Result<Settings> {
        let mut settings = Settings::default();
        let kafka = &mut settings.kafka;
        kafka.bootstrap_servers = self.kafka.address();
        // All of a backlog stays, however long the bench takes.
        kafka.topics.retention = Period::from_secs(86_400);
        kafka.topics.raw = format!("{name}.raw");
        kafka.topics.events = format!("{name}.events");
        kafka.topics.dead_letters = format!("{name}.dlq");
        kafka.topics.parked = format!("{name}.parked");
        kafka.topics.audit = format!("{name}.audit");
        kafka.topics.partitions = PARTITIONS;
        settings.ingest.listen = format!("127.0.0.1:{}", free_port()?);
        settings.parser.group = format!("{name}-parser");
        settings.indexer.group = format!("{name}-indexer");
        settings.search.index_prefix = "bench".to_owned();
        settings.search.replicas = 0;
        Ok(settings)
    }

    /// Starts a tier as the process that ships, with these settings; metrics and health on a port of its own.
    ///
    /// # Errors
    /// When it isn't built or can't be started.
    pub fn start(&self, binary: &str, settings: &Settings) -> Result<Tier> {
        let mut settings = settings.clone();
        let listen = format!("127.0.0.1:{}", free_port()?);
        settings.telemetry.listen = ListenSettings::all(&listen);
        let file = self.write(binary, &settings)?;
        Tier::start(binary, &file, &listen)
    }

    /// Writes settings to a file, which goes with the bed; its path.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, name: &str, settings: &Settings) -> Result<PathBuf> {
        let path = self.path(&format!("{name}.yaml"));
        settings_file(&path, settings)?;
        Ok(path)
    }

    /// Where a file of a run may be, in the folder that goes with the bed.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How many records a topic has.
    ///
    /// # Errors
    /// When Kafka doesn't answer.
    pub async fn count(&self, topic: &str) -> Result<u64> {
        let ranges = self.admin.offsets(topic).await?;
        Ok(ranges.iter().map(|range| u64::try_from(range.len()).unwrap_or(0)).sum())
    }

    /// Waits until a group has committed all of a topic.
    ///
    /// # Errors
    /// When it doesn't within a minute.
    pub async fn wait_for_commits(&self, group: &str, topic: &str, tier: &Tier) -> Result<()> {
        let mut left = Vec::new();
        let waited = eventually("every offset is committed", COMMITS, async || {
            let lags = self.admin.group_lag(group, topic).await;
            left = lags.unwrap_or_default();
            !left.is_empty() && left.iter().all(|lag| lag.lag() == 0)
        })
        .await;
        waited.with_context(|| {
            format!("group {group}, topic {topic}: {left:?}; {} says:\n{}", tier.name(), tier.log())
        })
    }

    /// Waits until topics together have so many records; the tier must live meanwhile.
    ///
    /// # Errors
    /// When they don't come in time, or the tier ends.
    pub async fn wait_for(
        &self,
        topics: &[&str],
        records: u64,
        tier: &mut Tier,
        patience: Duration,
    ) -> Result<()> {
        let mut found = 0;
        let mut alive = true;
        let waited = eventually(&format!("{records} records in {topics:?}"), patience, async || {
            let mut sum = 0;
            for topic in topics {
                sum += self.count(topic).await.unwrap_or(0);
            }
            found = sum;
            alive = tier.is_running();
            found >= records || !alive
        })
        .await;
        ensure!(alive, "{} ended early:\n{}", tier.name(), tier.log());
        waited.with_context(|| format!("{found} came; {} says:\n{}", tier.name(), tier.log()))
    }
}
