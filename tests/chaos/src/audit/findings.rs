//! What the search for every event has found, and what is wrong with it.

use std::collections::HashSet;

use forebay_testkit::oracle::Report;

use crate::ledger::Contents;

/// What was found.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Of every event that was sent.
    pub report: Report,
    /// How much there is.
    pub contents: Contents,
    /// Events that are in the dead-letter topic though nothing is wrong with them: the first few, and their number.
    pub wronged: Vec<String>,
    /// How many those are.
    pub wronged_count: u64,
    /// Bad events that are in the index though they are owed a dead letter.
    pub spared_count: u64,
    /// Records that the parser has handed on for good, to events and to dead letters.
    pub handed_on: u64,
    /// Of the rules' work.
    pub rules: RuleFindings,
}

/// What the rules have done.
#[derive(Clone, Debug, Default)]
pub struct RuleFindings {
    /// The revisions that documents name.
    pub revisions: HashSet<String>,
    /// Documents that name none.
    pub unmarked: u64,
    /// Documents that aren't in the index that their event is meant for.
    pub misplaced: u64,
    /// Documents and dead letters in which a secret stands.
    pub told: u64,
}

// === impl Findings ===

impl Findings {
    /// What is wrong, in words, but for the rules' work; nothing if every event is where it belongs.
    pub(crate) fn failures(&self) -> Vec<String> {
        let Self { report, wronged, wronged_count, spared_count, .. } = self;
        let mut failures = Vec::new();
        if !report.is_clean() {
            failures.push(report.to_string());
        }
        if report.in_both > 0 {
            failures.push(format!(
                "{} events are both in the index and in the dead-letter topic",
                report.in_both
            ));
        }
        if *wronged_count > 0 {
            failures.push(format!("{wronged_count} dead letters of good events: {wronged:#?}"));
        }
        if *spared_count > 0 {
            failures.push(format!("{spared_count} bad events are in the index"));
        }
        failures
    }
}

// === impl RuleFindings ===

impl RuleFindings {
    /// What went wrong, in words, in a run with rules or without.
    pub(crate) fn failures(&self, with_rules: bool) -> Vec<String> {
        let mut failures = Vec::new();
        let (unmarked, revisions) = if with_rules { (self.unmarked, 2) } else { (0, 0) };
        for (count, what) in [
            (self.misplaced, "documents are in another index than they should be"),
            (self.told, "documents and dead letters have a secret in them that a rule masks"),
            (unmarked, "documents don't say which revision of the rules made them"),
        ] {
            if count > 0 {
                failures.push(format!("{count} {what}"));
            }
        }
        if self.revisions.len() < revisions {
            failures.push("no change of the rules was ever in force".to_owned());
        }
        failures
    }
}
