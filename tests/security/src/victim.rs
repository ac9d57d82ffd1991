//! The process that is attacked, and the honest client beside the attack.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use forebay_kafka::testing::TestCluster;
use forebay_kafka::{ReadFrom, TopicReader};
use forebay_operators::tokens::issue;
use forebay_record::{RawEvent, Tenant};
use forebay_settings::sections::telemetry::ListenSettings;
use forebay_settings::{ByteSize, Period, Settings};
use forebay_testkit::procs::{Process, binary, settings_file};
use forebay_testkit::prometheus::sum;
use forebay_testkit::{eventually, free_port};
use reqwest::{Client, RequestBuilder, StatusCode};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::doors;
use crate::honest::{Honest, LINE};

const TOPIC: &str = "forebay.raw";
/// The most memory that the process may take, whatever is done to it: 64 MiB that it may have in flight, its connections'
/// buffers, and itself, not optimised.
const MAX_MEMORY: u64 = 400 << 20;
/// How long whatever has to happen may take, on a machine that is slow: nothing is measured by it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Attacks go on side by side, each at a process of its own; those that take all of the machine go on alone.
static MACHINE: RwLock<()> = RwLock::const_new(());
/// And not too many of them: crowds take the processors from each other's victims, whose limits of time are short.
static SIDE_BY_SIDE: Semaphore = Semaphore::const_new(2);

/// A part of the machine, or all of it, until it is dropped.
#[derive(Debug)]
#[allow(dead_code, reason = "held, never read")]
enum Place {
    Beside(RwLockReadGuard<'static, ()>, SemaphorePermit<'static>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// A running ingest on a mock of Kafka, with small limits, and listeners of all protocols.
#[derive(Debug)]
pub struct Victim {
    _place: Place,
    _cluster: TestCluster,
    settings: Settings,
    process: Process,
    folder: TempDir,
    client: Client,
    /// Where it listens for HTTP.
    pub address: SocketAddr,
    /// The honest client's credential.
    pub token: String,
}

/// An event as it is in Kafka.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored {
    /// Whose it is.
    pub tenant: String,
    /// Its id.
    pub id: String,
    /// What was sent.
    pub body: String,
}

impl Victim {
    /// Starts it.
    ///
    /// # Errors
    /// When its binary isn't built, or it doesn't get ready.
    pub async fn start() -> Result<Self> {
        Self::start_with(|_, _| Ok(())).await
    }

    /// The same with other settings; files that they name may be put into the folder.
    ///
    /// # Errors
    /// As [`Self::start`], and what `change` says.
    pub async fn start_with(change: impl FnOnce(&mut Settings, &Path) -> Result<()>) -> Result<Self> {
        let turn = SIDE_BY_SIDE.acquire().await?;
        let place = Place::Beside(MACHINE.read().await, turn);
        Self::start_at(place, None, change).await
    }

    /// The same with a credential of an attacker, whose tenant is `mallory`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_for_mallory() -> Result<(Self, String)> {
        let mut token = String::new();
        let victim = Self::start_with(|_, folder| {
            token = credential(&folder.join("access.yaml"), "mallory", "mallory")?;
            Ok(())
        })
        .await?;
        Ok((victim, token))
    }

    /// As [`Self::start_with`], while no other is attacked.
    ///
    /// # Errors
    /// As [`Self::start_with`].
    pub async fn start_alone(change: impl FnOnce(&mut Settings, &Path) -> Result<()>) -> Result<Self> {
        Self::start_at(Place::Alone(MACHINE.write().await), None, change).await
    }

    /// The same on this core alone too, so that what others do on other cores costs it nothing.
    ///
    /// # Errors
    /// As [`Self::start_with`], and without `taskset`.
    pub async fn start_on(
        core: usize,
        change: impl FnOnce(&mut Settings, &Path) -> Result<()>,
    ) -> Result<Self> {
        Self::start_at(Place::Alone(MACHINE.write().await), Some(core), change).await
    }

