//! Tenant names, which become part of index names.

use std::fmt;

use thiserror::Error;

/// The longest tenant name, in bytes.
pub const MAX_LEN: usize = 64;

/// A valid tenant name: 1 to 64 of `a-z`, `0-9`, `_` and `-`, starting with a letter or digit.
///
/// These are the characters that Elasticsearch allows anywhere in an index name.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tenant(String);

/// A name that can't be a tenant's.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "`{0}` can't be a tenant's name: use 1 to {MAX_LEN} of a-z, 0-9, `_` and `-`, starting with a letter or digit"
)]
pub struct TenantError(String);

impl Tenant {
    /// Checks the name.
    ///
    /// # Errors
    /// When it breaks the rule above.
    pub fn new(name: impl Into<String>) -> Result<Self, TenantError> {
        let name = name.into();
        if is_valid(&name) { Ok(Self(name)) } else { Err(TenantError(name)) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `name` is a valid tenant name.
#[must_use]
pub fn is_valid(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() <= MAX_LEN
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_fits_into_an_index_name() {
        for good in ["a", "acme", "team-7_eu", "0"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "-a", "_a", "Acme", "a.b", "a/b", "a b", "ä", "a,b", &"x".repeat(65)] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
