//! Who looks after the pipeline: the role that is asked for, whose events he may see, and by what name it is written down.
//!
//! Operators show tokens, nothing else: a command has neither a certificate nor an address, and who only comes from
//! somewhere is nobody who could be named afterwards.

use std::collections::BTreeSet;
use std::fmt;

use forebay_record::Tenant;
use jiff::Timestamp;
use thiserror::Error;

use crate::access::{Access, Listed};
use crate::claim::{Caller, Claim};
use crate::grant::{Answer, Choice, Denial, Role};

/// Who does something that is written down. The name says how much it is worth: that of a credential was proved by its
/// secret, that of an account is only what the system says.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Actor {
    name: String,
}

/// Whose events somebody may see and change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Everybody's, and what concerns nobody in particular.
    Everybody,
    /// Those of these tenants.
    Tenants(BTreeSet<Tenant>),
}

/// Somebody who may look after the pipeline.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Operator {
    /// By what name it is written down.
    pub actor: Actor,
    /// Whose events he may see and change.
    pub scope: Scope,
}

/// Why it isn't clear, or not allowed, whose events are meant.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ScopeError {
    /// Somebody else's.
    #[error("the credential is not for the tenant `{0}`: name one of its own, or use one of that tenant")]
    Foreign(String),
    /// He has several, and names none.
    #[error("the credential is for several tenants: say which one is meant, {}", list(.0))]
    Which(BTreeSet<Tenant>),
    /// What concerns all tenants is for who may choose each of them.
    #[error(
        "this concerns all tenants, and the credential is for {} only: use one with `may_choose: [\"*\"]`",
        list(.0)
    )]
    NotEverybody(BTreeSet<Tenant>),
}

// === impl Actor ===

impl Actor {
    /// Who showed the secret of this credential of the access file.
    #[must_use]
    pub fn credential(name: &str) -> Self {
        Self { name: format!("credential:{name}") }
    }

