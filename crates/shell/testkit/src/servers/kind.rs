//! What differs between the servers.

use std::fmt;
use std::path::Path;
use std::time::Duration;

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Apache Kafka.
    Kafka,
    /// Elasticsearch.
    Elasticsearch,
    /// OpenSearch.
    OpenSearch,
}

// === impl Kind ===

impl Kind {
    /// The folder of its script.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Elasticsearch => "elasticsearch",
            Self::OpenSearch => "opensearch",
        }
    }

    /// What the names of its script's variables start with.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Kafka => "KAFKA",
            Self::Elasticsearch => "ES",
            Self::OpenSearch => "OS",
        }
    }

    /// A setting as its script takes it.
    pub(super) fn argument(self, key: &str, value: &str) -> String {
        match self {
            Self::Elasticsearch => format!("-E{key}={value}"),
            Self::Kafka | Self::OpenSearch => format!("{key}={value}"),
        }
    }

    /// Whether it serves. `log_before` is how long its log was before this start.
    pub(super) async fn is_ready(self, port: u16, log: &Path, log_before: usize) -> bool {
        match self {
            Self::Kafka => said(log, log_before, b"Kafka Server started"),
            Self::Elasticsearch | Self::OpenSearch => has_its_shards(port).await,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kafka => "Kafka",
            Self::Elasticsearch => "Elasticsearch",
            Self::OpenSearch => "OpenSearch",
        })
    }
}

fn said(log: &Path, from: usize, words: &[u8]) -> bool {
    let log = std::fs::read(log).unwrap_or_default();
    log.get(from..).is_some_and(|new| memchr::memmem::find(new, words).is_some())
}

/// A search server that answers may still be recovering its indices after a restart: red until it has.
async fn has_its_shards(port: u16) -> bool {
    let url = format!("http://127.0.0.1:{port}/_cluster/health");
    let ask = async || -> reqwest::Result<serde_json::Value> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        client.get(url).send().await?.error_for_status()?.json().await
    };
    ask().await.is_ok_and(|health| matches!(health["status"].as_str(), Some("green" | "yellow")))
}
