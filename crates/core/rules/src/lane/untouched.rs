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
                let outcome = dropped.map_or(StepOutcome::Done, |_| StepOutcome::Dropped);
                observer.passed((*rule, step), outcome);
                if let Some(reason) = dropped {
                    return Outcome::Dropped(Cow::Owned(reason.clone()));
                }
            }
        }
        let format = self.body_step().map(|(_, format)| format);
        let label = [("rules_revision", self.rules.revision())];
        let labels = if self.rules.is_empty() { &[][..] } else { &label[..] };
        let Bench { parser, .. } = bench;
        let written = documents
            .push_to(&route, None, |parsed| parser.parse_as(self.event, format, labels, self.now_ms, parsed));
        match written {
            Ok(()) => Outcome::Documents,
            Err(failure) => self.unparsed(failure, bench),
        }
    }
}
