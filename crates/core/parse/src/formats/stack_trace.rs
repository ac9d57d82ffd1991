//! Stack traces: as events of their own, and behind the record that they belong to.
//!
//! What the runtimes of Java (and Kotlin, Scala), Python, Go and Node print. `error.type` and `error.message` are the
//! error's, `error.stack_trace` is the whole, the message its headline, and `labels.language` says who wrote it. The
//! event has no time, but for a Go server's.
//!
//! Sources:
//! <https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/lang/Throwable.html#printStackTrace()>,
//! <https://docs.python.org/3/library/traceback.html>, <https://pkg.go.dev/runtime#hdr-Environment_Variables>,
//! <https://nodejs.org/api/errors.html#errorstack>.

mod go;
pub(crate) mod java;
mod node;
pub(crate) mod python;

#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;

use super::stamp::Stamp;
use super::{Guess, Reader};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::timestamp::Clock;
use crate::tree::Value;

/// A trace that is the whole event.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'/' | b'[' | b'<' | b'_'),
        // Every trace has frames, and each of them stands on a line of its own.
        looks_like: |text| {
            let frames = memchr::memchr(b'\n', text.as_bytes()).and_then(|at| text.get(at..));
            frames.is_some_and(|frames| {
                ["\n\tat ", "\n    at ", "\ngoroutine ", "\n  File \"", "\n  |   File \""]
                    .iter()
                    .any(|frame| memchr::memmem::find(frames.as_bytes(), frame.as_bytes()).is_some())
            })
        },
    }),
    read: |text, context, shape| {
        let (trace, stamp) = find(text, context.clock)?;
        let _free = shape.set_text(Field::Message, trace.headline);
        if let Some(thread) = trace.thread {
            let _free = shape.set_text(Field::ProcessThreadName, thread);
        }
        shape.labelled("language", Value::Text(Cow::Borrowed(trace.language)));
        trace.place(shape);
        Some(EventTime::of(stamp))
    },
};

/// A trace, and what it says of the error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trace<'a> {
    pub(crate) language: &'static str,
    /// The error's class, or what ended the program.
    pub(crate) kind: &'a str,
    /// What the error says; may be empty, and may have several lines.
    pub(crate) message: &'a str,
    /// A short name of the error that some runtimes add.
    pub(crate) code: Option<&'a str>,
    pub(crate) thread: Option<&'a str>,
    /// Kind and message as they were written.
    pub(crate) headline: &'a str,
    /// The whole.
    pub(crate) text: &'a str,
}

impl<'a> Trace<'a> {
    /// Sets the fields of the error.
    pub(crate) fn place(&self, shape: &mut Shape<'a, '_>) {
        let _free = shape.set_text(Field::ErrorType, self.kind);
        if !self.message.is_empty() {
            let _free = shape.set_text(Field::ErrorMessage, self.message);
        }
        if let Some(code) = self.code {
            let _free = shape.set_text(Field::ErrorCode, code);
        }
        let _free = shape.set_text(Field::ErrorStackTrace, self.text);
    }
}

fn find<'a>(text: &'a str, clock: &Clock) -> Option<(Trace<'a>, Option<Stamp<'a>>)> {
    let alone = |trace| (trace, None);
    python::read(text)
        .or_else(|| java::read(text))
        .or_else(|| node::read(text))
        .map(alone)
        .or_else(|| go::read(text, clock))
}

/// Splits a text before its first line that `is_wanted`; the first part ends without the line break.
fn split_before(text: &str, is_wanted: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_wanted(line.trim_end()) {
            return Some((text.get(..at)?.trim_end(), text.get(at..)?));
        }
        at += line.len();
    }
    None
}

/// What stands behind `: `, if anything does: `Kind: message` to its parts.
fn split_kind(headline: &str) -> (&str, &str) {
    match headline.split_once(": ") {
        Some((kind, message)) => (kind, message.trim_end()),
        None => (headline.trim_end().trim_end_matches(':'), ""),
    }
}
