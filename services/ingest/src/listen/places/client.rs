//! Who counts as one client of a listener.

use std::net::{IpAddr, Ipv4Addr};

/// An IPv4 address, or a network of IPv6 of the size that a single client is given (a /64,
/// [RFC 6177](https://www.rfc-editor.org/rfc/rfc6177)).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Client {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

impl Client {
    /// None comes before it.
    pub(super) const FIRST: Self = Self::V4(Ipv4Addr::UNSPECIFIED);
}

impl From<IpAddr> for Client {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Client {
        Client::from(address.parse::<IpAddr>().unwrap())
    }

    /// Guarantees: one client can't pass for many by the addresses that its network gives it, nor by another way to write its own.
    #[test]
    fn a_network_of_ipv6_is_one_client() {
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert!(Client::FIRST <= of("0.0.0.0") && Client::FIRST < of("::"));
    }
}
