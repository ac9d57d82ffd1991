//! Elasticsearch's bulk API: lines of actions and documents become events; the answer says of each item what became of it.
//!
//! Source: <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>, and for single documents
//! <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-create>.
//!
//! What an item means here:
//!
//! - `index` and `create` are the same: an event. A given `_id` becomes the event's id, so that sending it again makes no
//!   second document; a later document never replaces an earlier one.
//! - The index and the pipeline that the sender names are facts about the event ([`INDEX`], [`PIPELINE`]), which rules may
//!   look at. They never choose the target: which tenant's documents go where is not for senders to say.
//! - `update` and `delete` are refused, each by itself: a log is only added to.
//! - `routing`, versions and other parameters of an action mean nothing here and are passed over.
//!
//! A broken document is refused alone. A broken action line fails the whole request, as it does there: nobody knows whether a
//! document follows it. So does a body without a line break at its end.

mod action;
pub mod answer;
pub mod filter;
#[cfg(test)]
mod tests;

use std::ops::Range;

use bytes::Bytes;
use forebay_record::id;
use thiserror::Error;

use crate::batch::{Batch, Event, Facts, Group, Limits};
use crate::ids::GivenIdError;
use crate::json::{self, Validator, skip_space};
use crate::rejections::Reason;

use self::action::{Line, Reader};

pub use self::action::Action;

/// The attribute that holds the name of the index, alias or data stream that the sender asked for.
pub const INDEX: &str = "index";

/// The attribute that holds the name of the ingest pipeline that the sender asked for.
pub const PIPELINE: &str = "pipeline";

/// The longest name of an index or pipeline, in bytes: Elasticsearch's limit for indices.
pub const MAX_NAME: usize = 255;

/// What a request's address says, for the items that don't say it themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Defaults<'a> {
    /// The index in the path; empty if there is none.
    pub index: &'a str,
    /// The parameter `pipeline`; empty if there is none.
    pub pipeline: &'a str,
}

/// A request, taken apart.
#[derive(Debug)]
pub struct Bulk {
    /// The events of the items that are taken.
    pub batch: Batch,
    /// All items, in their order.
    pub items: Vec<Item>,
}

/// One item, for the answer.
#[derive(Debug)]
pub struct Item {
    /// What it asks for.
    pub action: Action,
    /// The index that it names, as a JSON string in the body.
    index: Option<Range<usize>>,
    /// The id that it brings along, as a JSON string or number in the body.
    id: Option<Range<usize>>,
    /// Why it is refused, if it is.
    pub refused: Option<Box<Reason>>,
}

/// Why nothing of a request can be taken.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum BulkError {
    /// No item.
    #[error("the request has no items: send lines of actions and documents")]
    Empty,
    /// Elasticsearch asks for it too: without it nobody knows whether the last document is whole.
    #[error("the last line has no line break: a bulk request ends with one")]
    NotTerminated,
    /// A line that should be an action is none.
    #[error("line {line}: {reason}")]
    Action {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Neither the item nor the path says which index.
    #[error("line {0}: the action names no index, and neither does the path")]
    NoIndex(usize),
    /// More items than one request may have.
    #[error("the request has more than {0} items")]
    TooMany(usize),
}

/// Reads a request's body.
///
/// # Errors
/// When nothing of it can be taken.
pub fn decode(body: &Bytes, defaults: Defaults<'_>, limits: &Limits) -> Result<Bulk, BulkError> {
    // One look at the whole body is far cheaper than one at each line.
    let is_utf8 = simdutf8::basic::from_utf8(body).is_ok();
    let mut reading = Reading {
        body,
        defaults,
        limits,
        is_utf8,
        validator: Validator::new(limits.max_depth),
        actions: Reader::new(is_utf8),
        shared: None,
        // Logs are rarely shorter: a guess too small costs a copy of ranges.
        bulk: Bulk {
            batch: Batch::default(),
            items: Vec::with_capacity((body.len() / 256).min(limits.max_events)),
        },
    };
    let mut lines = Lines { body, at: 0, number: 0 };
    while let Some(line) = lines.next()? {
        if line.is_empty() {
            continue;
        }
        let number = lines.number;
        let action = reading.actions.read(body, line, number)?;
        let document = match action.action {
            Action::Delete => None,
            _ => Some(lines.next()?.ok_or_else(|| BulkError::Action {
                line: number,
                reason: "the document that belongs to the action is missing".to_owned(),
            })?),
        };
        reading.item(&action, number, lines.number, document)?;
    }
    let Reading { mut bulk, .. } = reading;
    if bulk.items.is_empty() {
        return Err(BulkError::Empty);
    }
    bulk.batch.bytes = body.clone();
    Ok(bulk)
}

/// Reads a request that has one document as its body.
///
/// # Errors
/// When the document, its id or the name of its index can't be taken.
pub fn single(body: &Bytes, index: &str, given: Option<&str>, limits: &Limits) -> Result<Batch, Reason> {
    check_name(index)?;
    let mut validator = Validator::new(limits.max_depth);
    check_document(&mut validator, body, limits, simdutf8::basic::from_utf8(body).is_ok())?;
    let mut batch = Batch { bytes: body.clone(), ..Batch::default() };
    if let Some(given) = given {
        id::validate_given(given).map_err(GivenIdError::from)?;
        batch.given_ids.push(given.to_owned());
    }
    batch.events.push(Event { line: 1, observed_at: 0, span: 0..body.len() });
    batch.groups.push(Group { facts: facts(index, ""), len: 1 });
    Ok(batch)
}

