//! Rules at work on an open event: the quicker way, for as many steps as can go it.
//!
//! Most steps look at a few fields; the event then needn't become a value. The first step that wants more gets the event as a
//! value, with all that was done so far, and the others follow there ([`super::run`]). Both ways lead to the same document, but
//! for the spelling of numbers: here they keep the digits that they came with.

use std::borrow::Cow;

use forebay_convert::{Documents, Outcome};
use forebay_parse::{Next, NotOpen, OpenEvent, Opened, ParseFailure, WriteOptions, Writing};
use vrl::value::Value;

use super::Place;
use super::bench::{Bench, metadata};
use super::body::unfold;
use super::breaker::{Breaker, Program};
use super::masking::Scratches;
use super::paced::Pace;
use super::run::{Job, Traveller};
use crate::enrich::Caches;
use crate::outcome::Counts;
use crate::program::{Machine, Script, ScriptFailure};
use crate::spec::OnError;
use crate::spec::step::SchemaSpec;
use crate::step::{Step, StepFailure, Work};
use crate::targets::NewTargets;

/// How far an event has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    /// The next step: which of the active rules, and which of its steps.
    pub(super) next: (usize, usize),
    /// How much of that step is done: so many of its enrichers.
    pub(super) done: usize,
    /// Whether that step's condition is met: it isn't asked again of an event that the step has changed.
    pub(super) met: bool,
    pub(super) route: String,
    /// The last step that failed and let it go on.
    pub(super) error: Option<String>,
}

/// How an event ends without a document.
enum End {
    Dropped(String),
    Refused(Place, StepFailure),
}

/// What steps need of the bench.
struct Tools<'b> {
    machine: &'b mut Machine,
    metadata: &'b mut Value,
    masks: &'b mut Scratches,
    enriching: &'b mut Caches,
    counts: &'b mut Counts,
    targets: &'b NewTargets,
    breaker: &'b mut Breaker,
}

/// Why nothing was written.
enum Unwritten {
    Value,
    Text,
    End(End),
    Unparsed(ParseFailure),
}

/// What a step means for the event.
enum Done {
    GoOn,
    Value,
    Drop(String),
}

// === impl Job ===

