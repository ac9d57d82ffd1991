//! What is new since the last look. Pure.
//!
//! Documents don't come in the order of their own times: streams differ, and indexing takes its time. So every look
//! goes back a little, and what was shown before is left out by id. A document that is later than that is not shown.

use std::collections::HashMap;

/// How far every look goes back behind the newest document seen, in milliseconds.
pub(crate) const OVERLAP_MS: i64 = 30_000;

/// What was shown already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    times: HashMap<String, i64>,
    newest_ms: Option<i64>,
}

impl Seen {
    /// Whether a document is new; from now on it isn't.
    pub(crate) fn is_new(&mut self, id: &str, timestamp_ms: i64) -> bool {
        self.newest_ms = self.newest_ms.max(Some(timestamp_ms));
        self.times.insert(id.to_owned(), timestamp_ms).is_none()
    }

    /// The time of the newest document seen.
    pub(crate) const fn newest_ms(&self) -> Option<i64> {
        self.newest_ms
    }

    /// From when the next look is to be taken; `start` until anything was seen. What is older is forgotten.
    pub(crate) fn next_since(&mut self, start: i64) -> i64 {
        let Some(newest) = self.newest_ms else { return start };
        let since = newest.saturating_sub(OVERLAP_MS);
        self.times.retain(|_, timestamp_ms| *timestamp_ms >= since);
        since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_is_shown_once() {
        let mut seen = Seen::default();
        assert_eq!(seen.next_since(5), 5);
        assert!(seen.is_new("a", 100_000));
        assert!(!seen.is_new("a", 100_000));
        assert!(seen.is_new("late", 80_000), "late, within the overlap");
        assert_eq!(seen.next_since(5), 70_000);
        assert!(!seen.is_new("late", 80_000));
        assert!(seen.is_new("b", 200_000));
        assert_eq!(seen.next_since(5), 170_000);
        assert_eq!(seen.times.len(), 1, "what can't be found again is forgotten");
    }
}
