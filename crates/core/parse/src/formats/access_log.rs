//! Access logs of nginx and Apache: the Common Log Format, and `combined`, which adds referrer and user agent.
//!
//! `host ident user [time] "request" status bytes "referrer" "user agent"`, `-` where there is nothing. Quotes inside are
//! escaped, by Apache as `\"`, by nginx as `\x22`; escapes are kept as they are. What follows the user agent (nginx's
//! `main` has the forwarded-for header there) is kept in `labels.access_log_rest`.
//!
//! Source: <https://httpd.apache.org/docs/2.4/logs.html#accesslog>,
//! <https://nginx.org/en/docs/http/ngx_http_log_module.html>.

#[cfg(test)]
pub(crate) mod tests;

use super::{Context, Guess, Reader};
use crate::ecs::Field;
use crate::line::{number, set_address, set_number, set_request};
use crate::shape::{EventTime, Shape};
use crate::timestamp::read_clf;
use crate::tree::Value;

/// The Common Log Format.
pub(crate) const COMMON: Reader = Reader { guess: GUESS, read: read_common };

/// The same with referrer and user agent.
pub(crate) const COMBINED: Reader = Reader { guess: GUESS, read: read_combined };

/// A host comes first, so that it may be any word.
const GUESS: Option<Guess> = Some(Guess {
    first: |byte| !matches!(byte, b'{' | b'<' | b'[' | b' ' | b'\t' | b'\n' | b'\r'),
    looks_like: |line| {
        let open = memchr::memchr(b'[', line.as_bytes());
        open.and_then(|open| line.as_bytes().get(open + 3)).is_some_and(|byte| *byte == b'/')
    },
});

/// A line, split.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct AccessLine<'a> {
    host: &'a str,
    ident: &'a str,
    user: &'a str,
    ms: i64,
    stamp: &'a str,
    request: &'a str,
    status: &'a str,
    bytes: &'a str,
    /// Referrer, user agent, and what follows: only in `combined`.
    more: Option<(&'a str, &'a str, &'a str)>,
}

fn read_common<'a>(line: &'a str, _: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    split(line).filter(|split| split.more.is_none()).map(|split| EventTime::of(Some(split.place(shape))))
}

fn read_combined<'a>(line: &'a str, _: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    split(line).filter(|split| split.more.is_some()).map(|split| EventTime::of(Some(split.place(shape))))
}

/// Splits a line. None where it isn't one of an access log.
pub(crate) fn split(line: &str) -> Option<AccessLine<'_>> {
    let (host, rest) = line.split_once(' ')?;
    // The user may have spaces in it; what ends it is the bracket.
    let open = memchr::memchr(b'[', rest.as_bytes())?;
    let (names, rest) = (rest.get(..open)?.strip_suffix(' ')?, rest.get(open + 1..)?);
    let (ident, user) = names.split_once(' ')?;
    let close = memchr::memchr(b']', rest.as_bytes())?;
    let stamp = rest.get(..close)?;
    let ms = read_clf(stamp.as_bytes())?;
    let (request, rest) = quoted(rest.get(close + 1..)?.strip_prefix(' ')?)?;
    let rest = rest.strip_prefix(' ')?;
    let (status, rest) = rest.split_once(' ')?;
    let (bytes, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    let is_count = |text: &str| text == "-" || number(text).is_some();
    if host.is_empty() || !is_count(status) || !is_count(bytes) {
        return None;
    }
    let more = match rest.strip_prefix(' ') {
        None => None,
        Some(rest) => {
            let (referrer, rest) = quoted(rest)?;
            let (agent, rest) = quoted(rest.strip_prefix(' ')?)?;
            Some((referrer, agent, rest.trim_start()))
        }
    };
    Some(AccessLine { host, ident, user, ms, stamp, request, status, bytes, more })
}

impl<'a> AccessLine<'a> {
    /// Sets the fields; gives the time and how it was written.
    pub(crate) fn place(&self, shape: &mut Shape<'a, '_>) -> (i64, &'a str) {
        let _free = shape.set_text(Field::Message, self.request);
        set_address(shape, Field::SourceIp, Field::SourceAddress, self.host);
        if !is_absent(self.ident) {
            shape.labelled("ident", Value::Text(self.ident.into()));
        }
        if !is_absent(self.user) {
            let _free = shape.set_text(Field::UserName, self.user);
        }
        set_request(shape, self.request);
        let (referrer, agent, rest) = self.more.unwrap_or_default();
        if !is_absent(referrer) {
            let _free = shape.set_text(Field::HttpRequestReferrer, referrer);
        }
        let _number = set_number(shape, Field::HttpResponseStatusCode, self.status);
        let _number = set_number(shape, Field::HttpResponseBodyBytes, self.bytes);
        if !is_absent(agent) {
            let _free = shape.set_text(Field::UserAgentOriginal, agent);
        }
        if !is_absent(rest.trim_matches('"')) {
            shape.labelled("access_log_rest", Value::Text(rest.into()));
        }
        (self.ms, self.stamp)
    }
}

fn is_absent(text: &str) -> bool {
    matches!(text, "" | "-")
}

/// Takes a quoted string off the front: its content, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    super::quoted::take(text, b'"')
}
