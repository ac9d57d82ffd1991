//! The tier with two tenants, and doors for both.

use std::marker::PhantomData;
use std::path::Path;

use forebay_operators::tokens::issue;
use forebay_record::Tenant;
use forebay_settings::Settings;
use forebay_settings::sections::ingest::ListenerSettings;
use forebay_telemetry::Scrape;
use forebay_testkit::free_port;
use forebay_testkit::prometheus::sum;
use tempfile::TempDir;

use crate::driver::{Door, Driver, Transport};
use crate::harness::{Ingest, Stored, eventually, started};

/// A tier that knows two tenants.
pub(crate) struct Rig<D> {
    pub(crate) ingest: Ingest,
    pub(crate) tenants: [String; 2],
    doors: [Door; 2],
    scrape: Scrape,
    _folder: TempDir,
    _of: PhantomData<D>,
}

impl<D: Driver> Rig<D> {
    /// Starts it. Metrics are the whole process's, so that tenants are named after the test.
    pub(crate) async fn start(test: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let scrape = Scrape::install().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let tokens = folder.path().join("tokens.yaml");
        let tenants = ["one", "two"].map(|name| format!("{}-{test}-{name}", D::WAY));
        let secrets = tenants.clone().map(|tenant| token(&tokens, &tenant));
        let listeners = tenants.clone().map(|tenant| {
            D::LISTENER.map(|protocol| {
                let address = match D::TRANSPORT {
                    Transport::Tcp => format!("127.0.0.1:{}", free_port().unwrap()),
                    Transport::Udp => format!("udp://127.0.0.1:{}", free_port().unwrap()),
                    Transport::Unix => format!("unix://{}", folder.path().join(&tenant).display()),
                    Transport::UnixDatagram => {
                        format!("unixgram://{}", folder.path().join(&tenant).display())
                    }
                };
                ListenerSettings { tenant: Some(tenant), ..ListenerSettings::new(protocol, address) }
            })
        });
        let ingest = started(|settings| {
            settings.ingest.access_file = Some(tokens);
            for listener in listeners.iter().flatten() {
                let name = listener.tenant.clone().unwrap();
                let _new = settings.ingest.listeners.insert(name, listener.clone());
            }
            change(settings);
        })
        .await;
        let [one, two] = listeners.map(|listener| match listener {
            Some(ListenerSettings { address, .. }) => {
                address.split_once("://").map_or(address.as_str(), |(_scheme, rest)| rest).to_owned()
            }
            None => ingest.address.to_string(),
        });
        let [first, second] = secrets;
        let doors = [Door { address: one, token: first }, Door { address: two, token: second }];
        Self { ingest, tenants, doors, scrape, _folder: folder, _of: PhantomData }
    }

    /// Connects as the first tenant or the second.
    pub(crate) async fn connect(&self, tenant: usize) -> D {
        D::connect(&self.doors[tenant]).await
    }

    /// The way in of the first tenant.
    pub(crate) fn door(&self) -> Door {
        self.doors[0].clone()
    }

    /// The sum of a metric's series that have all these words in their labels.
    pub(crate) fn metric(&self, name: &str, words: &[&str]) -> f64 {
        sum(&self.scrape.render(), name, words)
    }

    /// Waits until Kafka has an event of each of these texts.
    pub(crate) async fn until_stored(&self, events: &[String]) {
        eventually("all events are in kafka", async || missing(&self.ingest.stored(), events).is_empty())
            .await;
    }
}

/// The texts that no event has.
pub(crate) fn missing<'a>(stored: &[Stored], events: &'a [String]) -> Vec<&'a str> {
    let bodies: Vec<String> =
        stored.iter().map(|event| String::from_utf8_lossy(&event.body).into_owned()).collect();
    let is_missing = |text: &&String| !bodies.iter().any(|body| body.contains(text.as_str()));
    events.iter().filter(is_missing).map(String::as_str).collect()
}

/// So many texts, none of which is in another or in another call's.
pub(crate) fn texts(count: usize) -> Vec<String> {
    (0..count).map(|_| format!("text{}", uuid::Uuid::now_v7().simple())).collect()
}

fn token(file: &Path, tenant: &str) -> String {
    issue(file, &Tenant::new(tenant).unwrap(), tenant, None).unwrap().token
}
