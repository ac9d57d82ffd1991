//! What a rule file says. The fields' docs are the reference manual: `docs/reference/rules.md` is made of them.

pub mod enrich;
pub mod read;
pub mod step;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use read::{Placed, Written, read, shape};
pub use step::{OnError, StepSpec};

/// A rule: one file. It has a condition and steps.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// What it is for, in a sentence.
    #[serde(default)]
    pub description: String,
    /// Which events it is for; all, if left out.
    #[serde(default, rename = "match")]
    pub condition: MatchSpec,
    /// Whether no further rule is applied to the events that this one matches.
    #[serde(default)]
    pub last: bool,
    /// What is done, in this order.
    pub steps: Vec<StepSpec>,
}

/// The JSON schema of a rule file, for editors.
#[must_use]
pub fn schema() -> serde_json::Value {
    forebay_yaml::shape::schema::<RuleSpec>()
}

/// Which events a rule is for. Each entry is a pattern or a list of them, `*` for any characters; all entries have to match.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MatchSpec {
    /// The tenant. A tenant's own rules see its own events only, whatever stands here.
    pub tenant: Patterns,
    /// What sent it, as the sender or the listener names it: `http`, `tail`. A file's path is its attribute `log.file.path`.
    pub source: Patterns,
    /// The format that the sender declared; `""` stands for none.
    pub format: Patterns,
    /// The shipper's attributes by name: `{k8s.namespace.name: shop}`. One that isn't there doesn't match.
    pub attributes: BTreeMap<String, Patterns>,
}

/// Patterns, any of which has to match; none matches everything.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Patterns {
    /// Left out.
    #[default]
    Any,
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

// === impl Patterns ===

impl Patterns {
    /// The patterns; empty where everything matches.
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::Any => &[],
            Self::One(pattern) => std::slice::from_ref(pattern),
            Self::Several(patterns) => patterns,
        }
    }
}
