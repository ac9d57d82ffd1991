//! What differs between two versions of a file: names, never secrets.

use std::collections::HashMap;

use super::{Access, Credential};

/// What differs in a newer version, each in the order of its file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changes<'a> {
    /// Tenants that are new.
    pub tenants_added: Vec<&'a str>,
    /// Tenants that are gone.
    pub tenants_removed: Vec<&'a str>,
    /// Tenants that may send more or less.
    pub tenants_changed: Vec<&'a str>,
    /// Credentials that are new.
    pub credentials_added: Vec<&'a str>,
    /// Credentials that are gone.
    pub credentials_removed: Vec<&'a str>,
    /// Credentials that were switched off.
    pub credentials_disabled: Vec<&'a str>,
    /// Credentials of which something else differs, the secret included.
    pub credentials_changed: Vec<&'a str>,
}

impl Access {
    /// What differs in `newer`.
    #[must_use]
    pub fn changes<'a>(&'a self, newer: &'a Self) -> Changes<'a> {
        let mut changes = Changes::default();
        for (tenant, limits) in &newer.tenants {
            match self.tenants.get(tenant) {
                None => changes.tenants_added.push(tenant.as_str()),
                Some(before) if before != limits => changes.tenants_changed.push(tenant.as_str()),
                Some(_) => {}
            }
        }
        let gone = self.tenants.keys().filter(|tenant| !newer.tenants.contains_key(*tenant));
        changes.tenants_removed = gone.map(forebay_record::Tenant::as_str).collect();
        let (before, after) = (by_name(self), by_name(newer));
        for one in &newer.credentials {
            match before.get(&*one.name) {
                None => changes.credentials_added.push(&one.name),
                Some(old) if one.disabled && !old.disabled => changes.credentials_disabled.push(&one.name),
                Some(old) if one.stamp != old.stamp => changes.credentials_changed.push(&one.name),
                Some(_) => {}
            }
        }
        let gone = self.credentials.iter().filter(|one| !after.contains_key(&*one.name));
        changes.credentials_removed = gone.map(|one| &*one.name).collect();
        changes
    }
}

fn by_name(access: &Access) -> HashMap<&str, &Credential> {
    access.credentials.iter().map(|one| (&*one.name, one)).collect()
}

#[cfg(test)]
mod tests {
    use crate::read;
    use crate::secret::TokenHash;

    fn access(tenants: &str, credentials: &[(&str, &str, &str)]) -> crate::Access {
        let mut text = format!("tenants: {{{tenants}}}\ncredentials:\n");
        for (name, token, more) in credentials {
            let token = TokenHash::of(token.as_bytes()).to_text();
            text += &format!("  - {{name: {name}, tenant: acme, token: \"{token}\"{more}}}\n");
        }
        read(&text).unwrap()
    }

    /// Guarantees: each difference stands under its kind, by name; what is the same isn't named.
    #[test]
    fn each_difference_is_named() {
        let disabled = ", disabled: true";
        let before = access(
            "acme: {}, old: {}, slow: {events_per_second: 1}",
            &[("same", "s", ""), ("gone", "g", ""), ("off", "o", ""), ("new-secret", "1", "")],
        );
        let after = access(
            "acme: {}, new: {}, slow: {events_per_second: 2}",
            &[("more", "m", ""), ("new-secret", "2", ""), ("off", "o", disabled), ("same", "s", "")],
        );
        let changes = before.changes(&after);
        assert_eq!((changes.tenants_added, changes.tenants_removed), (vec!["new"], vec!["old"]));
        assert_eq!((changes.tenants_changed, changes.credentials_disabled), (vec!["slow"], vec!["off"]));
        assert_eq!((changes.credentials_added, changes.credentials_removed), (vec!["more"], vec!["gone"]));
        assert_eq!(changes.credentials_changed, ["new-secret"]);
        assert_eq!(after.changes(&after), super::Changes::default());
    }
}
