//! How much each tenant may send: `forebay_access` counts, here are the lock, the clocks, and what is given back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use forebay_access::quota::Now;
use forebay_access::{Exceeded, Tenants};
use forebay_record::Tenant;
use jiff::Timestamp;

/// What tenants have used of their quotas.
#[derive(Debug)]
pub(crate) struct Quotas {
    quotas: Mutex<forebay_access::Quotas>,
    start: Instant,
}

/// What a batch takes of its tenant's quotas. What Kafka doesn't have of it when this is dropped is given back.
#[derive(Debug)]
#[must_use]
pub(super) struct Taken {
    quotas: Arc<Quotas>,
    tenant: Tenant,
    events: u64,
    bytes: u64,
    delivered: u64,
}

// === impl Quotas ===

impl Quotas {
    /// The quotas of these tenants; others have none.
    #[must_use]
    pub(crate) fn new(tenants: &Tenants) -> Self {
        let this = Self { quotas: Mutex::default(), start: Instant::now() };
        this.set(tenants);
        this
    }

    /// Other quotas are in force. What is used stays used.
    pub(crate) fn set(&self, tenants: &Tenants) {
        self.quotas().set(tenants.iter().map(|(tenant, limits)| (tenant.clone(), *limits)));
    }

    /// Whether a tenant may send anything now.
    pub(crate) fn ready(&self, tenant: &Tenant) -> Result<(), Exceeded> {
        let now = self.now();
        self.quotas().ready(tenant, now)
    }

    /// A tenant sends so much, if it may.
    pub(super) fn take(
        self: &Arc<Self>,
        tenant: &Tenant,
        events: u64,
        bytes: u64,
    ) -> Result<Taken, Exceeded> {
        let now = self.now();
        self.quotas().take(tenant, events, bytes, now)?;
        Ok(Taken { quotas: Arc::clone(self), tenant: tenant.clone(), events, bytes, delivered: 0 })
    }

    fn now(&self) -> Now {
        Now { elapsed: self.start.elapsed(), time: Timestamp::now() }
    }

    fn quotas(&self) -> MutexGuard<'_, forebay_access::Quotas> {
        self.quotas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Taken ===

impl Taken {
    /// Kafka has so many of the events.
    pub(super) fn delivered(mut self, events: u64) {
        self.delivered = events;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let missing = self.events.saturating_sub(self.delivered);
        if missing > 0 {
            // By their number: which of the events are missing isn't known.
            let bytes = u128::from(self.bytes) * u128::from(missing) / u128::from(self.events.max(1));
            self.quotas.quotas().give(&self.tenant, missing, u64::try_from(bytes).unwrap_or(self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_access::Limits;

    use super::*;

    /// Scenario: a batch is delivered in part, another one's delivery panics, a third is delivered.
    /// Guarantees: only what was delivered counts.
    #[test]
    fn only_what_kafka_has_counts() {
        let acme = Tenant::new("acme").unwrap();
        let limits = Limits { bytes_per_day: Some(1_000), ..Limits::default() };
        let quotas = Arc::new(Quotas::new(&Tenants::from([(acme.clone(), limits)])));
        quotas.take(&acme, 10, 1_000).unwrap().delivered(5);
        drop(quotas.take(&acme, 10, 5_000).unwrap());
        quotas.take(&acme, 10, 499).unwrap().delivered(10);
        assert!(quotas.ready(&acme).is_ok());
        quotas.take(&acme, 1, 1).unwrap().delivered(1);
        assert_eq!(quotas.ready(&acme).unwrap_err().limit, 1_000);
        assert!(quotas.ready(&Tenant::new("other").unwrap()).is_ok());
    }
}