    /// Who uses this account of the system, such as `os:ann@ops-1`.
    #[must_use]
    pub fn account(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// What is written down: `credential:NAME` or `os:USER@HOST`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

// === impl Scope ===

impl Scope {
    /// What a credential is good for: the tenants that it may send as.
    fn of(tenant: &Tenant, choice: &Choice) -> Self {
        let own = std::iter::once(tenant.clone());
        match choice {
            Choice::All => Self::Everybody,
            Choice::Some(others) => Self::Tenants(own.chain(others.iter().cloned()).collect()),
            Choice::None => Self::Tenants(own.collect()),
        }
    }

    /// Whether it holds this tenant.
    #[must_use]
    pub fn holds(&self, tenant: &str) -> bool {
        match self {
            Self::Everybody => true,
            Self::Tenants(tenants) => tenants.iter().any(|one| one.as_str() == tenant),
        }
    }

    /// The tenant to keep to, where one is `named` or not; `None` stands for all of them.
    ///
    /// # Errors
    /// When it is not his, or when he has several and names none.
    pub fn narrow(&self, named: Option<&str>) -> Result<Option<String>, ScopeError> {
        match (self, named) {
            (Self::Everybody, named) => Ok(named.map(str::to_owned)),
            (Self::Tenants(_), Some(named)) if self.holds(named) => Ok(Some(named.to_owned())),
            (Self::Tenants(_), Some(named)) => Err(ScopeError::Foreign(named.to_owned())),
            (Self::Tenants(tenants), None) => match tenants.first() {
                Some(only) if tenants.len() == 1 => Ok(Some(only.to_string())),
                _ => Err(ScopeError::Which(tenants.clone())),
            },
        }
    }

    /// Asks for what somebody needs to make a credential of this tenant, which may choose those others, by their names in the
    /// file: nobody gives away more than he has.
    ///
    /// # Errors
    /// When it is for more than he has.
    pub fn may_make(&self, tenant: &str, may_choose: &[String]) -> Result<(), ScopeError> {
        if may_choose.iter().any(|name| name == "*") {
            self.everybody()?;
        }
        match std::iter::once(tenant)
            .chain(may_choose.iter().map(String::as_str))
            .find(|one| !self.holds(one))
        {
            Some(foreign) => Err(ScopeError::Foreign(foreign.to_owned())),
            None => Ok(()),
        }
    }

    /// Asks for what somebody needs to revoke a credential of that scope: nobody takes away what he couldn't have given.
    ///
    /// # Errors
    /// When it is for more than he has.
    pub fn may_revoke(&self, other: &Self) -> Result<(), ScopeError> {
        match (self, other) {
            (Self::Everybody, _) => Ok(()),
            (Self::Tenants(_), Self::Everybody) => self.everybody(),
            (Self::Tenants(own), Self::Tenants(others)) => match others.difference(own).next() {
                Some(foreign) => Err(ScopeError::Foreign(foreign.to_string())),
                None => Ok(()),
            },
        }
    }

    /// The name of a piece of work on this tenant's events, by the name that somebody has given it: who is for some tenants only names it within
    /// the tenant, so that it is never the work of others. A tenant's name has no dot.
    #[must_use]
    pub fn name_work(&self, tenant: Option<&str>, name: &str) -> String {
        match (self, tenant) {
            (Self::Tenants(_), Some(tenant)) => format!("{tenant}.{name}"),
            _ => name.to_owned(),
        }
    }

    /// Asks for everybody's.
    ///
    /// # Errors
    /// When it is some tenants' only.
    pub fn everybody(&self) -> Result<(), ScopeError> {
        match self {
            Self::Everybody => Ok(()),
            Self::Tenants(tenants) => Err(ScopeError::NotEverybody(tenants.clone())),
        }
    }
}

impl Operator {
    /// Who is not asked for a credential, since there is no access file: known by his account only.
    #[must_use]
    pub fn unasked(account: &str) -> Self {
        Self { actor: Actor::account(account), scope: Scope::Everybody }
    }
}

// === impl Access ===

impl Access {
    /// Who shows this token and may act in that `role` at the time `now`.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn operator(
        &self,
        token: &[u8],
        caller: &Caller<'_>,
        role: Role,
        now: Timestamp,
    ) -> Result<Operator, Denial> {
        match self.check(&Claim::Token(token), caller, role, now)? {
            Answer::Granted(grant) => Ok(Operator {
                actor: Actor::credential(&grant.name),
                scope: Scope::of(&grant.tenant, &grant.choice),
            }),
            Answer::Password(_) => Err(Denial::Unknown),
        }
    }

    /// What the credential of this name is good for, whether it is valid or not.
    #[must_use]
    pub fn scope_of(&self, name: &str) -> Option<Scope> {
        self.list().find(|one| one.name == name).map(|one| Scope::of(one.tenant, one.choice))
    }

    /// Whether somebody could administrate at the time `now`: a token with the role `admin` that is valid, and that a command takes. Until
    /// there is one, whoever may write the file makes the first.
    #[must_use]
    pub fn has_admin(&self, now: Timestamp) -> bool {
        self.list().any(|one| {
            let is_valid = !one.disabled && one.expires.is_none_or(|expires| expires > now);
            is_valid && one.roles.has(Role::Admin) && one.why_idle().is_none()
        })
    }

    /// The names of credentials with the role `admin` with which nobody can administrate, and why.
    pub fn idle_admins(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.list()
            .filter(|one| one.roles.has(Role::Admin))
            .filter_map(|one| Some((one.name, one.why_idle()?)))
    }
}

// === impl Listed ===

impl Listed<'_> {
    /// Why no command takes it, if none does.
    fn why_idle(&self) -> Option<&'static str> {
        if self.kind != "token" {
            Some("commands are shown tokens, nothing else")
        } else if self.is_bound {
            Some("commands come from no network, and it has `from`")
        } else {
            None
        }
    }
}

