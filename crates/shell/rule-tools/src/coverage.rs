//! Which steps samples reach.

use std::collections::BTreeMap;

use forebay_rules::observe::{Observer, StepOutcome};
use forebay_rules::{Rules, Value};

/// What steps did, over many events.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    seen: BTreeMap<(usize, usize), Reached>,
}

/// What a step did at best.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reached {
    /// No event came by.
    Never,
    /// Its condition was never met.
    Skipped,
    /// It only ever failed.
    Failed,
    /// Its work.
    Done,
}

/// A step with what it did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// The rule, as in dead letters.
    pub rule: String,
    /// The step, within its rule.
    pub step: String,
    /// Its line in the rule's file.
    pub line: u64,
    /// What it did at best.
    pub reached: Reached,
}

/// All steps of a revision.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Covered {
    /// The steps, in the order in which they are done.
    pub steps: Vec<Step>,
}

// === impl Coverage ===

impl Coverage {
    /// What all steps did.
    #[must_use]
    pub fn of(&self, rules: &Rules) -> Covered {
        let steps = rules.steps().map(|(place, name)| Step {
            rule: name.rule.to_owned(),
            step: name.step.to_owned(),
            line: name.line,
            reached: self.seen.get(&place).copied().unwrap_or(Reached::Never),
        });
        Covered { steps: steps.collect() }
    }

    fn note(&mut self, place: (usize, usize), reached: Reached) {
        let best = self.seen.entry(place).or_insert(reached);
        *best = reached.max(*best);
    }
}

impl Observer for Coverage {
    fn begins(&mut self, _: (usize, usize), _: &Value) {}

    fn ends(&mut self, place: (usize, usize), outcome: StepOutcome, _: &Value) {
        self.passed(place, outcome);
    }

    fn passed(&mut self, place: (usize, usize), outcome: StepOutcome) {
        self.note(
            place,
            match outcome {
                StepOutcome::Skipped => Reached::Skipped,
                StepOutcome::Failed => Reached::Failed,
                StepOutcome::Done | StepOutcome::Dropped | StepOutcome::Split => Reached::Done,
            },
        );
    }
}

// === impl Covered ===

impl Covered {
    /// How many steps did their work, or failed, which is work too.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.steps.iter().filter(|step| step.reached >= Reached::Failed).count()
    }

    /// The share of these, in percent, rounded down; 100 where there are no steps.
    #[must_use]
    pub fn percent(&self) -> usize {
        (self.reached() * 100).checked_div(self.steps.len()).unwrap_or(100)
    }
}

// === impl Reached ===

impl Reached {
    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }
}
