//! What may be on its way at once: bodies being read, decompressed, and waiting for Kafka.
//!
//! What doesn't fit is refused at once, with the limit that stands in the way and a time to come again, so that a slow
//! broker costs memory up to the limit and waiting up to the target, and no further. The shipper keeps what was refused;
//! that is its job. No tenant's requests take what others need. [`policy`] decides; here are the lock, the clock, and
//! handles that give back what they hold when they are dropped.

pub(crate) mod budget;
pub(crate) mod lent;
pub(crate) mod pace;
pub(crate) mod policy;
pub(crate) mod retry;
pub(crate) mod shares;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_access::Tenants;
use forebay_record::Tenant;

use self::budget::Budget;
use self::lent::{Lending, Lent};
use self::pace::Ticket;
use self::policy::Policy;
pub(crate) use self::policy::{Exhausted, Refused};

/// The budgets that all requests share. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    policy: Mutex<Policy>,
    lending: Lending,
    start: Instant,
}

/// What is in use now, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct InUse {
    /// Memory of requests.
    pub memory: usize,
    /// What waits for acknowledgements.
    pub backlog: usize,
    /// How much may wait for them.
    pub budget: usize,
}

/// One request's share of the memory; given back when dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Reservation {
    admission: Admission,
    tenant: Tenant,
    held: usize,
    /// What of it is held for something else than the batch.
    aside: usize,
    /// What all of its listener's may be, where that has a limit.
    budget: Option<Arc<Budget>>,
}

/// One request's place in the backlog; given up when dropped, as if the broker had acknowledged nothing.
#[derive(Debug)]
#[must_use]
pub(crate) struct Place {
    admission: Admission,
    tenant: Tenant,
    ticket: Option<Ticket>,
}

// === impl Admission ===

impl Admission {
    /// Lets in `max_memory` bytes at most, beside half as much of those who wait for more, and no more than is acknowledged within `max_latency`.
    #[must_use]
    pub(crate) fn new(max_memory: usize, max_latency: Duration) -> Self {
        let policy = Mutex::new(Policy::new(max_memory, max_latency));
        let lending = Lending::new(max_memory / 2);
        Self { shared: Arc::new(Shared { policy, lending, start: Instant::now() }) }
    }

    /// A share of nought bytes for a request of this tenant, to grow. Refused before the body is read, where the events
    /// would only wait for too long.
    ///
    /// # Errors
    /// When something of this tenant could not be sent now.
    pub(crate) fn reserve(&self, tenant: &Tenant) -> Result<Reservation, Refused> {
        let now = self.now();
        self.policy().may_ship(tenant, now)?;
        Ok(self.hold(tenant))
    }

    /// A share of nought bytes, to grow, for what this tenant has sent already and can't take back. Whether it may be sent on
    /// is asked when it is.
    pub(crate) fn hold(&self, tenant: &Tenant) -> Reservation {
        Reservation { admission: self.clone(), tenant: tenant.clone(), held: 0, aside: 0, budget: None }
    }

    /// So many bytes that stay in memory while nothing is held for them, unless there are too many of those.
    pub(crate) fn lend(&self, bytes: usize) -> Option<Lent> {
        self.shared.lending.lend(bytes)
    }

    /// These are the weights of tenants; those of others are 1.
    pub(crate) fn weigh(&self, tenants: &Tenants) {
        let weights = tenants.iter().filter(|(_, limits)| limits.weight != 1);
        let weights = weights.map(|(tenant, limits)| (tenant.clone(), limits.weight as usize)).collect();
        self.policy().weigh(weights);
    }

    /// What is in use now.
    #[must_use]
    pub(crate) fn in_use(&self) -> InUse {
        let policy = self.policy();
        InUse { memory: policy.memory(), backlog: policy.backlog(), budget: policy.budget() }
    }

    fn policy(&self) -> MutexGuard<'_, Policy> {
        self.shared.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.shared.start.elapsed()
    }
}

// === impl Reservation ===

impl Reservation {
    /// The same, as a part of this.
    pub(crate) fn within(mut self, budget: Option<Arc<Budget>>) -> Self {
        self.budget = budget;
        self
    }

