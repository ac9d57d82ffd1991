//! What ends a Go program: `panic: message` or `fatal error: message`, and the stacks of its goroutines. HTTP servers
//! outlive a panic and log it with a time before it.

use super::Trace;
use crate::formats::stamp::Stamp;
use crate::timestamp::Clock;

/// Reads a trace that is the whole text; the time is that of a server's log.
pub(super) fn read<'a>(text: &'a str, clock: &Clock) -> Option<(Trace<'a>, Option<Stamp<'a>>)> {
    const STAMP: usize = "2026/11/21 09:00:00".len();
    let (stamp, body) = match text.as_bytes() {
        [b'0'..=b'9', ..] => {
            let stamp = text.get(..STAMP).filter(|stamp| stamp.as_bytes().get(4) == Some(&b'/'))?;
            (Some((clock.read_iso(stamp.as_bytes())?, stamp)), text.get(STAMP..)?.trim_start())
        }
        _ => (None, text),
    };
    let at = memchr::memmem::find(body.as_bytes(), b"\ngoroutine ")?;
    let (head, stacks) = body.split_at_checked(at + 1)?;
    // `goroutine 18 [running]:`, with more in the brackets when it waits.
    stacks.lines().next()?.strip_suffix(':')?.strip_suffix(']')?;
    let (kind, rest) = ["panic", "fatal error", "http: panic serving"].iter().find_map(|kind| {
        let rest = head.strip_prefix(kind)?;
        Some((head.get(..kind.len())?, rest))
    })?;
    let message = match kind {
        // The address of the client comes first.
        "http: panic serving" => rest.strip_prefix(' ')?.split_once(": ")?.1,
        _ => rest.strip_prefix(": ")?,
    };
    let message = message.split("\n[signal ").next().unwrap_or(message).trim_end();
    let kind = if kind == "fatal error" { kind } else { "panic" };
    let headline = head.split("\n[signal ").next().unwrap_or(head).trim_end();
    let trace = Trace { language: "go", kind, message, code: None, thread: None, headline, text };
    Some((trace, stamp))
}
