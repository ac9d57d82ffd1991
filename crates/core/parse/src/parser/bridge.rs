//! [`Parser::read`] and [`Parser::write`]: what [`Parser::parse`] does, in two halves with rules between them.

use super::{
    Line, Marks, Mismatch, Parsed, Parser, Readers, Reading, bounded, place_tags, received, text_of_body,
};
use std::borrow::Cow;
use std::cell::OnceCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use forebay_record::RawEvent;
use vrl::value::Value as Vrl;

use crate::budget::Guard;
use crate::config::OnUnparsed;
use crate::failure::ParseFailure;
use crate::json::{JsonError, Limits};
use crate::shape::{EventTime, Mode, Shape};
use crate::tree::{Key, NodeId, ROOT, Tree, Value};
use crate::value::plant::{Planter, TooMany};
use crate::value::reap::{Reaper, timestamp};
use crate::value::{Origin, OutputSchema, ReadEvent, WriteOptions};
use crate::{Format, document, facts, otel};

impl Parser {
    /// Reads the event as a value. `format` stands in for the declared one.
    ///
    /// # Errors
    /// As [`Parser::parse`], and when arrays have more elements than `max_values`. `out` is then of no use.
    pub fn read(
        &mut self,
        event: &RawEvent<'_>,
        format: Option<&str>,
        now_ms: i64,
        out: &mut ReadEvent,
    ) -> Result<(), ParseFailure> {
        let text = text_of_body(event);
        let received = received(event, now_ms);
        let declared = self.declared(format.unwrap_or(event.format))?;
        let origin = &mut out.origin;
        origin.clear();
        origin.marks = Marks { invalid_utf8: matches!(text, Cow::Owned(_)), ..Marks::default() };
        origin.body = Bytes::copy_from_slice(text.as_bytes());

        let tree = Tree::new(std::mem::take(&mut self.storage));
        let mut shape = Shape::new(tree, &self.clock, received, &mut self.scratch);
        shape.keeps_members = true;
        let limits = Limits { depth: self.config.max_depth, nodes: self.config.max_values };
        let mut readers = Readers { custom: &mut self.custom, memory: &mut self.memory, clock: &self.clock };
        let (inner, line) = (OnceCell::new(), Line::of(event, &text, received, limits));
        let found = readers.take_in(declared, line, &inner, &mut shape).and_then(|reading| {
            origin.marks.invalid_utf8 &= reading.is_text(event.body);
            let value = take_value(&shape, &reading, &text, origin, self.config.max_values)?;
            Ok((reading.format, value))
        });
        let failure = match found {
            Ok((format, value)) => {
                (out.value, origin.format) = (value, format);
                None
            }
            Err(mismatch) if self.config.on_unparsed == OnUnparsed::PassRaw => {
                origin.marks.unparsed = true;
                origin.mismatch = Some(mismatch.error_type);
                origin.order.clear();
                origin.huge.clear();
                (origin.format, origin.placed) = (Format::Raw, true);
                let message = Vrl::Bytes(origin.body.clone());
                out.value = Vrl::Object([("message".into(), message)].into());
                None
            }
            Err(mismatch) => Some(mismatch),
        };
        self.storage = shape.tree.into_storage();
        match failure {
            None => Ok(()),
            Some(mismatch) => Err(mismatch.failure(&text, self.custom.name_of(declared))),
        }
    }

