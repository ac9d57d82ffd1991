//! What a test runs on: a broker and a store.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use forebay_elastic::ElasticStore;
use forebay_embedded_broker::{EmbeddedBroker, EmbeddedOptions, TopicSpec, recommended_properties};
use forebay_embedded_store::EmbeddedStore;
use forebay_kafka::{Admin, admin};
use forebay_settings::Settings;
use forebay_store::Store;
use forebay_testkit::servers::shared;
use tokio_util::sync::CancellationToken;

/// A broker and a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Backend {
    /// What `forebay dev` runs on.
    Embedded,
    /// Apache Kafka and Elasticsearch.
    Elasticsearch,
    /// Apache Kafka and OpenSearch.
    OpenSearch,
}

impl Backend {
    /// Points the settings at this backend and puts topics and templates there. An embedded broker comes back, and stops
    /// when it is dropped.
    ///
    /// # Errors
    /// When a server doesn't start or refuses.
    pub async fn prepare(
        self,
        settings: &mut Settings,
        folder: &Path,
    ) -> Result<(Option<EmbeddedBroker>, Arc<dyn Store>)> {
        let (broker, store): (Option<EmbeddedBroker>, Arc<dyn Store>) = match self {
            Self::Embedded => {
                let broker = embedded_broker(settings, folder).await?;
                let store = EmbeddedStore::open(folder.join("store"))?;
                (Some(broker), Arc::new(store.with_index_prefix(&settings.search.index_prefix)))
            }
            Self::Elasticsearch => {
                settings.search.url = shared::elasticsearch().await?.url();
                (None, Arc::new(ElasticStore::connect(&settings.search)?))
            }
            Self::OpenSearch => {
                settings.search.url = shared::opensearch().await?.url();
                (None, Arc::new(ElasticStore::connect(&settings.search)?))
            }
        };
        if broker.is_none() {
            settings.kafka.bootstrap_servers = shared::kafka().await?.address();
            bootstrap_topics(settings).await?;
        }
        let _changes = store.bootstrap(false).await.context("index templates")?;
        Ok((broker, store))
    }
}

/// Creates the topics that the settings name.
///
/// # Errors
/// When the broker can't be reached or refuses.
pub async fn bootstrap_topics(settings: &Settings) -> Result<()> {
    let admin = Admin::new(&settings.kafka)?;
    let plans = admin.plan(&admin::wanted_topics(&settings.kafka)).await?;
    admin.apply(&plans).await.context("topics")
}

async fn embedded_broker(settings: &mut Settings, folder: &Path) -> Result<EmbeddedBroker> {
    let topics = &settings.kafka.topics;
    let state = topics.dead_letter_state();
    let names = [&topics.raw, &topics.events, &topics.dead_letters, &topics.parked, &state];
    let mut specs: Vec<TopicSpec> =
        names.into_iter().map(|name| TopicSpec::new(name, topics.partitions)).collect();
    specs.push(TopicSpec::new(&topics.audit, 1));
    let broker = EmbeddedBroker::start(EmbeddedOptions {
        data_dir: folder.join("broker"),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        topics: specs,
        shutdown: CancellationToken::new(),
    })
    .await?;
    settings.kafka.bootstrap_servers = broker.bootstrap_servers();
    settings.kafka.properties.extend(recommended_properties());
    Ok(broker)
}
