//! Warnings about single records, at most so many a minute from one place in the code.
//!
//! A broken shipper sends thousands of broken events a second; one line in a while that says how many were held back
//! tells as much as all of them. The limit is per call site, and a minute starts with the first line in it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use metrics::Counter;

use crate::names::{CounterName, counter};

const MINUTE: Duration = Duration::from_secs(60);

/// Warns, at most `per_minute` times a minute from this place; the field `logs_held_back` says how many
/// were not written since the last one.
///
/// ```
/// # use forebay_telemetry::rate_limited_warn;
/// let length = 12;
/// rate_limited_warn!(per_minute = 5, length, "event without a body");
/// ```
#[macro_export]
macro_rules! rate_limited_warn {
    (per_minute = $limit:expr, $($rest:tt)+) => {{
        static LIMIT: $crate::rate_limit::RateLimit = $crate::rate_limit::RateLimit::per_minute($limit);
        if let ::std::option::Option::Some(held_back) = LIMIT.check() {
            $crate::macro_support::tracing::warn!(logs_held_back = held_back, $($rest)+);
        }
    }};
}

/// One call site's limit.
#[derive(Debug)]
pub struct RateLimit {
    per_minute: u32,
    window: Mutex<Window>,
    /// Told apart from the window so that a line held back needs no lock once the minute's share is used up.
    held_back: AtomicU64,
}

/// The minute under way.
#[derive(Debug)]
struct Window {
    since: Option<Instant>,
    used: u32,
}

impl RateLimit {
    /// At most so many lines a minute; 0 silences the place for good.
    #[must_use]
    pub const fn per_minute(per_minute: u32) -> Self {
        Self { per_minute, window: Mutex::new(Window { since: None, used: 0 }), held_back: AtomicU64::new(0) }
    }

    /// Whether a line may be written now: `Some` with the number that were held back since the last one.
    pub fn check(&self) -> Option<u64> {
        self.check_at(Instant::now())
    }

    fn check_at(&self, now: Instant) -> Option<u64> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.admits(now, self.per_minute) {
            return Some(self.held_back.swap(0, Ordering::Relaxed));
        }
        drop(window);
        let _before = self.held_back.fetch_add(1, Ordering::Relaxed);
        held_back_total().increment(1);
        None
    }
}

impl Window {
    fn admits(&mut self, now: Instant, per_minute: u32) -> bool {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= MINUTE) {
            *self = Self { since: Some(now), used: 0 };
        }
        if self.used >= per_minute {
            return false;
        }
        self.used += 1;
        true
    }
}

fn held_back_total() -> &'static Counter {
    static TOTAL: OnceLock<Counter> = OnceLock::new();
    TOTAL.get_or_init(|| counter(CounterName::LogsHeldBack, &[]))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::RateLimit;

    /// Scenario: five lines in one minute under a limit of two, then one in the next minute.
    /// Guarantees: two are written; the next minute's first says that three were held back.
    #[test]
    fn holds_back_and_says_how_many() {
        let limit = RateLimit::per_minute(2);
        let start = Instant::now();
        let answers: Vec<_> = (0..5).map(|n| limit.check_at(start + Duration::from_secs(n))).collect();
        assert_eq!(answers, [Some(0), Some(0), None, None, None]);
        assert_eq!(limit.check_at(start + Duration::from_secs(61)), Some(3));
        assert_eq!(limit.check_at(start + Duration::from_secs(62)), Some(0));
    }

    #[test]
    fn the_macro_takes_fields() {
        for length in 0..3 {
            rate_limited_warn!(per_minute = 1, length, reason = "test", "event without a body");
        }
    }
}
