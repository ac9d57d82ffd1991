//! The ledger: what became of every event, per tenant.
//!
//! It has to add up: accepted + split + replayed = indexed + duplicate + dead-lettered + dropped + in flight. Each lane or thread keeps a
//! [`Ledger`] of its own, which remembers the handles that it has used: counting for a known tenant allocates nothing
//! and takes no lock. The number of tenants that metrics tell apart is capped for the whole process by [`TenantCap`],
//! since every tenant costs memory here and in Prometheus.

mod cap;

use std::collections::HashMap;
use std::sync::Arc;

use metrics::Counter;

use crate::names::{CounterName, Label, counter};

pub use cap::TenantCap;

/// What became of events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Entry {
    /// Ingest answered success for them.
    Accepted,
    /// The store has confirmed them.
    Indexed,
    /// The store already had them.
    Duplicate,
    /// The broker has acknowledged them in the dead-letter topic; with the stage that sent them there.
    DeadLettered(&'static str),
    /// A rule dropped them; with the rule's reason. Rules name few.
    Dropped(Arc<str>),
    /// They came again from the dead letters, which is no outcome: whoever reads them first counts them, once they are settled
    /// there. So one that is read twice after a crash counts twice on both sides.
    Replayed,
}

/// Counts what became of events, for one lane or thread.
#[derive(Debug)]
pub struct Ledger {
    cap: TenantCap,
    tenants: HashMap<Box<str>, Handles>,
    others: Handles,
}

/// The handles that one tenant has needed so far: few, so that a search along the list is the fastest.
#[derive(Debug, Default)]
struct Handles(Vec<(Entry, Counter)>);

// === impl Ledger ===

impl Ledger {
    /// An empty ledger under the process's cap on tenants.
    #[must_use]
    pub fn new(cap: TenantCap) -> Self {
        Self { cap, tenants: HashMap::new(), others: Handles::default() }
    }

    /// Counts `n` events of this tenant.
    pub fn add(&mut self, tenant: &str, entry: Entry, n: u64) {
        if let Some(handles) = self.tenants.get_mut(tenant) {
            handles.add(tenant, entry, n);
        } else if self.cap.admits(tenant) {
            self.tenants.entry(tenant.into()).or_default().add(tenant, entry, n);
        } else {
            self.others.add(TenantCap::OTHERS, entry, n);
        }
    }
}

// === impl Handles ===

impl Handles {
    fn add(&mut self, tenant: &str, entry: Entry, n: u64) {
        if let Some((_, handle)) = self.0.iter().find(|(known, _)| *known == entry) {
            handle.increment(n);
        } else {
            let handle = entry.counter(tenant);
            handle.increment(n);
            self.0.push((entry, handle));
        }
    }
}

// === impl Entry ===

impl Entry {
    fn counter(&self, tenant: &str) -> Counter {
        let tenant = (Label::Tenant, tenant);
        match self {
            Self::Accepted => counter(CounterName::EventsAccepted, &[tenant]),
            Self::Indexed => counter(CounterName::EventsIndexed, &[tenant]),
            Self::Duplicate => counter(CounterName::EventsDuplicate, &[tenant]),
            Self::DeadLettered(stage) => {
                counter(CounterName::EventsDeadLettered, &[tenant, (Label::Stage, stage)])
            }
            Self::Dropped(reason) => counter(CounterName::EventsDropped, &[tenant, (Label::Reason, reason)]),
            Self::Replayed => counter(CounterName::EventsReplayed, &[tenant]),
        }
    }
}

#[cfg(test)]
mod tests;
