//! What is promised.

use std::collections::BTreeMap;
use std::time::Duration;

/// What is done with targets of a certain age; neither means that they are kept as they are, for ever.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rule {
    /// How long after its last event's time a target is closed: kept on disk, and found by no search.
    pub close_after: Option<Duration>,
    /// How long after its last event's time a target is deleted.
    pub delete_after: Option<Duration>,
}

/// The rules of an installation.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) prefix: String,
    default: Rule,
    tenants: BTreeMap<String, Rule>,
}

// === impl Rule ===

impl Rule {
    /// Whether it ever does something.
    #[must_use]
    pub const fn acts(self) -> bool {
        self.close_after.is_some() || self.delete_after.is_some()
    }
}

// === impl Policy ===

impl Policy {
    /// Rules for targets that begin with `prefix`: this one for every tenant that has none of its own.
    #[must_use]
    pub fn new(prefix: &str, default: Rule) -> Self {
        Self { prefix: prefix.to_owned(), default, tenants: BTreeMap::new() }
    }

    /// Gives a tenant a rule of its own, which takes the place of the default as a whole.
    #[must_use]
    pub fn with_tenant(mut self, tenant: &str, rule: Rule) -> Self {
        let _before = self.tenants.insert(tenant.to_owned(), rule);
        self
    }

    /// The rule for a tenant's targets.
    #[must_use]
    pub fn rule(&self, tenant: &str) -> Rule {
        self.tenants.get(tenant).copied().unwrap_or(self.default)
    }

    /// Whether any rule ever does something.
    #[must_use]
    pub fn acts(&self) -> bool {
        self.default.acts() || self.tenants.values().any(|rule| rule.acts())
    }
}
