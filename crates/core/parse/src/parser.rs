//! The parser: picks the reader, bounds the time, writes the document.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_record::RawEvent;

use crate::auto::{self, Memory};
use crate::config::{self, ConfigError, Custom, OnUnparsed, ParseConfig};
use crate::ecs::Field;
use crate::failure::{ParseFailure, excerpt};
use crate::formats::{Context, container, journald};
use crate::json::{self, Limits, Root};
use crate::shape::{EventTime, Scratch, Shape, text_of};
use crate::timestamp::Clock;
use crate::tree::{Key, ROOT, Storage, Tree, Value};
use crate::{Format, document, facts};

/// Turns events into documents. One for each lane: it keeps memory between events and no locks.
#[derive(Debug)]
pub struct Parser {
    config: ParseConfig,
    default_format: Format,
    custom: Custom,
    clock: Clock,
    memory: Memory,
    storage: Storage,
    scratch: Scratch,
}

/// What became of an event. The caller keeps it between events and clears `document` when it likes.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The document is appended here: one JSON object, no line break, neither inside nor after.
    pub document: Vec<u8>,
    /// The event's time in milliseconds since the Unix epoch: the document's `@timestamp`.
    pub event_ms: i64,
    /// The format that it was read in; never [`Format::Auto`].
    pub format: Format,
    /// What was out of the ordinary.
    pub marks: Marks,
}

/// What was out of the ordinary about an event; each stands among the document's `tags` too.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Marks {
    /// `_timestamp_clamped`: its time was out of bounds or unreadable, and the time of receipt was taken.
    pub clamped: bool,
    /// `_unparsed`: it isn't in its declared format and was passed on as text.
    pub unparsed: bool,
    /// `_invalid_utf8`: bytes that are no UTF-8 were replaced; the body is in `unmapped.body_base64`.
    pub invalid_utf8: bool,
}

/// What a reader found.
struct Reading<'a> {
    format: Format,
    time: EventTime<'a>,
}

/// Why a reader found nothing.
struct Mismatch {
    error_type: &'static str,
    reason: String,
}

// === impl Parser ===

impl Parser {
    /// A parser for this configuration.
    ///
    /// # Errors
    /// When the configuration names what doesn't exist, or has an expression that is none.
    pub fn new(config: ParseConfig) -> Result<Self, ConfigError> {
        let config::Checked { default_format, custom, clock } = config.check()?;
        let (memory, storage, scratch) = Default::default();
        Ok(Self { config, default_format, custom, clock, memory, storage, scratch })
    }

    /// Appends the event's document to `out.document` and fills in the rest of `out`.
    ///
    /// `now_ms` (milliseconds since the Unix epoch) stands in for the time of receipt of an event that has none.
    ///
    /// # Errors
    /// When the event isn't in its declared format, unless the configuration passes such events on as text, and when
    /// nobody knows the format. `out.document` is then as it was.
    pub fn parse(&mut self, event: &RawEvent<'_>, now_ms: i64, out: &mut Parsed) -> Result<(), ParseFailure> {
        let body = event.body.strip_suffix(b"\n").unwrap_or(event.body);
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        let text = match simdutf8::basic::from_utf8(body) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(body),
        };
        let invalid_utf8 = matches!(text, Cow::Owned(_));
        let received = if event.received_at == 0 { now_ms } else { facts::millis(event.received_at) };
        let declared = match event.format {
            "" => self.default_format,
            name => match self.custom.find(name) {
                Some(format) => format,
                None => return Err(self.unknown(name)),
            },
        };

        let tree = Tree::new(std::mem::take(&mut self.storage));
        let mut shape = Shape::new(tree, &self.clock, received, &mut self.scratch);
        facts::place_ours(&mut shape, event, received);
        let limits = Limits { depth: self.config.max_depth, nodes: self.config.max_values };
        let mut readers = Readers { custom: &mut self.custom, memory: &mut self.memory, clock: &self.clock };
        let context = Context { clock: &self.clock, received, limits, body: event.body };
        let unescaped;
        let (wrapped, wrapping) = match container::unwrap(declared, &text, context, &mut shape.tree) {
            Some((Cow::Borrowed(line), wrapping)) => (Some(line), Some(wrapping)),
            Some((Cow::Owned(line), wrapping)) => {
                unescaped = line;
                (Some(unescaped.as_str()), Some(wrapping))
            }
            None => (None, None),
        };
        let line = Line {
            text: wrapped.unwrap_or(&text),
            stream: event.stream,
            body: wrapped.map_or(event.body, str::as_bytes),
            received,
            limits,
        };
        let format = if wrapped.is_some() { Format::Auto } else { declared };

