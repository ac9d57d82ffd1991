//! The process that is attacked, and the honest client beside the attack.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use forebay_ingest::tokens::issue;
use forebay_kafka::testing::TestCluster;
use forebay_kafka::{ReadFrom, TopicReader};
use forebay_record::{RawEvent, Tenant};
use forebay_settings::sections::telemetry::ListenSettings;
use forebay_settings::{ByteSize, Period, Settings};
use forebay_testkit::procs::{Process, settings_file};
use forebay_testkit::{eventually, free_port};
use reqwest::{Client, StatusCode};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

const TOPIC: &str = "forebay.raw";
/// The most memory that the process may take, whatever is done to it: 64 MiB that it may have in flight, its connections'
/// buffers, and itself, not optimised.
const MAX_MEMORY: u64 = 400 << 20;

/// One attack at a time: how long the honest client waits is to say something about the attack.
static ONE: Mutex<()> = Mutex::const_new(());

/// A running ingest on a mock of Kafka, with small limits.
pub(crate) struct Victim {
    _alone: MutexGuard<'static, ()>,
    _cluster: TestCluster,
    settings: Settings,
    process: Process,
    folder: TempDir,
    client: Client,
    pub(crate) address: SocketAddr,
    /// The honest client's credential.
    pub(crate) token: String,
}

/// How long the honest client waited for its answers, the shortest first.
pub(crate) struct Waits(Vec<Duration>);

