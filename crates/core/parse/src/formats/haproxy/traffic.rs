//! Lines of HAProxy about what went through a connection: `httplog` and `tcplog`.

use super::SOURCE;
use crate::ecs::Field;
use crate::formats::Context;
use crate::formats::members::{To, put_endpoint, put_scalar, put_text};
use crate::line::{number, set_request};
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

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
pub(super) struct Traffic<'a> {
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

impl<'a> Traffic<'a> {
    /// Splits a line. None where it isn't one of traffic.
    pub(super) fn split(line: &'a str, context: Context<'_>) -> Option<Self> {
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

    /// Sets the fields.
    pub(super) fn place(&self, line: &'a str, shape: &mut Shape<'a, '_>) -> EventTime<'a> {
        put_endpoint(shape, SOURCE, self.client);
        put_text(shape, To::Name("haproxy.frontend_name"), self.frontend.trim_end_matches('~'));
        if self.frontend.ends_with('~') {
            put_text(shape, To::Name("haproxy.frontend_transport"), "tls");
        }
        put_text(shape, To::Name("haproxy.backend_name"), self.backend);
        put_text(shape, To::Name("haproxy.server_name"), self.server);
        let names = if self.http.is_some() { &HTTP_TIMERS[..] } else { &TCP_TIMERS[..] };
        for (name, timer) in names.iter().zip(self.timers.split('/')) {
            put_scalar(shape, To::Name(name), timer.trim_start_matches('+'));
        }
        let total = self.timers.rsplit('/').next().and_then(|total| number(total.trim_start_matches('+')));
        if let Some(nanos) = total.and_then(|ms| ms.checked_mul(1_000_000)) {
            let _free = shape.set(Field::EventDuration, Value::Integer(nanos));
        }
        // What a letter means depends on where it stands.
        if self.state.bytes().any(|byte| byte != b'-') {
            put_text(shape, To::Name("haproxy.termination_state"), self.state);
        }
        for (name, counter) in COUNTERS.iter().zip(self.counters.split('/')) {
            put_scalar(shape, To::Name(name), counter.trim_start_matches('+'));
        }
        for (name, queue) in
            ["haproxy.server_queue", "haproxy.backend_queue"].iter().zip(self.queues.split('/'))
        {
            put_scalar(shape, To::Name(name), queue);
        }
        let bytes = self.bytes.trim_start_matches('+');
        match self.http {
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
                let _free = shape.set_text(Field::Message, line);
                put_text(shape, To::Field(Field::DestinationBytes), bytes);
            }
        }
        EventTime::of(Some((self.ms, self.stamp)))
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}
