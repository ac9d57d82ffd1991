//! Reading: the event's body, and fields of it that hold text in a format.

use forebay_convert::Outcome;
use forebay_enrich::fields::merge;
use forebay_parse::ParseFailure;
use forebay_record::{RawEvent, Stage};
use vrl::path::{OwnedSegment, OwnedValuePath};
use vrl::value::{KeyString, Value};

use super::Place;
use super::bench::Bench;
use super::run::{Job, Traveller};
use crate::enrich::is_blocked;
use crate::observe::{Observer, StepOutcome};
use crate::spec::OnError;
use crate::step::{ParseStep, StepFailure, Work, excerpt};

/// What a field's text can't be told apart by: it has no stream of its own.
const NO_STREAM: &str = "";

/// How many parts a name with dots may have, and how deep they are looked for: documents don't go deeper by names.
const MAX_UNFOLDED: usize = 8;

impl<'a> Job<'a> {
    /// The step that says how the event's body is read, and the format: the last of those that say it, since a tenant's
    /// rules come last.
    pub(super) fn body_step(&self) -> Option<(Place, &'a str)> {
        let of_rule = |rule: usize| {
            let steps = (0..).zip(&self.rules.rules.get(rule)?.steps);
            let found = steps.filter_map(|(step, known)| match &known.work {
                Work::Parse(parse) if parse.is_of_body() => Some(((rule, step), parse.format.as_str())),
                _ => None,
            });
            found.last()
        };
        self.active.iter().rev().find_map(|rule| of_rule(*rule))
    }

    /// Reads the body.
    pub(super) fn read_body(
        &self,
        bench: &mut Bench,
        observer: &mut impl Observer,
    ) -> Result<Traveller, Outcome<'static>> {
        let step = self.body_step();
        let Bench { parser, read, .. } = bench;
        let outcome = parser.read(self.event, step.map(|(_, format)| format), self.now_ms, read);
        let mut error = None;
        if let Some((place, _)) = step {
            observer.passed(place, if outcome.is_ok() { StepOutcome::Done } else { StepOutcome::Failed });
        }
        if let Err(failure) = outcome {
            let goes_on = step.is_some_and(|(place, _)| self.on_error(place) == OnError::Continue);
            if !goes_on {
                return Err(self.unparsed(failure, bench));
            }
            if let Some((place, _)) = step {
                error = Some(format!("{}: {}", self.name(place), failure.error_type));
            }
            bench.counts.step_errors += 1;
            let Bench { parser, read, .. } = bench;
            if let Err(failure) = parser.read(self.event, Some("raw"), self.now_ms, read) {
                return Err(self.unparsed(failure, bench));
            }
        }
        let mut value = std::mem::replace(&mut bench.read.value, Value::Null);
        unfold(&mut value, 0);
        Ok(Traveller::new(value, error))
    }

    /// An event that is in no format, or not in its own.
    pub(super) fn unparsed(&self, failure: ParseFailure, bench: &mut Bench) -> Outcome<'static> {
        let rule = match self.body_step() {
            Some((place, _)) => self.name(place),
            // A sender may declare anything.
            None => bench.masked_words(self, &failure.format).unwrap_or_else(|| failure.format.clone()),
        };
        bench.refuse(self, Stage::Parse, rule, &failure.into())
    }

    /// Reads a field's text in a format.
    pub(super) fn parse_field(
        &self,
        parse: &ParseStep,
        traveller: &mut Traveller,
        bench: &mut Bench,
    ) -> Result<(), StepFailure> {
        let Some(from) = &parse.from else { return Ok(()) };
        let Some(value) = traveller.value.get(from) else {
            return Err(StepFailure::new("field_missing", format!("there is no `{from}`")));
        };
        let text = match value {
            Value::Bytes(_) | Value::String(_) => value.to_string_lossy(),
            other => {
                let reason = format!("`{from}` is no text: {}", excerpt(other));
                return Err(StepFailure::new("field_no_text", reason));
            }
        };
        let event = RawEvent {
            body: text.as_bytes(),
            stream: NO_STREAM,
            attributes: Vec::new(),
            received_at: self.event.received_at,
            ..RawEvent::default()
        };
        let Bench { parser, inner, .. } = bench;
        parser.read(&event, Some(&parse.format), self.now_ms, inner).map_err(|failure| StepFailure {
            reason: format!("`{from}`: {}", failure.reason),
            ..failure.into()
        })?;
        let mut read = std::mem::replace(&mut inner.value, Value::Null);
        unfold(&mut read, 0);
        if parse.into.is_root() {
            merge(&mut traveller.value, read);
        } else {
            if is_blocked(&traveller.value, &parse.into) {
                let reason = format!("`{}` has no place: a value stands on the way there", parse.into);
                return Err(StepFailure::new("field_blocked", reason));
            }
            let _before = traveller.value.insert(&parse.into, read);
        }
        Ok(())
    }

    pub(super) fn on_error(&self, (rule, step): Place) -> OnError {
        let step = self.rules.rules.get(rule).and_then(|rule| rule.steps.get(step));
        step.map(|step| step.on_error).unwrap_or_default()
    }
}

/// Makes objects of names with dots, as the document will have them, so that a rule finds `user.email` however it was sent. A name
/// stays where something else has its place already.
pub(super) fn unfold(value: &mut Value, depth: usize) {
    let Value::Object(members) = value else { return };
    if depth > MAX_UNFOLDED {
        return;
    }
    // What is in these has no objects of its own.
    let is_flat = |name: &str| depth == 0 && matches!(name, "unmapped" | "unmapped_long" | "labels");
    for (_, member) in members.iter_mut().filter(|(name, _)| !is_flat(name)) {
        unfold(member, depth + 1);
    }
    let is_path = |name: &str| name.contains('.') && name.split('.').all(|part| !part.is_empty());
    let dotted: Vec<KeyString> = members.keys().filter(|name| is_path(name)).cloned().collect();
    for name in dotted.into_iter().filter(|name| name.split('.').count() <= MAX_UNFOLDED) {
        let path = OwnedValuePath::from(name.split('.').map(OwnedSegment::field).collect::<Vec<_>>());
        if has_no_place(value, &path) {
            continue;
        }
        let member = value.as_object_mut().and_then(|members| members.remove(&name));
        if let Some(member) = member {
            let _none = value.insert(&path, member);
        }
    }
}

/// Whether anything but objects stands on the way to a path, or at its end: to write there would lose it.
fn has_no_place(value: &Value, path: &OwnedValuePath) -> bool {
    let parents = (1..=path.segments.len()).filter_map(|length| path.segments.get(..length));
    let there = parents.map_while(|parent| value.get(&OwnedValuePath::from(parent.to_vec())));
    there.enumerate().any(|(at, there)| !there.is_object() || at + 1 == path.segments.len())
}
