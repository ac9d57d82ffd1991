//! `telemetry:` logs, metrics, traces and health of every process.

mod traces;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::traces::TracesSettings;
use crate::units::Period;

/// Logs, metrics and health of every process.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetrySettings {
    /// Where each tier serves `/metrics`, `/livez` and `/readyz`. Port 0 takes a free one and logs it.
    pub listen: ListenSettings,
    /// Who may read `/metrics`. `/livez` and `/readyz` are open: probes show no credentials.
    pub metrics: MetricsAccess,
    /// The access file of who looks at this installation or administrates it: commands, jobs and closed metrics ask for a token of a
    /// credential with the role `read` or `admin`. `ingest.access_file`, if it isn't set; where neither is, nobody is asked.
    pub access_file: Option<PathBuf>,
    /// The form of the process's own logs.
    pub log_format: LogFormat,
    /// Which of its own logs it writes: a level, or `target=level` pairs separated by commas.
    pub log_filter: String,
    /// `/livez` fails when there is work and none of it has moved for this long.
    pub stall_after: Period,
    /// The most tenants that metrics tell apart; those beyond share the label `_other`.
    #[schemars(range(min = 1))]
    pub max_tenants: usize,
    /// The group of a tenant, for metrics that would cost too much for each tenant, such as the time from receipt to the index:
    /// `acme: gold`. Tenants that aren't named share the group `default`; at most 50 groups.
    pub tenant_groups: BTreeMap<String, String>,
    /// Traces of events on their way through the tiers.
    pub traces: TracesSettings,
}

/// Where each tier serves its metrics and health.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenSettings {
    /// `forebay-ingest`; in `forebay dev` all tiers.
    pub ingest: String,
    /// `forebay-parser`. A second one on the same machine needs another port.
    pub parser: String,
    /// `forebay-indexer`. A second one on the same machine needs another port.
    pub indexer: String,
}

impl ListenSettings {
    /// The same address for whichever tier runs.
    #[must_use]
    pub fn all(address: &str) -> Self {
        Self { ingest: address.to_owned(), parser: address.to_owned(), indexer: address.to_owned() }
    }
}

impl Default for ListenSettings {
    fn default() -> Self {
        Self {
            ingest: "127.0.0.1:9600".to_owned(),
            parser: "127.0.0.1:9601".to_owned(),
            indexer: "127.0.0.1:9602".to_owned(),
        }
    }
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricsAccess {
    /// Who can reach the port.
    #[default]
    Open,
    /// Who shows a token (`Authorization: Bearer ...`) whose credential has the role `read` and may choose every tenant, since metrics name
    /// them all.
    Token,
}

/// The form of a process's own logs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One line of text an event.
    #[default]
    Text,
    /// One JSON object an event.
    Json,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            listen: ListenSettings::default(),
            metrics: MetricsAccess::Open,
            access_file: None,
            log_format: LogFormat::Text,
            log_filter: "info".to_owned(),
            stall_after: Period::from_secs(300),
            max_tenants: 1000,
            tenant_groups: BTreeMap::new(),
            traces: TracesSettings::default(),
        }
    }
}
