//! How far all chains were: a few lines that are kept where those who can change the topic have no hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::Place;
use crate::hash::Hash;

/// How far all chains were.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The topic.
    pub topic: String,
    /// The last record of each writer.
    pub heads: BTreeMap<String, Head>,
    /// Faults that somebody has looked at: they are in the topic for good, and told no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Known>,
}

/// A fault as it is known again.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Where it is.
    pub place: Place,
    /// What it is, by its name in the report.
    pub fault: String,
    /// SHA-256 of that, and of the records it is about: where one of them is changed once more, the fault is a new one.
    pub hash: Hash,
}

/// The last record of a writer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Its number.
    pub sequence: u64,
    /// Its hash.
    pub hash: Hash,
}
