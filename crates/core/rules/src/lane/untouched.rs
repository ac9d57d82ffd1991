//! Events that no rule has to see as a value: they are parsed and passed on.

use std::borrow::Cow;

use forebay_convert::{Documents, Outcome};

use super::bench::Bench;
use super::run::Job;
use crate::observe::{Observer, StepOutcome};
use crate::step::Work;

impl Job<'_> {
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
                let dropped = match &known.work {
                    Work::Drop(reason) => Some(reason),
                    Work::Sample(sample) if !sample.keeps(self.event.id, None) => Some(&sample.reason),
                    Work::Route(wanted) => {
                        route = bench.targets.route(self.event.tenant, wanted, None, self.now_ms);
                        None
                    }
                    _ => None,
                };
                // The body is read behind all of them, by one step, if the event gets there.
                let outcome = match &known.work {
                    Work::Parse(_) if body.is_some_and(|(place, _)| place == (*rule, step)) => continue,
                    Work::Parse(_) => StepOutcome::Skipped,
                    _ => dropped.map_or(StepOutcome::Done, |_| StepOutcome::Dropped),
                };
                observer.passed((*rule, step), outcome);
                if let Some(reason) = dropped {
                    return Outcome::Dropped(Cow::Owned(reason.clone()));
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
