//! The look-up of a token.
//!
//! Entries are found by the first bytes of the hash and then compared as a whole in constant time. The first step may
//! tell a caller how the hash of a guess begins, which he can compute himself; it tells nothing of the token.

use std::collections::HashMap;

use forebay_record::Tenant;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

/// What one token allows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The tenant that it binds.
    pub tenant: Tenant,
    /// What people call it; unique in the file.
    pub name: String,
    /// Whether it has been switched off.
    pub disabled: bool,
    /// From when on it is no longer valid.
    pub expires: Option<Timestamp>,
}

/// Why a token doesn't open the door.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Denial {
    /// No such token.
    #[error("the token is not known")]
    Unknown,
    /// It has been switched off.
    #[error("the token has been disabled")]
    Disabled,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
}

/// SHA-256 of a token.
pub(super) type Hash = [u8; 32];

/// All tokens of a file.
#[derive(Debug, Default)]
pub struct Table {
    by_prefix: HashMap<[u8; 8], Vec<(Hash, Grant)>>,
    len: usize,
}

impl Table {
    /// How many tokens there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nobody may send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What `token` allows at the time `now`.
    ///
    /// # Errors
    /// When it is unknown, disabled or expired.
    pub fn check(&self, token: &[u8], now: Timestamp) -> Result<&Grant, Denial> {
        let hash = hash(token);
        let bucket = self.by_prefix.get(&prefix(&hash)).map(Vec::as_slice).unwrap_or_default();
        // Every entry of the bucket is compared, whichever matches.
        let mut found = None;
        for (known, grant) in bucket {
            if bool::from(known.ct_eq(&hash)) {
                found = Some(grant);
            }
        }
        let grant = found.ok_or(Denial::Unknown)?;
        if grant.disabled {
            return Err(Denial::Disabled);
        }
        if grant.expires.is_some_and(|expires| expires <= now) {
            return Err(Denial::Expired);
        }
        Ok(grant)
    }

    /// Adds a token; `false` if the hash is there already.
    pub(super) fn insert(&mut self, hash: Hash, grant: Grant) -> bool {
        let bucket = self.by_prefix.entry(prefix(&hash)).or_default();
        let is_new = bucket.iter().all(|(known, _)| *known != hash);
        if is_new {
            bucket.push((hash, grant));
            self.len += 1;
        }
        is_new
    }
}

pub(super) fn hash(token: &[u8]) -> Hash {
    Sha256::digest(token).into()
}

fn prefix(hash: &Hash) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *hash;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(disabled: bool, expires: Option<Timestamp>) -> Table {
        let mut table = Table::default();
        let grant = Grant { tenant: Tenant::new("acme").unwrap(), name: "web".to_owned(), disabled, expires };
        assert!(table.insert(hash(b"fbt_right"), grant.clone()));
        assert!(!table.insert(hash(b"fbt_right"), grant), "a hash stands for one token");
        table
    }

    #[test]
    fn a_token_opens_the_door_of_its_tenant() {
        let table = table(false, None);
        assert_eq!(table.check(b"fbt_right", Timestamp::MAX).unwrap().tenant.as_str(), "acme");
        assert_eq!(table.check(b"fbt_wrong", Timestamp::MIN), Err(Denial::Unknown));
        assert_eq!(table.check(b"", Timestamp::MIN), Err(Denial::Unknown));
    }

    #[test]
    fn a_token_can_be_switched_off_and_can_expire() {
        assert_eq!(table(true, None).check(b"fbt_right", Timestamp::MIN), Err(Denial::Disabled));
        let noon = Timestamp::from_second(1_800_000_000).unwrap();
        let table = table(false, Some(noon));
        assert!(table.check(b"fbt_right", noon - jiff::SignedDuration::from_secs(1)).is_ok());
        assert_eq!(table.check(b"fbt_right", noon), Err(Denial::Expired));
    }
}
