//! Asks everybody: the processes, Kafka, the store.

use std::time::{Duration, Instant};

use forebay_access::Secret;
use forebay_kafka::Admin;
use forebay_service::clock::now_ms;
use forebay_settings::sections::telemetry::MetricsAccess;
use forebay_store::Store;

use super::kafka::Kafka;
use super::letters::Letters;
use super::processes;
use crate::exit::Failure;
use crate::status::facts::Observation;
use crate::status::report::Server;
use crate::target::{Target, TargetArgs, chain};

/// How long the store is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// Looks at everything, again and again.
pub(super) struct Prober {
    arguments: TargetArgs,
    target: Target,
    addresses: Vec<String>,
    token: Option<Secret>,
    kafka: Kafka,
    letters: Letters,
    store: Option<(String, Box<dyn Store>)>,
    started: Instant,
}

impl Prober {
    /// Asks nobody yet. Without addresses the settings, or the running `forebay dev`, say where metrics are; `token` is shown where they
    /// ask for one.
    pub(super) fn new(
        arguments: TargetArgs,
        target: Target,
        addresses: &[String],
        token: Option<Secret>,
    ) -> Result<Self, Failure> {
        let admin = Admin::new(&target.settings.kafka).map_err(|error| Failure::settings(chain(&error)))?;
        let asks = target.dev.is_some() || target.settings.telemetry.metrics == MetricsAccess::Token;
        Ok(Self {
            addresses: if addresses.is_empty() { known(&target) } else { addresses.to_vec() },
            token: token.filter(|_| asks),
            kafka: Kafka::new(admin, &target.settings),
            letters: Letters::default(),
            store: None,
            started: Instant::now(),
            arguments,
            target,
        })
    }

    /// One look. Metrics are read before Kafka is asked: what was in no counter then isn't in Kafka's answer for long.
    pub(super) async fn look(&mut self) -> Observation {
        let Self { arguments, target, addresses, token, kafka, letters, store, started } = self;
        let search = search(arguments, store);
        let rest = async {
            let processes = processes::ask(addresses, token.as_ref()).await;
            let (server, facts) = kafka.ask().await;
            let dead_letters = letters.look(&target.settings.kafka, server.reachable).await;
            (processes, server, facts, dead_letters)
        };
        let (search, (processes, server, facts, dead_letters)) = tokio::join!(search, rest);
        Observation {
            at: started.elapsed(),
            now_ms: now_ms(),
            servers: vec![server, search],
            kafka: facts,
            processes,
            dead_letters,
        }
    }
}

/// Where the settings say that metrics are served.
fn known(target: &Target) -> Vec<String> {
    if let Some(dev) = &target.dev {
        return vec![dev.metrics.to_string()];
    }
    let listen = &target.settings.telemetry.listen;
    let mut addresses = vec![listen.ingest.clone(), listen.parser.clone(), listen.indexer.clone()];
    addresses.dedup();
    addresses
}

async fn search(arguments: &TargetArgs, store: &mut Option<(String, Box<dyn Store>)>) -> Server {
    let server = |address: &str, reachable, detail| Server {
        name: "search",
        address: address.to_owned(),
        reachable,
        detail,
    };
    if store.is_none() {
        match arguments.store() {
            Ok(found) => *store = Some(found),
            Err(failure) => {
                let text = failure.to_string();
                return server("", false, text.lines().next().unwrap_or_default().to_owned());
            }
        }
    }
    let Some((address, store)) = store else { return server("", false, String::new()) };
    match tokio::time::timeout(WAIT, store.ping()).await {
        Ok(Ok(info)) => server(address, true, format!("{} {}", info.name, info.version)),
        Ok(Err(failure)) => server(address, false, failure.to_string()),
        Err(_) => server(address, false, format!("no answer within {} s", WAIT.as_secs())),
    }
}