        let mut marks = Marks { invalid_utf8, ..Marks::default() };
        let mut reading = match readers.read(format, line, &mut shape) {
            Ok(reading) => reading,
            Err(mismatch) if self.config.on_unparsed == OnUnparsed::PassRaw => {
                marks.unparsed = true;
                shape.labelled("parse_error", Value::Text(Cow::Borrowed(mismatch.error_type)));
                read_raw(&text, &mut shape)
            }
            Err(Mismatch { error_type, reason }) => {
                self.storage = shape.tree.into_storage();
                return Err(ParseFailure { error_type, reason, format: self.custom.name_of(declared) });
            }
        };
        if let Some(wrapping) = wrapping {
            reading = Reading { format: wrapping.format, time: wrapping.place(reading.time, &mut shape) };
        }
        facts::place_theirs(&mut shape, event);
        // The lengths in a journal's entry are no text.
        marks.invalid_utf8 &= reading.format != Format::Journald || !journald::is_text(event.body);
        if marks.invalid_utf8 {
            let body = Cow::Owned(STANDARD.encode(event.body));
            shape.unmapped("body_base64", Value::Text(body));
        }
        let observed = if event.observed_at == 0 { received } else { facts::millis(event.observed_at) };
        let bounds = received.saturating_sub(self.config.max_age_ms)
            ..=received.saturating_add(self.config.max_future_ms);
        let (event_ms, rejected) = match reading.time {
            EventTime::Unknown => (Some(observed).filter(|ms| bounds.contains(ms)).unwrap_or(received), None),
            EventTime::At(ms, _) if bounds.contains(&ms) => (ms, None),
            EventTime::At(_, original) | EventTime::Unreadable(original) => (received, Some(original)),
        };
        if let Some(original) = rejected {
            marks.clamped = true;
            shape.labelled("original_timestamp", original);
        }
        place_tags(&mut shape, marks);
        document::write(&shape.tree, event_ms, &mut out.document);
        (out.event_ms, out.format, out.marks) = (event_ms, reading.format, marks);
        self.storage = shape.tree.into_storage();
        Ok(())
    }

    fn unknown(&self, name: &str) -> ParseFailure {
        ParseFailure {
            error_type: "unknown_format",
            reason: format!("{} is no format; there are {}", excerpt(name, 0), self.custom.known()),
            format: name.chars().take(64).collect(),
        }
    }
}

/// One event's text, and what a reader has to know besides.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    stream: &'a str,
    /// The event's bytes, of which the text was made.
    body: &'a [u8],
    received: i64,
    limits: Limits,
}

/// All readers.
struct Readers<'p> {
    custom: &'p mut Custom,
    memory: &'p mut Memory,
    clock: &'p Clock,
}

// === impl Readers ===

impl Readers<'_> {
    fn read<'a>(
        &mut self,
        format: Format,
        line: Line<'a>,
        shape: &mut Shape<'a, '_>,
    ) -> Result<Reading<'a>, Mismatch> {
        let Line { text, limits, .. } = line;
        let found = match format {
            Format::Auto => return Ok(self.find(line, shape)),
            Format::Json => return read_json(text, limits, shape),
            Format::Raw => return Ok(read_raw(text, shape)),
            Format::Regex(at) => {
                let pattern = self.custom.patterns.get_mut(usize::from(at));
                let event = pattern.and_then(|pattern| pattern.read(text, &mut shape.tree));
                event.map(|event| Reading { format, time: shape.place_members(event) })
            }
            Format::Grok(at) => {
                let pattern = self.custom.groks.get_mut(usize::from(at));
                let event = pattern.and_then(|pattern| pattern.read(text, &mut shape.tree));
                event.map(|event| Reading { format, time: shape.place_members(event) })
            }
            Format::Csv(at) => {
                let table = self.custom.tables.get_mut(usize::from(at));
                let time = table.and_then(|table| table.read(text, limits.nodes, shape));
                time.map(|time| Reading { format, time })
            }
            format => self.read_text(format, line, shape),
        };
        found.ok_or_else(|| Mismatch::of(format, text))
    }

    /// Reads a line in a format of the table.
    fn read_text<'a>(
        &self,
        format: Format,
        line: Line<'a>,
        shape: &mut Shape<'a, '_>,
    ) -> Option<Reading<'a>> {
        let Line { text, body, received, limits, .. } = line;
        let context = Context { clock: self.clock, received, limits, body };
        let time = (format.reader()?.read)(text, context, shape)?;
        Some(Reading { format, time })
    }

    /// Reads a line in whatever format it is in; text, if in none.
    fn find<'a>(&mut self, line: Line<'a>, shape: &mut Shape<'a, '_>) -> Reading<'a> {
        let known = self.memory.recall(line.stream);
        let likely = auto::candidates(line.text).find(|format| *format == known);
        let others = auto::candidates(line.text).filter(|format| Some(*format) != likely);
        let mut found =
            likely.into_iter().chain(others).filter_map(|format| self.read_text(format, line, shape));
        let found = match found.next() {
            None if auto::begins_like_json(line.text) => read_json(line.text, line.limits, shape).ok(),
            found => found,
        };
        let Some(reading) = found else { return read_raw(line.text, shape) };
        if reading.format != known {
            self.memory.learn(line.stream, reading.format);
        }
        reading
    }
}

