//! Logs of Python's `logging`: what `basicConfig` writes, and the patterns of the manual.
//!
//! | Pattern | Line |
//! |---|---|
//! | `%(levelname)s:%(name)s:%(message)s`, the default | `WARNING:shop.cart:message` |
//! | `%(asctime)s - %(name)s - %(levelname)s - %(message)s` | `2026-11-21 09:00:00,123 - shop.cart - WARNING - message` |
//! | `%(asctime)s:%(levelname)s:%(message)s` | `2026-11-21 09:00:00,123:WARNING:message` |
//! | `%(asctime)s %(levelname)s %(name)s: %(message)s`, the level in brackets or not | `2026-11-21 09:00:00,123 [WARNING] shop.cart: message` |
//! | `%(asctime)s %(levelname)s %(message)s` | `2026-11-21 09:00:00,123 WARNING message` |
//!
//! `auto` knows the first two. A traceback behind the record goes to `error.*`; other lines stay in the message.
//!
//! Source: <https://docs.python.org/3/library/logging.html#logging.basicConfig>,
//! <https://docs.python.org/3/howto/logging.html#configuring-logging>.

use super::stack_trace::python as trace;
use super::stamp::{self, Stamp};
use super::{Guess, Reader};
use crate::ecs::Field;
use crate::shape::EventTime;
use crate::timestamp::Clock;

/// A level and a colon, or a date and a dash.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte.is_ascii_digit() || matches!(byte, b'D' | b'I' | b'W' | b'E' | b'C'),
        looks_like: |text| match text.as_bytes() {
            [b'0'..=b'9', ..] => text.get(19..).is_some_and(|rest| {
                let rest = if rest.starts_with(',') { rest.get(4..).unwrap_or("") } else { rest };
                rest.starts_with(" - ")
            }),
            _ => text.split_once(':').is_some_and(|(level, _)| is_level(level)),
        },
    }),
    read: |text, context, shape| {
        let (text, trace) = trace::split_off(text);
        let record = Record::read(text, context.clock)?;
        let _free = shape.set_text(Field::Message, record.message);
        let _free = shape.set_text(Field::LogLevel, record.level);
        if !record.logger.is_empty() {
            let _free = shape.set_text(Field::LogLogger, record.logger);
        }
        if let Some(trace) = trace {
            trace.place(shape);
        }
        Some(EventTime::of(record.time))
    },
};

/// A record; the logger may be missing.
#[derive(Clone, Copy, Debug)]
struct Record<'a> {
    time: Option<Stamp<'a>>,
    level: &'a str,
    logger: &'a str,
    message: &'a str,
}

impl<'a> Record<'a> {
    fn read(text: &'a str, clock: &Clock) -> Option<Self> {
        if !text.starts_with(|first: char| first.is_ascii_digit()) {
            let (level, rest) = text.split_once(':').filter(|(level, _)| is_level(level))?;
            let (logger, message) = rest.split_once(':').filter(|(logger, _)| is_logger(logger))?;
            return Some(Self { time: None, level, logger, message });
        }
        let (time, rest) = stamp::take_iso(text, clock)?;
        let time = Some(time);
        if let Some(rest) = rest.strip_prefix(" - ") {
            let (logger, rest) = rest.split_once(" - ").filter(|(logger, _)| is_logger(logger))?;
            let (level, message) = rest.split_once(" - ").filter(|(level, _)| is_level(level))?;
            return Some(Self { time, level, logger, message });
        }
        if let Some(rest) = rest.strip_prefix(':') {
            let (level, message) = rest.split_once(':').filter(|(level, _)| is_level(level))?;
            return Some(Self { time, level, logger: "", message });
        }
        let (level, rest) = rest.strip_prefix(' ')?.split_once(' ')?;
        let level = level.strip_prefix('[').and_then(|level| level.strip_suffix(']')).unwrap_or(level);
        if !is_level(level) {
            return None;
        }
        let (logger, message) = match rest.trim_start().split_once(": ") {
            Some((logger, message)) if is_logger(logger) => (logger, message),
            _ => ("", rest),
        };
        Some(Self { time, level, logger, message })
    }
}

fn is_level(word: &str) -> bool {
    matches!(word, "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL")
}

/// Whether a word may be the name of a logger: names of modules.
fn is_logger(word: &str) -> bool {
    !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    /// Written by Python 3.11.
    pub(crate) const SAMPLES: Samples = Samples {
        format: "python",
        // With a logger and a level in brackets a line could as well be of Java, where it gets the same fields.
        auto: &[Format::Python, Format::Java, Format::Raw],
        read: &[
            (
                "WARNING:shop.cart:retrying 7: timeout",
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "log": {"level": "WARNING", "logger": "shop.cart"}, "message": "retrying 7: timeout"}"#,
            ),
            (
                "ERROR:root:charge failed\nTraceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 12, in <module>\n    try: charge(7)\n         ^^^^^^^^^\n  File \"/srv/shop/cart.py\", line 8, in charge\n    raise ValueError(f\"no price for {order}\") from e\nValueError: no price for 7",
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z", "log": {"level": "ERROR", "logger": "root"}, "message": "charge failed",
                "error": {"type": "ValueError", "message": "no price for 7", "stack_trace": "Traceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 12, in <module>\n    try: charge(7)\n         ^^^^^^^^^\n  File \"/srv/shop/cart.py\", line 8, in charge\n    raise ValueError(f\"no price for {order}\") from e\nValueError: no price for 7"}}"#,
            ),
            (
                "2026-11-21 08:59:58,842 - shop.cart - CRITICAL - asc",
                r#"{"@timestamp": "2026-11-21T08:59:58.842Z", "log": {"level": "CRITICAL", "logger": "shop.cart"}, "message": "asc"}"#,
            ),
            (
                "2026-11-21 08:59:58,843 [DEBUG] shop.cart: hi",
                r#"{"@timestamp": "2026-11-21T08:59:58.843Z", "log": {"level": "DEBUG", "logger": "shop.cart"}, "message": "hi"}"#,
            ),
            (
                "2026-11-21 08:59:58,843:DEBUG:hi",
                r#"{"@timestamp": "2026-11-21T08:59:58.843Z", "log": {"level": "DEBUG"}, "message": "hi"}"#,
            ),
            (
                "2026-11-21 08:59:58,843 DEBUG hi there",
                r#"{"@timestamp": "2026-11-21T08:59:58.843Z", "log": {"level": "DEBUG"}, "message": "hi there"}"#,
            ),
        ],
        refused: &[
            "",
            "INFO: text",
            "INFO:two words:text",
            "Info:root:text",
            "2026-11-21 08:59:58,842 - shop.cart - text",
            "2026-11-21 08:59:58,842 text",
        ],
    };
}
