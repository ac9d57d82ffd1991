//! One server of each kind for a whole test process: started when first asked for, ended with the process.
//!
//! Tests that share one must not disturb each other: each uses topics and indices of its own, and none stops it. A
//! test that wants to stop a server, or needs special settings, starts its own.

use anyhow::Result;
use tokio::sync::OnceCell;

use super::Server;

// Statics are never dropped: the script at the other end of the pipe tidies up when the process has ended.
static KAFKA: OnceCell<Server> = OnceCell::const_new();
static ELASTICSEARCH: OnceCell<Server> = OnceCell::const_new();
static OPENSEARCH: OnceCell<Server> = OnceCell::const_new();

/// The Kafka of this process.
///
/// # Errors
/// When it doesn't start; the next caller tries again.
pub async fn kafka() -> Result<&'static Server> {
    KAFKA.get_or_try_init(|| Server::kafka().start()).await
}

/// The Elasticsearch of this process.
///
/// # Errors
/// When it doesn't start; the next caller tries again.
pub async fn elasticsearch() -> Result<&'static Server> {
    ELASTICSEARCH.get_or_try_init(|| Server::elasticsearch().start()).await
}

/// The OpenSearch of this process.
///
/// # Errors
/// When it doesn't start; the next caller tries again.
pub async fn opensearch() -> Result<&'static Server> {
    OPENSEARCH.get_or_try_init(|| Server::opensearch().start()).await
}
