//! The targets that a store has: what retention decides about.

use serde::{Deserialize, Serialize};

/// The targets of an installation, and the time by the store's clock.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Targets {
    /// The time by the store's own clock, in milliseconds since the Unix epoch: by the earliest, where there are several.
    /// `None` where it isn't told, or is this machine's.
    pub now_ms: Option<i64>,
    /// All whose names begin with the installation's prefix and a dash, in the order of their names. There may be others
    /// among them than Forebay's.
    pub targets: Vec<TargetInfo>,
}

/// One target.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TargetInfo {
    /// Its name.
    pub name: String,
    /// Whether it is open: written to, and found.
    pub is_open: bool,
    /// How many documents it has, where the store tells.
    pub documents: Option<u64>,
    /// How many bytes it takes on disk, with all copies, where the store tells.
    pub bytes: Option<u64>,
}
