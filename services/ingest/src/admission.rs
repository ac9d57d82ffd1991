//! How many bytes may be on their way at once: bodies being read, decompressed, and waiting for Kafka.
//!
//! What doesn't fit is refused at once with 429, so that a slow broker costs memory up to the limit and no further. The
//! shipper keeps what was refused; that is its job.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes that all requests share. Clones share the count.
#[derive(Clone, Debug)]
pub struct Budget {
    max: usize,
    used: Arc<AtomicUsize>,
}

/// One request's share of the budget; given back when dropped.
#[derive(Debug)]
#[must_use]
pub struct Reservation {
    budget: Budget,
    held: usize,
}

impl Budget {
    /// A budget of `max` bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { max, used: Arc::default() }
    }

    /// A share of nought bytes, to grow.
    pub fn reserve(&self) -> Reservation {
        Reservation { budget: self.clone(), held: 0 }
    }

    /// The bytes that are held now.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Reservation {
    /// Makes the share at least `size` bytes; `false` if the budget has no room for it now.
    ///
    /// Who is alone always gets room: a request that the limits allow must not be refused for ever because the budget
    /// is set smaller than one body.
    pub fn grow_to(&mut self, size: usize) -> bool {
        let Some(more) = size.checked_sub(self.held).filter(|more| *more > 0) else {
            return true;
        };
        let fits = |used: usize| {
            let grown = used.checked_add(more)?;
            (grown <= self.budget.max || used == self.held).then_some(grown)
        };
        let grown = self.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if grown {
            self.held = size;
        }
        grown
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let _before = self.budget.used.fetch_sub(self.held, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_limited_and_given_back() {
        let budget = Budget::new(100);
        let (mut one, mut two) = (budget.reserve(), budget.reserve());
        assert!(one.grow_to(60) && two.grow_to(40));
        assert!(!two.grow_to(41), "full");
        assert!(two.grow_to(10), "a smaller size is already there");
        assert_eq!(budget.used(), 100);
        drop(one);
        assert!(two.grow_to(100));
        drop(two);
        assert_eq!(budget.used(), 0);
    }

    /// Scenario: a body larger than the whole budget, within the limit on bodies.
    /// Guarantees: taken when nothing else is under way, refused otherwise.
    #[test]
    fn who_is_alone_gets_room() {
        let budget = Budget::new(10);
        let mut large = budget.reserve();
        assert!(large.grow_to(50) && large.grow_to(60));
        let mut small = budget.reserve();
        assert!(!small.grow_to(1));
        drop(large);
        assert!(small.grow_to(1));
        assert!(!budget.reserve().grow_to(50));
    }
}
