//! From a body to what is sent and what is refused. Pure: the same body and rules give the same plan.
//!
//! A bad event never harms its neighbours: it is listed in [`Rejections`] and the rest goes on. Only what makes the
//! whole body unreadable fails it: a broken array or row, or more events than a request may have.

use bytes::Bytes;
use thiserror::Error;

use crate::batch::{Batch, Event, Facts, Group};
use crate::ids;
use crate::json::{JsonError, Validator, skip_space};
use crate::rejections::{Reason, Rejections};
use crate::shape::{Declared, Shape};
use crate::split::{self, ArrayError, Item, StreamError};

/// What a request's events have to keep to.
#[derive(Clone, Debug)]
pub struct Rules<'a> {
    /// What the content type says.
    pub declared: Declared,
    /// The format that the sender declared; empty if it didn't.
    pub format: &'a str,
    /// The top-level member that holds an event's id, if the sender named one.
    pub id_field: Option<&'a str>,
    /// The largest event, in bytes.
    pub max_event: usize,
    /// How deep JSON may be nested.
    pub max_depth: usize,
    /// The most events, refused ones included.
    pub max_events: usize,
}

/// What becomes of a body.
#[derive(Debug)]
pub struct Plan {
    /// How the body was divided.
    pub shape: Shape,
    /// The events to send, in their order.
    pub events: Vec<Event>,
    /// The ids that the events bring along, one for each of `events`; empty unless [`Rules::id_field`] is set.
    pub given_ids: Vec<String>,
    /// The events that are refused.
    pub rejections: Rejections,
}

/// A body of which nothing can be taken.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PlanError {
    /// Nothing but white space.
    #[error("the body is empty")]
    Empty,
    /// The array is broken.
    #[error(transparent)]
    Array(#[from] ArrayError),
    /// The row of values is broken.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// More events than one request may have.
    #[error("the body has more than {0} events")]
    TooMany(usize),
    /// Lines of text have no members.
    #[error("`id_field` needs JSON, and these are lines of text")]
    IdFieldOfText,
}

/// Divides a body, checks every event, and tells the good from the bad.
///
/// # Errors
/// When nothing of the body can be taken.
pub fn plan(body: &[u8], rules: &Rules<'_>) -> Result<Plan, PlanError> {
    // A byte order mark is no part of the first event; editors and PowerShell put one there.
    let start = if body.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    if body.get(start..).unwrap_or_default().iter().all(u8::is_ascii_whitespace) {
        return Err(PlanError::Empty);
    }
    let mut validator = Validator::new(rules.max_depth);
    let shape = Shape::of(body, start, rules.declared, rules.format, &mut validator);
    if rules.id_field.is_some() && !shape.is_json() {
        return Err(PlanError::IdFieldOfText);
    }
    // One look at the whole body is far cheaper than one at each event.
    let is_utf8 = shape.is_json() && simdutf8::basic::from_utf8(body).is_ok();
    let mut sorting = Sorting { body, rules, is_utf8, validator, plan: Plan::new(shape) };
    match shape {
        Shape::Array => {
            let mut walk = Validator::new(rules.max_depth);
            split::elements(body, start, &mut walk, |item, too_deep| sorting.element(item, too_deep))?;
        }
        Shape::Stream => {
            let mut walk = Validator::new(rules.max_depth);
            split::values(body, start, &mut walk, |item, too_deep| sorting.element(item, too_deep))?;
        }
        Shape::Object => sorting.json(Item { line: 1, span: start..body.len() })?,
        Shape::JsonLines => split::lines(body, start).try_for_each(|item| sorting.json(item))?,
        Shape::TextLines => split::lines(body, start).try_for_each(|item| sorting.text(item))?,
    }
    Ok(sorting.plan)
}

/// A plan in the making.
struct Sorting<'a> {
    body: &'a [u8],
    rules: &'a Rules<'a>,
    /// Whether the whole body is known to be UTF-8.
    is_utf8: bool,
    validator: Validator,
    plan: Plan,
}

impl Sorting<'_> {
    fn text(&mut self, item: Item) -> Result<(), PlanError> {
        let verdict = self.check_size(&item);
        self.settle(item, verdict)
    }

    fn json(&mut self, item: Item) -> Result<(), PlanError> {
        let text = self.body.get(item.span.clone()).unwrap_or_default();
        let verdict = self
            .check_size(&item)
            .and_then(|()| self.validator.document(text).map_err(Reason::from))
            .and_then(|()| self.check_object(text));
        self.settle(item, verdict)
    }

    /// The walk through the array or row has validated each element already.
    fn element(&mut self, item: Item, too_deep: Option<JsonError>) -> Result<(), PlanError> {
        let text = self.body.get(item.span.clone()).unwrap_or_default();
        let verdict = self
            .check_size(&item)
            .and_then(|()| too_deep.map_or(Ok(()), |error| Err(Reason::from(error))))
            .and_then(|()| self.check_object(text));
        self.settle(item, verdict)
    }

    fn check_size(&self, item: &Item) -> Result<(), Reason> {
        let max = self.rules.max_event;
        if item.span.len() > max { Err(Reason::TooLarge { len: item.span.len(), max }) } else { Ok(()) }
    }

    /// What is left to check of valid JSON.
    fn check_object(&mut self, text: &[u8]) -> Result<(), Reason> {
        if !self.is_utf8 {
            let _text =
                simdutf8::compat::from_utf8(text).map_err(|error| Reason::Utf8(error.valid_up_to()))?;
        }
        if text.get(skip_space(text, 0)) != Some(&b'{') {
            return Err(Reason::NotAnObject);
        }
        if let Some(field) = self.rules.id_field {
            let id = ids::given(&mut self.validator, text, field)?;
            self.plan.given_ids.push(id);
        }
        Ok(())
    }

    fn settle(&mut self, item: Item, verdict: Result<(), Reason>) -> Result<(), PlanError> {
        if self.plan.events.len() + self.plan.rejections.count() >= self.rules.max_events {
            return Err(PlanError::TooMany(self.rules.max_events));
        }
        match verdict {
            Ok(()) => self.plan.events.push(Event { line: item.line, observed_at: 0, span: item.span }),
            Err(reason) => self.plan.rejections.push(item.line, reason),
        }
        Ok(())
    }
}

impl Plan {
    fn new(shape: Shape) -> Self {
        Self { shape, events: Vec::new(), given_ids: Vec::new(), rejections: Rejections::default() }
    }

    /// The batch of these events, which share what is known of them.
    #[must_use]
    pub fn into_batch(self, bytes: Bytes, facts: Facts) -> Batch {
        let groups = vec![Group { facts, len: self.events.len() }];
        let Self { events, given_ids, rejections, .. } = self;
        Batch { bytes, events, groups, given_ids, rejections }
    }

    /// How many bytes it holds beside the body: of bodies of many tiny events that is most of the memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        let ids: usize = self.given_ids.iter().map(String::capacity).sum();
        ids + self.given_ids.capacity() * size_of::<String>() + self.events.capacity() * size_of::<Event>()
    }
}

#[cfg(test)]
mod tests;