    /// Appends the document of a value that [`Parser::read`] gave, or rules made of it, to `out.document` and fills in
    /// the rest of `out`.
    ///
    /// Rules may leave something else than an object: a scalar or an array becomes the message, null an event without
    /// members. Bytes that are no UTF-8 are replaced.
    ///
    /// # Errors
    /// `too_many_values` when the value has more than twice as many values as an event may have. `out.document` is then
    /// as it was.
    pub fn write(
        &mut self,
        event: &RawEvent<'_>,
        value: &Vrl,
        origin: &Origin,
        options: &WriteOptions<'_>,
        now_ms: i64,
        out: &mut Parsed,
    ) -> Result<(), ParseFailure> {
        let received = received(event, now_ms);
        let mut marks = Marks { clamped: false, ..origin.marks };
        let tree = Tree::new(std::mem::take(&mut self.storage));
        let mut shape = Shape::new(tree, &self.clock, received, &mut self.scratch);
        shape.mode = match options.schema {
            OutputSchema::Raw => Mode::Raw,
            _ if origin.placed => Mode::Replace,
            _ => Mode::Place,
        };
        facts::place_ours(&mut shape, event, received);
        for (name, text) in options.labels {
            shape.labelled(name, Value::Text(Cow::Borrowed(*text)));
        }
        if let Some(error_type) = origin.mismatch {
            shape.labelled("parse_error", Value::Text(Cow::Borrowed(error_type)));
        }
        let limit = self.config.max_values.saturating_mul(2);
        let mut planter =
            Planter { tree: &mut shape.tree, origin, max_depth: self.config.max_depth, left: limit };
        let planted = match value {
            Vrl::Object(members) => planter.event(members),
            other => plant_message(&mut planter, other),
        };
        let Ok(members) = planted else {
            self.storage = shape.tree.into_storage();
            return Err(ParseFailure {
                error_type: "too_many_values",
                reason: format!("the rules made more than {limit} values of one event: have them make fewer"),
                near: None,
                format: self.custom.name_of(origin.format),
            });
        };
        let body = otel::structured_body(&mut shape.tree, members, options.schema);
        let time = match shape.mode {
            Mode::Replace => shape.place_again(members, |name| origin.order.is_at_top(name)),
            _ => shape.place_members(members),
        };
        let time = original(time, origin);
        facts::place_theirs(&mut shape, event);
        if marks.invalid_utf8 && options.keeps_broken_body {
            shape.unmapped("body_base64", Value::Text(Cow::Owned(STANDARD.encode(event.body))));
        }
        let (event_ms, rejected) = bounded(&self.config, event, received, time);
        if let Some(original) = rejected {
            marks.clamped = true;
            shape.labelled("original_timestamp", original);
        }
        let target = if options.target.is_empty() { event.tenant } else { options.target };
        if shape.is_beyond_schema() {
            shape.guard(&mut Guard::new(&self.guards, &mut self.lane, target, event_ms), options.labels);
        }
        place_tags(&mut shape, marks);
        match options.schema {
            OutputSchema::Ecs | OutputSchema::Raw => {
                document::write(&shape.tree, event_ms, &mut out.document);
            }
            OutputSchema::Otel => {
                let is_otlp = origin.format == Format::Otlp;
                otel::write(&shape.tree, event.id, body, event_ms, is_otlp, &mut out.document);
            }
        }
        (out.event_ms, out.format, out.marks) = (event_ms, origin.format, marks);
        self.storage = shape.tree.into_storage();
        Ok(())
    }
}

/// What a reader found, as a value: the members that it left where they were, and what it placed itself.
pub(super) fn take_value(
    shape: &Shape<'_, '_>,
    reading: &Reading<'_>,
    text: &str,
    origin: &mut Origin,
    max: usize,
) -> Result<Vrl, Mismatch> {
    origin.placed = shape.members.is_none();
    let (stamp, ms) = match &reading.time {
        EventTime::At(ms, stamp) => (crate::shape::text_of(stamp), Some(*ms)),
        EventTime::Unknown | EventTime::Unreadable(_) => (None, None),
    };
    let events: &[NodeId] = match &shape.members {
        Some(members) => &[*members, ROOT],
        None => &[ROOT],
    };
    let reaper = Reaper::new(&shape.tree, text, origin, max);
    let mut value = reaper.event(events).map_err(|error: JsonError| Mismatch {
        error_type: error.error_type(),
        reason: error.to_string(),
        at: None,
    })?;
    if let (Some(ms), Vrl::Object(members)) = (ms, &mut value) {
        let _none = members.insert("@timestamp".into(), timestamp(ms));
        origin.stamp = stamp.map(|stamp| (ms, Bytes::copy_from_slice(stamp.as_bytes())));
    }
    Ok(value)
}

/// An event whose message is a value that isn't an object.
fn plant_message<'a>(planter: &mut Planter<'_, 'a>, value: &'a Vrl) -> Result<NodeId, TooMany> {
    let event = planter.tree.push(Key::Clean(""), Value::Object(Default::default(), Default::default()));
    if value.is_null() {
        return Ok(event);
    }
    let message = planter.node(Key::Clean("message"), value, 1, 1)?;
    if !planter.tree.value(message).is_scalar() {
        let json = document::json_of(planter.tree, planter.tree.value(message));
        planter.tree.set_value(message, Value::Text(Cow::Owned(json)));
    }
    planter.tree.append(event, message);
    Ok(event)
}

/// The event's time as it was written, if it still is what the reader found.
fn original<'a>(time: EventTime<'a>, origin: &'a Origin) -> EventTime<'a> {
    match (time, &origin.stamp) {
        (EventTime::At(ms, Value::Time(_)), Some((read, stamp))) if ms == *read => {
            EventTime::At(ms, Value::Text(String::from_utf8_lossy(stamp)))
        }
        (time, _) => time,
    }
}
