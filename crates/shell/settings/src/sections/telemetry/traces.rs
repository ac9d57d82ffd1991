//! `telemetry.traces:` where spans go, and of how many requests.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Period;

/// Traces of events on their way through the tiers, by OTLP.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TracesSettings {
    /// Where spans are sent: the whole address of a collector's OTLP over HTTP, such as `http://collector:4318/v1/traces`. Without
    /// one nothing is traced here, and what others trace is passed on.
    pub endpoint: Option<String>,
    /// How many requests ingest takes for each that it traces. A trace that a sender brings along is chosen by its id, so that what
    /// others choose of it by the same rule fits together; of the requests of a tenant no more than twice that share is traced so.
    #[schemars(range(min = 1))]
    pub sample_one_in: u64,
    /// Whether every request is traced whose `traceparent` header says that its trace is recorded. Senders decide then how much is
    /// traced, without a ceiling.
    pub follow_senders: bool,
    /// The file that holds the token for the collector, sent as `Authorization: Bearer ...`. It is read again when it changes.
    pub token_file: Option<PathBuf>,
    /// A PEM file of the authority that signed the collector's certificate, where the system doesn't know it.
    pub ca_file: Option<PathBuf>,
    /// How long the collector may take for an answer. Spans that it doesn't take by then are dropped and counted.
    pub timeout: Period,
}

impl Default for TracesSettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            sample_one_in: 1000,
            follow_senders: false,
            token_file: None,
            ca_file: None,
            timeout: Period::from_secs(10),
        }
    }
}
