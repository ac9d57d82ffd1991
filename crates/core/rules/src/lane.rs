//! What one lane applies rules with: parser, VRL runtime, caches.
//!
//! A lane shares nothing but the rules and, across all lanes of the process, what is counted of targets: which are new, and how many
//! fields each has. It keeps
//! its memory from event to event.

mod bench;
mod body;
mod breaker;
mod masking;
mod open;
mod paced;
mod run;
mod untouched;

use std::sync::Arc;

use forebay_convert::{Documents, Outcome};
use forebay_parse::{ConfigError, Guards, ParseConfig};
use forebay_record::RawEvent;

use crate::matching::Recent;
use crate::observe::{Observer, Unobserved};
use crate::outcome::{Counts, Turn};
use crate::rules::Rules;
use crate::targets::NewTargets;
use bench::Bench;

pub(crate) use bench::metadata;

/// Where a step stands: its rule, and its place there.
pub(crate) type Place = (usize, usize);

/// Applies rules to the events of one lane.
#[derive(Debug)]
pub struct Lane {
    rules: Arc<Rules>,
    recent: Recent,
    /// The rules that the event at hand goes through.
    active: Vec<usize>,
    bench: Bench,
}

/// What a lane needs besides rules. It outlives revisions.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How events are read.
    pub parse: ParseConfig,
    /// How many fields documents may have.
    pub guards: Guards,
    /// How many targets may come up: shared by all lanes of the process.
    pub targets: Arc<NewTargets>,
}

// === impl Lane ===

impl Lane {
    /// A lane for these rules.
    ///
    /// # Errors
    /// When the parser's configuration can't be used.
    pub fn new(rules: Arc<Rules>, setting: &Setting) -> Result<Self, ConfigError> {
        let bench = Bench::new(&rules, setting)?;
        Ok(Self { rules, recent: Recent::default(), active: Vec::new(), bench })
    }

    /// The rules that it applies.
    #[must_use]
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// What was counted since the last call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.bench.counts)
    }

    /// Adds which steps were shut and opened since the last call.
    pub fn take_turns(&mut self, out: &mut Vec<Turn>) {
        for turn in self.bench.breaker.take_turns() {
            let step = self.rules.step(turn.program.place());
            let step = step.map_or_else(String::new, |step| format!("{}/{}", step.rule, step.step));
            out.push(Turn { tenant: turn.tenant, step, shut: turn.shut });
        }
    }

    /// Makes documents of an event, and puts them into `out`; what it puts there counts only with
    /// [`Outcome::Documents`].
    ///
    /// `now_ms` (milliseconds since the Unix epoch) stands in for the time of receipt of an event that has none.
    pub fn apply(&mut self, event: &RawEvent<'_>, now_ms: i64, out: &mut Documents) -> Outcome<'static> {
        self.apply_observed(event, now_ms, out, &mut Unobserved)
    }

    /// The same, with somebody who looks at every step.
    pub fn apply_observed(
        &mut self,
        event: &RawEvent<'_>,
        now_ms: i64,
        out: &mut Documents,
        observer: &mut impl Observer,
    ) -> Outcome<'static> {
        self.choose(event);
        let Self { rules, active, bench, .. } = self;
        let job = run::Job { rules, active, event, now_ms };
        if active.iter().any(|rule| rules.rules.get(*rule).is_some_and(|rule| rule.needs_value)) {
            job.drop_unread(observer).unwrap_or_else(|| job.run(bench, out, observer))
        } else {
            job.pass_on(bench, out, observer)
        }
    }

    /// The body that is kept of an event that is refused after the rules were done with it: with everything masked that its
    /// rules mask anywhere. `None` where it stays as it is.
    pub fn masked_body(&mut self, event: &RawEvent<'_>) -> Option<Vec<u8>> {
        self.choose(event);
        let Self { rules, active, bench, .. } = self;
        bench.masked_body(&run::Job { rules, active, event, now_ms: 0 })
    }

    /// Finds the rules that the event goes through.
    fn choose(&mut self, event: &RawEvent<'_>) {
        self.active.clear();
        if self.recent.is_of_another(event.tenant) {
            self.bench.breaker.meets_another((self.rules.limits.clock.coarse)());
        }
        let rules = &self.rules.rules;
        for place in self.recent.matching(event, rules.iter().map(|rule| &rule.condition)) {
            let Some(rule) = rules.get(*place) else { continue };
            if rule.condition.matches_attributes(event) {
                self.active.push(*place);
                if rule.last {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
