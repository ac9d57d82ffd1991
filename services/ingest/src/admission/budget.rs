//! What may be held of what comes in by one listener, where its settings say so: one that is flooded leaves the others their part.

use std::sync::atomic::{AtomicUsize, Ordering};

/// So many bytes, and how many of them are held.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    held: AtomicUsize,
}

// === impl Budget ===

impl Budget {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { limit, held: AtomicUsize::new(0) }
    }

    /// Holds so much more, for somebody who holds `mine` of it; not if that is too much, unless he is alone.
    #[must_use]
    pub(super) fn hold(&self, mine: usize, more: usize) -> bool {
        let next = |held: usize| held.checked_add(more).filter(|next| *next <= self.limit || held == mine);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    /// Gives so much back.
    pub(super) fn release(&self, less: usize) {
        let _before = self.held.fetch_sub(less, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_alone_may_hold_more_than_there_is() {
        let budget = Budget::new(10);
        assert!(budget.hold(0, 6) && !budget.hold(0, 5) && budget.hold(0, 4));
        budget.release(4);
        assert!(budget.hold(6, 100));
        assert!(!budget.hold(0, 1));
        budget.release(106);
        assert!(budget.hold(0, 10));
    }
}
