//! Traces of Python: `Traceback (most recent call last):`, frames in pairs of lines, and the error last.
//!
//! With a chain of errors the last one is what happened; those before it are its causes.

use super::{Trace, split_kind};

const BEGIN: &str = "Traceback (most recent call last):";
const GROUP: &str = "  + Exception Group Traceback (most recent call last):";

/// Reads a trace that begins with the text.
pub(crate) fn read(text: &str) -> Option<Trace<'_>> {
    let headline = if text.starts_with(GROUP) {
        group_headline(text)?
    } else {
        text.starts_with(BEGIN).then_some(())?;
        let at = last_line_start(text, BEGIN)?;
        headline_of(text.get(at + BEGIN.len()..)?)?
    };
    let (kind, message) = split_kind(headline);
    is_class(kind).then_some(Trace {
        language: "python",
        kind,
        message,
        code: None,
        thread: None,
        headline,
        text,
    })
}

/// Splits a record of several lines before the trace that it ends with.
pub(crate) fn split_off(text: &str) -> (&str, Option<Trace<'_>>) {
    let first = [BEGIN, GROUP].iter().filter_map(|begin| {
        let mut found = memchr::memmem::find_iter(text.as_bytes(), begin.as_bytes());
        found.find(|at| *at > 0 && text.as_bytes().get(at - 1) == Some(&b'\n'))
    });
    let Some(at) = first.min() else { return (text, None) };
    match text.get(at..).and_then(|trace| read(trace.trim_end())) {
        Some(trace) => (text.get(..at - 1).unwrap_or(text), Some(trace)),
        None => (text, None),
    }
}

/// The error, behind the frames; it may have several lines.
fn headline_of(frames: &str) -> Option<&str> {
    let mut at = 0;
    for line in frames.split_inclusive('\n') {
        if !line.starts_with(' ') && !line.trim().is_empty() {
            return Some(frames.get(at..)?.trim_end());
        }
        at += line.len();
    }
    None
}

/// The error of a group of them, which stands behind a bar.
fn group_headline(text: &str) -> Option<&str> {
    let lines = text.lines().skip(1).filter_map(|line| line.trim_start().strip_prefix("| "));
    lines.into_iter().find(|line| !line.starts_with(' '))
}

/// Where the last line that consists of this begins.
fn last_line_start(text: &str, line: &str) -> Option<usize> {
    let mut before = memchr::memmem::rfind_iter(text.as_bytes(), line.as_bytes());
    before.find(|at| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n'))
}

fn is_class(kind: &str) -> bool {
    !kind.is_empty()
        && !kind.starts_with(|first: char| first.is_ascii_digit())
        && kind
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || byte >= 0x80)
}
