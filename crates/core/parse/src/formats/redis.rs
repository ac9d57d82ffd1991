//! Redis' and Valkey's log: `pid:role 21 Nov 2026 09:00:00.123 * message`.
//!
//! The level is one character: `.` debug, `-` verbose, `*` notice, `#` warning. The role of the process (master, replica,
//! sentinel, child) goes to `redis.log.role`, which is where Filebeat has it. What a signal handler writes has an epoch
//! instead of a date, and no level.
//!
//! Source: <https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/> (`loglevel`),
//! <https://build47.com/redis-log-format-levels/>.

use std::borrow::Cow;

use super::{Guess, Reader, stamp};
use crate::ecs::Field;
use crate::line::{number, set_number};
use crate::shape::EventTime;
use crate::tree::Value;

/// A number, a colon, and the letter of a role.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte.is_ascii_digit(),
        looks_like: |line| {
            let rest = line.trim_start_matches(|char: char| char.is_ascii_digit());
            line.len() - rest.len() <= 10
                && matches!(rest.as_bytes(), [b':', b'M' | b'S' | b'C' | b'X' | b's', ..])
        },
    }),
    read: |line, context, shape| {
        let (pid, rest) = line.split_once(':')?;
        let _pid = number(pid)?;
        if let Some(rest) = rest.strip_prefix("signal-handler (") {
            let (epoch, message) = rest.split_once(") ")?;
            let ms = number(epoch)?.checked_mul(1000)?;
            let _number = set_number(shape, Field::ProcessPid, pid);
            let _free = shape.set_text(Field::Message, message);
            return Some(EventTime::of(Some((ms, epoch))));
        }
        let (role, rest) = rest.split_once(' ')?;
        let role = match role {
            "M" => "master",
            "S" => "replica",
            "C" => "child",
            "X" => "sentinel",
            _ => return None,
        };
        let (time, rest) = stamp::take_day_first(rest, context.clock)?;
        let (level, message) = rest.strip_prefix(' ')?.split_once(' ')?;
        let level = match level {
            "." => "debug",
            "-" => "verbose",
            "*" => "notice",
            "#" => "warning",
            _ => return None,
        };
        let _number = set_number(shape, Field::ProcessPid, pid);
        let _free = shape.set_text(Field::LogLevel, level);
        let _free = shape.set_text(Field::Message, message);
        shape.place_named("redis.log.role", Value::Text(Cow::Borrowed(role)));
        Some(EventTime::of(Some(time)))
    },
};

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    /// Written by Redis 7.0.15 that saved its data and was told to stop.
    pub(crate) const SAMPLES: Samples = Samples {
        format: "redis",
        auto: &[Format::Redis],
        read: &[
            (
                "21174:C 21 Nov 2026 08:59:58.620 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
                r#"{"@timestamp": "2026-11-21T08:59:58.620Z", "process": {"pid": 21174}, "log": {"level": "warning"},
                "redis": {"log": {"role": "child"}}, "message": "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"}"#,
            ),
            (
                "21174:M 21 Nov 2026 08:59:58.616 * Background saving started by pid 21184",
                r#"{"@timestamp": "2026-11-21T08:59:58.616Z", "process": {"pid": 21174}, "log": {"level": "notice"},
                "redis": {"log": {"role": "master"}}, "message": "Background saving started by pid 21184"}"#,
            ),
            (
                "21174:M 21 Nov 2026 08:59:58.615 - Accepted 127.0.0.1:52256",
                r#"{"@timestamp": "2026-11-21T08:59:58.615Z", "process": {"pid": 21174}, "log": {"level": "verbose"},
                "redis": {"log": {"role": "master"}}, "message": "Accepted 127.0.0.1:52256"}"#,
            ),
            (
                "21174:signal-handler (1795251598) Received SIGTERM scheduling shutdown...",
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "process": {"pid": 21174},
                "message": "Received SIGTERM scheduling shutdown..."}"#,
            ),
        ],
        refused: &[
            "",
            "21174:M",
            "21174:Q 21 Nov 2026 08:59:58.616 * x",
            "21174:M 21 Nov 2026 08:59:58.616 x",
            "21174:M 21 Nov 08:59:58.616 * x",
            "x:M 21 Nov 2026 08:59:58.616 * x",
            "99999999999999999999:signal-handler (1) x",
            "1:signal-handler (999999999999999999) x",
        ],
    };
}
