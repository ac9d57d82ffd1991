//! Rules at work on an event: one step after the other, on the event as a value.

use std::borrow::Cow;

use forebay_convert::{Documents, Outcome};
use forebay_parse::{OutputSchema, ParseFailure, WriteOptions};
use forebay_record::{RawEvent, Stage};
use vrl::value::Value;

use super::Place;
use super::bench::{Bench, metadata};
use super::breaker::Program;
use super::open::Way;
use crate::observe::{Observer, StepOutcome};
use crate::rules::Rules;
use crate::spec::OnError;
use crate::step::{Step, StepFailure, Work};
use crate::target::in_schema;

/// The most documents that are made of one event.
const MAX_PARTS: usize = 10_000;

/// The most bytes that the documents of one event may have together.
const MAX_BYTES: usize = 32 << 20;

/// One event, and the rules that it goes through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a> {
    pub(super) rules: &'a Rules,
    /// The rules' places.
    pub(super) active: &'a [usize],
    pub(super) event: &'a RawEvent<'a>,
    pub(super) now_ms: i64,
}

/// An event, or a part of one, on its way through the steps.
#[derive(Clone, Debug)]
pub(super) struct Traveller {
    pub(super) value: Value,
    /// The next step: which of the active rules, and which of its steps.
    next: (usize, usize),
    /// How much of the next step is done: so many of its enrichers.
    done: usize,
    /// Whether its condition is met.
    met: bool,
    route: String,
    schema: OutputSchema,
    /// The last step that failed and let it go on.
    error: Option<String>,
}

/// What a step means for the event.
enum Done {
    GoOn,
    Drop(String),
    Split(Vec<Value>),
}

// === impl Traveller ===

impl Traveller {
    pub(super) fn new(value: Value, error: Option<String>) -> Self {
        Self::halfway(value, Way { error, ..Way::default() })
    }

    /// One that has come part of the way already.
    pub(super) fn halfway(value: Value, way: Way) -> Self {
        let Way { next, done, met, route, error } = way;
        Self { value, next, done, met, route, schema: OutputSchema::default(), error }
    }
}

// === impl Job ===

