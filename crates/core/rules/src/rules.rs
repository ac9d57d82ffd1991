//! The compiled set.

use forebay_record::RawEvent;

use crate::matching::Condition;
pub use crate::matching::Mismatch;
use crate::program::Limits;
use crate::step::Step;

/// All rules of one revision. Shared by all lanes; it never changes.
#[derive(Debug)]
pub struct Rules {
    pub(crate) revision: String,
    pub(crate) rules: Vec<Rule>,
    pub(crate) limits: Limits,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The file's path without its ending.
    pub(crate) name: String,
    pub(crate) condition: Condition,
    pub(crate) last: bool,
    pub(crate) steps: Vec<Step>,
    /// Whether any step needs the event as a value.
    pub(crate) needs_value: bool,
    /// Whether any step masks.
    pub(crate) masks: bool,
    /// Whether any program looks at what is known about the event.
    pub(crate) reads_metadata: bool,
}

/// A step, for those who show or count steps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StepName<'a> {
    /// The rule: the file's path without its ending.
    pub rule: &'a str,
    /// The step, within its rule.
    pub step: &'a str,
    /// Its line in the rule's file, from 1 on.
    pub line: u64,
}

/// A rule that an event doesn't go through.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PassedOver<'a> {
    /// The rule.
    pub rule: &'a str,
    /// Why.
    pub why: Why<'a>,
}

/// Why an event doesn't go through a rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Why<'a> {
    /// It isn't what the rule is for.
    Differs(Vec<Mismatch>),
    /// It is, but this rule is the last one for it.
    Ended(&'a str),
}

// === impl Rules ===

impl Rules {
    /// No rules: every event is parsed and passed on.
    #[must_use]
    pub fn none(limits: Limits) -> Self {
        Self { revision: String::new(), rules: Vec::new(), limits }
    }

    /// A name that two sets share only if they do the same.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// All steps, rule by rule, in the order in which they are done; their places are those that observers get.
    pub fn steps(&self) -> impl Iterator<Item = ((usize, usize), StepName<'_>)> {
        (0..).zip(&self.rules).flat_map(|(rule, known)| {
            (0..).zip(&known.steps).map(move |(step, _)| ((rule, step), known.step_name(step)))
        })
    }

    /// The rules that an event doesn't go through, each with why.
    #[must_use]
    pub fn passed_over(&self, event: &RawEvent<'_>) -> Vec<PassedOver<'_>> {
        let mut ended_by = None;
        let mut passed = Vec::new();
        for rule in &self.rules {
            let mismatches = rule.condition.mismatches(event);
            if !mismatches.is_empty() {
                passed.push(PassedOver { rule: &rule.name, why: Why::Differs(mismatches) });
            } else if let Some(last) = ended_by {
                passed.push(PassedOver { rule: &rule.name, why: Why::Ended(last) });
            } else if rule.last {
                ended_by = Some(rule.name.as_str());
            }
        }
        passed
    }

    /// The name of the step at this place.
    #[must_use]
    pub fn step(&self, (rule, step): (usize, usize)) -> Option<StepName<'_>> {
        let rule = self.rules.get(rule)?;
        (step < rule.steps.len()).then(|| rule.step_name(step))
    }
}

// === impl Rule ===

impl Rule {
    fn step_name(&self, step: usize) -> StepName<'_> {
        let (name, line) = self.steps.get(step).map_or(("", 0), |step| (step.name.as_str(), step.line));
        StepName { rule: &self.name, step: name, line }
    }
}
