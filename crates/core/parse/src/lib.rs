//! From the bytes of one event to the document that is indexed.
//!
//! Pure: no I/O, no clock, no runtime; the time comes in as an argument, and the same event always gives the same
//! document. [`Parser::parse`] takes a [`forebay_record::RawEvent`] and appends one line of JSON to the caller's buffer:
//! `@timestamp` first, fields as [`ecs`] has them, never a duplicate key, nothing that a search server refuses for its
//! form.
//!
//! Where rules stand between, [`Parser::read`] gives the event as a value and [`Parser::write`] makes the document of
//! what they left: together they do what `parse` does. [`Parser::open`] does the same for rules that look at single fields, and is
//! cheaper.
//!
//! How it goes: the body's format is declared or found ([`Format`]), a reader of that format names its parts, each part
//! gets its place in a tree, and the tree is written. Values are slices of the body wherever they can be; one arena
//! serves all events of a lane.

mod auto;
mod budget;
mod config;
mod document;
pub mod ecs;
mod facts;
mod failure;
mod format;
mod formats;
mod grok;
mod hash;
mod json;
mod line;
mod open;
pub mod otel;
mod parser;
mod pattern;
mod shape;
#[cfg(test)]
mod testing;
mod timestamp;
mod tree;
mod value;

pub use budget::{FieldBudget, Guards};
pub use config::{ConfigError, MAX_DEPTH, NamedColumns, NamedGrok, NamedRegex, OnUnparsed, ParseConfig};
pub use failure::{Near, ParseFailure};
pub use format::Format;
pub use grok::GrokError;
pub use open::{FieldPath, Gift, Look, NotOpen, OpenEvent};
pub use parser::{Marks, Next, Opened, Parsed, Parser, Writing};
pub use value::{Origin, OutputSchema, ReadEvent, WriteOptions};
