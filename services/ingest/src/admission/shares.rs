//! Who may hold how much of something that all tenants share. Pure.
//!
//! The rule is that of dynamic thresholds (Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet
//! switches", 1998): a tenant may hold as much as `eagerness` times what is still free. It needs no list of who is active
//! and no arithmetic beyond one comparison, and yet:
//!
//! - a tenant that is alone gets `eagerness / (1 + eagerness)` of the whole;
//! - of N tenants that take what they can get, each gets `eagerness / (1 + N * eagerness)` of it: the same for all;
//! - one with a weight counts as that many tenants;
//! - something stays free, in the end `1 / (1 + N * eagerness)` of it, so that a newcomer isn't kept out by those who came
//!   before; who holds more than his share since others came later gets nothing more until he is below it.
//!
//! Tenants are remembered while they hold something, so there are never more of them than requests under way.

use std::collections::HashMap;

use forebay_record::Tenant;

/// What each tenant holds.
#[derive(Debug)]
pub(crate) struct Shares {
    eagerness: usize,
    total: usize,
    tenants: HashMap<Tenant, usize>,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Short {
    /// All there is to have is held.
    Everybody,
    /// The tenant has its share, and what is left is for others.
    Tenant,
}

impl Shares {
    /// Nobody holds anything; each may have up to `eagerness` times what is free.
    #[must_use]
    pub(crate) fn new(eagerness: usize) -> Self {
        Self { eagerness, total: 0, tenants: HashMap::new() }
    }

    /// Whether a request of `tenant`, which counts as `weight` tenants, and that holds `held` may have `more` of `limit`.
    ///
    /// Who is alone always may: what the limits on one request allow must not be refused for ever because this limit is
    /// the smaller one.
    ///
    /// # Errors
    /// When it may not, with whose limit that is.
    pub(crate) fn admits(
        &self,
        tenant: &Tenant,
        weight: usize,
        held: usize,
        more: usize,
        limit: usize,
    ) -> Result<(), Short> {
        if self.total == held {
            return Ok(());
        }
        let mine = self.of(tenant);
        let Some(free) = limit.checked_sub(self.total.saturating_add(more)) else {
            return Err(Short::Everybody);
        };
        if mine.saturating_add(more) <= free.saturating_mul(self.eagerness).saturating_mul(weight) {
            return Ok(());
        }
        Err(if mine == self.total { Short::Everybody } else { Short::Tenant })
    }

    /// The tenant holds so much more.
    pub(crate) fn take(&mut self, tenant: &Tenant, more: usize) {
        if more == 0 {
            return;
        }
        self.total = self.total.saturating_add(more);
        match self.tenants.get_mut(tenant) {
            Some(held) => *held = held.saturating_add(more),
            None => {
                let _before = self.tenants.insert(tenant.clone(), more);
            }
        }
    }

    /// The tenant gives so much back.
    pub(crate) fn give(&mut self, tenant: &Tenant, less: usize) {
        let Some(held) = self.tenants.get_mut(tenant) else { return };
        let less = less.min(*held);
        *held -= less;
        self.total -= less;
        if *held == 0 {
            let _gone = self.tenants.remove(tenant);
        }
    }

    /// What all tenants hold.
    #[must_use]
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// What one tenant holds.
    #[must_use]
    pub(crate) fn of(&self, tenant: &Tenant) -> usize {
        self.tenants.get(tenant).copied().unwrap_or(0)
    }