impl Victim {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_, _| {}).await
    }

    /// The same with other settings; files that they name may be put into the folder.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings, &Path)) -> Self {
        let alone = ONE.lock().await;
        let cluster = TestCluster::start(1).unwrap();
        cluster.create_topic(TOPIC, 4).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
        let telemetry = format!("127.0.0.1:{}", free_port().unwrap());
        let mut settings = Settings { kafka: cluster.settings(), ..Settings::default() };
        settings.telemetry.listen = ListenSettings::all(&telemetry);
        settings.ingest.listen = address.to_string();
        settings.ingest.access_file = Some(folder.path().join("access.yaml"));
        settings.ingest.max_body = ByteSize::mib(4);
        settings.ingest.max_inflated_body = ByteSize::mib(16);
        settings.ingest.read_timeout = Period::from_secs(5);
        change(&mut settings, folder.path());
        let token = credential(&folder.path().join("access.yaml"), "honest", "honest");
        let config = folder.path().join("forebay.yaml");
        settings_file(&config, &settings).unwrap();
        let mut process = Process::service("forebay-ingest", &config).unwrap();
        process.ready(&format!("http://{telemetry}/readyz"), Duration::from_secs(60)).await.unwrap();
        let client = Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Self { _alone: alone, _cluster: cluster, settings, process, folder, client, address, token }
    }

    /// The file of credentials.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.folder.path().join("access.yaml")
    }

    /// A POST to `/v1/ingest`, with neither credential nor body.
    pub(crate) fn post(&self) -> reqwest::RequestBuilder {
        self.client.post(format!("http://{}/v1/ingest", self.address))
    }

    /// The honest client sends a batch.
    pub(crate) async fn honest(&self) -> StatusCode {
        let body = "{\"message\":\"an honest line\"}\n".repeat(100);
        // A connection that has been idle for too long is closed, perhaps while the next request is on its way.
        for _ in 0..5 {
            let sent = self.post().bearer_auth(&self.token).header("content-type", "application/x-ndjson");
            if let Ok(answer) = sent.body(body.clone()).send().await {
                return answer.status();
            }
        }
        panic!("the honest client was cut off five times in a row");
    }

    /// The honest client sends batch after batch, so many, and gets success for each.
    pub(crate) async fn honest_waits(&self, batches: usize) -> Waits {
        let mut waits = Vec::with_capacity(batches);
        for _ in 0..batches {
            let started = Instant::now();
            assert_eq!(self.honest().await, 200, "the honest client was refused");
            waits.push(started.elapsed());
        }
        waits.sort_unstable();
        Waits(waits)
    }

    /// Sends bytes on a connection of their own, then a request that asks for its end, and reads what comes until then.
    pub(crate) async fn ask(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (mut from, mut to) = stream.split();
        let mut answered = Vec::new();
        let exchanged = async {
            let sending = async {
                let _sent = to.write_all(bytes).await;
                let _sent = to.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
            };
            let _both = tokio::join!(sending, from.read_to_end(&mut answered));
        };
        timeout(Duration::from_secs(60), exchanged).await.expect("the connection never ended");
        String::from_utf8_lossy(&answered).into_owned()
    }

    /// Sends bytes on a connection of their own, sends no more, and reads what comes until the end.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (mut from, mut to) = stream.split();
        let mut answered = Vec::new();
        // Who is refused may be cut off while sending. What was answered before counts.
        let exchanged = async {
            let sending = async {
                let _sent = to.write_all(bytes).await;
                let _ended = to.shutdown().await;
            };
            let _both = tokio::join!(sending, from.read_to_end(&mut answered));
        };
        timeout(Duration::from_secs(60), exchanged).await.expect("the connection never ended");
        String::from_utf8_lossy(&answered).into_owned()
    }

    /// Its memory now, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.process.usage().unwrap().memory
    }

    /// The process lives, is healthy, serves the honest client, and keeps to its memory.
    pub(crate) async fn unharmed(&mut self) {
        assert!(self.process.is_running(), "it is down:\n{}", self.process.log());
        let live = format!("http://{}/livez", self.settings.telemetry.listen.ingest);
        assert_eq!(self.client.get(live).send().await.unwrap().status(), 200);
        eventually("the honest client is served", Duration::from_secs(60), async || {
            self.honest().await == 200
        })
        .await
        .unwrap();
        let memory = self.process.usage().unwrap().peak_memory;
        assert!(memory < MAX_MEMORY, "it took {} MiB", memory >> 20);
        let log = self.process.log();
        assert!(!log.contains("panicked"), "{log}");
    }

    /// What is in Kafka: tenant and body of each event.
    pub(crate) fn stored(&self) -> Vec<(String, String)> {
        let mut reader = TopicReader::open(&self.settings.kafka, TOPIC, ReadFrom::Beginning).unwrap();
        let mut stored = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            let event = RawEvent::read(&record.value).unwrap();
            stored.push((event.tenant.to_owned(), String::from_utf8_lossy(event.body).into_owned()));
        }
        stored
    }

    /// Nothing but the honest client's lines is in Kafka.
    pub(crate) fn only_honest_lines(&self) {
        let strange: Vec<_> = self
            .stored()
            .into_iter()
            .filter(|(tenant, body)| tenant != "honest" || !body.contains("an honest line"))
            .collect();
        assert!(strange.is_empty(), "{strange:?}");
    }

    /// What the process counts of refused connections for this reason.
    pub(crate) async fn refused_connections(&self, reason: &str) -> f64 {
        self.metric("forebay_ingest_refused_connections_total", reason).await
    }

    /// How many connections it has.
    pub(crate) async fn connections(&self) -> f64 {
        self.metric("forebay_ingest_connections", "").await
    }

    async fn metric(&self, name: &str, label: &str) -> f64 {
        let url = format!("http://{}/metrics", self.settings.telemetry.listen.ingest);
        let text = self.client.get(url).send().await.unwrap().text().await.unwrap();
        let found = forebay_testkit::prometheus::series(&text, name);
        found.filter(|(labels, _)| labels.contains(label)).map(|(_, value)| value).sum()
    }
}

impl Waits {
    pub(crate) fn p99(&self) -> Duration {
        self.0[(self.0.len() * 99).div_ceil(100) - 1]
    }

    /// The honest client hardly noticed: its p99 under attack is at most the double of that without, or two seconds, which
    /// attackers on the same busy machine may cost. Who stands behind the crowd waits for five, until it is thrown out.
    pub(crate) fn hardly_more_than(&self, calm: &Self) {
        let (under_attack, calm) = (self.p99(), calm.p99());
        println!("p99 of the honest client: {calm:?} before, {under_attack:?} under attack");
        assert!(under_attack <= (2 * calm).max(Duration::from_secs(2)), "{calm:?} became {under_attack:?}");
    }
}

/// A new credential of this tenant.
pub(crate) fn credential(file: &Path, tenant: &str, name: &str) -> String {
    issue(file, &Tenant::new(tenant).unwrap(), name, None).unwrap().token
}
