//! The rules of one lane as the converter wants them: of the revision in force, of those before it whose batches are still
//! under way, and of the one that is tried.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use forebay_convert::{Documents, Outcome, Refusal};
use forebay_parse::{ConfigError, Guards};
use forebay_record::{RawEvent, Stage};

use crate::candidate::Candidate;
use crate::lane::{Lane, Setting};
use crate::outcome::{Counts, Turn};
use crate::rules::Rules;
use crate::targets::NewTargets;
use crate::timing::{Sampler, Stopwatch, Timing};

/// How many revisions a lane keeps its tools for.
const KEPT: usize = 3;

/// Says which rules are in force.
pub trait Supply: Send {
    /// The rules in force now.
    fn in_force(&self) -> Revision;
}

/// The rules that a batch is converted by.
#[derive(Clone)]
pub struct Revision {
    /// These make the documents.
    pub rules: Arc<Rules>,
    /// These are tried beside them, on a part of the events.
    pub candidate: Option<Arc<Candidate>>,
}

/// Applies whatever rules are in force, on one lane.
pub struct RuleSet<S> {
    supply: S,
    setting: Setting,
    /// The same for a revision on trial, which takes nothing from what lanes share.
    trial: Setting,
    /// The oldest first; with each whether it is on trial.
    lanes: Vec<(bool, Lane)>,
    /// What the revision on trial makes of events.
    tried: Documents,
    counts: Counts,
    turns: Vec<Turn>,
    sampler: Sampler,
    timings: Vec<Timing>,
}

// === impl RuleSet ===

impl<S: Supply> RuleSet<S> {
    /// Rules from `supply`.
    ///
    /// # Errors
    /// When the parser's configuration can't be used.
    pub fn new(supply: S, setting: Setting) -> Result<Self, ConfigError> {
        let first = Lane::new(supply.in_force().rules, &setting)?;
        let (tried, counts, turns) = Default::default();
        let guards = Guards { budget: None, ..setting.guards.clone() };
        let targets = Arc::new(NewTargets::new(u32::MAX));
        let trial = Setting { guards, targets, ..setting.clone() };
        let (lanes, sampler, timings) = (vec![(false, first)], Sampler::default(), Vec::new());
        Ok(Self { supply, setting, trial, lanes, tried, counts, turns, sampler, timings })
    }

    /// The same, but of one event in so many it is measured how long its steps take.
    #[must_use]
    pub fn measuring_one_in(self, every: u32) -> Self {
        Self { sampler: Sampler::new(every), ..self }
    }

    /// How long steps took since the last call, on the events that were measured.
    pub fn take_timings(&mut self) -> Vec<Timing> {
        std::mem::take(&mut self.timings)
    }

    /// What was counted since the last call. What a revision on trial does isn't counted.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Which steps were shut and opened since the last call. Those of a revision on trial aren't told of.
    pub fn take_turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.turns)
    }

    /// The lane of these rules. The oldest gives way to a new one.
    fn lane(&mut self, rules: &Arc<Rules>, on_trial: bool) -> Option<&mut Lane> {
        let is_it = |(trial, lane): &(bool, Lane)| *trial == on_trial && Arc::ptr_eq(lane.rules(), rules);
        let known = self.lanes.iter().position(is_it);
        let at = match known {
            Some(at) => at,
            None => {
                // The configuration was good when the set was made.
                let setting = if on_trial { &self.trial } else { &self.setting };
                let lane = Lane::new(Arc::clone(rules), setting).ok()?;
                if self.lanes.len() >= KEPT {
                    let _oldest = self.lanes.remove(0);
                }
                self.lanes.push((on_trial, lane));
                self.lanes.len() - 1
            }
        };
        self.lanes.get_mut(at).map(|(_, lane)| lane)
    }

    fn try_out(
        &mut self,
        candidate: &Candidate,
        event: &RawEvent<'_>,
        now_ms: i64,
        old: (&Outcome<'_>, &Documents, &str),
    ) {
        let mut tried = std::mem::take(&mut self.tried);
        tried.clear();
        if let Some(lane) = self.lane(&candidate.rules, true) {
            let outcome = lane.apply(event, now_ms, &mut tried);
            let _uncounted = lane.take_counts();
            lane.take_turns(&mut Vec::new());
            candidate.compare((old.0, old.1), old.2, (&outcome, &tried));
        }
        self.tried = tried;
    }
}

impl<S: Supply> forebay_convert::Rules for RuleSet<S> {
    type Revision = Revision;

    fn current(&self) -> Revision {
        self.supply.in_force()
    }

    /// Empty where there are no rules.
    fn name(revision: &Revision) -> &str {
        if revision.rules.is_empty() { "" } else { revision.rules.revision() }
    }

