//! The store's contract on real servers.

use forebay_elastic::ElasticStore;
use forebay_settings::sections::SearchSettings;
use forebay_store::contract;
use forebay_testkit::servers::{Server, shared};

async fn keeps_the_contract(server: &Server, gzip: bool) -> anyhow::Result<()> {
    let prefix = format!("contract_{gzip}");
    let settings = SearchSettings {
        url: server.url(),
        gzip,
        replicas: 0,
        index_prefix: prefix.clone(),
        ..SearchSettings::default()
    };
    contract::check(&ElasticStore::connect(&settings)?, &prefix).await?;
    Ok(())
}

/// Scenario: the whole contract on Elasticsearch, bodies plain and compressed. Guarantees: what the contract says.
#[tokio::test]
async fn elasticsearch_keeps_the_contract() -> anyhow::Result<()> {
    let server = shared::elasticsearch().await?;
    keeps_the_contract(server, false).await?;
    keeps_the_contract(server, true).await
}

/// Scenario: the whole contract on OpenSearch, bodies plain and compressed. Guarantees: what the contract says.
#[tokio::test]
async fn opensearch_keeps_the_contract() -> anyhow::Result<()> {
    let server = shared::opensearch().await?;
    keeps_the_contract(server, false).await?;
    keeps_the_contract(server, true).await
}
