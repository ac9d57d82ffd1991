//! Traces of the JVM: `a.b.SomeException: message`, frames `\tat a.b.Some.method(Some.java:12)`, causes.

use super::{Trace, split_before, split_kind};

/// Reads a trace that begins with the text: with the error, or with `Exception in thread "main"` before it.
pub(crate) fn read(text: &str) -> Option<Trace<'_>> {
    let (thread, from) = match text.strip_prefix("Exception in thread \"") {
        Some(rest) => {
            let (thread, rest) = rest.split_once("\" ")?;
            (Some(thread), rest)
        }
        None => (None, text),
    };
    let first = from.lines().next()?;
    if !is_headline(first) {
        return None;
    }
    let (headline, frames) = split_before(from, is_part)?;
    // A trace of errors without frames isn't told from text.
    frames.lines().find(|line| is_frame(line))?;
    let (kind, message) = split_kind(headline);
    Some(Trace { language: "java", kind, message, code: None, thread, headline, text })
}

/// Splits a record of several lines before the trace that it ends with.
pub(crate) fn split_off(text: &str) -> (&str, Option<Trace<'_>>) {
    let Some((line, rest)) = text.split_once('\n') else { return (text, None) };
    // Few records have several lines, and those that do either have a frame or are no trace.
    if !rest.lines().any(is_frame) {
        return (text, None);
    }
    let Some((before, trace)) = split_before(rest, is_headline) else { return (text, None) };
    let Some(trace) = read(trace.trim_end()) else { return (text, None) };
    let end = if before.is_empty() { line.len() } else { line.len() + 1 + before.len() };
    (text.get(..end).unwrap_or(text), Some(trace))
}

/// Whether a line begins with the name of a class and goes on with a message, or not at all.
fn is_headline(line: &str) -> bool {
    let name = line.split_once(": ").map_or(line, |(name, _)| name).trim_end().trim_end_matches(':');
    let class = name.rsplit(['.', '$']).next().unwrap_or("");
    let is_part = |part: &str| {
        part.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$'))
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-'))
    };
    let is_known = name.contains('.') || name.ends_with("Exception") || name.ends_with("Error");
    is_known && class.starts_with(|first: char| first.is_ascii_uppercase()) && name.split('.').all(is_part)
}

/// Whether a line is behind the headline: a frame, a cause, or the count of frames left out.
fn is_part(line: &str) -> bool {
    let inner = line.trim_start();
    is_frame(line)
        || inner.starts_with("Caused by: ")
        || inner.starts_with("Suppressed: ")
        || inner.starts_with("... ") && inner.ends_with(" more")
}

/// Whether a line is a frame. No space comes before the parenthesis, which tells it from a frame of Node.
fn is_frame(line: &str) -> bool {
    let Some(frame) = line.trim_start().strip_prefix("at ") else { return false };
    line.starts_with([' ', '\t'])
        && frame.split_once('(').is_some_and(|(method, place)| {
            method.contains('.') && !method.ends_with(' ') && place.contains(')')
        })
}
