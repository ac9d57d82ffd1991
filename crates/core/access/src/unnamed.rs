//! Whose events somebody brings who shows no credential of the protocol, and whose he may say that they are.
//!
//! The order: the name in his certificate; his place, which is the narrowest network, or the listener by its name; the tenant that the
//! listener has in the settings. The first of them that is known decides, also where it says no: a certificate that is switched off
//! does not become the tenant of its network.

use forebay_record::Tenant;
use jiff::Timestamp;

use crate::access::Access;
use crate::claim::{Caller, Claim, PeerNames};
use crate::grant::{Answer, Denial, Role, Stamp};

/// What is known of somebody who shows nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unnamed<'a> {
    /// The names in his certificate, if its chain has been verified.
    pub names: Option<&'a PeerNames>,
    /// Where he comes from.
    pub caller: Caller<'a>,
    /// The tenant that the listener has in the settings.
    pub listener: Option<&'a Tenant>,
}

/// Whose events somebody brings, and what says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Known {
    /// The tenant.
    pub tenant: Tenant,
    /// The credential; none where the settings say it, which don't change while he is here.
    pub stamp: Option<Stamp>,
}

impl Access {
    /// Whose events somebody brings who shows nothing.
    ///
    /// # Errors
    /// [`Denial::Unknown`] when nothing says so, another one when what says so says no.
    pub fn unnamed(&self, sender: &Unnamed<'_>, now: Timestamp) -> Result<Known, Denial> {
        let by_name = sender.names.map(Claim::Certificate);
        for claim in by_name.into_iter().chain([Claim::Nothing]) {
            match self.check(&claim, &sender.caller, Role::Send, now) {
                Ok(Answer::Granted(grant)) => {
                    return Ok(Known { tenant: grant.tenant, stamp: Some(grant.stamp) });
                }
                Err(Denial::Unknown) | Ok(Answer::Password(_)) => {}
                Err(denial) => return Err(denial),
            }
        }
        sender.listener.map(|tenant| Known::by_settings(tenant.clone())).ok_or(Denial::Unknown)
    }
}

// === impl Known ===

impl Known {
    /// Whose events they are as the settings say it.
    #[must_use]
    pub const fn by_settings(tenant: Tenant) -> Self {
        Self { tenant, stamp: None }
    }
}

/// Whose events somebody brings where there is no access file: the listener's tenant, or else that of everybody.
#[must_use]
pub fn at_open_door(listener: Option<&Tenant>, everybody: &Tenant) -> Tenant {
    listener.unwrap_or(everybody).clone()
}

/// The tenant that somebody names, from all that he wrote for it.
///
/// # Errors
/// When he names several, even the same one twice: nobody could say which one counts; or when it isn't text.
pub fn named<'a>(written: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<&'a str>, Denial> {
    let mut written = written.into_iter();
    match (written.next(), written.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => std::str::from_utf8(one).map(Some).map_err(|_| Denial::NoSuchTenant),
        (Some(_), Some(_)) => Err(Denial::SeveralTenants),
    }
}

/// The tenant of somebody who may not choose, if he names none, or that one.
///
/// # Errors
/// When he names another one.
pub fn own<'a>(tenant: Tenant, written: impl IntoIterator<Item = &'a [u8]>) -> Result<Tenant, Denial> {
    let is_other = |name: &[u8]| name != tenant.as_str().as_bytes();
    if written.into_iter().any(is_other) { Err(Denial::Tenant) } else { Ok(tenant) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::read;

    fn tenant(name: &str) -> Tenant {
        Tenant::new(name).unwrap()
    }

    /// What the file has of one kind.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    enum Has {
        None,
        Good,
        SwitchedOff,
    }

    fn has() -> impl Strategy<Value = Has> {
        prop_oneof![Just(Has::None), Just(Has::Good), Just(Has::SwitchedOff)]
    }

    /// The credentials that could be for the sender, the first that counts first.
    const KINDS: [(&str, &str); 5] = [
        ("certificate", "certificate: {dns: web-1}"),
        ("narrow", "network: 10.1.2.0/24"),
        ("here", "network: 10.1.0.0/16, listener: lan"),
        ("wide", "network: 10.0.0.0/8"),
        ("listener", "listener: lan"),
    ];

    proptest! {
        /// Scenario: any set of credentials that are for a sender, in any order in the file, some switched off; it shows a certificate
        /// or not, and its listener has a tenant or not.
        /// Guarantees: the first by rank decides, in whatever order they stand; the listener's tenant counts where there is none.
        #[test]
        fn the_first_that_is_known_decides(
            file in prop::array::uniform5(has()),
            order in Just([0_usize, 1, 2, 3, 4]).prop_shuffle(),
            shows_certificate: bool,
            has_listener: bool,
        ) {
            let mut text = "credentials:\n  - {name: other, tenant: other, network: 192.168.0.0/16}\n".to_owned();
            for at in order {
                let (name, what) = KINDS[at];
                let disabled = file[at] == Has::SwitchedOff;
                if file[at] != Has::None {
                    text += &format!("  - {{name: {name}, tenant: {name}, disabled: {disabled}, {what}}}\n");
                }
            }
            let access = read(&text).unwrap();
            let names = PeerNames { dns: vec!["web-1".to_owned()], ..PeerNames::default() };
            let of_listener = tenant("of-listener");
            let sender = Unnamed {
                names: shows_certificate.then_some(&names),
                caller: Caller { address: Some([10, 1, 2, 3].into()), listener: "lan" },
                listener: has_listener.then_some(&of_listener),
            };
            let first = (usize::from(!shows_certificate)..KINDS.len()).find(|at| file[*at] != Has::None);
            let expected = match first {
                Some(at) if file[at] == Has::Good => Ok(tenant(KINDS[at].0)),
                Some(_) => Err(Denial::Disabled),
                None if has_listener => Ok(of_listener.clone()),
                None => Err(Denial::Unknown),
            };
            let found = access.unnamed(&sender, Timestamp::UNIX_EPOCH);
            prop_assert_eq!(found.map(|known| known.tenant), expected);
        }

        /// Scenario: a tenant, and any names that a sender writes. Guarantees: it becomes no other than it is.
        #[test]
        fn nobody_becomes_another(written in prop::collection::vec("[a-c]{1,2}", 0..3), is in "[a-c]{1,2}") {
            let bytes = || written.iter().map(String::as_bytes);
            match own(tenant(&is), bytes()) {
                Ok(found) => prop_assert!(found == tenant(&is) && written.iter().all(|name| *name == is)),
                Err(denial) => {
                    prop_assert_eq!(denial, Denial::Tenant);
                    prop_assert!(written.iter().any(|name| *name != is));
                }
            }
            match named(bytes()) {
                Ok(found) => prop_assert!(written.iter().eq(&found)),
                Err(denial) => prop_assert!(denial == Denial::SeveralTenants && written.len() > 1),
            }
        }
    }

    #[test]
    fn without_a_file_the_listener_comes_first() {
        assert_eq!(at_open_door(Some(&tenant("lan")), &tenant("default")), tenant("lan"));
        assert_eq!(at_open_door(None, &tenant("default")), tenant("default"));
        assert_eq!(named([&b"\xff"[..]]), Err(Denial::NoSuchTenant));
    }
}
