//! Addresses that are nowhere: private networks, and what the registries keep back.
//!
//! Sources: <https://www.iana.org/assignments/iana-ipv4-special-registry/> and
//! <https://www.iana.org/assignments/iana-ipv6-special-registry/>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether no place or operator can be said of an address.
pub(super) fn is_reserved(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_reserved_v4(*address),
        IpAddr::V6(address) => is_reserved_v6(*address),
    }
}

fn is_reserved_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        // Multicast, future use, broadcast.
        || a >= 224
        || a == 0
        // Shared by carriers (RFC 6598), protocol assignments (RFC 6890), benchmarks (RFC 2544).
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a == 198 && (18..20).contains(&b))
}

fn is_reserved_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        // Documentation (RFC 3849, RFC 9637), discard only (RFC 6666).
        || (a == 0x2001 && b == 0x0db8)
        || (a == 0x3fff && b < 0x1000)
        || (a == 0x0100 && b == 0)
}
