//! Events that no rule has to see as a value: they are parsed and passed on.

use std::borrow::Cow;

use forebay_convert::{Documents, Outcome};

use super::bench::Bench;
use super::run::Job;
use crate::observe::{Observer, StepOutcome};
use crate::step::{Step, Work};

impl Job<'_> {
    /// The end of an event that is dropped before any step has to see it: it isn't even parsed then, so that what doesn't parse is
    /// dropped as well. `None` where it goes on; nothing was reported of it then.
    pub(super) fn drop_unread(&self, observer: &mut impl Observer) -> Option<Outcome<'static>> {
        let steps = self.active.iter().flat_map(|rule| {
            let steps = self.rules.rules.get(*rule).map_or(&[][..], |rule| &rule.steps);
            steps.iter().enumerate().map(move |(step, known)| ((*rule, step), known))
        });
        let leading = || steps.clone().take_while(|(_, step)| !step.needs_value() || step.reads_body());
        let (last, reason) = leading().find_map(|(place, step)| Some((place, self.dropped_by(step)?)))?;
        for (place, step) in leading() {
            if place == last {
                observer.passed(place, StepOutcome::Dropped);
                break;
            }
            // The body isn't read at all.
            let outcome = if step.reads_body() { StepOutcome::Skipped } else { StepOutcome::Done };
            observer.passed(place, outcome);
        }
        Some(Outcome::Dropped(Cow::Owned(reason.to_owned())))
    }

    /// The reason for which a step drops an event that it needn't see.
    fn dropped_by<'s>(&self, step: &'s Step) -> Option<&'s str> {
        match &step.work {
            Work::Drop(reason) => Some(reason),
            Work::Sample(sample) if !sample.keeps(self.event.id, None) => Some(&sample.reason),
            _ => None,
        }
    }

    pub(super) fn pass_on(
        &self,
        bench: &mut Bench,
        documents: &mut Documents,
        observer: &mut impl Observer,
    ) -> Outcome<'static> {
        let mut route = String::new();
        let body = self.body_step();
        for rule in self.active {
            let steps = self.rules.rules.get(*rule).map_or(&[][..], |rule| &rule.steps);
            for (step, known) in steps.iter().enumerate() {
                let dropped = self.dropped_by(known);
                if let Work::Route(wanted) = &known.work {
                    route = bench.targets.route(self.event.tenant, wanted, None, self.now_ms);
                }
                // The body is read behind all of them, by one step, if the event gets there.
                let outcome = match &known.work {
                    Work::Parse(_) if body.is_some_and(|(place, _)| place == (*rule, step)) => continue,
                    Work::Parse(_) => StepOutcome::Skipped,
                    _ => dropped.map_or(StepOutcome::Done, |_| StepOutcome::Dropped),
                };
                observer.passed((*rule, step), outcome);
                if let Some(reason) = dropped {
                    return Outcome::Dropped(Cow::Owned(reason.to_owned()));
                }
            }
        }
        let format = body.map(|(_, format)| format);
        let label = [("rules_revision", self.rules.revision())];
        let labels = if self.rules.is_empty() { &[][..] } else { &label[..] };
        let Bench { parser, .. } = bench;
        let written = documents
            .push_to(&route, None, |parsed| parser.parse_as(self.event, format, labels, self.now_ms, parsed));
        if let Some((place, _)) = body {
            observer.passed(place, if written.is_ok() { StepOutcome::Done } else { StepOutcome::Failed });
        }
        match written {
            Ok(()) => Outcome::Documents,
            Err(failure) => self.unparsed(failure, bench),
        }
    }
}
