//! Whose turn it is to have something done that takes long: so much at once, and half of it for one tenant at most.
//!
//! Who sends what takes long on a hundred connections would otherwise stand a hundred times before whoever does it now and then. So a tenant's
//! own wait for each other, and are never more than its half among those who wait for all the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_record::Tenant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What there is to be had.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    all: Arc<Semaphore>,
    each: usize,
    tenants: Arc<Mutex<HashMap<Tenant, Arc<Semaphore>>>>,
}

/// The right to have one thing done; given back when dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "they are held, in the order in which they are given back")]
pub(super) struct Turn {
    one: OwnedSemaphorePermit,
    own: OwnedSemaphorePermit,
    line: Line,
}

/// A tenant's place in the table, for as long as anybody of it waits or has a turn.
#[derive(Debug)]
struct Line {
    turns: Turns,
    tenant: Tenant,
    own: Arc<Semaphore>,
}

// === impl Turns ===

impl Turns {
    /// So many at once, and at least two.
    pub(super) fn new(all: usize) -> Self {
        let each = (all / 2).max(1);
        Self { all: Arc::new(Semaphore::new(2 * each)), each, tenants: Arc::default() }
    }

    /// How many one tenant has at once.
    #[cfg(test)]
    pub(super) const fn each(&self) -> usize {
        self.each
    }

    /// Waits for a turn. Who gives up has none.
    pub(super) async fn of(&self, tenant: &Tenant) -> Option<Turn> {
        let line = self.line(tenant);
        let own = Arc::clone(&line.own).acquire_owned().await.ok()?;
        let one = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Turn { one, own, line })
    }

    fn line(&self, tenant: &Tenant) -> Line {
        let mut tenants = self.tenants();
        let own = tenants.entry(tenant.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.each)));
        Line { turns: self.clone(), tenant: tenant.clone(), own: Arc::clone(own) }
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<Tenant, Arc<Semaphore>>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Line ===

impl Drop for Line {
    fn drop(&mut self) {
        let mut tenants = self.turns.tenants();
        // The table's and this one: whoever comes next takes his while the table is locked.
        if Arc::strong_count(&self.own) <= 2 {
            let _nobody_waits = tenants.remove(&self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    fn tenant(name: &str) -> Tenant {
        Tenant::new(name).unwrap()
    }

    /// Scenario: one tenant wants a hundred turns, then others want one each.
    /// Guarantees: it has half of them, and the first of the others has one at once; the next gets the first that is given back, before all
    /// that the one still wants; nobody is remembered who neither has one nor waits.
    #[tokio::test]
    async fn one_tenant_has_half() {
        let (many, few, late) = (tenant("many"), tenant("few"), tenant("late"));
        let turns = Turns::new(4);
        let mut waits: Vec<_> = (0..100).map(|_| Box::pin(turns.of(&many))).collect();
        let mut had: Vec<_> = waits.iter_mut().filter_map(FutureExt::now_or_never).flatten().collect();
        assert_eq!((had.len(), turns.each()), (2, 2));
        let mut its: Vec<_> = (0..2).filter_map(|_| turns.of(&few).now_or_never()).flatten().collect();
        assert_eq!(its.len(), 2);

        let mut next = pin!(turns.of(&late));
        assert!(next.as_mut().now_or_never().is_none());
        drop(had.pop());
        assert!(
            waits.iter_mut().skip(2).all(|wait| wait.now_or_never().is_none()),
            "it stood before the others"
        );
        assert!(next.await.is_some());
        drop(its.pop());
        let more: Vec<_> = waits.iter_mut().skip(2).filter_map(FutureExt::now_or_never).flatten().collect();
        assert_eq!(more.len(), 1);

        drop((waits, had, its, more));
        assert!(turns.tenants().is_empty());
        assert_eq!(turns.all.available_permits(), 4);
    }

    /// Scenario: those who wait give up, one of them just when it was his turn.
    /// Guarantees: who waits behind them gets it.
    #[tokio::test]
    async fn who_gives_up_has_no_turn() {
        let one = tenant("one");
        let turns = Turns::new(1);
        let had = turns.of(&one).await;
        let (mut first, mut second) = (Box::pin(turns.of(&one)), Box::pin(turns.of(&one)));
        assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
        drop(had);
        drop(first);
        assert!(second.await.is_some());
        assert!(turns.tenants().is_empty());
    }
}
