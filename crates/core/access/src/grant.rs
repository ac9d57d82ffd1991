//! The answer to who somebody is: what he may do, or why he may not.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use forebay_record::Tenant;
use schemars::JsonSchema;
use serde::Deserialize;
use thiserror::Error;

use crate::password::Challenge;

/// What a credential may be used for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// To send events.
    Send,
    /// To look: search, dead letters, status, closed metrics.
    Read,
    /// To change: replay, park and purge dead letters, make and revoke credentials. Whoever may that may look, too.
    Admin,
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Roles(u8);

/// Stands for a credential as it is written in the file: whatever is changed about it, it gets another one.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Stamp([u8; 8]);

/// Somebody is known, and may act.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The tenant that he acts for, unless he may choose and does.
    pub tenant: Tenant,
    /// The name of his credential in the file.
    pub name: Arc<str>,
    /// What he may do.
    pub roles: Roles,
    /// Which other tenants he may choose.
    pub choice: Choice,
    /// By what he was let in: see [`Access::keeps`](crate::Access::keeps).
    pub stamp: Stamp,
}

/// Which tenants somebody may choose beside his own.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Choice {
    /// None.
    #[default]
    None,
    /// These.
    Some(Arc<[Tenant]>),
    /// Every tenant of the file.
    All,
}

/// What [`Access::check`](crate::Access::check) answers.
#[derive(Debug)]
pub enum Answer {
    /// He is known.
    Granted(Grant),
    /// A password has to be checked first, which takes a while.
    Password(Challenge),
}

/// Why somebody doesn't come in.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Denial {
    /// No such credential, or not with this secret. Which of both is nobody's business.
    #[error("the credential is not known")]
    Unknown,
    /// It has been switched off.
    #[error("the credential has been disabled")]
    Disabled,
    /// Its time is over.
    #[error("the credential has expired")]
    Expired,
    /// It is for other networks.
    #[error("the credential may not be used from this address")]
    Address,
    /// It is for something else.
    #[error("the credential may not be used to {}", verb(.0))]
    Role(&'static str),
    /// It is bound to another tenant.
    #[error("the credential belongs to another tenant than the one that is asked for")]
    Tenant,
    /// It may choose a tenant, but there is none of this name.
    #[error("there is no tenant of the name that is asked for")]
    NoSuchTenant,
    /// Several tenants are named.
    #[error("more than one tenant is asked for")]
    SeveralTenants,
    /// This address has been wrong too often.
    #[error("too many wrong passwords or keys from this address")]
    TooOften(Duration),
}

// === impl Stamp ===

impl Stamp {
    /// Of the beginning of a hash of all that is written.
    pub(crate) const fn new(written: [u8; 8]) -> Self {
        Self(written)
    }
}

/// The text that it is a hash of has a secret in it.
impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stamp(..)")
    }
}

// === impl Roles ===

impl Roles {
    /// Whether it has this one, or one that includes it.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        let includes = match role {
            Role::Read => Role::Read.bit() | Role::Admin.bit(),
            Role::Send | Role::Admin => role.bit(),
        };
        self.0 & includes != 0
    }

    /// The names of all that it was given.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [Role::Send, Role::Read, Role::Admin]
            .into_iter()
            .filter(move |role| self.0 & role.bit() != 0)
            .map(Role::name)
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |bits, role| bits | role.bit()))
    }
}

// === impl Role ===

impl Role {
    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

// === impl Denial ===

impl Denial {
    /// What the one who is denied can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unknown => "check what is sent, or make a token with `forebay token create`",
            Self::Disabled | Self::Expired => "make a new token with `forebay token create`",
            Self::Address => {
                "send from a network of the credential's `from`, or add this one to it in the access file"
            }
            Self::Role(_) => "use another credential, or add the role to this one in the access file",
            Self::Tenant => {
                "leave the tenant out, or use a credential of that tenant or one with `may_choose`"
            }
            Self::SeveralTenants => "name one tenant",
            Self::NoSuchTenant => "check the name, or add the tenant to the access file",
            Self::TooOften(_) => "wait, then send the right ones",
        }
    }
}

/// What a role is good for, as a sentence says it.
fn verb(role: &str) -> &str {
    if role == Role::Admin.name() { "administrate" } else { role }
}
