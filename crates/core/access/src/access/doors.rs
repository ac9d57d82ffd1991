//! Whether anybody can come in by a listener at all: for who checks a file against the settings before it is in force.

use jiff::Timestamp;

use super::{Access, Listener};
use crate::grant::Role;

/// A listener, as far as credentials go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Door<'a> {
    /// Its name in the settings.
    pub name: &'a str,
    /// What its protocol can show.
    pub shows: Shows,
    /// Whether clients may show certificates.
    pub takes_certificates: bool,
    /// Whether clients have addresses.
    pub has_addresses: bool,
}

/// What a protocol can show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shows {
    /// What stands in headers: tokens, passwords, access keys.
    Headers,
    /// The shared keys of Fluent Forward.
    SharedKeys,
    /// Nothing.
    Nothing,
}

impl Access {
    /// The listeners that credentials are bound to, each once.
    pub fn listeners(&self) -> impl Iterator<Item = &str> {
        self.listeners.keys().map(AsRef::as_ref)
    }

    /// Whether there is a credential with which somebody can send there at the time `now`.
    #[must_use]
    pub fn opens(&self, door: &Door<'_>, now: Timestamp) -> bool {
        let sends = |found: &u32| {
            let one = self.credentials.get(*found as usize);
            one.is_some_and(|one| one.is_good(now) && one.roles.has(Role::Send))
        };
        let shown = match door.shows {
            Shows::Headers => {
                self.tokens.values().any(|(_, found)| sends(found))
                    || self.users.values().any(|(_, found)| sends(found))
                    || self.access_keys.values().any(|(_, found)| sends(found))
            }
            Shows::SharedKeys => self.forward.keys.iter().any(|key| sends(&key.credential)),
            Shows::Nothing => false,
        };
        let placed = |listener: &Listener| {
            listener.all.as_ref().is_some_and(sends)
                || door.has_addresses && listener.networks.values().any(|found| sends(&found))
        };
        shown
            || door.takes_certificates && self.certificates.values().any(sends)
            || door.has_addresses && self.anywhere.values().any(|found| sends(&found))
            || self.listeners.get(door.name).is_some_and(placed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;
    use crate::secret::TokenHash;

    /// Guarantees: a listener is open to what its protocol can show, from where its clients come, and to nothing else.
    #[test]
    fn a_door_opens_to_what_can_be_shown_there() {
        let token = format!("token: \"{}\"", TokenHash::of(b"t").to_text());
        let headers =
            Door { name: "http", shows: Shows::Headers, takes_certificates: false, has_addresses: true };
        let nothing = Door { name: "syslog", shows: Shows::Nothing, ..headers };
        let keys = Door { name: "forward", shows: Shows::SharedKeys, ..headers };
        let tls = Door { name: "relp", takes_certificates: true, ..nothing };
        let local = Door { name: "local", has_addresses: false, ..nothing };
        let doors = [headers, nothing, keys, tls, local];
        for (credential, open) in [
            (token.as_str(), &["http"][..]),
            ("access_key: {id: someone, secret: long-enough-secret}", &["http"]),
            ("forward: {shared_key: long-enough-key}", &["forward"]),
            ("certificate: {dns: web}", &["relp"]),
            ("network: 10.0.0.0/8", &["http", "syslog", "forward", "relp"]),
            ("listener: syslog", &["syslog"]),
            ("listener: local", &["local"]),
            ("{listener: local, network: 10.0.0.0/8}", &[]),
            (&format!("{token}, roles: [read]"), &[]),
            (&format!("{token}, disabled: true"), &[]),
            (&format!("{token}, expires: 1970-01-01T00:00:00Z"), &[]),
        ] {
            let keys = credential.trim_matches(['{', '}'].as_slice());
            let keys = if credential.starts_with('{') { keys } else { credential };
            let text = format!("credentials:\n- {{name: x, tenant: acme, {keys}}}\n");
            let access = read(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
            let opened: Vec<&str> = doors
                .iter()
                .filter(|door| access.opens(door, Timestamp::UNIX_EPOCH))
                .map(|door| door.name)
                .collect();
            assert_eq!(opened, open, "{credential}");
        }
    }
}