impl Job<'_> {
    /// Takes the event all the way, or answers how far it came.
    pub(super) fn run_open(
        &self,
        bench: &mut Bench,
        documents: &mut Documents,
    ) -> Result<Traveller, Outcome<'static>> {
        let format = self.body_step().map(|(_, format)| format);
        let labels = [("rules_revision", self.rules.revision())];
        let options =
            WriteOptions { labels: &labels, keeps_broken_body: !self.masks(), ..WriteOptions::default() };
        let mut way = Way::default();
        let Bench { parser, machine, targets, masks, enriching, read, counts, metadata, breaker, .. } = bench;
        let mut tools = Tools { machine, metadata, masks, enriching, counts, targets, breaker };
        let written = documents.push_routed(None, |parsed| {
            let opened = parser.open(self.event, format, &options, self.now_ms, read, parsed, |event| {
                self.travel_open(event, &mut way, &mut tools)
            });
            match opened {
                Ok(Opened::Written) => Ok(way.route.as_str().into()),
                Ok(Opened::Value) => Err(Unwritten::Value),
                Ok(Opened::Text) => Err(Unwritten::Text),
                Ok(Opened::Ended(end)) => Err(Unwritten::End(end)),
                Err(failure) => Err(Unwritten::Unparsed(failure)),
            }
        });
        Err(match written {
            Ok(()) => Outcome::Documents,
            Err(Unwritten::Text) => {
                let value = std::mem::replace(&mut bench.read.value, Value::Null);
                return Ok(Traveller::new(value, None));
            }
            Err(Unwritten::Value) => {
                let mut value = std::mem::replace(&mut bench.read.value, Value::Null);
                unfold(&mut value, 0);
                return Ok(Traveller::halfway(value, way));
            }
            Err(Unwritten::End(End::Dropped(reason))) => Outcome::Dropped(Cow::Owned(reason)),
            Err(Unwritten::End(End::Refused(place, failure))) => self.refused(place, &failure, bench),
            Err(Unwritten::Unparsed(failure)) => self.unparsed(failure, bench),
        })
    }

    fn travel_open(&self, event: &mut OpenEvent<'_, '_>, way: &mut Way, tools: &mut Tools<'_>) -> Next<End> {
        if self.reads_metadata() {
            *tools.metadata = metadata(self.event, event.format());
        }
        while let Some(rule) = self.active.get(way.next.0) {
            let steps = self.rules.rules.get(*rule).map_or(&[][..], |rule| &rule.steps);
            let Some(step) = steps.get(way.next.1) else {
                way.next = (way.next.0 + 1, 0);
                continue;
            };
            let place = (*rule, way.next.1);
            match self.step_open(place, step, event, way, tools) {
                Ok(Done::GoOn) => {}
                Ok(Done::Value) => return Next::Value,
                Ok(Done::Drop(reason)) => return Next::End(End::Dropped(reason)),
                Err(failure) if step.on_error == OnError::Continue => {
                    tools.counts.step_errors += 1;
                    way.error = Some(format!("{}: {}", self.name(place), failure.error_type));
                }
                Err(failure) => return Next::End(End::Refused(place, failure)),
            }
            way.next.1 += 1;
            (way.done, way.met) = (0, false);
        }
        let label = way.error.take().map(|error| ("rule_error", error));
        let target = match way.route.as_str() {
            "" => String::new(),
            route => format!("{}.{route}", self.event.tenant),
        };
        Next::Write(Writing { label, target })
    }

    fn step_open(
        &self,
        place: Place,
        step: &Step,
        event: &mut OpenEvent<'_, '_>,
        way: &mut Way,
        tools: &mut Tools<'_>,
    ) -> Result<Done, StepFailure> {
        if let Some(condition) = &step.when {
            match self.run_program_open(Program::Condition(place), condition, event, tools) {
                Ok(Ok(Value::Boolean(true))) => {}
                Ok(Ok(_)) => return Ok(Done::GoOn),
                Ok(Err(failure)) => {
                    let reason = format!("its condition failed: {}", failure.reason);
                    return Err(StepFailure::new(failure.error_type, reason));
                }
                Err(NotOpen) => return Ok(Done::Value),
            }
            way.met = true;
        }
        let Tools { masks, enriching, counts, targets, .. } = &mut *tools;
        match &step.work {
            Work::Vrl(script) => match self.run_program_open(Program::Work(place), script, event, tools) {
                Ok(Ok(_last)) => {}
                Ok(Err(failure)) => return Err(StepFailure::new(failure.error_type, failure.reason)),
                Err(NotOpen) => return Ok(Done::Value),
            },
            Work::Mask(mask) => {
                if let Some(scratch) = masks.of(place, mask) {
                    match mask.apply_open(event, scratch) {
                        Ok(found) => counts.masked += found,
                        Err(NotOpen) => return Ok(Done::Value),
                    }
                }
            }
            Work::Enrich(enrichers) => {
                for enricher in enrichers {
                    if enricher.apply_open(event, enriching, counts) == Err(NotOpen) {
                        return Ok(Done::Value);
                    }
                    way.done += 1;
                }
            }
            Work::Sample(sample) if sample.by.is_none() => {
                if !sample.keeps(self.event.id, None) {
                    return Ok(Done::Drop(sample.reason.clone()));
                }
            }
            Work::Drop(reason) => return Ok(Done::Drop(reason.clone())),
            Work::Route(route) if !route.is_open => {
                way.route = targets.route(self.event.tenant, route, None, self.now_ms);
            }
            Work::Parse(parse) if parse.is_of_body() => {}
            Work::Schema(SchemaSpec::Ecs) => {}
            Work::Parse(_)
            | Work::Sample(_)
            | Work::Route(_)
            | Work::Schema(_)
            | Work::Timestamp(_)
            | Work::Split(_) => return Ok(Done::Value),
        }
        Ok(Done::GoOn)
    }
    /// Runs a program, unless it is shut for the event's tenant.
    fn run_program_open(
        &self,
        program: Program,
        script: &Script,
        event: &mut OpenEvent<'_, '_>,
        tools: &mut Tools<'_>,
    ) -> Result<Result<Value, ScriptFailure>, NotOpen> {
        let Tools { machine, metadata, breaker, counts, .. } = tools;
        let pace = Pace { machine, breaker, counts };
        let limits = &self.rules.limits;
        match self.paced(program, pace, |machine| machine.run_open(script, event, metadata, limits)) {
            Ok(outcome) => outcome,
            Err(over_budget) => Ok(Err(over_budget)),
        }
    }
}

#[cfg(test)]
mod tests;