    /// How many tenants hold something.
    #[cfg(test)]
    pub(crate) fn tenants(&self) -> usize {
        self.tenants.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 9_000;

    fn tenant(n: usize) -> Tenant {
        Tenant::new(format!("t{n}")).unwrap()
    }

    /// Takes pieces of `size` until there is no room; says how much that was.
    fn fill(shares: &mut Shares, tenant: &Tenant, size: usize) -> usize {
        while shares.admits(tenant, 1, 0, size, LIMIT).is_ok() {
            shares.take(tenant, size);
        }
        shares.of(tenant)
    }

    #[test]
    fn who_is_alone_gets_nearly_all() {
        let mut shares = Shares::new(8);
        assert_eq!(fill(&mut shares, &tenant(0), 10), 8_000);
        assert_eq!(shares.admits(&tenant(0), 1, 0, 10, LIMIT), Err(Short::Everybody));
    }

    /// Scenario: one tenant has all that it can get, then another comes, and the first one's requests end one by one while
    /// both go on asking.
    /// Guarantees: the second gets room at once; in the end both hold the same.
    #[test]
    fn a_newcomer_gets_room_at_once_and_an_equal_share_soon() {
        let mut shares = Shares::new(8);
        let (early, late) = (tenant(0), tenant(1));
        let _held = fill(&mut shares, &early, 10);
        assert!(fill(&mut shares, &late, 10) >= 800);
        assert_eq!(shares.admits(&early, 1, 0, 10, LIMIT), Err(Short::Tenant));
        for _ in 0..1_000 {
            shares.give(&early, 10);
            let _both = (fill(&mut shares, &early, 10), fill(&mut shares, &late, 10));
        }
        let (early, late) = (shares.of(&early), shares.of(&late));
        assert!(early.abs_diff(late) <= 20 && early + late >= LIMIT * 9 / 10, "{early} {late}");
    }

    /// Scenario: two tenants take all that they can get, over and over, and one has three times the other's weight.
    /// Guarantees: in the end it holds three times as much.
    #[test]
    fn a_weight_is_a_share() {
        let mut shares = Shares::new(1);
        let who = [(tenant(0), 3), (tenant(1), 1)];
        for _ in 0..1_000 {
            for (tenant, weight) in &who {
                shares.give(tenant, 10);
                while shares.admits(tenant, *weight, 0, 10, LIMIT).is_ok() {
                    shares.take(tenant, 10);
                }
            }
        }
        let (heavy, light) = (shares.of(&who[0].0), shares.of(&who[1].0));
        assert!(heavy.abs_diff(3 * light) <= 60 && heavy + light > LIMIT / 2, "{heavy} {light}");
    }

    #[test]
    fn a_request_that_is_alone_may_be_larger_than_the_limit() {
        let mut shares = Shares::new(8);
        let large = tenant(0);
        assert_eq!(shares.admits(&large, 1, 0, 2 * LIMIT, LIMIT), Ok(()));
        shares.take(&large, 2 * LIMIT);
        assert_eq!(shares.admits(&large, 1, 2 * LIMIT, 1, LIMIT), Ok(()), "it is still alone");
        assert_eq!(shares.admits(&large, 1, 0, 1, LIMIT), Err(Short::Everybody));
        assert_eq!(shares.admits(&tenant(1), 1, 0, 1, LIMIT), Err(Short::Everybody));
        shares.give(&large, 2 * LIMIT);
        assert_eq!((shares.total(), shares.tenants()), (0, 0));
    }

    proptest! {
        /// Scenario: tenants take and give in any order, and never what wasn't admitted.
        /// Guarantees: the limit holds; there is room for a newcomer; nobody takes anything that puts him above what is free
        /// for others by more than the eagerness; no tenant is remembered without holding something.
        #[test]
        fn whatever_happens_there_is_room_for_a_newcomer(
            eagerness in 1_usize..10,
            weights in prop::array::uniform5(1_usize..5),
            steps in prop::collection::vec((0_usize..5, 1_usize..400, any::<bool>()), 1..300),
        ) {
            let mut shares = Shares::new(eagerness);
            for (who, size, takes) in steps {
                let (weight, who) = (weights[who], tenant(who));
                let alone = shares.total() == 0;
                if !takes {
                    shares.give(&who, size);
                } else if shares.admits(&who, weight, 0, size, LIMIT).is_ok() {
                    shares.take(&who, size);
                    prop_assert!(alone || shares.of(&who) <= weight * eagerness * (LIMIT - shares.total()));
                }
                prop_assert!(shares.total() < LIMIT);
                // The last byte goes to nobody: whoever took it would leave nothing.
                let room = shares.admits(&tenant(99), 1, 0, 1, LIMIT).is_ok();
                prop_assert!(room || shares.total() == LIMIT - 1);
                prop_assert!(shares.tenants.values().all(|held| *held > 0));
                prop_assert_eq!(shares.tenants.values().sum::<usize>(), shares.total());
            }
        }
    }
}
