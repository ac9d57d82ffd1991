//! `forebay-indexer`: writes the documents of `forebay.events` to Elasticsearch or OpenSearch.

use std::process::ExitCode;
use std::sync::Arc;

use forebay_elastic::ElasticStore;
use forebay_service::Tier;
use forebay_store::Store;

/// Bulk bodies of some MiB come and go; jemalloc gives their memory back.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const TIER: Tier = Tier {
    name: "forebay-indexer",
    about: "Writes the documents of forebay.events to Elasticsearch or OpenSearch",
    workers: 1,
    listen: |listen| &listen.indexer,
};

fn main() -> ExitCode {
    forebay_service::main(&TIER, |settings, context, shutdown| async move {
        let store: Arc<dyn Store> = Arc::new(ElasticStore::connect(&settings.search)?);
        forebay_indexer::start(&settings, &context, store, shutdown)
    })
}
