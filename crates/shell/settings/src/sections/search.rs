//! `search:` the cluster that documents go to.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Period;

/// The Elasticsearch or OpenSearch cluster that documents go to.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchSettings {
    /// The cluster's address, with scheme and port.
    pub url: String,
    /// The user for basic authentication; goes with `password_file`.
    pub username: Option<String>,
    /// The file that holds the user's password.
    pub password_file: Option<PathBuf>,
    /// The file that holds an API key (the encoded form); instead of a user.
    pub api_key_file: Option<PathBuf>,
    /// A PEM file of the authority that signed the cluster's certificate, where the system doesn't know it.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub request_timeout: Period,
    /// Whether request bodies are compressed with gzip: less network, more CPU on both sides.
    pub gzip: bool,
    /// The first part of every index name and of the index template's pattern.
    pub index_prefix: String,
    /// How many primary shards the index template gives an index.
    #[schemars(range(min = 1))]
    pub shards: u32,
    /// How many replicas the index template gives an index.
    pub replicas: u32,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:9200".to_owned(),
            username: None,
            password_file: None,
            api_key_file: None,
            ca_file: None,
            request_timeout: Period::from_secs(60),
            gzip: false,
            index_prefix: "forebay".to_owned(),
            shards: 1,
            replicas: 1,
        }
    }
}
