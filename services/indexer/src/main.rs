//! `forebay-indexer`: writes the documents of `forebay.events` to Elasticsearch or OpenSearch.

use std::process::ExitCode;
use std::sync::Arc;

use forebay_elastic::ElasticStore;
use forebay_store::Store;

/// Bulk bodies of some MiB come and go; jemalloc gives their memory back.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    forebay_service::main(
        "forebay-indexer",
        "Writes the documents of forebay.events to Elasticsearch or OpenSearch",
        1,
        |settings, context, shutdown| async move {
            let store: Arc<dyn Store> = Arc::new(ElasticStore::connect(&settings.search)?);
            forebay_indexer::start(&settings, &context, store, shutdown)
        },
    )
}
