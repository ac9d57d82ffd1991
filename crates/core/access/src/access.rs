//! The look-up of what somebody shows.
//!
//! Every kind of credential has its own table, found by what is no secret: the beginning of a token's hash, a user, an id, a name in a
//! certificate. Secrets are then compared in constant time. However many tenants there are, a look-up costs the same.

mod build;
mod changes;
mod doors;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use forebay_record::Tenant;
use ipnet::IpNet;
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use crate::claim::{Caller, Claim, Forward, PeerNames, Proof};
use crate::grant::{Answer, Choice, Denial, Grant, Role, Roles, Stamp};
use crate::network::{Networks, plain};
use crate::password::Challenge;
use crate::quota::Limits;
use crate::secret::{MAX_TOKEN, Secret, TokenHash};

pub(crate) use build::Builder;
pub use changes::Changes;
pub use doors::{Door, Shows};

/// The tenants of a file and what each may send.
pub type Tenants = BTreeMap<Tenant, Limits>;

/// What an access file says, ready to be asked.
#[derive(Debug, Default)]
pub struct Access {
    tenants: Tenants,
    credentials: Vec<Credential>,
    stamps: HashMap<Stamp, u32>,
    tokens: HashMap<[u8; 8], (TokenHash, u32)>,
    users: HashMap<Box<str>, (Arc<str>, u32)>,
    certificates: HashMap<(NameKind, Box<str>), u32>,
    access_keys: HashMap<Box<str>, (Secret, u32)>,
    forward: ForwardKeys,
    anywhere: Networks,
    listeners: HashMap<Box<str>, Listener>,
}

/// Somebody who may come in, without his secret.
#[derive(Debug)]
struct Credential {
    name: Arc<str>,
    tenant: Tenant,
    choice: Choice,
    roles: Roles,
    disabled: bool,
    expires: Option<Timestamp>,
    from: Box<[IpNet]>,
    key_id: Option<Box<str>>,
    kind: &'static str,
    stamp: Stamp,
}

/// The kinds of names in a certificate.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum NameKind {
    Subject,
    CommonName,
    Dns,
    Uri,
    Email,
    Ip,
}

/// Shared keys of Fluent Forward, by what is known of the other side before the key is.
#[derive(Debug, Default)]
struct ForwardKeys {
    keys: Vec<ForwardKey>,
    by_user: HashMap<Box<str>, Vec<u32>>,
    by_hostname: HashMap<Box<str>, Vec<u32>>,
    others: Vec<u32>,
}

#[derive(Debug)]
struct ForwardKey {
    key: Secret,
    hostname: Option<Box<str>>,
    password: Option<Secret>,
    credential: u32,
}

/// Who shows nothing on a listener.
#[derive(Debug, Default)]
struct Listener {
    networks: Networks,
    all: Option<u32>,
}

/// A credential as it is listed: without its secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its tenant.
    pub tenant: &'a Tenant,
    /// What kind it is, by its key in the file.
    pub kind: &'static str,
    /// What it may do.
    pub roles: Roles,
    /// Which other tenants it may choose.
    pub choice: &'a Choice,
    /// From when on it is no longer valid.
    pub expires: Option<Timestamp>,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it may be shown from certain networks only.
    pub is_bound: bool,
}

// === impl Access ===

impl Access {
    /// Who shows this `claim`, comes from there, and wants to act in that `role` at the time `now`.
    ///
    /// # Errors
    /// When he may not. Whether a credential is disabled, expired or for something else is told only to who has its secret.
    pub fn check(
        &self,
        claim: &Claim<'_>,
        caller: &Caller<'_>,
        role: Role,
        now: Timestamp,
    ) -> Result<Answer, Denial> {
        let grant = |found: Option<u32>| {
            let found = found.ok_or(Denial::Unknown)?;
            self.grant(found, caller, role, now).map(Answer::Granted)
        };
        match *claim {
            Claim::Token(token) => grant(self.token(token)),
            Claim::ApiKey { id, key } => grant(self.token(key).filter(|found| self.takes_id(*found, id))),
            Claim::Certificate(names) => grant(self.certificate(names)),
            Claim::AccessKey { id, proves } => grant(self.access_key(id, proves)),
            Claim::Nothing => grant(self.place(caller)),
            Claim::Basic { user, password } => match (self.token(password), self.users.get(user)) {
                (Some(found), _) => grant(Some(found)),
                (None, Some((hash, found))) => {
                    let outcome = self.grant(*found, caller, role, now);
                    Ok(Answer::Password(Challenge::new(Arc::clone(hash), user, outcome)))
                }
                (None, None) if self.users.is_empty() => Err(Denial::Unknown),
                (None, None) => Ok(Answer::Password(Challenge::nobody(user))),
            },
        }
    }

