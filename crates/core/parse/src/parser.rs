//! The parser: picks the reader, bounds the time, writes the document.

mod bridge;
mod open;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::OnceCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_record::RawEvent;

use crate::auto::{self, Memory};
use crate::budget::{FieldBudget, Guard, Guards, LaneFields};
use crate::config::{self, ConfigError, Custom, OnUnparsed, ParseConfig};
use crate::ecs::Field;
use crate::failure::{Near, ParseFailure};
use crate::formats::{Context, container, journald};
use crate::json::{self, Limits, Root};
use crate::shape::{EventTime, Scratch, Shape, text_of};
use crate::timestamp::Clock;
use crate::tree::{Key, Kind, ROOT, Storage, Tree, Value};
use crate::{Format, document, facts};

pub use open::{Next, Opened, Writing};

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
    guards: Guards,
    lane: Option<LaneFields>,
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
    /// The byte of the event's text that it is about, and what leads there from the reason.
    at: Option<(&'static str, usize)>,
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
        let (guards, lane) = Default::default();
        Ok(Self { config, default_format, custom, clock, memory, storage, scratch, guards, lane })
    }

    /// Appends the event's document to `out.document` and fills in the rest of `out`.
    ///
    /// `now_ms` (milliseconds since the Unix epoch) stands in for the time of receipt of an event that has none.
    ///
    /// # Errors
    /// When the event isn't in its declared format, unless the configuration passes such events on as text, and when
    /// nobody knows the format. `out.document` is then as it was.
    pub fn parse(&mut self, event: &RawEvent<'_>, now_ms: i64, out: &mut Parsed) -> Result<(), ParseFailure> {
        self.parse_as(event, None, &[], now_ms, out)
    }

    /// The same, with a `format` that stands in for the declared one, and labels of the caller, which no event can take. Names
    /// of labels have no dots.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_as(
        &mut self,
        event: &RawEvent<'_>,
        format: Option<&str>,
        labels: &[(&str, &str)],
        now_ms: i64,
        out: &mut Parsed,
    ) -> Result<(), ParseFailure> {
        let text = text_of_body(event);
        let invalid_utf8 = matches!(text, Cow::Owned(_));
        let received = received(event, now_ms);
        let declared = self.declared(format.unwrap_or(event.format))?;

        let tree = Tree::new(std::mem::take(&mut self.storage));
        let mut shape = Shape::new(tree, &self.clock, received, &mut self.scratch);
        facts::place_ours(&mut shape, event, received);
        for (name, text) in labels {
            shape.labelled(name, Value::Text(Cow::Borrowed(*text)));
        }
        let limits = Limits { depth: self.config.max_depth, nodes: self.config.max_values };
        let mut readers = Readers { custom: &mut self.custom, memory: &mut self.memory, clock: &self.clock };
        let (inner, line) = (OnceCell::new(), Line::of(event, &text, received, limits));
        let mut marks = Marks { invalid_utf8, ..Marks::default() };
        let reading = match readers.take_in(declared, line, &inner, &mut shape) {
            Ok(reading) => reading,
            Err(mismatch) if self.config.on_unparsed == OnUnparsed::PassRaw => {
                marks.unparsed = true;
                shape.labelled("parse_error", Value::Text(Cow::Borrowed(mismatch.error_type)));
                read_raw(&text, &mut shape)
            }
            Err(mismatch) => {
                self.storage = shape.tree.into_storage();
                return Err(mismatch.failure(&text, self.custom.name_of(declared)));
            }
        };
        facts::place_theirs(&mut shape, event);
        marks.invalid_utf8 &= reading.is_text(event.body);
        if marks.invalid_utf8 {
            let body = Cow::Owned(STANDARD.encode(event.body));
            shape.unmapped("body_base64", Value::Text(body));
        }
        let (event_ms, rejected) = bounded(&self.config, event, received, reading.time);
        if let Some(original) = rejected {
            marks.clamped = true;
            shape.labelled("original_timestamp", original);
        }
        let has_budget = self.guards.all_events && self.lane.is_some();
        if shape.is_beyond_schema() && (has_budget || shape.tree.len() > self.guards.max_fields) {
            let mut guard = Guard::new(&self.guards, &mut self.lane, event.tenant, event_ms);
            shape.guard(&mut guard, labels);
        }
        place_tags(&mut shape, marks);
        document::write(&shape.tree, event_ms, &mut out.document);
        (out.event_ms, out.format, out.marks) = (event_ms, reading.format, marks);
        self.storage = shape.tree.into_storage();
        Ok(())
    }

    /// Sets what documents may have beyond the schema.
    pub fn set_guards(&mut self, guards: Guards) {
        self.lane = guards.budget.as_ref().map(FieldBudget::lane);
        self.guards = guards;
    }

    fn declared(&self, name: &str) -> Result<Format, ParseFailure> {
        match name {
            "" => Ok(self.default_format),
            name => self.custom.find(name).ok_or_else(|| self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> ParseFailure {
        ParseFailure {
            error_type: "unknown_format",
            reason: format!("is no format; there are {}", self.custom.known()),
            near: Some(Near::new("", name, 0)),
            format: name.chars().take(64).collect(),
        }
    }
}

/// The body without its line break; bytes that are no UTF-8 are replaced.
fn text_of_body<'a>(event: &RawEvent<'a>) -> Cow<'a, str> {
    let body = event.body.strip_suffix(b"\n").unwrap_or(event.body);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    match simdutf8::basic::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(body),
    }
}

/// When ingest took the event.
fn received(event: &RawEvent<'_>, now_ms: i64) -> i64 {
    if event.received_at == 0 { now_ms } else { facts::millis(event.received_at) }
}

