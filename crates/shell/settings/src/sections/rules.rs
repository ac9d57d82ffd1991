//! `parser.rules:` what becomes of an event between its bytes and its document.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{ByteSize, Period};

/// Rules: parse, enrich, mask, route. The files are described in `docs/rules.md`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RulesSettings {
    /// The folder with the rules. Without it events are parsed and passed on as they are. A change in it is taken over
    /// while the parser runs; what doesn't compile leaves the rules in force.
    pub folder: Option<PathBuf>,
    /// How often the folder is looked at. A change counts once two looks in a row see the same.
    pub check_every: Period,
    /// How many expressions a VRL program may work out for one event, those in loops each time, before it is stopped and the
    /// event is dead-lettered.
    pub max_steps: u32,
    /// How much memory a VRL program may take for one event.
    pub max_memory: ByteSize,
    /// How much CPU time the VRL programs of all rules together may take for one event; then the one at work is stopped and the
    /// event is dead-lettered (`vrl_too_slow`). The time is looked at between expressions: one that takes long is waited for.
    pub max_time: Period,
    /// Which part of a lane's time, in percent, slow VRL programs may take for one tenant while events of others come by.
    /// Slow is what takes 2 ms of CPU time for an event, and 50 ns more for each of its bytes. Beyond that share the step is
    /// left out for the tenant's events until it has made up for it, and they are dead-lettered (`rule_over_budget`); 100 is no
    /// limit.
    pub max_slow_share: u32,
    /// How many targets that rules name by fields of events (`route` with `{{ field }}`) may be new in a minute, for all
    /// tenants together; beyond that events take the step's fallback.
    pub max_new_targets: u32,
    /// How many fields that the schema doesn't know one document may have; the others go to `unmapped`.
    pub max_fields: usize,
    /// How many such fields one target may have in a day, counted by each parser; new ones beyond that go to `unmapped`.
    pub max_target_fields: usize,
    /// Trying a changed folder on a part of the events before it is in force.
    pub trial: TrialSettings,
}

/// A changed folder is first tried: its rules work beside those in force on a part of the events, what both make is compared
/// and counted in `forebay_rules_compared_total`, and only the documents of those in force go on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrialSettings {
    /// The part of the events, in percent, from 0 to 100; 0 puts changes in force at once.
    pub percent: f64,
    /// How long they are tried.
    pub lasts: Period,
    /// The most events that only the new rules refuse, in percent of those compared. With more, the old rules stay.
    pub max_refused_percent: f64,
}

impl Default for RulesSettings {
    fn default() -> Self {
        Self {
            folder: None,
            check_every: Period::from_millis(250),
            max_steps: 100_000,
            max_memory: ByteSize::mib(64),
            max_time: Period::from_millis(250),
            max_slow_share: 10,
            max_new_targets: 30,
            max_fields: 500,
            max_target_fields: 2_000,
            trial: TrialSettings::default(),
        }
    }
}

impl Default for TrialSettings {
    fn default() -> Self {
        Self { percent: 0.0, lasts: Period::from_secs(600), max_refused_percent: 1.0 }
    }
}
