//! HAProxy's logs of connections: `option httplog` and `option tcplog`, alone, behind `haproxy[123]: `, or in syslog.
//!
//! `client:port [time] frontend backend/server timers [status] bytes [cookies] state counters queues [{headers}] ["request"]`.
//! Timers are milliseconds and stay what they are, with the total as `event.duration` besides; a `+` before total or bytes
//! (`option logasap`) is taken off. Captured headers go to `haproxy.captured_headers`. A request is the message; else the line is.
//!
//! Source: <https://docs.haproxy.org/3.0/configuration.html#8.2.3>, <https://docs.haproxy.org/3.0/configuration.html#8.2.2>.

use std::borrow::Cow;

use super::members::{To, put, put_endpoint, put_scalar, put_text};
use super::{Context, Guess, Reader, syslog};
use crate::ecs::Field;
use crate::line::{number, set_request};
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

/// Guessed where a bracket follows an address and a port.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'h' | b'['),
        looks_like: |line| {
            let client = line.strip_prefix(PROGRAM).and_then(|rest| rest.split_once("]: "));
            let client = client.map_or(line, |(_, rest)| rest);
            memchr::memchr(b' ', client.as_bytes()).is_some_and(|space| {
                client.as_bytes().get(space + 1) == Some(&b'[')
                    && client.get(..space).is_some_and(|client| client.contains(':'))
            })
        },
    }),
    read: |line, context, shape| match line.strip_prefix(PROGRAM).and_then(|rest| rest.split_once("]: ")) {
        Some((process, rest)) => {
            let time = read(rest, context, shape)?;
            put_text(shape, To::Field(Field::ProcessPid), process);
            let _free = shape.set_text(Field::ProcessName, "haproxy");
            Some(time)
        }
        None => read(line, context, shape).or_else(|| {
            // Behind a syslog header, whose reader then comes back here.
            let (_, rest) = line.split_once(" haproxy")?;
            let (_, rest) = rest.split_once(": ")?;
            let _line = Line::split(rest, context)?;
            (syslog::READER.read)(line, context, shape)
        }),
    },
};

const PROGRAM: &str = "haproxy[";

const SOURCE: (Field, Field, Field) = (Field::SourceIp, Field::SourceAddress, Field::SourcePort);

/// The timers of the two formats, in the order in which they stand.
const HTTP_TIMERS: [&str; 5] = [
    "haproxy.http.request.time_wait_ms",
    "haproxy.total_waiting_time_ms",
    "haproxy.connection_wait_time_ms",
    "haproxy.http.request.time_wait_without_data_ms",
    "haproxy.total_time_ms",
];
const TCP_TIMERS: [&str; 3] =
    ["haproxy.total_waiting_time_ms", "haproxy.connection_wait_time_ms", "haproxy.total_time_ms"];

const COUNTERS: [&str; 5] = [
    "haproxy.connections.active",
    "haproxy.connections.frontend",
    "haproxy.connections.backend",
    "haproxy.connections.server",
    "haproxy.connections.retries",
];

#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    client: &'a str,
    ms: i64,
    stamp: &'a str,
    frontend: &'a str,
    backend: &'a str,
    server: &'a str,
    timers: &'a str,
    bytes: &'a str,
    state: &'a str,
    counters: &'a str,
    queues: &'a str,
    http: Option<Http<'a>>,
}

/// What only the log of HTTP has.
#[derive(Clone, Copy, Debug)]
struct Http<'a> {
    status: &'a str,
    request_cookie: &'a str,
    response_cookie: &'a str,
    headers: &'a str,
    request: &'a str,
}

