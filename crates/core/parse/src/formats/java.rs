//! Logs of Java programs: what Log4j, Logback and `java.util.logging` write with their usual patterns.
//!
//! | Pattern | Where it is from |
//! |---|---|
//! | `time LEVEL [thread] logger - message` | Log4j's examples |
//! | `time [thread] LEVEL logger - message` | Logback's default, Log4j 2's; the time may have no date |
//! | `time LEVEL pid --- [application] [thread] logger : message` | Spring Boot |
//! | `time [myid:] - LEVEL [thread:logger@line] - message` | `ZooKeeper` |
//! | `time LEVEL logger: message` | Hadoop |
//! | `time LEVEL [logger] (thread) message` | `WildFly` |
//! | `time LEVEL [thread] logger message` | Tomcat |
//! | `LEVEL [thread] time logger - message` | Cassandra |
//! | `time logger method`, line break, `LEVEL: message` | `java.util.logging` |
//!
//! Time, level and message get their places, thread and logger `process.thread.name` and `log.logger`, Spring's
//! application `service.name`. A stack trace behind the record goes to `error.*`; other lines stay in the message.
//!
//! Sources: <https://logging.apache.org/log4j/2.x/manual/pattern-layout.html>,
//! <https://logback.qos.ch/manual/layouts.html>, <https://docs.spring.io/spring-boot/reference/features/logging.html>,
//! <https://docs.oracle.com/en/java/javase/21/docs/api/java.logging/java/util/logging/SimpleFormatter.html>.

pub(super) mod head;

#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;

use super::stack_trace::java as trace;
use super::stamp::{self, Stamp};
use super::{Context, Guess, Reader};
use crate::ecs::Field;
use crate::line::set_number;
use crate::shape::{EventTime, Shape};
use crate::tree::Value;
use head::{Head, is_level};

/// A time or a level at the front.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte.is_ascii_digit() || byte == b'[' || byte.is_ascii_uppercase(),
        looks_like: |text| match text.as_bytes() {
            // A date; a day before the month; a time.
            [b'0'..=b'9', _, third, _, fifth, sixth, ..] => {
                *fifth == b'-' || *third == b'-' || (*third, *sixth) == (b':', b':')
            }
            [b'[', rest @ ..] => rest.get(4) == Some(&b'-'),
            [b'A'..=b'Z', _, _, b' ', day @ ..] => day.iter().take(3).any(|byte| *byte == b','),
            _ => text.split_once(' ').is_some_and(|(word, _)| is_level(word)),
        },
    }),
    read: |text, context, shape| {
        let record = Record::read(text, context)?;
        let time = record.time;
        record.place(shape);
        Some(EventTime::of(Some(time)))
    },
};

/// A record, and the trace behind it.
#[derive(Clone, Copy, Debug)]
struct Record<'a> {
    time: Stamp<'a>,
    head: Head<'a>,
    trace: Option<super::stack_trace::Trace<'a>>,
}

// === impl Record ===

impl<'a> Record<'a> {
    fn read(text: &'a str, context: Context<'_>) -> Option<Self> {
        let (text, trace) = trace::split_off(text);
        let (time, head) = match take_time(text, context) {
            Some((time, rest)) => (time, head::read(rest, Head::default())?),
            None => level_first(text, context).or_else(|| two_lines(text, context))?,
        };
        Some(Self { time, head, trace })
    }

    fn place(&self, shape: &mut Shape<'a, '_>) {
        let Head { level, thread, logger, application, pid, line, message } = self.head;
        let _free = shape.set_text(Field::Message, message);
        let _free = shape.set_text(Field::LogLevel, level);
        for (field, text) in [
            (Field::ProcessThreadName, thread),
            (Field::LogLogger, logger),
            (Field::ServiceName, application),
        ] {
            if !text.is_empty() {
                let _free = shape.set_text(field, text);
            }
        }
        let _number = set_number(shape, Field::ProcessPid, pid);
        let _number = set_number(shape, Field::LogOriginFileLine, line);
        if let Some(trace) = self.trace {
            trace.place(shape);
        }
    }
}

/// Takes the time off the front, in brackets or not.
fn take_time<'a>(text: &'a str, context: Context<'_>) -> Option<(Stamp<'a>, &'a str)> {
    let clock = context.clock;
    if let Some(inner) = text.strip_prefix('[') {
        let (time, rest) = stamp::take_iso(inner, clock)?;
        return Some((time, rest.strip_prefix(']')?));
    }
    stamp::take_iso(text, clock)
        .or_else(|| stamp::take_day_first(text, clock))
        .or_else(|| stamp::take_time(text, clock, context.received))
        .filter(|(_, rest)| rest.starts_with([' ', '\t', '|']))
}

/// `INFO  [main] 2026-11-21 09:00:00,123 Server.java:159 - message`.
fn level_first<'a>(text: &'a str, context: Context<'_>) -> Option<(Stamp<'a>, Head<'a>)> {
    let (level, rest) = text.split_once(' ').filter(|(level, _)| is_level(level))?;
    let (thread, rest) = match head::take_group(rest.trim_start()) {
        Some((thread, rest)) => (thread, rest),
        None => ("", rest),
    };
    let (time, rest) = stamp::take_iso(rest.trim_start(), context.clock)?;
    Some((time, head::read(rest, Head { level, thread, ..Head::default() })?))
}

/// `Nov 21, 2026 9:00:00 AM Shop main`, and in the next line `INFO: message`.
fn two_lines<'a>(text: &'a str, context: Context<'_>) -> Option<(Stamp<'a>, Head<'a>)> {
    let (time, rest) = stamp::take_us(text, context.clock)?;
    let (logger, rest) = rest.strip_prefix(' ')?.split_once('\n')?;
    let (level, message) = rest.split_once(": ").or_else(|| Some((rest.strip_suffix(':')?, "")))?;
    // Java translates the names of levels, so that any word may be one.
    let is_word = !level.is_empty() && level.chars().all(char::is_alphabetic);
    let logger = logger.trim_end();
    is_word.then_some((time, Head { level, logger, message, ..Head::default() }))
}

/// What kinds of records of Java programs have in common: level, logger and message, and the trace behind.
pub(super) fn place<'a>(
    shape: &mut Shape<'a, '_>,
    (level, logger, message): (&'a str, &'a str, &'a str),
    trace: Option<super::stack_trace::Trace<'a>>,
) {
    let _free = shape.set(Field::Message, Value::Text(Cow::Borrowed(message)));
    let _free = shape.set_text(Field::LogLevel, level);
    let _free = shape.set_text(Field::LogLogger, logger);
    if let Some(trace) = trace {
        trace.place(shape);
    }
}