/// The time that an event is filed under, and what it said instead if that is out of bounds.
fn bounded<'a>(
    config: &ParseConfig,
    event: &RawEvent<'_>,
    received: i64,
    time: EventTime<'a>,
) -> (i64, Option<Value<'a>>) {
    let observed = if event.observed_at == 0 { received } else { facts::millis(event.observed_at) };
    let bounds = received.saturating_sub(config.max_age_ms)..=received.saturating_add(config.max_future_ms);
    match time {
        EventTime::Unknown => (Some(observed).filter(|ms| bounds.contains(ms)).unwrap_or(received), None),
        EventTime::At(ms, _) if bounds.contains(&ms) => (ms, None),
        EventTime::At(_, original) | EventTime::Unreadable(original) => (received, Some(original)),
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

impl<'a> Line<'a> {
    /// All of an event.
    fn of(event: &RawEvent<'a>, text: &'a str, received: i64, limits: Limits) -> Self {
        Self { text, stream: event.stream, body: event.body, received, limits }
    }
}

impl Readers<'_> {
    /// Reads an event, and what is around its line, if it is wrapped. `inner` keeps a line that had escapes in it.
    fn take_in<'a>(
        &mut self,
        declared: Format,
        line: Line<'a>,
        inner: &'a OnceCell<String>,
        shape: &mut Shape<'a, '_>,
    ) -> Result<Reading<'a>, Mismatch> {
        let Line { text, body, received, limits, .. } = line;
        let context = Context { clock: self.clock, received, limits, body };
        let Some((unwrapped, wrapping)) = container::unwrap(declared, text, context, &mut shape.tree) else {
            return self.read(declared, line, shape);
        };
        let text = match unwrapped {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => inner.get_or_init(|| text),
        };
        shape.keeps_members = false;
        let reading = self.read(Format::Auto, Line { text, body: text.as_bytes(), ..line }, shape)?;
        Ok(Reading { format: wrapping.format, time: wrapping.place(reading.time, shape) })
    }

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
                event.map(|event| Reading { format, time: shape.place_event(event) })
            }
            Format::Grok(at) => {
                let pattern = self.custom.groks.get_mut(usize::from(at));
                let event = pattern.and_then(|pattern| pattern.read(text, &mut shape.tree));
                event.map(|event| Reading { format, time: shape.place_event(event) })
            }
            Format::Csv(at) => {
                let table = self.custom.tables.get_mut(usize::from(at));
                let time = table.and_then(|table| table.read(text, limits.nodes, shape));
                time.map(|time| Reading { format, time })
            }
            format => self.read_text(format, line, shape),
        };
        found.ok_or_else(|| Mismatch::of(format))
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

impl Reading<'_> {
    /// Whether bytes that are no UTF-8 are out of the ordinary: the lengths in a journal's entry are no text.
    fn is_text(&self, body: &[u8]) -> bool {
        self.format != Format::Journald || !journald::is_text(body)
    }
}

impl Mismatch {
    fn of(format: Format) -> Self {
        Self {
            error_type: "format_mismatch",
            reason: format!("not in the format {format}"),
            at: Some((": ", 0)),
        }
    }

    /// It as the failure of an event of this text.
    fn failure(self, text: &str, format: String) -> ParseFailure {
        let Self { error_type, reason, at } = self;
        let near = at.map(|(lead, at)| Near::new(lead, text, at));
        ParseFailure { error_type, reason, near, format }
    }
}

fn read_json<'a>(text: &'a str, limits: Limits, shape: &mut Shape<'a, '_>) -> Result<Reading<'a>, Mismatch> {
    let whole = text.len();
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    match json::scan(text, limits, &mut shape.tree) {
        Ok(Root::Object(event)) => Ok(Reading { format: Format::Json, time: shape.place_event(event) }),
        Ok(Root::Other(id)) => {
            let message = match shape.tree.value(id) {
                Value::Array(_, source) => Cow::Borrowed(source.raw),
                Value::Json(json) if !json.starts_with('"') => json.clone(),
                Value::Huge(json) => json.clone(),
                value => Cow::Owned(text_of(value).unwrap_or_default().into_owned()),
            };
            let _free = shape.set(Field::Message, Value::Text(message));
            Ok(Reading { format: Format::Json, time: EventTime::Unknown })
        }
        Err(error) => {
            let at = error.at().map(|at| (", near ", whole - text.len() + at));
            Err(Mismatch { error_type: error.error_type(), reason: error.to_string(), at })
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
        array @ Value::Array(..) => {
            let theirs = document::json_of(&shape.tree, array);
            // A list of one kind: numbers and the like become strings too.
            let is_flat = theirs.bytes().filter(|byte| *byte == b'[').count() == 1;
            let theirs = match array.kind() {
                Kind::Number | Kind::Bool if is_flat => {
                    let inner = theirs.trim_matches(['[', ']']).split(',');
                    format!("[{}]", inner.map(|scalar| format!("\"{scalar}\"")).collect::<Vec<_>>().join(","))
                }
                _ => theirs,
            };
            match theirs.strip_suffix(']') {
                Some("[") | None => format!("[{ours}]"),
                Some(theirs) => format!("{theirs},{ours}]"),
            }
        }
        Value::Json(json) if json.starts_with('"') => format!("[{json},{ours}]"),
        // A list of one kind.
        Value::Json(json) => format!("[\"{json}\",{ours}]"),
        Value::Integer(number) => format!("[\"{number}\",{ours}]"),
        value => {
            let mut json = Vec::new();
            document::push_string(&mut json, &text_of(value).unwrap_or_default());
            format!("[{},{ours}]", String::from_utf8_lossy(&json))
        }
    };
    shape.tree.set_value(tags, Value::Json(Cow::Owned(all)));
}
