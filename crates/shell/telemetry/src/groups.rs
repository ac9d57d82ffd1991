//! Groups of tenants, for metrics that would cost too much for each tenant by itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Which group a tenant is in. Clones share the table.
#[derive(Clone, Debug)]
pub struct TenantGroups {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The first is that of tenants which are in no other.
    names: Vec<Box<str>>,
    of: HashMap<Box<str>, usize>,
}

impl TenantGroups {
    /// The group of tenants that are in no other.
    pub const DEFAULT: &'static str = "default";

    /// The group of each tenant.
    #[must_use]
    pub fn new(groups: &BTreeMap<String, String>) -> Self {
        let mut names: Vec<Box<str>> = vec![Self::DEFAULT.into()];
        let mut of = HashMap::new();
        for (tenant, group) in groups {
            let number = names.iter().position(|known| **known == **group).unwrap_or(names.len());
            if number == names.len() {
                names.push(group.as_str().into());
            }
            let _none = of.insert(tenant.as_str().into(), number);
        }
        Self { inner: Arc::new(Inner { names, of }) }
    }

    /// The number of a tenant's group, from 0.
    #[must_use]
    pub fn of(&self, tenant: &str) -> usize {
        self.inner.of.get(tenant).copied().unwrap_or(0)
    }

    /// The groups' names, by their numbers.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inner.names.iter().map(AsRef::as_ref)
    }
}

impl Default for TenantGroups {
    fn default() -> Self {
        Self::new(&BTreeMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_in_one_group_and_those_of_none_share_one() {
        let of = |tenant: &str, group: &str| (tenant.to_owned(), group.to_owned());
        let groups =
            [of("acme", "gold"), of("globex", "gold"), of("hooli", "default"), of("umbrella", "lead")];
        let groups = TenantGroups::new(&groups.into());
        assert_eq!(groups.names().collect::<Vec<_>>(), ["default", "gold", "lead"]);
        let of = |tenant| groups.of(tenant);
        assert_eq!((of("acme"), of("globex"), of("hooli"), of("umbrella"), of("initech")), (1, 1, 0, 2, 0));
    }
}