/// Names, for people.
fn list(tenants: &BTreeSet<Tenant>) -> String {
    tenants.iter().map(|tenant| format!("`{tenant}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;
    use crate::secret::TokenHash;

    /// A file with a token for each line of `name tenant roles may_choose more`.
    fn access(credentials: &[(&str, &str, &str, &str)]) -> Access {
        let mut text = "tenants: {acme: {}, umbrella: {}, initech: {}}\ncredentials:\n".to_owned();
        for (name, roles, may_choose, more) in credentials {
            let hash = TokenHash::of(name.as_bytes()).to_text();
            text += &format!(
                "- name: {name}\n  tenant: acme\n  roles: [{roles}]\n  may_choose: [{may_choose}]\n  token: {hash}\n{more}"
            );
        }
        read(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
    }

    fn ask(access: &Access, name: &str, role: Role) -> Result<Operator, Denial> {
        let nowhere = Caller { address: None, listener: "" };
        access.operator(name.as_bytes(), &nowhere, role, Timestamp::UNIX_EPOCH)
    }

    /// Guarantees: a credential does what its roles say; to administrate includes to read, and nothing includes to send.
    #[test]
    fn each_role_opens_its_own_doors() {
        let access = access(&[
            ("sender", "", "", ""),
            ("reader", "read", "", ""),
            ("admin", "admin", "", ""),
            ("gone", "admin", "", "  disabled: true\n"),
            ("old", "admin", "", "  expires: 1970-01-01T00:00:00Z\n"),
            ("office", "read", "", "  from: [10.0.0.0/8]\n"),
        ]);
        for (name, send, read, admin) in
            [("sender", true, false, false), ("reader", false, true, false), ("admin", false, true, true)]
        {
            for (role, expected) in [(Role::Send, send), (Role::Read, read), (Role::Admin, admin)] {
                let denied = Err(Denial::Role(role.name()));
                let answer = ask(&access, name, role).map(|operator| operator.actor.to_string());
                let expected = if expected { Ok(format!("credential:{name}")) } else { denied };
                assert_eq!(answer, expected, "{name} {role:?}");
            }
        }
        assert_eq!(ask(&access, "gone", Role::Read), Err(Denial::Disabled));
        assert_eq!(ask(&access, "old", Role::Read), Err(Denial::Expired));
        assert_eq!(ask(&access, "office", Role::Read), Err(Denial::Address), "a command has no address");
        assert_eq!(ask(&access, "nobody", Role::Read), Err(Denial::Unknown));
    }

    /// Guarantees: what an operator may see is what his credential may send as.
    #[test]
    fn a_scope_is_that_of_the_credential() {
        let access =
            access(&[("one", "read", "", ""), ("two", "read", "umbrella", ""), ("all", "read", "\"*\"", "")]);
        let scope = |name| ask(&access, name, Role::Read).unwrap().scope;
        let (one, two, all) = (scope("one"), scope("two"), scope("all"));
        assert_eq!(one.narrow(None), Ok(Some("acme".to_owned())));
        assert_eq!(one.narrow(Some("acme")), Ok(Some("acme".to_owned())));
        assert_eq!(one.narrow(Some("umbrella")), Err(ScopeError::Foreign("umbrella".to_owned())));
        assert!(one.everybody().unwrap_err().to_string().contains("is for `acme` only"));
        assert_eq!(two.narrow(Some("umbrella")), Ok(Some("umbrella".to_owned())));
        let which = two.narrow(None).unwrap_err();
        assert!(which.to_string().ends_with("say which one is meant, `acme`, `umbrella`"), "{which}");
        assert!(two.holds("umbrella") && !two.holds("initech") && !one.holds("umbrella"));
        assert_eq!((all.narrow(None), all.everybody()), (Ok(None), Ok(())));
        assert_eq!(all.narrow(Some("anybody")), Ok(Some("anybody".to_owned())));
        let names = [&one, &all].map(|scope| scope.name_work(Some("acme"), "nightly"));
        assert_eq!(names, ["acme.nightly", "nightly"]);
    }

    /// Guarantees: nobody gives away, or takes away, more than he has.
    #[test]
    fn an_administrator_makes_and_revokes_within_his_scope() {
        let access = access(&[
            ("one", "admin", "", ""),
            ("two", "admin", "umbrella", ""),
            ("all", "admin", "\"*\"", ""),
            ("sender", "", "", ""),
        ]);
        let scope = |name| ask(&access, name, Role::Admin).unwrap().scope;
        let make = |name, tenant, may_choose: &[&str]| {
            let may_choose: Vec<String> = may_choose.iter().map(|&name| name.to_owned()).collect();
            scope(name).may_make(tenant, &may_choose)
        };
        let foreign = |name: &str| Err(ScopeError::Foreign(name.to_owned()));
        assert_eq!((make("one", "acme", &[]), make("one", "acme", &["acme"])), (Ok(()), Ok(())));
        assert_eq!(
            (make("one", "umbrella", &[]), make("one", "acme", &["umbrella"])),
            (foreign("umbrella"), foreign("umbrella"))
        );
        assert!(matches!(make("one", "acme", &["*"]), Err(ScopeError::NotEverybody(_))));
        assert!(matches!(make("two", "acme", &["umbrella", "*"]), Err(ScopeError::NotEverybody(_))));
        assert_eq!(
            (make("two", "umbrella", &["acme"]), make("two", "initech", &[])),
            (Ok(()), foreign("initech"))
        );
        assert_eq!(make("all", "initech", &["*"]), Ok(()));
        let revoke = |name, other| scope(name).may_revoke(&access.scope_of(other).unwrap());
        assert_eq!(
            (revoke("one", "one"), revoke("one", "sender"), revoke("all", "all")),
            (Ok(()), Ok(()), Ok(()))
        );
        assert_eq!((revoke("one", "two"), revoke("two", "one")), (foreign("umbrella"), Ok(())));
        assert!(matches!(revoke("two", "all"), Err(ScopeError::NotEverybody(_))));
        assert_eq!(access.scope_of("nobody"), None);
    }

    /// Scenario: files whose only administrators are switched off, expired, bound to networks that no command comes from, or have a
    /// password.
    /// Guarantees: only a token that works can lock others out of the file; one that can't is named, with the reason.
    #[test]
    fn an_administrator_counts_while_he_can_act() {
        let has = |credentials: &[_]| access(credentials).has_admin(Timestamp::UNIX_EPOCH);
        let bound = ("office", "admin", "", "  from: [10.0.0.0/8]\n");
        assert!(!has(&[bound]));
        assert!(has(&[bound, ("admin", "admin", "", "")]));
        let file =
            access(&[bound, ("admin", "admin", "", ""), ("reader", "read", "", "  from: [10.0.0.0/8]\n")]);
        let idle: Vec<_> = file.idle_admins().collect();
        assert_eq!(idle, [("office", "commands come from no network, and it has `from`")]);
        let certificate =
            "credentials:\n- {name: cert, tenant: acme, roles: [admin], certificate: {common_name: a}}\n";
        let file = read(certificate).unwrap();
        assert!(!file.has_admin(Timestamp::UNIX_EPOCH));
        assert_eq!(file.idle_admins().count(), 1);
        assert!(!has(&[("reader", "read", "", "")]));
        assert!(!has(&[("gone", "admin", "", "  disabled: true\n")]));
        assert!(!has(&[("old", "admin", "", "  expires: 1970-01-01T00:00:00Z\n")]));
        assert!(has(&[("sender", "", "", ""), ("admin", "admin", "", "")]));
    }

    #[test]
    fn who_is_not_asked_is_known_by_his_account() {
        let operator = Operator::unasked("os:ann@ops-1");
        assert_eq!((operator.actor.name(), operator.scope), ("os:ann@ops-1", Scope::Everybody));
    }
}
