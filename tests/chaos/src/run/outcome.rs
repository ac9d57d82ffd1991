//! What a run has shown.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::audit::Findings;
use crate::fleet::Peaks;
use crate::ledger::{Counts, Owed};
use crate::run::Options;

/// What a run has shown.
#[derive(Debug)]
pub struct Outcome {
    /// What it was to be.
    pub options: Options,
    /// Of each kind of fault: how often it was injected, and how often in an unclean manner.
    pub injected: BTreeMap<String, Tally>,
    /// Why a kind of fault was left out.
    pub left_out: Option<String>,
    /// What the search for every event found.
    pub findings: Findings,
    /// The client's answers.
    pub answers: BTreeMap<String, u64>,
    /// Events acknowledged while there were faults.
    pub acknowledged_in_faults: u64,
    /// How long there were faults, until the last was mended.
    pub took: Duration,
    /// How long the pipeline took to empty, once all faults were mended.
    pub drained_in: Duration,
    /// What the tiers counted, over all their lives, as far as it could be read.
    pub counts: Counts,
    /// What the ledger says that can't be.
    pub ledger: Vec<String>,
    /// What the tiers counted in the calm phase.
    pub calm: Counts,
    /// What was acknowledged in all, and what had to become of it.
    pub owed: Owed,
    /// How long sampled events took from their acknowledgement until they could be got: half of them, and 99 of 100.
    pub latency: [Option<Duration>; 2],
    /// The most memory of a process, by tier.
    pub peaks: Peaks,
    /// How many processes there were.
    pub lives: usize,
    /// The last words of processes that ended by themselves.
    pub surprises: Vec<String>,
}

/// How often a fault was injected.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Altogether.
    pub count: u64,
    /// Among those: a process that was asked to stop ended with an error, or not in time.
    pub unclean: u64,
    /// Among those: Kafka halted by itself.
    pub halted: u64,
}

// === impl Outcome ===

impl Outcome {
    /// What went wrong, in words; nothing if all promises were kept.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let Findings { contents, handed_on, rules, .. } = &self.findings;
        let mut failures = self.ledger.clone();
        failures.extend(self.findings.failures());
        failures.extend(rules.failures(self.options.rules));
        // Where rules drop and split, a raw record isn't one record more.
        if self.options.exactly_once && !self.options.rules && *handed_on != contents.raw {
            failures.push(format!(
                "{handed_on} records handed on by the parser for {} raw records, which is not exactly once",
                contents.raw
            ));
        }
        failures
    }
}
