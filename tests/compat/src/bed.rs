//! What a run stands on: a Kafka of its own, and ingest as the process that ships.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use forebay_kafka::{Admin, admin};
use forebay_operators::tokens::issue;
use forebay_record::Tenant;
use forebay_settings::sections::TlsVersion;
use forebay_settings::sections::ingest::ListenerSettings;
use forebay_settings::sections::telemetry::ListenSettings;
use forebay_settings::{Period, Settings};
use forebay_testkit::free_port;
use forebay_testkit::procs::{Process, settings_file};
use forebay_testkit::prometheus::sum;
use forebay_testkit::servers::Server;
use tempfile::TempDir;

use crate::clients::{Client, Door};
use crate::sender::Order;

/// How long ingest may take until it is ready.
const READY: Duration = Duration::from_secs(180);
/// How long it may take to end.
const END: Duration = Duration::from_secs(60);
/// How long a record may wait for the broker, and a request for it: shorter than the outage, so that clients are put off.
const DELIVERY: Period = Period::from_secs(3);
const ACKNOWLEDGEMENT: Period = Period::from_secs(4);

/// What a run stands on.
#[derive(Debug)]
pub struct Bed {
    /// Kafka.
    pub kafka: Server,
    /// What ingest was started with.
    pub settings: Settings,
    ingest: Process,
    metrics: String,
    folder: TempDir,
}

impl Bed {
    /// Starts Kafka and ingest, with a token and, where it needs one, a listener for each client. Answers with what to tell
    /// each of them, in their order; its tenant is the prefix of its ids.
    ///
    /// # Errors
    /// When a server doesn't start.
    pub async fn make(clients: &[&Client], events: usize, seconds: u64) -> Result<(Self, Vec<Order>)> {
        let folder = TempDir::new()?;
        let kafka = Server::kafka().start().await?;
        let mut settings = settings(&kafka, folder.path())?;
        let (certificate, key) = certificate(folder.path())?;
        let mut orders = Vec::new();
        for (n, client) in clients.iter().enumerate() {
            let prefix = format!("{}{n:02}", crate::found::MARK);
            let tokens = settings.ingest.access_file.as_deref().context("an access file")?;
            let token = issue(tokens, &Tenant::new(prefix.clone())?, &prefix, None)?.token;
            let address = match client.to {
                Door::Http => settings.ingest.listen.clone(),
                Door::Tcp(protocol) | Door::Tls(protocol) => {
                    let address = format!("127.0.0.1:{}", free_port()?);
                    let mut listener = ListenerSettings::new(protocol, address.clone());
                    listener.tenant = Some(prefix.clone());
                    if matches!(client.to, Door::Tls(_)) {
                        listener.tls.certificate_file = Some(certificate.clone());
                        listener.tls.key_file = Some(key.clone());
                        // Debian 12's rsyslog knows no later one.
                        listener.tls.min_version = TlsVersion::Tls12;
                    }
                    let _new = settings.ingest.listeners.insert(client.name.to_owned(), listener);
                    address
                }
            };
            let (authority, outage) = (certificate.clone(), outage(&folder));
            orders.push(Order { address, token, events, prefix, seconds, outage, authority });
        }
        let admin = Admin::new(&settings.kafka)?;
        let plans = admin.plan(&admin::wanted_topics(&settings.kafka)).await?;
        admin.apply(&plans).await.context("topics")?;
        let file = folder.path().join("forebay.yaml");
        settings_file(&file, &settings)?;
        let mut ingest = Process::service("forebay-ingest", &file)?;
        let own = &settings.telemetry.listen.ingest;
        ingest.ready(&format!("http://{own}/readyz"), READY).await?;
        let metrics = format!("http://{own}/metrics");
        Ok((Self { kafka, settings, ingest, metrics, folder }, orders))
    }

    /// Stops Kafka, and lets the clients send the second half of their events.
    ///
    /// # Errors
    /// When it doesn't stop.
    pub async fn begin_outage(&mut self) -> Result<()> {
        self.kafka.stop().await?;
        std::fs::write(outage(&self.folder), "").context("telling the clients of the outage")
    }

    /// How many events ingest has acknowledged so far.
    ///
    /// # Errors
    /// When it doesn't answer.
    pub async fn accepted(&self) -> Result<f64> {
        let text = reqwest::get(&self.metrics).await?.text().await?;
        Ok(sum(&text, "forebay_events_accepted_total", &[]))
    }

    /// Ends ingest in good order.
    ///
    /// # Errors
    /// When it doesn't end, or with an error.
    pub async fn end_ingest(&mut self) -> Result<()> {
        let status = self.ingest.terminate(END).await?;
        ensure!(status.success(), "ingest ended with {status}:\n{}", self.ingest.log());
        Ok(())
    }
}

/// The file that is there once Kafka is gone.
fn outage(folder: &TempDir) -> PathBuf {
    folder.path().join("outage")
}

/// A certificate that vouches for itself, and its key, as files.
fn certificate(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).context("a certificate")?;
    std::fs::write(&key, made.signing_key.serialize_pem()).context("its key")?;
    Ok((certificate, key))
}

fn settings(kafka: &Server, folder: &Path) -> Result<Settings> {
    let mut settings = Settings::default();
    settings.kafka.bootstrap_servers = kafka.address();
    settings.kafka.topics.partitions = 4;
    settings.kafka.delivery_timeout = DELIVERY;
    settings.ingest.ack_timeout = ACKNOWLEDGEMENT;
    settings.ingest.listen = format!("127.0.0.1:{}", free_port()?);
    settings.ingest.access_file = Some(folder.join("access.yaml"));
    settings.telemetry.listen = ListenSettings::all(&format!("127.0.0.1:{}", free_port()?));
    Ok(settings)
}
