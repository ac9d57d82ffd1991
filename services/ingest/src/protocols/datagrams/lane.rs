//! A tenant's way out of a socket: one batch under way, and what waits behind it, within the tenant's share of the memory.

use std::pin::Pin;

use forebay_record::Tenant;
use forebay_wire::Batch;
use forebay_wire::datagrams::joined;

use super::super::flow::{Route, Shipped};
use super::need;
use crate::intake::room::Holding;

/// The most that one tenant has waiting at a socket, in bytes, however much memory there is: more would only be late.
const MOST: usize = 64 * 1024 * 1024;

/// A batch on its way; it ends with whose it was.
pub(super) type Sent = Pin<Box<dyn Future<Output = Tenant> + Send>>;

/// What became of a batch.
pub(super) enum Dealt {
    /// It is on its way.
    Sent(Sent),
    /// It waits for the one before.
    Waits,
    /// There is no room for it, for this reason.
    Over(&'static str),
}

/// What a tenant has at a socket.
pub(super) struct Lane {
    route: Route,
    /// What waits, and what it needs, in bytes.
    waiting: Vec<Batch>,
    need: usize,
    held: Holding,
    is_busy: bool,
}

impl Lane {
    pub(super) fn new(route: Route) -> Self {
        Self { waiting: Vec::new(), need: 0, held: route.holding(), is_busy: false, route }
    }

    /// Takes a batch of its tenant.
    pub(super) fn deal(&mut self, batch: Batch) -> Dealt {
        let need = self.need.saturating_add(need(batch.bytes.len(), batch.events.len()));
        if !self.is_busy {
            self.waiting.push(batch);
            self.need = need;
            return self.next().map_or(Dealt::Waits, Dealt::Sent);
        }
        // All that waits becomes one batch, which has to fit.
        if need > MOST.min(self.route.intake.limits.max_in_flight / 2) {
            return Dealt::Over("tenant_full");
        }
        if let Err(refusal) = self.held.try_grow_to(need) {
            return Dealt::Over(refusal.kind.name());
        }
        self.waiting.push(batch);
        self.need = need;
        Dealt::Waits
    }

    /// Sends what waits, now that nothing is under way any more; none if nothing does.
    pub(super) fn next(&mut self) -> Option<Sent> {
        self.need = 0;
        let mut waiting = std::mem::take(&mut self.waiting);
        let batch = if waiting.len() > 1 { joined(waiting) } else { waiting.pop()? };
        self.is_busy = true;
        let (held, route) = (self.held.split(), self.route.clone());
        let tenant = route.sender.tenant.clone();
        Some(Box::pin(async move {
            let _counted_if_lost: Shipped = route.ship(held, batch).await;
            tenant
        }))
    }
}
