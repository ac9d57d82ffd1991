//! What is let in: two budgets that tenants share, one of memory and one of what waits for Kafka. Pure: the time is an
//! argument.
//!
//! - **Memory** is what requests hold, from the first byte of a body to the acknowledgement of the last event. Its limit is
//!   fixed. Bodies that come slowly, or never end, take from this one only.
//! - **The backlog** is what has been given to the producer and isn't acknowledged. Its limit follows the broker's rate
//!   ([`Pace`]), so that waiting in it takes no longer than the target, and at the very worst, with many newcomers or a
//!   broker that has just become slower, twice as long. A request's own size doesn't count against it: what
//!   stands before it is what it waits for.
//!
//! Both are divided by [`Shares`]. Memory counts every byte that the producer's queue will hold, and has the queue's bound as
//! its limit; so no tenant can fill the queue for the others.

use std::collections::HashMap;
use std::time::Duration;

use forebay_record::Tenant;

use super::pace::{Pace, Ticket};
use super::shares::{Shares, Short};

/// How much of the free memory a tenant may hold: alone four fifths of it.
const MEMORY_EAGERNESS: usize = 4;

/// How much of the free backlog a tenant may hold: alone half of it, which is plenty to keep the broker busy, and leaves the
/// other half of the latency to those who come later.
const BACKLOG_EAGERNESS: usize = 1;

/// The limit that stands in the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exhausted {
    /// All memory for requests is in use.
    Memory,
    /// The listener has as much under way as its settings let it.
    Listener,
    /// The tenant has its share, of memory or of the backlog, and what is left is for others.
    Share,
    /// What waits for the broker would make more wait for too long.
    Backlog,
    /// The broker has acknowledged nothing for so long, though something waits.
    Broker(Duration),
}

/// No room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Refused {
    /// Which limit.
    pub limit: Exhausted,
    /// How long it takes until there is likely to be room; zero when that can't be told.
    pub room_in: Duration,
}

/// Both budgets, and who holds what of them.
#[derive(Debug)]
pub(crate) struct Policy {
    max_memory: usize,
    memory: Shares,
    backlog: Shares,
    pace: Pace,
    /// Those that aren't 1.
    weights: HashMap<Tenant, usize>,
}

impl Policy {
    /// Lets in `max_memory` bytes at most, and no more than is acknowledged within `max_latency`.
    #[must_use]
    pub(crate) fn new(max_memory: usize, max_latency: Duration) -> Self {
        Self {
            max_memory,
            memory: Shares::new(MEMORY_EAGERNESS),
            backlog: Shares::new(BACKLOG_EAGERNESS),
            pace: Pace::new(max_latency, max_memory),
            weights: HashMap::new(),
        }
    }

    /// A request of `tenant` that holds `held` bytes wants to hold `more`.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn hold(&mut self, tenant: &Tenant, held: usize, more: usize) -> Result<(), Refused> {
        match self.memory.admits(tenant, self.weight(tenant), held, more, self.max_memory) {
            Ok(()) => {
                self.memory.take(tenant, more);
                Ok(())
            }
            Err(short) => {
                let missing = self.memory.total().saturating_add(more).saturating_sub(self.max_memory);
                let limit = short.names(Exhausted::Memory);
                Err(Refused { limit, room_in: self.pace.time_for(missing) })
            }
        }
    }

    /// A request gives memory back.
    pub(crate) fn release(&mut self, tenant: &Tenant, less: usize) {
        self.memory.give(tenant, less);
    }

    /// Whether something of `tenant` may join the backlog.
    ///
    /// # Errors
    /// When it would wait for too long.
    pub(crate) fn may_ship(&self, tenant: &Tenant, now: Duration) -> Result<(), Refused> {
        if let Some(still) = self.pace.away_for(now) {
            return Err(Refused { limit: Exhausted::Broker(still), room_in: Duration::ZERO });
        }
        // Who has nothing there is let in beyond the budget: it may have become smaller than what waits already, and that is
        // the others'.
        let newcomers = if self.backlog.of(tenant) == 0 { 2 } else { 1 };
        let budget = self.pace.budget().saturating_mul(newcomers);
        self.backlog.admits(tenant, self.weight(tenant), 0, 1, budget).map_err(|short| {
            let surplus = self.backlog.total().saturating_add(self.backlog.of(tenant)).saturating_sub(budget);
            let limit = short.names(Exhausted::Backlog);
            Refused { limit, room_in: self.pace.time_for(surplus) }
        })
    }

    /// So many bytes of `tenant` join the backlog, if they may.
    ///
    /// # Errors
    /// When they would wait for too long.
    pub(crate) fn ship(&mut self, tenant: &Tenant, weight: usize, now: Duration) -> Result<Ticket, Refused> {
        self.may_ship(tenant, now)?;
        self.backlog.take(tenant, weight);
        Ok(self.pace.ship(weight, now))
    }

    /// What was shipped with this ticket has an outcome: the broker has `acknowledged` so many of its bytes.
    pub(crate) fn settle(&mut self, tenant: &Tenant, ticket: Ticket, acknowledged: usize, now: Duration) {
        self.backlog.give(tenant, ticket.weight());
        self.pace.settle(ticket, acknowledged, now);
    }

    /// These are the weights of tenants from now on; those of others are 1.
    pub(crate) fn weigh(&mut self, weights: HashMap<Tenant, usize>) {
        self.weights = weights;
    }

    fn weight(&self, tenant: &Tenant) -> usize {
        self.weights.get(tenant).copied().unwrap_or(1)
    }

    /// The bytes of memory in use.
    #[must_use]
    pub(crate) fn memory(&self) -> usize {
        self.memory.total()
    }

    /// The bytes in the backlog.
    #[must_use]
    pub(crate) fn backlog(&self) -> usize {
        self.backlog.total()
    }

    /// How many bytes may be in the backlog, of all tenants together.
    #[must_use]
    pub(crate) fn budget(&self) -> usize {
        self.pace.budget()
    }
}

impl Short {
    /// The name of a limit that everybody or only the tenant has reached.
    const fn names(self, of_everybody: Exhausted) -> Exhausted {
        match self {
            Self::Everybody => of_everybody,
            Self::Tenant => Exhausted::Share,
        }
    }
}

#[cfg(test)]
mod tests;
