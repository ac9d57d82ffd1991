//! HAProxy's logs of connections: `option httplog` and `option tcplog`, alone, behind `haproxy[123]: `, or in syslog.
//!
//! `client:port [time] frontend backend/server timers [status] bytes [cookies] state counters queues [{headers}] ["request"]`.
//! Without either option it is `Connect from client:port to server:port (frontend/mode)`; a connection that fails before it carries
//! anything is `client:port [time] frontend/bind: text`.
//!
//! Timers are milliseconds and stay what they are, with the total as `event.duration` besides; a `+` before total or bytes
//! (`option logasap`) is taken off. Captured headers go to `haproxy.captured_headers`. A request is the message; else the line is.
//!
//! Source: <https://docs.haproxy.org/3.0/configuration.html#8.2.3>, <https://docs.haproxy.org/3.0/configuration.html#8.2.2>.

mod traffic;

#[cfg(test)]
pub(crate) mod tests;

use super::members::{To, put_endpoint, put_text};
use super::{Context, Guess, Reader, syslog};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};

use traffic::Traffic;

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
            let _record = Record::split(rest, context)?;
            (syslog::READER.read)(line, context, shape)
        }),
    },
};

const PROGRAM: &str = "haproxy[";

const SOURCE: (Field, Field, Field) = (Field::SourceIp, Field::SourceAddress, Field::SourcePort);

const DESTINATION: (Field, Field, Field) =
    (Field::DestinationIp, Field::DestinationAddress, Field::DestinationPort);

/// What HAProxy says of a connection.
#[derive(Clone, Copy, Debug)]
enum Record<'a> {
    Traffic(Traffic<'a>),
    Connect { client: &'a str, server: &'a str, frontend: &'a str, mode: &'a str },
    Failure { client: &'a str, ms: i64, stamp: &'a str, frontend: &'a str, bind: &'a str, text: &'a str },
}

/// Reads a line without syslog's header. None where it is none; nothing has been set then.
pub(crate) fn read<'a>(
    line: &'a str,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    Record::split(line, context).map(|record| record.place(line, shape))
}

impl<'a> Record<'a> {
    fn split(line: &'a str, context: Context<'_>) -> Option<Self> {
        if let Some(traffic) = Traffic::split(line, context) {
            return Some(Self::Traffic(traffic));
        }
        if let Some(rest) = line.strip_prefix("Connect from ") {
            let (client, rest) = rest.split_once(" to ")?;
            let (server, rest) = rest.split_once(" (")?;
            let (frontend, mode) = rest.strip_suffix(')')?.rsplit_once('/')?;
            return Some(Self::Connect { client, server, frontend, mode });
        }
        let (client, rest) = line.split_once(" [").filter(|(client, _)| !client.contains(' '))?;
        let (stamp, rest) = rest.split_once("] ")?;
        let ms = context.clock.read_clf_local(stamp.as_bytes())?;
        let (place, text) = rest.split_once(": ").filter(|(place, _)| !place.contains(' '))?;
        let (frontend, bind) = place.split_once('/')?;
        Some(Self::Failure { client, ms, stamp, frontend, bind, text })
    }

    fn place(self, line: &'a str, shape: &mut Shape<'a, '_>) -> EventTime<'a> {
        match self {
            Self::Traffic(traffic) => traffic.place(line, shape),
            Self::Connect { client, server, frontend, mode } => {
                put_endpoint(shape, SOURCE, client);
                put_endpoint(shape, DESTINATION, server);
                put_text(shape, To::Name("haproxy.frontend_name"), frontend);
                put_text(shape, To::Name("haproxy.mode"), mode);
                let _free = shape.set_text(Field::Message, line);
                EventTime::Unknown
            }
            Self::Failure { client, ms, stamp, frontend, bind, text } => {
                put_endpoint(shape, SOURCE, client);
                put_text(shape, To::Name("haproxy.frontend_name"), frontend);
                put_text(shape, To::Name("haproxy.bind_name"), bind);
                let _free = shape.set_text(Field::Message, text);
                EventTime::of(Some((ms, stamp)))
            }
        }
    }
}