    /// Makes the share at least `size` bytes, beside what was set aside.
    ///
    /// # Errors
    /// When there is no room for it now.
    pub(crate) fn grow_to(&mut self, size: usize) -> Result<(), Refused> {
        let size = size.saturating_add(self.aside);
        let more = size.saturating_sub(self.held);
        if more > 0 {
            if self.budget.as_ref().is_some_and(|budget| !budget.hold(self.held, more)) {
                return Err(Refused { limit: Exhausted::Listener, room_in: Duration::ZERO });
            }
            let held = self.admission.policy().hold(&self.tenant, self.held, more);
            if let (Err(_), Some(budget)) = (&held, &self.budget) {
                budget.release(more);
            }
            held?;
            self.held = size;
        }
        Ok(())
    }

    /// Makes the share at most `size` bytes, beside what was set aside.
    pub(crate) fn shrink_to(&mut self, size: usize) {
        let size = size.saturating_add(self.aside);
        let less = self.held.saturating_sub(size);
        if less > 0 {
            self.admission.policy().release(&self.tenant, less);
            if let Some(budget) = &self.budget {
                budget.release(less);
            }
            self.held = size;
        }
    }

    /// Keeps so many bytes of the share for what waits with a batch and is no part of it, such as its answer, until the end.
    pub(crate) fn set_aside(&mut self, bytes: usize) {
        self.aside = bytes.min(self.held);
    }

    /// Gives all of it back, of somebody who waits for more and whose bytes stay in memory; unless too many do so.
    pub(crate) fn lend(&mut self) -> Option<Lent> {
        let lent = self.admission.lend(self.held)?;
        self.aside = 0;
        self.shrink_to(0);
        Some(lent)
    }

    /// What was set aside.
    #[must_use]
    pub(crate) fn aside(&self) -> usize {
        self.aside
    }

    /// A place in the backlog for so many bytes of the same tenant.
    ///
    /// # Errors
    /// When they would wait for too long.
    pub(crate) fn ship(&self, weight: usize) -> Result<Place, Refused> {
        let now = self.admission.now();
        let ticket = self.admission.policy().ship(&self.tenant, weight, now)?;
        Ok(Place { admission: self.admission.clone(), tenant: self.tenant.clone(), ticket: Some(ticket) })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.aside = 0;
        self.shrink_to(0);
    }
}

// === impl Place ===

impl Place {
    /// The broker has acknowledged `done` of `all` events.
    pub(crate) fn settle(mut self, done: u64, all: u64) {
        self.leave(done, all);
    }

    fn leave(&mut self, done: u64, all: u64) {
        if let Some(ticket) = self.ticket.take() {
            let weight = ticket.weight() as u128 * u128::from(done.min(all)) / u128::from(all.max(1));
            let acknowledged = usize::try_from(weight).unwrap_or(usize::MAX);
            let now = self.admission.now();
            self.admission.policy().settle(&self.tenant, ticket, acknowledged, now);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave(0, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(max_memory: usize) -> (Admission, Tenant) {
        (Admission::new(max_memory, Duration::from_secs(2)), Tenant::new("acme").unwrap())
    }

    #[test]
    fn what_is_held_is_limited_and_given_back() {
        let (admission, acme) = admission(100);
        let (mut one, mut two) = (admission.reserve(&acme).unwrap(), admission.reserve(&acme).unwrap());
        assert!(one.grow_to(40).is_ok() && two.grow_to(40).is_ok());
        assert_eq!(two.grow_to(41).unwrap_err().limit, Exhausted::Memory);
        assert!(two.grow_to(10).is_ok(), "a smaller size is already there");
        assert_eq!(admission.in_use().memory, 80);
        one.shrink_to(30);
        one.shrink_to(35);
        assert_eq!(admission.in_use().memory, 70);
        drop(one);
        assert!(two.grow_to(200).is_ok(), "it is alone");
        drop(two);
        assert_eq!(admission.in_use().memory, 0);
    }

    /// Scenario: a place is settled, another one is dropped, as when a delivery panics.
    /// Guarantees: neither stays in the backlog.
    #[test]
    fn a_place_is_given_up_in_any_case() {
        let (admission, acme) = admission(1 << 20);
        let reservation = admission.reserve(&acme).unwrap();
        let (one, two) = (reservation.ship(700).unwrap(), reservation.ship(70).unwrap());
        assert_eq!(admission.in_use().backlog, 770);
        one.settle(3, 7);
        assert_eq!(admission.in_use().backlog, 70);
        drop(two);
        assert_eq!(admission.in_use().backlog, 0);
    }
}
