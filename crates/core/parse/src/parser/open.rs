//! [`Parser::open`]: what [`Parser::parse`] does, with rules in the middle that look at single fields.

use std::borrow::Cow;
use std::cell::OnceCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use forebay_record::RawEvent;

use super::bridge::take_value;
use super::{Line, Marks, Parsed, Parser, Readers, Reading, bounded, place_tags, received, text_of_body};
use crate::budget::Guard;
use crate::config::OnUnparsed;
use crate::failure::ParseFailure;
use crate::json::Limits;
use crate::open::{Given, OpenEvent, Parts};
use crate::shape::Shape;
use crate::tree::{Tree, Value};
use crate::value::{ReadEvent, WriteOptions};
use crate::{document, facts};

/// What comes next for an open event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next<N> {
    /// It is written.
    Write(Writing),
    /// Rules need it as a value.
    Value,
    /// It ends here.
    End(N),
}

/// How an open event is written, beyond what was known when it was read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Writing {
    /// A label more: name and text.
    pub label: Option<(&'static str, String)>,
    /// What counts as one target for the budget of fields, without the day; the tenant if empty.
    pub target: String,
}

/// What became of an open event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Opened<N> {
    /// Its document is there.
    Written,
    /// It is a value now, as [`Parser::read`] gives it, with what was done to it.
    Value,
    /// It is in no format, or has too many values for one, and passes as text: a value of its text alone, to which nothing was
    /// done yet.
    Text,
    /// It ended.
    Ended(N),
}

impl Parser {
    /// Reads the event, has `work` look at it and change it, and appends its document to `out.document`; or makes a value
    /// of it where that is asked for, and where the event is too odd for anything else. `as_format` stands in for the
    /// declared one.
    ///
    /// Of `options` the schema and the target don't count: it is always [`crate::OutputSchema::Ecs`].
    ///
    /// # Errors
    /// As [`Parser::read`].
    #[expect(clippy::too_many_arguments, reason = "what `read` and `write` take together")]
    pub fn open<N>(
        &mut self,
        event: &RawEvent<'_>,
        as_format: Option<&str>,
        options: &WriteOptions<'_>,
        now_ms: i64,
        read: &mut ReadEvent,
        out: &mut Parsed,
        work: impl FnOnce(&mut OpenEvent<'_, '_>) -> Next<N>,
    ) -> Result<Opened<N>, ParseFailure> {
        let text = text_of_body(event);
        let received = received(event, now_ms);
        let declared = self.declared(as_format.unwrap_or(event.format))?;
        let origin = &mut read.origin;
        origin.clear();
        let mut marks = Marks { invalid_utf8: matches!(text, Cow::Owned(_)), ..Marks::default() };

        // Before the tree, which borrows from it.
        let given = Given::default();
        let tree = Tree::new(std::mem::take(&mut self.storage));
        let mut shape = Shape::new(tree, &self.clock, received, &mut self.scratch);
        shape.keeps_members = true;
        let limits = Limits { depth: self.config.max_depth, nodes: self.config.max_values };
        let mut readers = Readers { custom: &mut self.custom, memory: &mut self.memory, clock: &self.clock };
        let (inner, line) = (OnceCell::new(), Line::of(event, &text, received, limits));
        let reading = match readers.take_in(declared, line, &inner, &mut shape) {
            Ok(reading) => reading,
            Err(mismatch) => {
                self.storage = shape.tree.into_storage();
                if self.config.on_unparsed == OnUnparsed::PassRaw {
                    // Rare: read once more, as text.
                    return self.read(event, as_format, now_ms, read).map(|()| Opened::Text);
                }
                return Err(mismatch.failure(&text, self.custom.name_of(declared)));
            }
        };
        marks.invalid_utf8 &= reading.is_text(event.body);
        origin.marks = marks;
        let (format, max_values) = (reading.format, self.config.max_values);
        let parts = Parts {
            shape,
            format,
            time: reading.time,
            text: &text,
            origin,
            given: &given,
            max_depth: self.config.max_depth,
            max_values,
        };
        let mut open = OpenEvent::new(parts);
        let next = if open.is_plain() { work(&mut open) } else { Next::Value };
        if matches!(next, Next::Write(_)) {
            open.settle();
        }
        let OpenEvent { mut shape, time, origin, pending, .. } = open;
        let writing = match next {
            Next::Write(writing) => writing,
            Next::End(end) => {
                self.storage = shape.tree.into_storage();
                return Ok(Opened::Ended(end));
            }
            Next::Value => {
                // Noted anew: strings of the body that rules moved still lie in the same copy of it.
                let body = std::mem::take(&mut origin.body);
                origin.clear();
                origin.body = if body.is_empty() { Bytes::copy_from_slice(text.as_bytes()) } else { body };
                (origin.marks, origin.format) = (marks, format);
                let taken = take_value(&shape, &Reading { format, time }, &text, origin, max_values);
                self.storage = shape.tree.into_storage();
                return match taken {
                    Ok(mut value) => {
                        OpenEvent::settle_value(pending, &mut value);
                        read.value = value;
                        Ok(Opened::Value)
                    }
                    Err(_) if self.config.on_unparsed == OnUnparsed::PassRaw => {
                        self.read(event, as_format, now_ms, read).map(|()| Opened::Text)
                    }
                    Err(mismatch) => Err(mismatch.failure(&text, self.custom.name_of(declared))),
                };
            }
        };

        facts::place_ours(&mut shape, event, received);
        for (name, text) in options.labels {
            shape.labelled(name, Value::Text(Cow::Borrowed(*text)));
        }
        let mut free = Cow::Borrowed(options.labels);
        if let Some((name, text)) = &writing.label {
            shape.labelled(name, Value::Text(Cow::Owned(text.clone())));
            free.to_mut().push((name, text));
        }
        let time = match shape.members.take() {
            Some(members) => shape.place_members(members),
            None => time,
        };
        facts::place_theirs(&mut shape, event);
        if marks.invalid_utf8 && options.keeps_broken_body {
            shape.unmapped("body_base64", Value::Text(Cow::Owned(STANDARD.encode(event.body))));
        }
        let (event_ms, rejected) = bounded(&self.config, event, received, time);
        if let Some(original) = rejected {
            marks.clamped = true;
            shape.labelled("original_timestamp", original);
        }
        let target = if writing.target.is_empty() { event.tenant } else { &writing.target };
        if shape.is_beyond_schema() {
            shape.guard(&mut Guard::new(&self.guards, &mut self.lane, target, event_ms), &free);
        }
        place_tags(&mut shape, marks);
        document::write(&shape.tree, event_ms, &mut out.document);
        (out.event_ms, out.format, out.marks) = (event_ms, format, marks);
        self.storage = shape.tree.into_storage();
        Ok(Opened::Written)
    }
}
