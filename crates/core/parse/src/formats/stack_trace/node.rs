//! Traces of Node: `SomeError: message`, frames `    at name (file:1:2)`, further members in braces. An error that
//! nothing caught has the place and the line of source before it.

use super::{Trace, split_before};

/// Reads a trace that is the whole text.
pub(super) fn read(text: &str) -> Option<Trace<'_>> {
    let first = text.lines().next()?;
    let error = match is_headline(first) {
        true => text,
        false => {
            // `/srv/app.js:7`, the line, a mark below it, an empty line.
            is_place(first).then_some(())?;
            let (_, error) = text.split_once("\n\n")?;
            is_headline(error.lines().next()?).then_some(error)?
        }
    };
    let (headline, frames) = split_before(error, is_frame)?;
    let (kind, message) = super::split_kind(headline);
    let kind = kind.strip_prefix("Uncaught ").unwrap_or(kind);
    let (kind, in_head) = match kind.split_once(" [") {
        Some((kind, code)) => (kind, code.strip_suffix(']')),
        None => (kind, None),
    };
    let code = in_head.or_else(|| {
        let (_, after) = frames.split_once("\n  code: '")?;
        after.split_once('\'').map(|(code, _)| code)
    });
    Some(Trace { language: "javascript", kind, message, code, thread: None, headline, text })
}

/// Whether a line begins with the name of an error: a word with a capital, a code in brackets behind it or not.
fn is_headline(line: &str) -> bool {
    let line = line.strip_prefix("Uncaught ").unwrap_or(line);
    let name = line.split_once(": ").map_or(line, |(name, _)| name).trim_end_matches(':');
    let name = match name.split_once(" [") {
        Some((name, code)) if code.ends_with(']') => name,
        Some(_) => return false,
        None => name,
    };
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a line is a frame: it ends in a line and a column, or in a place without.
fn is_frame(line: &str) -> bool {
    let Some(frame) = line.strip_prefix("    at ") else { return false };
    let frame = frame.trim_end_matches(" {");
    match frame.strip_suffix(')') {
        Some(inner) => inner.rsplit_once(" (").is_some_and(|(_, place)| {
            is_place(place) || matches!(place, "<anonymous>" | "native") || place.starts_with("node:")
        }),
        None => is_place(frame),
    }
}

/// Whether a text ends in `:12`.
fn is_place(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(file, line)| {
        !file.is_empty() && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
    })
}
