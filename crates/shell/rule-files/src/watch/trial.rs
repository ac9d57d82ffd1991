//! The revision on trial: what was compared so far, and whether it gets in force.

use std::sync::Arc;
use std::time::Instant;

use forebay_rules::{Candidate, Comparison, Rules, Trial, Verdict};
use forebay_telemetry::{CounterName, Label, counter};

/// A revision that works beside the one in force.
#[derive(Debug)]
pub(super) struct OnTrial {
    candidate: Arc<Candidate>,
    since: Instant,
    /// What was counted at the last look.
    counted: Comparison,
}

// === impl OnTrial ===

impl OnTrial {
    /// Its trial begins.
    pub(super) fn begin(rules: Arc<Rules>, in_force: &Rules, trial: &Trial) -> Self {
        tracing::info!(
            revision = rules.revision(),
            in_force = in_force.revision(),
            percent = trial.percent,
            "a revision of the rules is tried"
        );
        let candidate = Arc::new(Candidate::new(rules, trial));
        Self { candidate, since: Instant::now(), counted: Comparison::default() }
    }

    /// What lanes need to try it.
    pub(super) fn candidate(&self) -> Arc<Candidate> {
        Arc::clone(&self.candidate)
    }

    /// The rules that are tried.
    pub(super) fn rules(&self) -> &Arc<Rules> {
        &self.candidate.rules
    }

    /// Decides about it, says so, and counts what was compared since the last look.
    pub(super) fn judge(&mut self, trial: &Trial, now: Instant) -> Verdict {
        let comparison = self.candidate.comparison();
        count(&self.counted, &comparison);
        self.counted = comparison;
        let verdict = comparison.verdict(trial, now.saturating_duration_since(self.since));
        let Comparison { same, different, newly_refused, newly_accepted } = comparison;
        let revision = self.rules().revision();
        match verdict {
            Verdict::TryOn => {}
            Verdict::Promote => {
                tracing::info!(revision, same, different, newly_refused, newly_accepted, "a trial went well");
            }
            Verdict::Reject => tracing::error!(
                revision,
                same,
                different,
                newly_refused,
                newly_accepted,
                "a revision of the rules refuses too much, the one in force stays: mend the rules"
            ),
        }
        verdict
    }
}

fn count(before: &Comparison, now: &Comparison) {
    for (outcome, n) in [
        ("same", now.same - before.same),
        ("different", now.different - before.different),
        ("newly_refused", now.newly_refused - before.newly_refused),
        ("newly_accepted", now.newly_accepted - before.newly_accepted),
    ] {
        if n > 0 {
            counter(CounterName::RulesCompared, &[(Label::Outcome, outcome)]).increment(n);
        }
    }
}