impl<'a> Line<'a> {
    fn split(line: &'a str, context: Context<'_>) -> Option<Self> {
        let (client, rest) = line.split_once(" [").filter(|(client, _)| !client.contains(' '))?;
        let (stamp, rest) = rest.split_once("] ")?;
        let ms = context.clock.read_clf_local(stamp.as_bytes())?;
        let (frontend, rest) = rest.split_once(' ')?;
        let (backend, rest) = rest.split_once(' ')?;
        let (backend, server) = backend.split_once('/')?;
        let (timers, rest) = rest.split_once(' ')?;
        let (status, bytes, rest) = match timers.split('/').count() {
            5 => {
                let (status, rest) = rest.split_once(' ')?;
                let (bytes, rest) = rest.split_once(' ')?;
                (Some(status), bytes, rest)
            }
            3 => {
                let (bytes, rest) = rest.split_once(' ')?;
                (None, bytes, rest)
            }
            _ => return None,
        };
        let (cookies, rest) = match status {
            Some(_) => {
                let (request, rest) = rest.split_once(' ')?;
                let (response, rest) = rest.split_once(' ')?;
                ((request, response), rest)
            }
            None => (("", ""), rest),
        };
        let (state, rest) = rest.split_once(' ')?;
        let (counters, rest) = rest.split_once(' ')?;
        let (queues, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let http = match status {
            Some(status) => {
                let (headers, request) = match rest.split_once('"') {
                    Some((headers, request)) => (headers, request.strip_suffix('"').unwrap_or(request)),
                    None => (rest, ""),
                };
                let (request_cookie, response_cookie) = cookies;
                Some(Http { status, request_cookie, response_cookie, headers: headers.trim(), request })
            }
            // A line that goes on isn't this one.
            None if !rest.is_empty() => return None,
            None => None,
        };
        let is_counter = |text: &str| number(unsigned(text)).is_some();
        let all_counters = |text: &str| text.split('/').all(is_counter);
        let known = all_counters(timers)
            && is_counter(bytes)
            && status.is_none_or(is_counter)
            && counters.split('/').count() == 5
            && all_counters(counters)
            && queues.split('/').count() == 2
            && all_counters(queues);
        let found = Self {
            client,
            ms,
            stamp,
            frontend,
            backend,
            server,
            timers,
            bytes,
            state,
            counters,
            queues,
            http,
        };
        known.then_some(found)
    }
}

/// Reads a line without syslog's header. None where it is none; nothing has been set then.
pub(crate) fn read<'a>(
    line: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    let found = Line::split(line, context)?;
    put_endpoint(shape, SOURCE, found.client);
    put_text(shape, To::Name("haproxy.frontend_name"), found.frontend.trim_end_matches('~'));
    if found.frontend.ends_with('~') {
        put_text(shape, To::Name("haproxy.frontend_transport"), "tls");
    }
    put_text(shape, To::Name("haproxy.backend_name"), found.backend);
    put_text(shape, To::Name("haproxy.server_name"), found.server);
    let names = if found.http.is_some() { &HTTP_TIMERS[..] } else { &TCP_TIMERS[..] };
    for (name, timer) in names.iter().zip(found.timers.split('/')) {
        put_scalar(shape, To::Name(name), timer.trim_start_matches('+'));
    }
    let total = found.timers.rsplit('/').next().and_then(|total| number(total.trim_start_matches('+')));
    if let Some(nanos) = total.and_then(|ms| ms.checked_mul(1_000_000)) {
        let _free = shape.set(Field::EventDuration, Value::Integer(nanos));
    }
    put_text(shape, To::Name("haproxy.termination_state"), found.state.trim_matches('-'));
    for (name, counter) in COUNTERS.iter().zip(found.counters.split('/')) {
        put_scalar(shape, To::Name(name), counter.trim_start_matches('+'));
    }
    for (name, queue) in ["haproxy.server_queue", "haproxy.backend_queue"].iter().zip(found.queues.split('/'))
    {
        put_scalar(shape, To::Name(name), queue);
    }
    let bytes = found.bytes.trim_start_matches('+');
    match found.http {
        Some(http) => {
            set_request(shape, http.request);
            let _free = shape.set_text(Field::Message, http.request);
            // Without an answer it is -1.
            if http.status != "-1" {
                put_text(shape, To::Field(Field::HttpResponseStatusCode), http.status);
            }
            put_text(shape, To::Field(Field::HttpResponseBytes), bytes);
            put_text(shape, To::Name("haproxy.http.request.captured_cookie"), http.request_cookie);
            put_text(shape, To::Name("haproxy.http.response.captured_cookie"), http.response_cookie);
            put_text(shape, To::Name("haproxy.captured_headers"), http.headers);
        }
        None => {
            put(shape, To::Field(Field::Message), Value::Text(Cow::Borrowed(line)));
            put_text(shape, To::Field(Field::DestinationBytes), bytes);
        }
    }
    Some(EventTime::of(Some((found.ms, found.stamp))))
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "haproxy",
        auto: &[Format::Haproxy, Format::Syslog],
        read: &[
            (
                r#"10.0.1.2:33317 [21/Nov/2026:08:59:58.655] http-in~ static/srv1 10/0/30/69/109 200 2750 - sid=1 ---- 1/1/1/1/0 0/3 {1wt.eu|curl} {} "GET /index.html HTTP/1.1""#,
                r#"{"@timestamp": "2026-11-21T08:59:58.655Z", "message": "GET /index.html HTTP/1.1",
                "source": {"ip": "10.0.1.2", "port": 33317}, "event": {"duration": 109000000},
                "http": {"request": {"method": "GET"}, "version": "1.1", "response": {"status_code": 200, "bytes": 2750}},
                "url": {"original": "/index.html"},
                "haproxy": {"frontend_name": "http-in", "frontend_transport": "tls", "backend_name": "static",
                "server_name": "srv1", "total_waiting_time_ms": 0, "connection_wait_time_ms": 30, "total_time_ms": 109,
                "http": {"request": {"time_wait_ms": 10, "time_wait_without_data_ms": 69},
                "response": {"captured_cookie": "sid=1"}},
                "connections": {"active": 1, "frontend": 1, "backend": 1, "server": 1, "retries": 0},
                "server_queue": 0, "backend_queue": 3, "captured_headers": "{1wt.eu|curl} {}"}}"#,
            ),
            (
                r#"haproxy[18989]: ::1:34550 [21/Nov/2026:08:59:58.000] px-http px-http/<NOSRV> -1/-1/-1/-1/+50000 -1 +0 - - cR-- 2/2/0/0/+3 0/0 "<BADREQ>""#,
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "message": "<BADREQ>", "source": {"ip": "::1", "port": 34550},
                "process": {"name": "haproxy", "pid": 18989}, "event": {"duration": 50000000000},
                "http": {"response": {"bytes": 0}},
                "haproxy": {"frontend_name": "px-http", "backend_name": "px-http", "server_name": "<NOSRV>",
                "total_waiting_time_ms": -1, "connection_wait_time_ms": -1, "total_time_ms": 50000,
                "http": {"request": {"time_wait_ms": -1, "time_wait_without_data_ms": -1}}, "termination_state": "cR",
                "connections": {"active": 2, "frontend": 2, "backend": 0, "server": 0, "retries": 3},
                "server_queue": 0, "backend_queue": 0}}"#,
            ),
            (
                "Nov 21 08:59:58 lb-1 haproxy[14385]: 10.0.1.2:33313 [21/Nov/2026:08:59:51.000] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0",
                r#"{"@timestamp": "2026-11-21T08:59:51.000Z", "host": {"name": "lb-1"}, "process": {"name": "haproxy", "pid": 14385},
                "log": {"syslog": {"appname": "haproxy"}}, "source": {"ip": "10.0.1.2", "port": 33313},
                "message": "10.0.1.2:33313 [21/Nov/2026:08:59:51.000] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0",
                "destination": {"bytes": 212}, "event": {"duration": 5007000000},
                "haproxy": {"frontend_name": "fnt", "backend_name": "bck", "server_name": "srv1", "total_waiting_time_ms": 0,
                "connection_wait_time_ms": 0, "total_time_ms": 5007,
                "connections": {"active": 0, "frontend": 0, "backend": 0, "server": 0, "retries": 3},
                "server_queue": 0, "backend_queue": 0}}"#,
            ),
        ],
        refused: &[
            "",
            "10.0.1.2:33313 [21/Nov/2026:08:59:51.000] fnt bck 0/0/5007 212 -- 0/0/0/0/3 0/0",
            "10.0.1.2:33313 [21/Nov/2026:08:59:51.000] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0 more",
            "10.0.1.2:33313 [21/Nov/2026:08:59:51.000] fnt bck/srv1 0/0 212 -- 0/0/0/0/3 0/0",
            "10.0.1.2:33313 [21/Nov/2026:08:59:51.000] fnt/bind: SSL handshake failure",
            "10.0.1.2:33313 [yesterday] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0",
            "Nov 21 08:59:58 lb-1 haproxy[14385]: Proxy fnt started.",
        ],
    };
}
