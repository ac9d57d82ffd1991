//! The answers, written straight into one buffer: as Elasticsearch's, as far as clients look at them.
//!
//! There are no shards, versions or sequence numbers here, and all say so with the same numbers for every item, since
//! clients' types ask for them.

use std::io::Write;
use std::ops::Range;

use super::filter::Filter;
use super::{Bulk, Item};
use crate::ids::Ids;
use crate::rejections::Reason;

/// An answer that is written before the events are sent, so that nothing of the request has to be kept until they are.
#[derive(Debug)]
pub struct Answer {
    out: Vec<u8>,
    any: bool,
    took: bool,
}

const INDEX: u16 = 1;
const ID: u16 = 1 << 1;
const VERSION: u16 = 1 << 2;
const RESULT: u16 = 1 << 3;
const TOTAL: u16 = 1 << 4;
const SUCCESSFUL: u16 = 1 << 5;
const FAILED: u16 = 1 << 6;
const SHARDS: u16 = TOTAL | SUCCESSFUL | FAILED;
const SEQ_NO: u16 = 1 << 7;
const PRIMARY_TERM: u16 = 1 << 8;
const STATUS: u16 = 1 << 9;
const TYPE: u16 = 1 << 10;
const REASON: u16 = 1 << 11;
const ERROR: u16 = TYPE | REASON;

/// What items have that were taken, and what those have that were refused.
const OF_TAKEN: u16 = INDEX | ID | VERSION | RESULT | SHARDS | SEQ_NO | PRIMARY_TERM | STATUS;
const OF_REFUSED: u16 = INDEX | ID | STATUS | ERROR;

/// What an item takes in an answer, in bytes.
const LONG: usize = 200;
/// The same if there is little more than its status.
const SHORT: usize = 32;

/// The status and the type of error that Elasticsearch has for a reason.
#[must_use]
pub const fn error_of(reason: &Reason) -> (u16, &'static str) {
    match reason {
        Reason::TooLarge { .. } => (413, "content_too_long_exception"),
        Reason::Id(_) | Reason::Malformed(_) | Reason::Unsupported(_) => (400, "illegal_argument_exception"),
        _ => (400, "document_parsing_exception"),
    }
}

impl Answer {
    /// Writes the answer for when all events are taken. `index` is the one in the path, empty if there is none; `ids` are
    /// those that the events are sent with, from the start.
    #[must_use]
    pub fn new(bulk: &Bulk, index: &str, filter: Filter, ids: &mut Ids) -> Self {
        let all = filter.items.iter().fold(0, |all, mask| all | mask);
        let item = if all & (INDEX | ID) == 0 { SHORT } else { LONG };
        let shown = if all == 0 { 0 } else { bulk.items.len() };
        let mut out = Vec::with_capacity(64 + shown * item);
        let mut members = Members::begin(&mut out);
        if filter.errors {
            members.name("errors");
            let errors = bulk.items.len() != bulk.batch.events.len();
            members.out.extend_from_slice(if errors { b"true" } else { b"false" });
        }
        if shown > 0 {
            Items { body: &bulk.batch.bytes, index: quoted(index), filter }.write(bulk, &mut members, ids);
        }
        let any = members.any;
        Self { out, any, took: filter.took }
    }

    /// How many bytes it has, or soon will have.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.out.capacity()
    }

    /// The whole of it, with how long it took, in milliseconds.
    #[must_use]
    pub fn finish(self, took_ms: u64) -> Vec<u8> {
        let Self { mut out, any, took } = self;
        if took {
            push(&mut out, format_args!("{}\"took\":{took_ms}", if any { "," } else { "" }));
        }
        out.push(b'}');
        out
    }
}

/// The items of an answer.
struct Items<'a> {
    body: &'a [u8],
    /// The index in the path, as JSON.
    index: Vec<u8>,
    filter: Filter,
}

impl Items<'_> {
    /// Writes them; those of which nothing is wanted are left out, and so is the array if none is left.
    fn write(&self, bulk: &Bulk, members: &mut Members<'_>, ids: &mut Ids) {
        let wants_ids = self.filter.items.iter().any(|mask| mask & ID != 0);
        let mut events = bulk.batch.events.iter();
        let mut any = false;
        for item in &bulk.items {
            let made = match (&item.refused, &item.id) {
                (None, id) => {
                    let event = events.next().filter(|_| wants_ids && id.is_none());
                    event.map(|event| ids.next(event.line))
                }
                _ => None,
            };
            let mask =
                self.filter.of(item.action) & if item.refused.is_none() { OF_TAKEN } else { OF_REFUSED };
            if mask == 0 {
                continue;
            }
            if any {
                members.out.push(b',');
            } else {
                members.name("items");
                members.out.push(b'[');
                any = true;
            }
            let mut action = Members::begin(members.out);
            action.name(item.action.name());
            self.item(action.out, item, mask, made);
            action.end();
        }
        if any {
            members.out.push(b']');
        }
    }

    fn item(&self, out: &mut Vec<u8>, item: &Item, mask: u16, made: Option<&str>) {
        let raw = |range: &Option<Range<usize>>| range.clone().and_then(|range| self.body.get(range));
        let mut members = Members::begin(out);
        if mask & INDEX != 0 {
            members.name("_index");
            members.out.extend_from_slice(raw(&item.index).unwrap_or(&self.index));
        }
        if mask & ID != 0 {
            members.name("_id");
            match (raw(&item.id), made) {
                (Some(raw), _) if raw.starts_with(b"\"") => members.out.extend_from_slice(raw),
                (Some(raw), _) => push(members.out, format_args!("\"{}\"", String::from_utf8_lossy(raw))),
                (None, Some(made)) => push_quoted(members.out, made),
                (None, None) => members.out.extend_from_slice(b"null"),
            }
        }
        match &item.refused {
            None => taken(&mut members, mask),
            Some(reason) => refused(&mut members, mask, reason),
        }
        members.end();
    }
}

