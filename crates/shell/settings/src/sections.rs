//! The sections of the file. Each field's doc is its entry in the reference manual.

pub mod indexer;
pub mod ingest;
pub mod kafka;
pub mod parser;
pub mod rules;
pub mod search;
pub mod telemetry;
pub mod tls;

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use indexer::IndexerSettings;
pub use ingest::IngestSettings;
pub use kafka::{GroupProtocol, KafkaSettings, TopicSettings};
pub use parser::ParserSettings;
pub use rules::RulesSettings;
pub use search::SearchSettings;
pub use telemetry::TelemetrySettings;
pub use tls::{ClientCertificates, TlsSettings, TlsVersion};

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The Kafka cluster that joins the tiers.
    pub kafka: KafkaSettings,
    /// The Elasticsearch or OpenSearch cluster that documents go to.
    pub search: SearchSettings,
    /// `forebay-ingest`: takes events in.
    pub ingest: IngestSettings,
    /// `forebay-parser`: turns bytes into documents.
    pub parser: ParserSettings,
    /// `forebay-indexer`: writes documents in bulk.
    pub indexer: IndexerSettings,
    /// Logs, metrics and health of every process.
    pub telemetry: TelemetrySettings,
}

// === impl Settings ===

impl Settings {
    /// The access file of who looks at the installation or administrates it; without one nobody is asked.
    #[must_use]
    pub fn operators_file(&self) -> Option<&Path> {
        self.telemetry.access_file.as_deref().or(self.ingest.access_file.as_deref())
    }
}