impl Mismatch {
    fn of(format: Format, text: &str) -> Self {
        Self {
            error_type: "format_mismatch",
            reason: format!("not in the format {format}: {}", excerpt(text, 0)),
        }
    }
}

fn read_json<'a>(text: &'a str, limits: Limits, shape: &mut Shape<'a, '_>) -> Result<Reading<'a>, Mismatch> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    match json::scan(text, limits, &mut shape.tree) {
        Ok(Root::Object(event)) => Ok(Reading { format: Format::Json, time: shape.place_members(event) }),
        Ok(Root::Other(id)) => {
            let message = match shape.tree.value(id) {
                Value::Array(_, source) => Cow::Borrowed(source.raw),
                Value::Json(json) if !json.starts_with('"') => json.clone(),
                Value::Huge(json) => Cow::Borrowed(*json),
                value => Cow::Owned(text_of(value).unwrap_or_default().into_owned()),
            };
            let _free = shape.set(Field::Message, Value::Text(message));
            Ok(Reading { format: Format::Json, time: EventTime::Unknown })
        }
        Err(error) => {
            let near = error.at().map(|at| format!(", near {}", excerpt(text, at))).unwrap_or_default();
            Err(Mismatch { error_type: error.error_type(), reason: format!("{error}{near}") })
        }
    }
}

fn read_raw<'a>(text: &'a str, shape: &mut Shape<'a, '_>) -> Reading<'a> {
    let _free = shape.set_text(Field::Message, text);
    Reading { format: Format::Raw, time: EventTime::Unknown }
}

/// Adds our tags to those that the event has.
fn place_tags(shape: &mut Shape<'_, '_>, marks: Marks) {
    if marks == Marks::default() {
        return;
    }
    let names = [
        (marks.clamped, "_timestamp_clamped"),
        (marks.unparsed, "_unparsed"),
        (marks.invalid_utf8, "_invalid_utf8"),
    ];
    let ours = names.into_iter().filter(|(set, _)| *set).map(|(_, name)| format!("\"{name}\""));
    let ours = ours.collect::<Vec<_>>().join(",");
    let Some(tags) = shape.tree.find(ROOT, "tags") else {
        let _id = shape.tree.add(ROOT, Key::Clean("tags"), Value::Json(Cow::Owned(format!("[{ours}]"))));
        return;
    };
    let all = match shape.tree.value(tags) {
        Value::Array(_, source) => {
            let mut theirs = Vec::new();
            document::push_compact(&mut theirs, source.raw);
            let theirs = String::from_utf8_lossy(&theirs);
            match theirs.strip_suffix(']') {
                Some("[") | None => format!("[{ours}]"),
                Some(theirs) => format!("{theirs},{ours}]"),
            }
        }
        Value::Json(json) => format!("[{json},{ours}]"),
        value => {
            let mut json = Vec::new();
            document::push_string(&mut json, &text_of(value).unwrap_or_default());
            format!("[{},{ours}]", String::from_utf8_lossy(&json))
        }
    };
    shape.tree.set_value(tags, Value::Json(Cow::Owned(all)));
}