impl Job<'_> {
    pub(super) fn run(
        &self,
        bench: &mut Bench,
        documents: &mut Documents,
        observer: &mut impl Observer,
    ) -> Outcome<'static> {
        bench.machine.begin_event();
        let first = match self.first(bench, documents, observer) {
            Ok(first) => first,
            Err(outcome) => return outcome,
        };
        if self.reads_metadata() {
            bench.metadata = metadata(self.event, bench.read.origin.format);
        }
        // Parts wait here; the last one goes first, so that documents come in the order of their parts.
        let mut waiting = vec![first];
        // What is known of each part: what a program says of one part is nothing to the others.
        let mut known = None;
        let (mut parts, mut is_split) = (0, false);
        let mut reason = None;
        while let Some(mut traveller) = waiting.pop() {
            if let Some(known) = &known {
                bench.metadata = Value::clone(known);
            }
            match self.travel(&mut traveller, bench, observer) {
                Ok(Done::GoOn) => {
                    let part = is_split.then_some(parts);
                    if let Err(failure) = self.write(traveller, part, bench, documents) {
                        return self.unwritten(failure, bench);
                    }
                    if documents.bytes() > MAX_BYTES {
                        let reason = format!("its documents have more than {MAX_BYTES} bytes together");
                        return self.too_much(reason, bench);
                    }
                    parts += 1;
                }
                Ok(Done::Drop(why)) => {
                    parts += 1;
                    reason = Some(why);
                }
                Ok(Done::Split(values)) if parts as usize + waiting.len() + values.len() > MAX_PARTS => {
                    let reason = format!("the event would become more than {MAX_PARTS} documents");
                    let failure = StepFailure::new("split_too_many", reason);
                    return self.refused(self.place_before(traveller.next), &failure, bench);
                }
                Ok(Done::Split(values)) => {
                    is_split = true;
                    if known.is_none() && self.reads_metadata() {
                        known = Some(bench.metadata.clone());
                    }
                    let Traveller { next, route, schema, error, .. } = traveller;
                    waiting.extend(values.into_iter().rev().map(|value| Traveller {
                        value,
                        next,
                        done: 0,
                        met: false,
                        route: route.clone(),
                        schema,
                        error: error.clone(),
                    }));
                }
                Err((place, failure)) => return self.refused(place, &failure, bench),
            }
        }
        match reason {
            Some(reason) if documents.is_empty() => Outcome::Dropped(Cow::Owned(reason)),
            _ => Outcome::Documents,
        }
    }

    /// The event as a value, unless it needn't become one.
    fn first<O: Observer>(
        &self,
        bench: &mut Bench,
        documents: &mut Documents,
        observer: &mut O,
    ) -> Result<Traveller, Outcome<'static>> {
        let goes_on = self.body_step().is_some_and(|(place, _)| self.on_error(place) == OnError::Continue);
        if O::LOOKS || goes_on { self.read_body(bench, observer) } else { self.run_open(bench, documents) }
    }

    /// Takes an event through all steps that are left, or up to one that ends its way.
    fn travel(
        &self,
        traveller: &mut Traveller,
        bench: &mut Bench,
        observer: &mut impl Observer,
    ) -> Result<Done, (Place, StepFailure)> {
        while let Some(rule) = self.active.get(traveller.next.0) {
            let steps = self.rules.rules.get(*rule).map_or(&[][..], |rule| &rule.steps);
            let Some(step) = steps.get(traveller.next.1) else {
                traveller.next = (traveller.next.0 + 1, 0);
                continue;
            };
            let place = (*rule, traveller.next.1);
            traveller.next.1 += 1;
            match self.step(place, step, traveller, bench, observer)? {
                Done::GoOn => {}
                end => return Ok(end),
            }
        }
        Ok(Done::GoOn)
    }

    fn step(
        &self,
        place: Place,
        step: &Step,
        traveller: &mut Traveller,
        bench: &mut Bench,
        observer: &mut impl Observer,
    ) -> Result<Done, (Place, StepFailure)> {
        if let Work::Parse(parse) = &step.work
            && parse.is_of_body()
        {
            // The body was read before all steps, by the last of those that say how; that one was told then.
            if self.body_step().is_some_and(|(of, _)| of != place) {
                observer.passed(place, StepOutcome::Skipped);
            }
            return Ok(Done::GoOn);
        }
        observer.begins(place, &traveller.value);
        let mut before = None;
        let done = match self.is_met(place, step, traveller, bench) {
            Ok(false) => {
                observer.ends(place, StepOutcome::Skipped, &traveller.value);
                return Ok(Done::GoOn);
            }
            Ok(true) => {
                // Only programs leave an event half done.
                if step.on_error == OnError::Continue && matches!(step.work, Work::Vrl(_)) {
                    before = Some(traveller.value.clone());
                }
                self.work(place, step, traveller, bench)
            }
            Err(failure) => Err(failure),
        };
        let outcome = match &done {
            Ok(Done::GoOn) => StepOutcome::Done,
            Ok(Done::Drop(_)) => StepOutcome::Dropped,
            Ok(Done::Split(_)) => StepOutcome::Split,
            Err(_) => StepOutcome::Failed,
        };
        match done {
            Err(failure) if step.on_error == OnError::Continue => {
                if let Some(before) = before {
                    traveller.value = before;
                }
                bench.counts.step_errors += 1;
                traveller.error = Some(format!("{}: {}", self.name(place), failure.error_type));
                observer.ends(place, outcome, &traveller.value);
                Ok(Done::GoOn)
            }
            done => {
                observer.ends(place, outcome, &traveller.value);
                done.map_err(|failure| (place, failure))
            }
        }
    }

    fn is_met(
        &self,
        place: Place,
        step: &Step,
        traveller: &mut Traveller,
        bench: &mut Bench,
    ) -> Result<bool, StepFailure> {
        let Some(condition) = &step.when else { return Ok(true) };
        if std::mem::take(&mut traveller.met) {
            return Ok(true);
        }
        match self.run_program(Program::Condition(place), condition, traveller, bench) {
            Ok(Value::Boolean(met)) => Ok(met),
            Ok(_) => Ok(false),
            Err(failure) => {
                Err(StepFailure::new(failure.error_type, format!("its condition failed: {}", failure.reason)))
            }
        }
    }

    fn work(
        &self,
        place: Place,
        step: &Step,
        traveller: &mut Traveller,
        bench: &mut Bench,
    ) -> Result<Done, StepFailure> {
        match &step.work {
            Work::Parse(parse) => self.parse_field(parse, traveller, bench)?,
            Work::Vrl(script) => {
                let _last = self
                    .run_program(Program::Work(place), script, traveller, bench)
                    .map_err(|failure| StepFailure::new(failure.error_type, failure.reason))?;
            }
            Work::Mask(mask) => {
                if let Some(scratch) = bench.masks.of(place, mask) {
                    bench.counts.masked += mask.apply(&mut traveller.value, scratch);
                }
            }
            Work::Enrich(enrichers) => {
                for enricher in enrichers.iter().skip(std::mem::take(&mut traveller.done)) {
                    enricher.apply(&mut traveller.value, self.event, &mut bench.enriching, &mut bench.counts);
                }
            }
            Work::Timestamp(timestamp) => timestamp.apply(&mut traveller.value, self.received_ms())?,
            Work::Schema(schema) => traveller.schema = (*schema).into(),
            Work::Split(split) => {
                if let Some(values) = split.apply(&mut traveller.value)? {
                    return Ok(Done::Split(values));
                }
            }
            Work::Sample(sample) => {
                if !sample.keeps(self.event.id, Some(&traveller.value)) {
                    return Ok(Done::Drop(sample.reason.clone()));
                }
            }
            Work::Drop(reason) => return Ok(Done::Drop(reason.clone())),
            Work::Route(route) => {
                traveller.route =
                    bench.targets.route(self.event.tenant, route, Some(&traveller.value), self.now_ms);
            }
        }
        Ok(Done::GoOn)
    }

    fn write(
        &self,
        traveller: Traveller,
        part: Option<u32>,
        bench: &mut Bench,
        documents: &mut Documents,
    ) -> Result<(), ParseFailure> {
        let Traveller { value, route, schema, error, .. } = traveller;
        let route = in_schema(route, schema);
        let labels = [
            Some(("rules_revision", self.rules.revision())),
            error.as_deref().map(|error| ("rule_error", error)),
        ];
        let labels: Vec<(&str, &str)> = labels.into_iter().flatten().collect();
        let target = if route.is_empty() {
            Cow::Borrowed("")
        } else {
            Cow::Owned(format!("{}.{route}", self.event.tenant))
        };
        let options =
            WriteOptions { schema, labels: &labels, target: &target, keeps_broken_body: !self.masks() };
        let Bench { parser, read, .. } = bench;
        documents.push_to(&route, part, |parsed| {
            parser.write(self.event, &value, &read.origin, &options, self.now_ms, parsed)
        })
    }

    /// An event that the rules made too much of.
    fn unwritten(&self, failure: ParseFailure, bench: &mut Bench) -> Outcome<'static> {
        let mut rules = self.active.iter().filter_map(|rule| self.rules.rules.get(*rule));
        let last = rules.next_back().map_or_else(String::new, |rule| rule.name.clone());
        bench.refuse(self, Stage::Transform, last, &failure.into())
    }

    /// An event that became more than may be held.
    fn too_much(&self, reason: String, bench: &mut Bench) -> Outcome<'static> {
        let (near, format) = Default::default();
        self.unwritten(ParseFailure { error_type: "documents_too_large", reason, near, format }, bench)
    }

    /// The step before the next one.
    fn place_before(&self, (rule, step): (usize, usize)) -> Place {
        (self.active.get(rule).copied().unwrap_or_default(), step.saturating_sub(1))
    }

    /// Whether any rule masks.
    pub(super) fn masks(&self) -> bool {
        self.active.iter().any(|rule| self.rules.rules.get(*rule).is_some_and(|rule| rule.masks))
    }

    pub(super) fn refused(&self, place: Place, failure: &StepFailure, bench: &mut Bench) -> Outcome<'static> {
        bench.refuse(self, Stage::Transform, self.name(place), failure)
    }

    /// When ingest took the event.
    fn received_ms(&self) -> i64 {
        match self.event.received_at {
            0 => self.now_ms,
            nanos => i64::try_from(nanos / 1_000_000).unwrap_or(self.now_ms),
        }
    }

    /// `rule/step`.
    pub(super) fn name(&self, place: Place) -> String {
        self.rules.step(place).map_or_else(String::new, |step| format!("{}/{}", step.rule, step.step))
    }

    pub(super) fn reads_metadata(&self) -> bool {
        self.active.iter().any(|rule| self.rules.rules.get(*rule).is_some_and(|rule| rule.reads_metadata))
    }
}