impl Bulk {
    /// How many bytes it holds beside the body.
    #[must_use]
    pub fn weight(&self) -> usize {
        // What stands in a reason is short.
        let refused = self.items.len() - self.batch.events.len();
        self.batch.weight() + self.items.capacity() * size_of::<Item>() + refused * 128
    }
}

/// Index and pipeline, as they are written.
type Names<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// A request while it is read.
struct Reading<'a> {
    body: &'a [u8],
    defaults: Defaults<'a>,
    limits: &'a Limits,
    /// Whether the whole body is known to be UTF-8.
    is_utf8: bool,
    validator: Validator,
    actions: Reader,
    /// Those of the last group.
    shared: Option<Names<'a>>,
    bulk: Bulk,
}

impl<'a> Reading<'a> {
    fn item(
        &mut self,
        action: &Line,
        number: usize,
        line: usize,
        document: Option<Range<usize>>,
    ) -> Result<(), BulkError> {
        if self.bulk.items.len() >= self.limits.max_events {
            return Err(BulkError::TooMany(self.limits.max_events));
        }
        if action.index.is_none() && self.defaults.index.is_empty() {
            return Err(BulkError::NoIndex(number));
        }
        let verdict = self.verdict(action, document, line);
        if let Err(reason) = &verdict {
            self.bulk.batch.rejections.push(line, reason.clone());
        }
        let refused = verdict.err().map(Box::new);
        let Line { action, index, id, .. } = action.clone();
        self.bulk.items.push(Item { action, index, id, refused });
        Ok(())
    }

    /// Takes the item's event, or says why not.
    fn verdict(&mut self, action: &Line, document: Option<Range<usize>>, line: usize) -> Result<(), Reason> {
        let Some(span) = document.filter(|_| action.action.adds()) else {
            return Err(Reason::Unsupported(format!(
                "`{}` is not done here: events are only added, with `index` or `create`",
                action.action.name()
            )));
        };
        let body: &'a [u8] = self.body;
        let text = body.get(span.clone()).unwrap_or_default();
        check_document(&mut self.validator, text, self.limits, self.is_utf8)?;
        let id = match &action.id {
            Some(raw) => {
                let raw = body.get(raw.clone()).unwrap_or_default();
                let id = if raw.starts_with(b"\"") { json::text(raw) } else { String::from_utf8_lossy(raw) };
                id::validate_given(&id).map_err(GivenIdError::from)?;
                Some(id.into_owned())
            }
            None => None,
        };
        self.group(action)?;
        let batch = &mut self.bulk.batch;
        match id {
            Some(id) => {
                batch.given_ids.resize_with(batch.events.len(), String::new);
                batch.given_ids.push(id);
            }
            None if !batch.given_ids.is_empty() => batch.given_ids.push(String::new()),
            None => {}
        }
        batch.events.push(Event { line, observed_at: 0, span });
        if let Some(group) = batch.groups.last_mut() {
            group.len += 1;
        }
        Ok(())
    }

    /// Begins another group if this item shares other facts than the last one that was taken.
    fn group(&mut self, action: &Line) -> Result<(), Reason> {
        let body: &'a [u8] = self.body;
        let raw = |range: &Option<Range<usize>>| range.clone().and_then(|range| body.get(range));
        let shared = (raw(&action.index), raw(&action.pipeline));
        if self.shared != Some(shared) {
            let name = |raw: Option<&'a [u8]>, default: &'a str| raw.map_or(default.into(), json::text);
            let (index, pipeline) =
                (name(shared.0, self.defaults.index), name(shared.1, self.defaults.pipeline));
            check_name(&index)?;
            if !pipeline.is_empty() {
                check_name(&pipeline)?;
            }
            self.bulk.batch.groups.push(Group { facts: facts(&index, &pipeline), len: 0 });
            self.shared = Some(shared);
        }
        Ok(())
    }
}

fn facts(index: &str, pipeline: &str) -> Facts {
    let mut facts = Facts::of_format("json");
    facts.attributes.push((INDEX.to_owned(), index.to_owned()));
    if !pipeline.is_empty() {
        facts.attributes.push((PIPELINE.to_owned(), pipeline.to_owned()));
    }
    facts
}

fn check_name(name: &str) -> Result<(), Reason> {
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Reason::Malformed(format!(
            "the name of an index or pipeline has 1 to {MAX_NAME} bytes and no control characters"
        )));
    }
    Ok(())
}

fn check_document(
    validator: &mut Validator,
    text: &[u8],
    limits: &Limits,
    is_utf8: bool,
) -> Result<(), Reason> {
    if text.len() > limits.max_event {
        return Err(Reason::TooLarge { len: text.len(), max: limits.max_event });
    }
    validator.document(text)?;
    if !is_utf8 {
        let _text = simdutf8::compat::from_utf8(text).map_err(|error| Reason::Utf8(error.valid_up_to()))?;
    }
    if text.get(skip_space(text, 0)) == Some(&b'{') { Ok(()) } else { Err(Reason::NotAnObject) }
}

/// The lines of a body, each of which has to end.
struct Lines<'a> {
    body: &'a [u8],
    at: usize,
    /// The last line's number, from 1.
    number: usize,
}

impl Lines<'_> {
    /// The next line without its end; an empty range for a blank one.
    fn next(&mut self) -> Result<Option<Range<usize>>, BulkError> {
        let start = self.at;
        let rest = self.body.get(start..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let len = memchr::memchr(b'\n', rest).ok_or(BulkError::NotTerminated)?;
        self.at = start + len + 1;
        self.number += 1;
        let line = rest.get(..len).unwrap_or_default();
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(Some(start..start));
        }
        Ok(Some(start..start + len - usize::from(line.ends_with(b"\r"))))
    }
}
