//! When an event was received that doesn't say so: at its own time. So a sample gives the same whatever day it is, and no sample is
//! too old for the parser's bounds.

use forebay_convert::Documents;
use forebay_record::RawEvent;
use forebay_rules::Lane;
use forebay_rules::observe::Unobserved;

use crate::captured::Captured;
use crate::engine::{Engine, EngineError};
use crate::outcome::Actual;

/// When an event was received that has no time of its own either: 2026-01-01T00:00:00Z, in milliseconds since the Unix epoch.
pub const RECEIVED_MS: i64 = 1_767_225_600_000;

/// Longer than any event's age, and short enough that times stay representable, in milliseconds: a hundred years.
const ANY_AGE_MS: i64 = 100 * 366 * 86_400_000;

/// Finds out when events were received.
#[derive(Debug)]
pub struct Receipts {
    /// Reads events however old they are.
    lenient: Lane,
    buffer: Documents,
}

// === impl Receipts ===

impl Receipts {
    /// By these rules.
    ///
    /// # Errors
    /// When the parser's settings can't be used.
    pub fn new(engine: &Engine) -> Result<Self, EngineError> {
        let mut lenient = engine.clone();
        lenient.setting.parse.max_age_ms = ANY_AGE_MS;
        lenient.setting.parse.max_future_ms = ANY_AGE_MS;
        Ok(Self { lenient: lenient.lane()?, buffer: Documents::default() })
    }

    /// The event with its time of receipt.
    pub fn event<'a>(&mut self, captured: &'a Captured) -> RawEvent<'a> {
        let mut event = captured.event();
        if event.received_at == 0 {
            event.received_at = nanoseconds(RECEIVED_MS);
            event.received_at = nanoseconds(self.own_time(&event));
        }
        event
    }

    fn own_time(&mut self, event: &RawEvent<'_>) -> i64 {
        match Actual::of(&mut self.lenient, event, &mut self.buffer, &mut Unobserved) {
            Actual::Documents(made) => {
                made.iter().map(|made| made.event_ms).max().unwrap_or(RECEIVED_MS).max(0)
            }
            Actual::DeadLetter(_) | Actual::Dropped(_) => RECEIVED_MS,
        }
    }
}

/// Milliseconds since the Unix epoch as records have them.
fn nanoseconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000)
}

/// The time of an event's receipt, in milliseconds since the Unix epoch.
pub(crate) fn milliseconds(event: &RawEvent<'_>) -> i64 {
    i64::try_from(event.received_at / 1_000_000).unwrap_or(RECEIVED_MS)
}
