//! What is in memory without counting as held.
//!
//! Whoever waits for more memory gives back what he holds, or all who wait might be waiting for each other. What he has read stays in memory
//! all the same. So it counts here meanwhile, within bounds of its own: beyond them he keeps what he holds, and may not wait for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much may be lent.
#[derive(Clone, Debug)]
pub(super) struct Lending {
    most: usize,
    lent: Arc<AtomicUsize>,
}

/// Bytes that are in memory and don't count as held, until this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Lent {
    bytes: usize,
    all: Arc<AtomicUsize>,
}

// === impl Lending ===

impl Lending {
    pub(super) fn new(most: usize) -> Self {
        Self { most, lent: Arc::default() }
    }

    /// So many bytes, unless too many are lent.
    pub(super) fn lend(&self, bytes: usize) -> Option<Lent> {
        let more = |lent: usize| lent.checked_add(bytes).filter(|lent| *lent <= self.most);
        let _before = self.lent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Lent { bytes, all: Arc::clone(&self.lent) })
    }
}

// === impl Lent ===

impl Drop for Lent {
    fn drop(&mut self) {
        let _before = self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_lent_than_may_be() {
        let lending = Lending::new(10);
        let (six, none) = (lending.lend(6), lending.lend(5));
        assert!(six.is_some() && none.is_none());
        drop(six);
        assert!(lending.lend(10).is_some());
        assert!(lending.lend(usize::MAX).is_none());
    }
}