    fn apply<'r>(
        &mut self,
        revision: &'r Revision,
        event: &RawEvent<'_>,
        now_ms: i64,
        out: &mut Documents,
    ) -> Outcome<'r> {
        let mut watch = None;
        if !revision.rules.is_empty() && self.sampler.takes_next() {
            watch = Some(Stopwatch::new(revision.rules.limits.clock.cpu));
        }
        let Some(lane) = self.lane(&revision.rules, false) else {
            return Outcome::Refused(Box::new(no_lane()));
        };
        let outcome = match &mut watch {
            Some(watch) => lane.apply_observed(event, now_ms, out, watch),
            None => lane.apply(event, now_ms, out),
        };
        let counts = lane.take_counts();
        let mut turns = Vec::new();
        lane.take_turns(&mut turns);
        self.counts.add(counts);
        self.turns.append(&mut turns);
        for (place, took) in watch.into_iter().flat_map(|watch| watch.steps) {
            if let Some(name) = revision.rules.step(place) {
                self.timings.push(Timing { rule: name.rule.to_owned(), step: name.step.to_owned(), took });
            }
        }
        if let Some(candidate) = revision.candidate.as_deref().filter(|candidate| candidate.takes(event.id)) {
            self.try_out(candidate, event, now_ms, (&outcome, out, revision.rules.revision()));
        }
        outcome
    }

    fn masked_body(&mut self, revision: &Revision, event: &RawEvent<'_>) -> Option<Vec<u8>> {
        self.lane(&revision.rules, false)?.masked_body(event)
    }
}

/// What is said if rules can't be applied that could be when the process began.
fn no_lane() -> Refusal {
    Refusal {
        stage: Stage::Transform,
        rule: String::new(),
        error_type: Cow::Borrowed("rules_unusable"),
        reason: "the rules can't be applied: this is a fault of Forebay's".to_owned(),
        masked_body: None,
    }
}

impl<S> fmt::Debug for RuleSet<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSet").field("lanes", &self.lanes.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let candidate = self.candidate.as_ref().map(|candidate| candidate.rules.revision());
        f.debug_struct("Revision")
            .field("rules", &self.rules.revision())
            .field("candidate", &candidate)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use forebay_convert::Rules as _;
    use forebay_parse::ParseConfig;

    use super::*;
    use crate::{CompileOptions, RuleFiles, compile};

    struct Fixed(Arc<Rules>);

    impl Supply for Fixed {
        fn in_force(&self) -> Revision {
            Revision { rules: Arc::clone(&self.0), candidate: None }
        }
    }

    fn set(rules: &Arc<Rules>) -> RuleSet<Fixed> {
        let guards = Guards { max_fields: 500, budget: None, all_events: true };
        let parse = ParseConfig::default();
        let setting = Setting { parse, guards, targets: Arc::new(NewTargets::new(10)) };
        RuleSet::new(Fixed(Arc::clone(rules)), setting).unwrap()
    }

    /// Scenario: six events, of which every third is measured; the second step is for none of them.
    /// Guarantees: two are, step by step, and nothing comes of an event that wouldn't come of it unmeasured.
    #[test]
    fn measured_events_become_what_they_would_have_become() {
        let mut files = RuleFiles::new();
        let rule = "steps:\n- name: double\n  vrl: .n = int!(.n) * 2\n- name: never\n  when: .n == 1\n  drop: {reason: one}\n";
        files.add("a.yaml", rule.as_bytes().to_vec());
        let (rules, _warnings) = compile(&files, &CompileOptions::default()).unwrap();
        let rules = Arc::new(rules);
        let (mut plain, mut measured) = (set(&rules), set(&rules).measuring_one_in(3));
        let revision = measured.current();
        let event =
            RawEvent { id: "e", tenant: "acme", format: "json", body: br#"{"n":4}"#, ..RawEvent::default() };
        let mut timings = Vec::new();
        for _ in 0..6 {
            let documents = [&mut plain, &mut measured].map(|set| {
                let mut out = Documents::default();
                assert_eq!(set.apply(&revision, &event, 1_796_083_200_000, &mut out), Outcome::Documents);
                let bodies: Vec<Vec<u8>> = out.drafts().map(|draft| draft.body.to_vec()).collect();
                bodies
            });
            assert_eq!(documents[0], documents[1]);
            timings.extend(measured.take_timings());
        }
        let steps: Vec<&str> = timings.iter().map(|timing| timing.step.as_str()).collect();
        assert_eq!(steps, ["double", "never", "double", "never"]);
        assert_eq!(plain.take_timings(), []);
    }
}
