//! The steps, compiled: each knows how to do one thing to an event.

pub(crate) mod mask;
pub(crate) mod sample;
pub(crate) mod split;
pub(crate) mod timestamp;

use forebay_parse::{Near, ParseFailure};
use vrl::path::OwnedValuePath;

use crate::program::Script;
use crate::spec::OnError;
use crate::spec::step::SchemaSpec;
use crate::target::Route;

/// A step of a rule.
#[derive(Debug)]
pub(crate) struct Step {
    /// What it is called, within its rule.
    pub(crate) name: String,
    pub(crate) when: Option<Script>,
    pub(crate) on_error: OnError,
    pub(crate) work: Work,
    /// Its line in the rule's file.
    pub(crate) line: u64,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Work {
    Parse(ParseStep),
    Vrl(Script),
    Mask(Box<mask::Mask>),
    Enrich(Vec<crate::enrich::Enricher>),
    Timestamp(timestamp::Timestamp),
    Schema(SchemaSpec),
    Split(split::Split),
    Sample(sample::Sample),
    Drop(String),
    Route(Route),
}

/// `parse`, compiled. Without `from` it reads the event's body.
#[derive(Debug)]
pub(crate) struct ParseStep {
    pub(crate) format: String,
    pub(crate) from: Option<OwnedValuePath>,
    pub(crate) into: OwnedValuePath,
}

/// Why a step failed on an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct StepFailure {
    pub(crate) error_type: &'static str,
    /// The field and the start of its value, not masked yet.
    pub(crate) reason: String,
    /// The place in a text that it is about, not masked yet either.
    pub(crate) near: Option<Near>,
}

impl Step {
    /// Whether it needs the event as a value, and not just its origin.
    pub(crate) fn needs_value(&self) -> bool {
        self.when.is_some()
            || match &self.work {
                Work::Parse(parse) => !parse.is_of_body() || self.on_error == OnError::Continue,
                Work::Schema(schema) => *schema != SchemaSpec::Ecs,
                Work::Sample(sample) => sample.by.is_some(),
                Work::Route(route) => route.is_open,
                Work::Drop(_) => false,
                Work::Vrl(_) | Work::Mask(_) | Work::Enrich(_) | Work::Timestamp(_) | Work::Split(_) => true,
            }
    }

    /// Whether it only says how the event's body is read, which is done before all steps.
    pub(crate) fn reads_body(&self) -> bool {
        matches!(&self.work, Work::Parse(parse) if parse.is_of_body())
    }

    /// Whether a program of it looks at what is known about the event.
    pub(crate) fn reads_metadata(&self) -> bool {
        let condition = self.when.as_ref().is_some_and(|script| script.reads_metadata);
        condition || matches!(&self.work, Work::Vrl(script) if script.reads_metadata)
    }
}

impl ParseStep {
    /// Whether it reads the event's body.
    pub(crate) fn is_of_body(&self) -> bool {
        self.from.is_none()
    }
}

impl StepFailure {
    pub(crate) fn new(error_type: &'static str, reason: impl Into<String>) -> Self {
        Self { error_type, reason: reason.into(), near: None }
    }
}

impl From<ParseFailure> for StepFailure {
    fn from(failure: ParseFailure) -> Self {
        let ParseFailure { error_type, reason, near, .. } = failure;
        Self { error_type, reason, near }
    }
}

/// The start of a value, for people.
pub(crate) fn excerpt(value: &vrl::value::Value) -> String {
    // The reason is masked, and cut again then: what may be shown of it is far from where it is cut here.
    const LONGEST: usize = 4 << 10;
    let text = value.to_string_lossy();
    let cut: String = text.chars().take(LONGEST).collect();
    let more = if cut.len() < text.len() { "..." } else { "" };
    format!("{cut:?}{more}")
}
