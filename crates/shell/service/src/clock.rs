//! What the core asks its shells for: the time, and chance.

use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch; 0 on a clock that stands before it.
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A number uniform over all of `u64`, for jitter, not for secrets: what the system seeds hashers with.
#[must_use]
pub fn random() -> u64 {
    RandomState::new().hash_one(0)
}
