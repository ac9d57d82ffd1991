//! `search:` the cluster that documents go to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use forebay_record::target::Span;
use forebay_retention::{Policy, Rule};
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
    /// The first part of every index name and of the index template's pattern. No dash: it ends at the first of a name, so
    /// that no installation takes another's indices for its own.
    pub index_prefix: String,
    /// How many primary shards the index template gives an index.
    #[schemars(range(min = 1))]
    pub shards: u32,
    /// How many replicas the index template gives an index.
    pub replicas: u32,
    /// How much time one index covers, by the events' own times. Hourly ones are for tenants whose day is more than a few
    /// hundred GB; there are 24 times as many. A change takes effect for events that are parsed after it: one that a sender
    /// sends again across it is indexed twice, under its old and its new name.
    pub target_period: TargetPeriod,
    /// How long indices are kept.
    pub retention: RetentionSettings,
}

/// How much time one index covers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetPeriod {
    /// `<prefix>-<tenant>-2026.11.21`.
    #[default]
    Day,
    /// `<prefix>-<tenant>-2026.11.21.13`.
    Hour,
}

/// How long indices are kept. Without any of these they are kept for ever.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionSettings {
    /// Who closes and deletes: `forebay retention`, which is run from time to time (a CronJob), or the cluster's own lifecycle
    /// management (ILM of Elasticsearch, ISM of OpenSearch), which `forebay bootstrap` then gives a policy. The cluster's
    /// knows no tenants and counts from when an index was made.
    pub by: RetentionBy,
    /// How long an index is kept after its day, or hour, has ended. Without it, for ever.
    pub delete_after: Option<Period>,
    /// How long after its day, or hour, has ended an index is closed: kept on disk, found by no search, opened again by hand.
    /// At least `parser.max_age`, or late events would become dead letters. Without it, never.
    pub close_after: Option<Period>,
    /// Tenants with terms of their own, which take the place of those above as a whole: what is left out is never done. For
    /// `by: forebay` only.
    pub tenants: BTreeMap<String, TenantRetention>,
}

/// Who closes and deletes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionBy {
    /// `forebay retention`.
    #[default]
    Forebay,
    /// The cluster's lifecycle management.
    Cluster,
}

/// How long one tenant's indices are kept.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantRetention {
    /// How long an index is kept after its day, or hour, has ended.
    pub delete_after: Option<Period>,
    /// How long after its day, or hour, has ended an index is closed.
    pub close_after: Option<Period>,
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
            target_period: TargetPeriod::default(),
            retention: RetentionSettings::default(),
        }
    }
}

// === impl SearchSettings ===

impl SearchSettings {
    /// The terms of retention, for whoever decides by them.
    #[must_use]
    pub fn retention_policy(&self) -> Policy {
        let rule = |close_after: Option<Period>, delete_after: Option<Period>| Rule {
            close_after: close_after.map(|period| period.0),
            delete_after: delete_after.map(|period| period.0),
        };
        let all = &self.retention;
        let policy = Policy::new(&self.index_prefix, rule(all.close_after, all.delete_after));
        all.tenants.iter().fold(policy, |policy, (name, own)| {
            policy.with_tenant(name, rule(own.close_after, own.delete_after))
        })
    }
}

// === impl TargetPeriod ===

impl TargetPeriod {
    /// The same, as targets are named by it.
    #[must_use]
    pub const fn span(self) -> Span {
        match self {
            Self::Day => Span::Day,
            Self::Hour => Span::Hour,
        }
    }
}
