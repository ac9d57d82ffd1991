//! `enrich`: what is added to an event.

use std::collections::BTreeMap;

use forebay_enrich::{Duplicates, KubernetesConfig, Matching};
use schemars::JsonSchema;
use serde::Deserialize;

/// One or more of these, done in this order.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnrichSpec {
    /// Fixed fields: `{service.environment: production}`. A field that is there stays.
    #[serde(rename = "static")]
    pub fixed: BTreeMap<String, serde_json::Value>,
    /// A row of a table.
    pub table: Option<TableSpec>,
    /// Where an address is, and whose, from a MaxMind file.
    pub geoip: Option<GeoSpec>,
    /// Browser, system and device of a user agent.
    pub user_agent: Option<FieldSpec>,
    /// The registered domain and the subdomain of a host name.
    pub domain: Option<FieldSpec>,
    /// Kubernetes' names, from what shippers send.
    pub kubernetes: Option<KubernetesConfig>,
    /// Facts about the host, from what shippers send.
    pub host: Option<Nothing>,
}

/// `table`: a row of a table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// A CSV file with a header, or a JSON file, beside the rule.
    pub file: String,
    /// The column to look in, or several that make the key together.
    pub key: OneOrMore,
    /// The field with the value to look for; one for each column of the key.
    pub from: OneOrMore,
    /// The field that gets the row.
    pub into: String,
    /// The columns that are taken; all but the key, if left out.
    #[serde(default)]
    pub columns: Vec<String>,
    /// How a key is matched: `exact`, if left out; `ignore_case`, `network` (`10.0.0.0/8`), `number` (`400-499`).
    #[serde(default, rename = "match")]
    pub matching: Matching,
    /// What becomes of a key that comes again: `refuse` the file, if left out; the `first` or `last` row counts.
    #[serde(default)]
    pub duplicates: Duplicates,
    /// What stands between the cells of a CSV file: a comma, if left out.
    #[serde(default = "comma")]
    pub delimiter: char,
}

const fn comma() -> char {
    ','
}

/// One name, or a list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl OneOrMore {
    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// `geoip`: where an address is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeoSpec {
    /// The MaxMind file, beside the rule: a City, Country or ASN database.
    pub file: String,
    /// The field with the address.
    pub from: String,
    /// The field that gets the result: `source.geo`, or `source.as` for an ASN database.
    pub into: String,
}

/// Something that reads one field and writes another.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// The field that is read.
    pub from: String,
    /// The field that gets the result.
    pub into: String,
}

/// Takes no settings: `{}`.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}
