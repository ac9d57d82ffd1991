//! How many connections an address may have to a listener, so that no single client has them all.
//!
//! Who comes when the listener itself is full waits in the system's queue (see [`super::accept`]); who has too many already
//! is turned away at once, since waiting would take the place of others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Who counts as one client: an IPv4 address, or a network of IPv6 of the size that a single client is given (a /64,
/// [RFC 6177](https://www.rfc-editor.org/rfc/rfc6177)).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Origin {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

/// The connections of each client.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    limit: usize,
    open: Arc<Mutex<HashMap<Origin, usize>>>,
}

/// A connection that counts until this is dropped.
#[derive(Debug)]
pub(super) struct Entry {
    gate: Gate,
    origin: Origin,
}

// === impl Origin ===

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

// === impl Gate ===

impl Gate {
    /// Lets in so many connections of each client.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, open: Arc::default() }
    }

    /// One more connection from this address, unless it has as many as it may.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Entry> {
        let origin = Origin::from(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.get(&origin).copied().unwrap_or_default();
        if count >= self.limit {
            return None;
        }
        let _before = open.insert(origin, count + 1);
        Some(Entry { gate: self.clone(), origin })
    }

    fn leave(&self, origin: Origin) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&origin) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                let _none_left = open.remove(&origin);
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.gate.leave(self.origin);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Scenario: connections of three clients come and go in any order.
        /// Guarantees: each client has at most its limit, however many the others have, and what is gone leaves nothing behind.
        #[test]
        fn nobody_has_more_than_the_limit(
            limit in 1..4_usize,
            steps in prop::collection::vec((0..3_u8, prop::option::of(0..8_usize)), 0..60),
        ) {
            let gate = Gate::new(limit);
            let mut open: Vec<Vec<Entry>> = vec![Vec::new(), Vec::new(), Vec::new()];
            for (client, leaves) in steps {
                let address = IpAddr::from([192, 0, 2, client]);
                let mine = &mut open[usize::from(client)];
                match leaves {
                    Some(which) if which < mine.len() => drop(mine.swap_remove(which)),
                    _ => {
                        let entry = gate.enter(address);
                        prop_assert_eq!(entry.is_some(), mine.len() < limit);
                        mine.extend(entry);
                    }
                }
                prop_assert!(mine.len() <= limit);
            }
            drop(open);
            prop_assert!(gate.open.lock().unwrap().is_empty());
        }
    }

    /// Guarantees: one client can't pass for many by the addresses that its network gives it.
    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let gate = Gate::new(1);
        let enter = |address: &str| gate.enter(address.parse().unwrap());
        let _one = enter("2001:db8:0:1::1").unwrap();
        assert!(enter("2001:db8:0:1:ffff::2").is_none());
        let _two = enter("2001:db8:0:2::1").unwrap();
        let _three = enter("192.0.2.1").unwrap();
        assert!(enter("::ffff:192.0.2.1").is_none(), "the same client by another name");
    }
}