    /// Who makes this handshake of Fluent Forward, and the key that both share, with which he wants to be answered.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn forward(
        &self,
        shown: &Forward<'_>,
        caller: &Caller<'_>,
        now: Timestamp,
    ) -> Result<(Grant, Secret), Denial> {
        let keys = &self.forward;
        let of_user = keys.by_user.get(shown.user).map(Vec::as_slice).unwrap_or_default();
        let of_host = keys.by_hostname.get(shown.hostname).map(Vec::as_slice).unwrap_or_default();
        let candidates = [of_user, of_host, &keys.others];
        let candidates = candidates.into_iter().flatten().filter_map(|index| keys.keys.get(*index as usize));
        let right = candidates
            .filter(|one| one.hostname.as_deref().is_none_or(|hostname| hostname == shown.hostname))
            .filter(|one| one.password.as_ref().is_none_or(|secret| (shown.proves_password)(secret.expose())))
            .find(|one| (shown.proves_key)(one.key.expose()));
        let right = right.ok_or(Denial::Unknown)?;
        Ok((self.grant(right.credential, caller, Role::Send, now)?, right.key.clone()))
    }

    /// Whether Fluent Forward is to make its handshake, and whether with a user.
    #[must_use]
    pub fn asks_forward(&self) -> (bool, bool) {
        (!self.forward.keys.is_empty(), !self.forward.by_user.is_empty())
    }

    /// Whether the file names the user, or without one the host, that somebody says he is in Fluent Forward's handshake. Who guesses has to
    /// know such a name first.
    #[must_use]
    pub fn names_forward(&self, shown: &Forward<'_>) -> bool {
        if shown.user.is_empty() {
            self.forward.by_hostname.contains_key(shown.hostname)
        } else {
            self.forward.by_user.contains_key(shown.user)
        }
    }

    /// The tenant that somebody acts for, if he names one.
    ///
    /// # Errors
    /// When it isn't his, and he may not choose it.
    pub fn choose(&self, grant: &Grant, named: Option<&str>) -> Result<Tenant, Denial> {
        let Some(named) = named.filter(|named| *named != grant.tenant.as_str()) else {
            return Ok(grant.tenant.clone());
        };
        match &grant.choice {
            Choice::None => Err(Denial::Tenant),
            Choice::Some(tenants) => {
                tenants.iter().find(|tenant| tenant.as_str() == named).cloned().ok_or(Denial::Tenant)
            }
            Choice::All => {
                let tenant = Tenant::new(named).map_err(|_| Denial::NoSuchTenant)?;
                if self.tenants.contains_key(&tenant) { Ok(tenant) } else { Err(Denial::NoSuchTenant) }
            }
        }
    }

    /// The tenants, and what each may send.
    #[must_use]
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// Whether somebody who was let in by a credential, of this file or an older one, may stay at the time `now`: it is still there as it
    /// was written then, and good.
    #[must_use]
    pub fn keeps(&self, stamp: Stamp, now: Timestamp) -> bool {
        let one = self.stamps.get(&stamp).and_then(|found| self.credentials.get(*found as usize));
        one.is_some_and(|one| one.is_good(now))
    }

    /// Whether anybody comes in by a password.
    #[must_use]
    pub fn has_passwords(&self) -> bool {
        !self.users.is_empty()
    }

    /// All credentials, in the order of the file.
    pub fn list(&self) -> impl ExactSizeIterator<Item = Listed<'_>> {
        self.credentials.iter().map(|one| Listed {
            name: &one.name,
            tenant: &one.tenant,
            kind: one.kind,
            roles: one.roles,
            choice: &one.choice,
            expires: one.expires,
            disabled: one.disabled,
            is_bound: !one.from.is_empty(),
        })
    }

    fn grant(&self, found: u32, caller: &Caller<'_>, role: Role, now: Timestamp) -> Result<Grant, Denial> {
        let one = self.credentials.get(found as usize).ok_or(Denial::Unknown)?;
        if one.disabled {
            return Err(Denial::Disabled);
        }
        if one.expires.is_some_and(|expires| expires <= now) {
            return Err(Denial::Expired);
        }
        // Who comes over a Unix socket is on this machine; a credential for certain networks isn't for him.
        let is_from = |address: IpAddr| one.from.iter().any(|network| network.contains(&plain(address)));
        if !one.from.is_empty() && !caller.address.is_some_and(is_from) {
            return Err(Denial::Address);
        }
        if !one.roles.has(role) {
            return Err(Denial::Role(role.name()));
        }
        Ok(Grant {
            tenant: one.tenant.clone(),
            name: Arc::clone(&one.name),
            roles: one.roles,
            choice: one.choice.clone(),
            stamp: one.stamp,
        })
    }

    fn token(&self, token: &[u8]) -> Option<u32> {
        if token.len() > MAX_TOKEN || self.tokens.is_empty() {
            return None;
        }
        let hash = TokenHash::of(token);
        let (known, found) = self.tokens.get(&hash.prefix())?;
        known.is(&hash).then_some(*found)
    }

    fn takes_id(&self, found: u32, id: &str) -> bool {
        let wanted = self.credentials.get(found as usize).and_then(|one| one.key_id.as_deref());
        wanted.is_none_or(|wanted| wanted.as_bytes().ct_eq(id.as_bytes()).into())
    }

    fn access_key(&self, id: &str, proves: Option<Proof<'_>>) -> Option<u32> {
        match self.access_keys.get(id) {
            Some((secret, found)) => proves?(secret.expose()).then_some(*found),
            None => self.token(id.as_bytes()),
        }
    }

    /// The first name that is known, alternative names before the subject (RFC 9525 leaves the subject out altogether).
    fn certificate(&self, names: &PeerNames) -> Option<u32> {
        if self.certificates.is_empty() {
            return None;
        }
        let find = |kind, name: &str| self.certificates.get(&(kind, name.into())).copied();
        let uris = names.uris.iter().find_map(|uri| find(NameKind::Uri, uri));
        let dns = || names.dns.iter().find_map(|name| find(NameKind::Dns, &name.to_ascii_lowercase()));
        let emails = || names.emails.iter().find_map(|email| find(NameKind::Email, email));
        let ips = || names.ips.iter().find_map(|ip| find(NameKind::Ip, &plain(*ip).to_string()));
        let subject = || find(NameKind::Subject, &names.subject);
        let common_name = || names.common_name.as_deref().and_then(|name| find(NameKind::CommonName, name));
        uris.or_else(dns).or_else(emails).or_else(ips).or_else(subject).or_else(common_name)
    }

    /// The narrowest network; of two that are the same, that of the listener; in the end the listener alone.
    fn place(&self, caller: &Caller<'_>) -> Option<u32> {
        let listener = self.listeners.get(caller.listener);
        let at_listener = listener.zip(caller.address).and_then(|(one, address)| one.networks.find(address));
        let anywhere = caller.address.and_then(|address| self.anywhere.find(address));
        let narrowest = match (at_listener, anywhere) {
            (Some(here), Some(there)) if there.0 > here.0 => Some(there),
            (here, there) => here.or(there),
        };
        narrowest.map(|(_, found)| found).or_else(|| listener?.all)
    }
}

// === impl Credential ===

impl Credential {
    /// Whether it is neither switched off nor over at the time `now`.
    fn is_good(&self, now: Timestamp) -> bool {
        !self.disabled && self.expires.is_none_or(|expires| expires > now)
    }
}

#[cfg(test)]
mod tests;
