//! Networks: which of many an address is in. A look-up asks once for each length of prefix that there is, from the longest
//! on, so that the narrowest network is found, however many there are.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

/// Networks with a value each, all of one listener or of none in particular.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    by_network: HashMap<IpNet, u32>,
    /// The lengths of prefixes that there are, the longest first.
    v4: Vec<u8>,
    v6: Vec<u8>,
}

/// Reads a network, or an address as a network of one.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network =
        network.map_err(|_| format!("`{text}` is no network; write it as `10.0.0.0/8` or `10.1.2.3`"))?;
    if network.addr() != network.network() {
        return Err(format!("`{text}` has bits behind its prefix; did you mean `{}`?", network.trunc()));
    }
    Ok(network)
}

/// An address as it is compared: one of IPv4 that came through a socket of IPv6 is one of IPv4.
pub(crate) fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

impl Networks {
    /// Adds one; `false` if it is there already.
    pub(crate) fn insert(&mut self, network: IpNet, value: u32) -> bool {
        if self.by_network.contains_key(&network) {
            return false;
        }
        let _none = self.by_network.insert(network, value);
        let lengths = if network.addr().is_ipv4() { &mut self.v4 } else { &mut self.v6 };
        if let Err(place) = lengths.binary_search_by(|length| network.prefix_len().cmp(length)) {
            lengths.insert(place, network.prefix_len());
        }
        true
    }

    /// All values.
    pub(crate) fn values(&self) -> impl Iterator<Item = u32> {
        self.by_network.values().copied()
    }

    /// The value of the narrowest network around an address, and how narrow it is.
    pub(crate) fn find(&self, address: IpAddr) -> Option<(u8, u32)> {
        let address = plain(address);
        let lengths = if address.is_ipv4() { &self.v4 } else { &self.v6 };
        lengths.iter().find_map(|length| {
            let network = IpNet::new(address, *length).ok()?.trunc();
            self.by_network.get(&network).map(|value| (*length, *value))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn networks_are_read_strictly() {
        assert_eq!(network("10.1.2.3").unwrap().prefix_len(), 32);
        assert_eq!(network("fd00::/8").unwrap().prefix_len(), 8);
        assert!(network("10.1.2.3/8").unwrap_err().contains("did you mean `10.0.0.0/8`"));
        assert!(network("ten").unwrap_err().contains("no network"));
    }

    #[test]
    fn an_address_of_ipv4_is_one_through_ipv6_too() {
        let mut networks = Networks::default();
        assert!(networks.insert(network("10.0.0.0/8").unwrap(), 7));
        assert!(!networks.insert(network("10.0.0.0/8").unwrap(), 8));
        assert_eq!(networks.find("::ffff:10.1.1.1".parse().unwrap()), Some((8, 7)));
        assert_eq!(networks.find("fd00::1".parse().unwrap()), None);
    }

    proptest! {
        /// Guarantees: it is the narrowest one, as a look at all of them finds it.
        #[test]
        fn the_narrowest_network_is_found(
            given in prop::collection::vec((any::<u32>(), 0_u8..=32), 0..50),
            near in 0_usize..50,
            mask in any::<u32>(),
        ) {
            let mut networks = Networks::default();
            let mut all = Vec::new();
            for (value, (bits, length)) in (0..).zip(&given) {
                let one = IpNet::new(IpAddr::V4((*bits).into()), *length).unwrap().trunc();
                if networks.insert(one, value) {
                    all.push((one, value));
                }
            }
            let bits = given.get(near).map_or(mask, |(bits, _)| bits ^ (mask >> 12));
            let address = IpAddr::V4(bits.into());
            let around = all.iter().filter(|(network, _)| network.contains(&address));
            let wanted = around.max_by_key(|(network, _)| network.prefix_len());
            prop_assert_eq!(networks.find(address), wanted.map(|(network, value)| (network.prefix_len(), *value)));
        }
    }
}
