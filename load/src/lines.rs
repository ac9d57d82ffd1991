//! The payload: log lines made from a seed, line `n` always the same but for its time.
//!
//! Lengths are those of the lines that peers were measured with: about 314 bytes for an application's JSON, 164 for
//! nginx's `combined`. Values vary enough that lz4 finds about as much to save as in real logs.

mod access;
mod app;
mod random;

use std::ops::Range;

use bytes::Bytes;
use jiff::Timestamp;

use self::random::Random;

/// Time between two lines, in milliseconds.
const STEP_MS: i64 = 1;

/// A kind of line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Payload {
    /// An application's JSON line.
    App,
    /// nginx's access log in its `combined` form.
    Access,
}

/// Makes lines.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    payload: Payload,
    /// The time of line 0, in milliseconds since the Unix epoch.
    start_ms: i64,
}

// === impl Payload ===

impl Payload {
    /// The name of its format, as a sender declares it.
    #[must_use]
    pub const fn format(self) -> &'static str {
        match self {
            Self::App => "json",
            Self::Access => "combined",
        }
    }
}

// === impl Lines ===

impl Lines {
    /// Lines of which the first is as old as the last of `count` needs, so that none lies in the future.
    #[must_use]
    pub fn ending_now(payload: Payload, count: u64) -> Self {
        let span = i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(STEP_MS);
        Self { payload, start_ms: Timestamp::now().as_millisecond().saturating_sub(span) }
    }

    /// What kind they are.
    #[must_use]
    pub const fn payload(&self) -> Payload {
        self.payload
    }

    /// Appends line `n`, without an end of line.
    pub fn push(&self, n: u64, out: &mut Vec<u8>) {
        let step = i64::try_from(n).unwrap_or(i64::MAX).saturating_mul(STEP_MS);
        let time = Timestamp::from_millisecond(self.start_ms.saturating_add(step)).unwrap_or_default();
        let mut random = Random::new(n);
        match self.payload {
            Payload::App => app::push(time, &mut random, n, out),
            Payload::Access => access::push(time, &mut random, out),
        }
    }

    /// The lines of a range as one body, each with its end of line.
    #[must_use]
    pub fn body(&self, range: Range<u64>) -> Bytes {
        let mut body = Vec::new();
        for n in range {
            self.push(n, &mut body);
            body.push(b'\n');
        }
        body.into()
    }

    /// The mean length of a line, without its end, over the first thousand.
    #[must_use]
    pub fn mean_length(&self) -> usize {
        (self.body(0..1000).len() / 1000).saturating_sub(1)
    }
}

/// The id that line `n` of [`Payload::App`] carries as `request_id`: what verification looks for.
#[must_use]
pub fn request_id(n: u64) -> String {
    // Spread over 64 bits as random ids are, and still different for every line.
    format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995_97f4_a7c1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_those_of_the_peers() {
        let mean = |payload| Lines::ending_now(payload, 1000).mean_length();
        assert!((310..=316).contains(&mean(Payload::App)), "{}", mean(Payload::App));
        assert!((158..=170).contains(&mean(Payload::Access)), "{}", mean(Payload::Access));
    }

    #[test]
    fn an_app_line_is_json_and_carries_its_id() {
        let lines = Lines::ending_now(Payload::App, 1000);
        for n in 0..1000 {
            let mut line = Vec::new();
            lines.push(n, &mut line);
            let value: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
            assert_eq!(value["request_id"], request_id(n));
        }
    }

    #[test]
    fn the_same_line_is_made_again() {
        let lines = Lines::ending_now(Payload::Access, 10);
        assert_eq!(lines.body(3..5), lines.body(3..5));
        assert_ne!(lines.body(3..4), lines.body(4..5));
    }
}