    async fn start_at(
        place: Place,
        core: Option<usize>,
        change: impl FnOnce(&mut Settings, &Path) -> Result<()>,
    ) -> Result<Self> {
        let cluster = TestCluster::start(1)?;
        cluster.create_topic(TOPIC, 4)?;
        let folder = tempfile::tempdir()?;
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let telemetry = format!("127.0.0.1:{}", free_port()?);
        let mut settings = Settings { kafka: cluster.settings(), ..Settings::default() };
        settings.telemetry.listen = ListenSettings::all(&telemetry);
        settings.ingest.listen = address.to_string();
        settings.ingest.listeners = doors::listeners()?;
        settings.ingest.access_file = Some(folder.path().join("access.yaml"));
        settings.ingest.max_body = ByteSize::mib(4);
        settings.ingest.max_inflated_body = ByteSize::mib(16);
        settings.ingest.read_timeout = Period::from_secs(5);
        std::fs::write(folder.path().join("access.yaml"), doors::credentials())?;
        change(&mut settings, folder.path())?;
        let token = credential(&folder.path().join("access.yaml"), "honest", "honest")?;
        let config = folder.path().join("forebay.yaml");
        settings_file(&config, &settings)?;
        let mut process = match core {
            None => Process::service("forebay-ingest", &config)?,
            Some(core) => {
                let program = binary("forebay-ingest")?;
                let core = core.to_string();
                let args = [
                    "-c".as_ref(),
                    core.as_ref(),
                    program.as_os_str(),
                    "--config".as_ref(),
                    config.as_os_str(),
                ];
                Process::start(Path::new("taskset"), args, [])?
            }
        };
        process.ready(&format!("http://{telemetry}/readyz"), Duration::from_secs(180)).await?;
        let client = Client::builder().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { _place: place, _cluster: cluster, settings, process, folder, client, address, token })
    }

    /// The file of credentials.
    #[must_use]
    pub fn credentials(&self) -> PathBuf {
        self.folder.path().join("access.yaml")
    }

    /// The address of a listener of [`doors`], by its name.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn door(&self, name: &str) -> Result<SocketAddr> {
        let listener = self.settings.ingest.listeners.get(name);
        let address = &listener.with_context(|| format!("no listener {name}"))?.address;
        Ok(address.trim_start_matches("udp://").parse()?)
    }

    /// A POST to `/v1/ingest`, with neither credential nor body.
    pub fn post(&self) -> RequestBuilder {
        self.client.post(format!("http://{}/v1/ingest", self.address))
    }

    /// The honest client sends a batch.
    ///
    /// # Errors
    /// When it is cut off five times in a row.
    pub async fn honest(&self) -> Result<StatusCode> {
        self.honest_with(&Honest::plain()).await
    }

    /// He sends this.
    ///
    /// # Errors
    /// As [`Self::honest`].
    pub async fn honest_with(&self, what: &Honest) -> Result<StatusCode> {
        // A connection that has been idle for too long is closed, perhaps while the next request is on its way.
        for _ in 0..5 {
            if let Ok(answer) = what.put(self.post().bearer_auth(&self.token)).send().await {
                return Ok(answer.status());
            }
        }
        bail!("the honest client was cut off five times in a row");
    }

    /// The honest client sends batch after batch, so many, and gets success for each.
    ///
    /// # Errors
    /// When it gets something else.
    pub async fn honest_goes_on(&self, batches: usize) -> Result<()> {
        for _ in 0..batches {
            let status = self.honest().await?;
            ensure!(status == 200, "the honest client was refused: {status}");
        }
        Ok(())
    }

    /// Sends bytes on a connection of their own, then a request that asks for its end, and reads what comes until then.
    ///
    /// # Errors
    /// When the connection never ends.
    pub async fn ask(&self, bytes: &[u8]) -> Result<String> {
        let last = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        exchange(self.address, &[bytes, last].concat(), false).await
    }

    /// Sends bytes on a connection of their own, sends no more, and reads what comes until the end.
    ///
    /// # Errors
    /// When the connection never ends.
    pub async fn raw(&self, bytes: &[u8]) -> Result<String> {
        exchange(self.address, bytes, true).await
    }

    /// Its memory now, in bytes.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&self) -> Result<u64> {
        Ok(self.process.usage()?.memory)
    }

    /// How long it has been at work, on all its threads.
    ///
    /// # Errors
    /// When it has ended.
    pub fn work(&self) -> Result<Duration> {
        Ok(self.process.usage()?.cpu)
    }

    /// The process lives, is healthy, serves the honest client, and keeps to its memory.
    ///
    /// # Errors
    /// When one of that isn't so.
    pub async fn unharmed(&mut self) -> Result<()> {
        ensure!(self.process.is_running(), "it is down:\n{}", self.process.log());
        let live = format!("http://{}/livez", self.settings.telemetry.listen.ingest);
        ensure!(self.client.get(live).send().await?.status() == 200, "it says that it doesn't live");
        let served = async || self.honest().await.is_ok_and(|status| status == 200);
        eventually("the honest client is served", PATIENCE, served).await?;
        let memory = self.process.usage()?.peak_memory;
        ensure!(memory < MAX_MEMORY, "it took {} MiB", memory >> 20);
        let log = self.process.log();
        ensure!(!log.contains("panicked"), "{log}");
        Ok(())
    }

    /// What is in Kafka.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn stored(&self) -> Result<Vec<Stored>> {
        let mut reader = TopicReader::open(&self.settings.kafka, TOPIC, ReadFrom::Beginning)?;
        let mut stored = Vec::new();
        while let Some(record) = reader.next_record()? {
            let event = RawEvent::read(&record.value)?;
            let body = String::from_utf8_lossy(event.body).into_owned();
            stored.push(Stored { tenant: event.tenant.to_owned(), id: event.id.to_owned(), body });
        }
        Ok(stored)
    }

    /// Nothing but the honest client's lines is in Kafka.
    ///
    /// # Errors
    /// With the first of the others.
    pub fn only_honest_lines(&self) -> Result<()> {
        let is_strange = |one: &Stored| one.tenant != "honest" || !one.body.contains(LINE);
        match self.stored()?.into_iter().find(is_strange) {
            None => Ok(()),
            Some(Stored { tenant, body, .. }) => {
                bail!("{tenant} has {}", body.chars().take(200).collect::<String>())
            }
        }
    }

    /// What the process counts of refused connections for this reason.
    ///
    /// # Errors
    /// When it doesn't say.
    pub async fn refused_connections(&self, reason: &str) -> Result<f64> {
        self.metric("forebay_ingest_refused_connections_total", &[reason]).await
    }

    /// How many connections it has.
    ///
    /// # Errors
    /// When it doesn't say.
    pub async fn connections(&self) -> Result<f64> {
        self.metric("forebay_ingest_connections", &[]).await
    }

    /// The sum of a metric's series that have all these words in their labels.
    ///
    /// # Errors
    /// When the process doesn't say.
    pub async fn metric(&self, name: &str, words: &[&str]) -> Result<f64> {
        Ok(sum(&self.metrics().await?, name, words))
    }

    /// All that the process counts, as Prometheus reads it.
    ///
    /// # Errors
    /// When the process doesn't say.
    pub async fn metrics(&self) -> Result<String> {
        let url = format!("http://{}/metrics", self.settings.telemetry.listen.ingest);
        Ok(self.client.get(url).send().await?.text().await?)
    }
}

/// Sends bytes to an address, then the end of them if asked for, and gives what comes until the other side ends it.
///
/// # Errors
/// When nobody listens there, or the connection never ends.
pub async fn exchange(to: SocketAddr, bytes: &[u8], ends: bool) -> Result<String> {
    let mut stream = TcpStream::connect(to).await?;
    let (mut from, mut to) = stream.split();
    let mut answered = Vec::new();
    // Who is refused may be cut off while sending. What was answered before counts.
    let exchanged = async {
        let sending = async {
            let _sent = to.write_all(bytes).await;
            if ends {
                let _ended = to.shutdown().await;
            }
        };
        let _both = tokio::join!(sending, from.read_to_end(&mut answered));
    };
    timeout(PATIENCE, exchanged).await.context("the connection never ended")?;
    Ok(String::from_utf8_lossy(&answered).into_owned())
}

/// A new credential of this tenant.
///
/// # Errors
/// When the file can't be written.
pub fn credential(file: &Path, tenant: &str, name: &str) -> Result<String> {
    Ok(issue(file, &Tenant::new(tenant)?, name, None)?.token)
}