fn taken(members: &mut Members<'_>, mask: u16) {
    let constants: [(u16, &[u8]); 2] = [(VERSION, b"\"_version\":1"), (RESULT, b"\"result\":\"created\"")];
    for (bit, text) in constants {
        members.constant(mask & bit, text);
    }
    if mask & SHARDS == SHARDS {
        members.constant(SHARDS, b"\"_shards\":{\"total\":1,\"successful\":1,\"failed\":0}");
    } else if mask & SHARDS != 0 {
        members.name("_shards");
        let mut shards = Members::begin(members.out);
        shards.constant(mask & TOTAL, b"\"total\":1");
        shards.constant(mask & SUCCESSFUL, b"\"successful\":1");
        shards.constant(mask & FAILED, b"\"failed\":0");
        shards.end();
    }
    members.constant(mask & SEQ_NO, b"\"_seq_no\":0");
    members.constant(mask & PRIMARY_TERM, b"\"_primary_term\":1");
    members.constant(mask & STATUS, b"\"status\":201");
}

fn refused(members: &mut Members<'_>, mask: u16, reason: &Reason) {
    let (status, name) = error_of(reason);
    if mask & STATUS != 0 {
        members.name("status");
        push(members.out, format_args!("{status}"));
    }
    if mask & ERROR != 0 {
        members.name("error");
        let mut error = Members::begin(members.out);
        if mask & TYPE != 0 {
            error.name("type");
            push(error.out, format_args!("\"{name}\""));
        }
        if mask & REASON != 0 {
            error.name("reason");
            push_quoted(error.out, &reason.to_string());
        }
        error.end();
    }
}

/// The answer when what could be taken has to come again: those items get the status and the type of error after which clients
/// send single items again.
#[must_use]
pub fn put_off(items: &[Item], reason: &str, took_ms: u64) -> Vec<u8> {
    let reason = quoted(reason);
    let mut out = Vec::with_capacity(64 + items.len() * (LONG + reason.len()));
    push(&mut out, format_args!("{{\"errors\":true,\"took\":{took_ms},\"items\":["));
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let mut action = Members::begin(&mut out);
        action.name(item.action.name());
        let mut members = Members::begin(action.out);
        match &item.refused {
            Some(reason) => refused(&mut members, OF_REFUSED, reason),
            None => {
                members.constant(
                    1,
                    br#""status":429,"error":{"type":"es_rejected_execution_exception","reason":"#,
                );
                members.out.extend_from_slice(&reason);
                members.out.push(b'}');
            }
        }
        members.end();
        action.end();
    }
    out.extend_from_slice(b"]}");
    out
}

/// The answer to a single document that was taken.
#[must_use]
pub fn single(index: &str, id: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(LONG);
    let mut members = Members::begin(&mut out);
    members.name("_index");
    push_quoted(members.out, index);
    members.name("_id");
    push_quoted(members.out, id);
    taken(&mut members, OF_TAKEN & !STATUS);
    members.end();
    out
}

/// The answer to a request of which nothing was taken.
#[must_use]
pub fn failure(status: u16, name: &str, reason: &str) -> Vec<u8> {
    let (name, reason) = (quoted(name), quoted(reason));
    let mut out = Vec::with_capacity(128 + 2 * reason.len());
    let cause = |out: &mut Vec<u8>| {
        out.extend_from_slice(b"{\"type\":");
        out.extend_from_slice(&name);
        out.extend_from_slice(b",\"reason\":");
        out.extend_from_slice(&reason);
    };
    out.extend_from_slice(b"{\"error\":{\"root_cause\":[");
    cause(&mut out);
    out.extend_from_slice(b"}],");
    let mut detail = Vec::new();
    cause(&mut detail);
    out.extend_from_slice(detail.get(1..).unwrap_or_default());
    push(&mut out, format_args!("}},\"status\":{status}}}"));
    out
}

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    out
}

fn push_quoted(out: &mut Vec<u8>, text: &str) {
    // A string to a Vec: this can't fail.
    let _infallible = serde_json::to_writer(out, text);
}

fn push(out: &mut Vec<u8>, arguments: std::fmt::Arguments<'_>) {
    // Writing to a Vec can't fail.
    let _infallible = out.write_fmt(arguments);
}

/// An object that is being written.
struct Members<'a> {
    out: &'a mut Vec<u8>,
    any: bool,
}

impl<'a> Members<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, any: false }
    }

    fn next(&mut self) {
        if self.any {
            self.out.push(b',');
        }
        self.any = true;
    }

    fn name(&mut self, name: &str) {
        self.next();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn constant(&mut self, wanted: u16, text: &[u8]) {
        if wanted != 0 {
            self.next();
            self.out.extend_from_slice(text);
        }
    }

    fn end(self) {
        self.out.push(b'}');
    }
}
