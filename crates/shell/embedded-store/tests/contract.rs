//! What every store promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a panic is the report")]

use forebay_embedded_store::EmbeddedStore;
use forebay_record::target::DEFAULT_PREFIX;

#[tokio::test]
async fn the_embedded_store_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path()).unwrap();
    forebay_store::contract::check(&store, DEFAULT_PREFIX).await.unwrap();
}
