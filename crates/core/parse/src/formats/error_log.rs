//! Error logs: nginx's and Apache's.
//!
//! nginx: `2026/11/21 09:00:00 [error] 1234#5678: *99 text, client: 1.2.3.4, server: .., request: "..", host: ".."`.
//! Apache: `[Sat Nov 21 09:00:00.123456 2026] [core:error] [pid 1:tid 2] [client 1.2.3.4:5] text`. The message keeps
//! everything behind the process, so that nothing is lost with what isn't recognised in it.
//!
//! Source: <https://nginx.org/en/docs/ngx_core_module.html#error_log>,
//! <https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat>.

#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;

use super::{Guess, Reader};
use crate::ecs::Field;
use crate::line::{set_address, set_number, set_request};
use crate::shape::{EventTime, Shape};
use crate::timestamp::Clock;

/// Error logs, which begin with a time, nginx's without brackets.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| matches!(byte, b'[' | b'0'..=b'9'),
        looks_like: |line| match line.as_bytes() {
            [b'[', letter, ..] => letter.is_ascii_uppercase(),
            [_, _, _, _, slash, ..] => *slash == b'/',
            _ => false,
        },
    }),
    read: |line, context, shape| {
        let split = split(line, context.clock, context.received)?;
        Some(EventTime::of(Some(split.place(shape))))
    },
};

/// A line, split as far as both formats agree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorLine<'a> {
    ms: i64,
    stamp: &'a str,
    level: &'a str,
    module: &'a str,
    pid: &'a str,
    thread: &'a str,
    client: &'a str,
    message: &'a str,
    is_nginx: bool,
}

/// Splits a line. None where it isn't one of an error log.
pub(crate) fn split<'a>(line: &'a str, clock: &Clock, received: i64) -> Option<ErrorLine<'a>> {
    match line.as_bytes().first()? {
        b'[' => split_apache(line, clock, received),
        b'0'..=b'9' => split_nginx(line, clock),
        _ => None,
    }
}

fn split_nginx<'a>(line: &'a str, clock: &Clock) -> Option<ErrorLine<'a>> {
    const STAMP: usize = "2026/11/21 09:00:00".len();
    let stamp = line.get(..STAMP).filter(|stamp| stamp.as_bytes().get(4) == Some(&b'/'))?;
    let ms = clock.read_iso(stamp.as_bytes())?;
    let (level, rest) = line.get(STAMP..)?.strip_prefix(" [")?.split_once("] ")?;
    let (process, message) = rest.split_once(": ")?;
    let (pid, thread) = process.split_once('#')?;
    let client = after(message, ", client: ").unwrap_or("");
    Some(ErrorLine { ms, stamp, level, module: "", pid, thread, client, message, is_nginx: true })
}

fn split_apache<'a>(line: &'a str, clock: &Clock, received: i64) -> Option<ErrorLine<'a>> {
    let (stamp, mut rest) = line.strip_prefix('[')?.split_once(']')?;
    let (ms, after_stamp) = clock.read_named(stamp.as_bytes(), received)?;
    if !after_stamp.is_empty() {
        return None;
    }
    let mut found = ErrorLine {
        ms,
        stamp,
        level: "",
        module: "",
        pid: "",
        thread: "",
        client: "",
        message: "",
        is_nginx: false,
    };
    while let Some((part, after)) = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'))
    {
        if let Some(process) = part.strip_prefix("pid ") {
            (found.pid, found.thread) = process.split_once(":tid ").unwrap_or((process, ""));
        } else if let Some(client) = part.strip_prefix("client ") {
            found.client = client;
        } else if found.level.is_empty() && is_level(part.rsplit(':').next().unwrap_or("")) {
            (found.module, found.level) = part.split_once(':').unwrap_or(("", part));
        } else {
            break;
        }
        rest = after;
    }
    if found.level.is_empty() {
        return None;
    }
    found.message = rest.trim_start();
    Some(found)
}

impl<'a> ErrorLine<'a> {
    /// Sets the fields; gives the time and how it was written.
    pub(crate) fn place(&self, shape: &mut Shape<'a, '_>) -> (i64, &'a str) {
        let _free = shape.set_text(Field::Message, self.message);
        let _free = shape.set_text(Field::LogLevel, self.level);
        if !self.module.is_empty() {
            let _free = shape.set_text(Field::LogLogger, self.module);
        }
        let _number = set_number(shape, Field::ProcessPid, self.pid);
        let _number = set_number(shape, Field::ProcessThreadId, self.thread);
        if !self.client.is_empty() {
            let has_port = !self.is_nginx && self.client.parse::<IpAddr>().is_err();
            let (address, port) = match self.client.rsplit_once(':') {
                Some((address, port)) if has_port => (address.trim_matches(['[', ']']), port),
                _ => (self.client, ""),
            };
            set_address(shape, Field::SourceIp, Field::SourceAddress, address);
            let _number = set_number(shape, Field::SourcePort, port);
        }
        if self.is_nginx {
            if let Some(request) = quoted_after(self.message, ", request: \"") {
                set_request(shape, request);
            }
            if let Some(host) = quoted_after(self.message, ", host: \"") {
                let _free = shape.set_text(Field::UrlDomain, host);
            }
            if let Some(referrer) = quoted_after(self.message, ", referrer: \"") {
                let _free = shape.set_text(Field::HttpRequestReferrer, referrer);
            }
        }
        (self.ms, self.stamp)
    }
}

fn is_level(text: &str) -> bool {
    const LEVELS: [&str; 9] = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", "trace"];
    LEVELS
        .iter()
        .any(|level| text.strip_prefix(level).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit())))
}

/// What stands between `label` and the next comma.
fn after<'a>(message: &'a str, label: &str) -> Option<&'a str> {
    let rest = message.get(message.rfind(label)? + label.len()..)?;
    Some(rest.split_once(", ").map_or(rest, |(value, _)| value))
}

/// What stands between `label`, which ends in a quote, and the next quote.
fn quoted_after<'a>(message: &'a str, label: &str) -> Option<&'a str> {
    let rest = message.get(message.rfind(label)? + label.len()..)?;
    rest.split_once('"').map(|(value, _)| value)
}
