//! The cap on tenants that metrics tell apart.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

/// Which tenants have metrics of their own: the first so many that are seen. Clones share one list.
#[derive(Clone, Debug)]
pub struct TenantCap {
    max_tenants: usize,
    admitted: Arc<RwLock<HashSet<Box<str>>>>,
}

impl TenantCap {
    /// The label's value for all tenants beyond the cap. No tenant can bear this name: theirs start with a letter or
    /// a digit.
    pub const OTHERS: &'static str = "_other";

    /// Tells at most `max_tenants` tenants apart.
    #[must_use]
    pub fn new(max_tenants: usize) -> Self {
        Self { max_tenants, admitted: Arc::default() }
    }

    /// Whether this tenant has metrics of its own; takes it in while there is room. The answer for a tenant never
    /// turns from yes to no.
    #[must_use]
    pub fn admits(&self, tenant: &str) -> bool {
        {
            let admitted = self.admitted.read().unwrap_or_else(PoisonError::into_inner);
            if admitted.contains(tenant) {
                return true;
            }
            if admitted.len() >= self.max_tenants {
                return false;
            }
        }
        let mut admitted = self.admitted.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have taken the last place between the two locks.
        admitted.contains(tenant) || (admitted.len() < self.max_tenants && admitted.insert(tenant.into()))
    }

    /// The value of the label `tenant` for this tenant.
    #[must_use]
    pub fn label<'a>(&self, tenant: &'a str) -> &'a str {
        if self.admits(tenant) { tenant } else { Self::OTHERS }
    }
}
