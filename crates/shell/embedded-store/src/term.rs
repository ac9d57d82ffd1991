//! How fields and values become terms of one dictionary.
//!
//! A term is `path NUL kind value`. The kinds keep types apart, and within one path and kind the order of terms is the
//! order of values, so that a range is a range of terms:
//! - `e`: the path has a value
//! - `i`: an IP address, as 32 hexadecimal digits of its IPv6 form
//! - `n`: a number, as 16 hexadecimal digits that sort like the number
//! - `s`: a string (a boolean is the string `true` or `false`)

use std::net::{IpAddr, Ipv6Addr};

/// The longest string that is kept as a keyword, in characters; longer ones are found by their words only.
pub(crate) const MAX_KEYWORD_CHARS: usize = 8191;

const SEPARATOR: char = '\0';

/// A kind of term: see the module's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Exists,
    Ip,
    Number,
    Text,
}

// === impl Kind ===

impl Kind {
    const fn code(self) -> char {
        match self {
            Self::Exists => 'e',
            Self::Ip => 'i',
            Self::Number => 'n',
            Self::Text => 's',
        }
    }

    /// What all terms of this kind and path begin with.
    pub(crate) fn prefix(self, path: &str) -> String {
        let mut prefix = clean(path);
        prefix.push(SEPARATOR);
        prefix.push(self.code());
        prefix
    }

    /// The first possible term behind all of this kind and path.
    pub(crate) fn end(self, path: &str) -> String {
        let mut end = clean(path);
        end.push(SEPARATOR);
        // The codes are ASCII letters below `z`.
        end.push(char::from_u32(u32::from(self.code()) + 1).unwrap_or(char::MAX));
        end
    }

    /// The term of an encoded value.
    pub(crate) fn term(self, path: &str, value: &str) -> String {
        self.prefix(path) + value
    }
}

/// A number's value in a term. Negative zero is zero; not-a-number can't come from JSON.
pub(crate) fn number(value: f64) -> String {
    let bits = (value + 0.0).to_bits();
    // Positive numbers sort by their bits above all negative ones, which sort in reverse.
    let ordered = if bits >> 63 == 0 { bits ^ (1 << 63) } else { !bits };
    format!("{ordered:016x}")
}

/// An address's value in a term.
pub(crate) fn ip(address: IpAddr) -> String {
    format!("{:032x}", ip_bits(address))
}

/// The first and last address of a block such as `10.0.0.0/8`, as values of terms.
pub(crate) fn ip_block(text: &str) -> Option<(String, String)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let length: u32 = length.parse().ok()?;
    let fixed = match address {
        IpAddr::V4(_) if length <= 32 => 96 + length,
        IpAddr::V6(_) if length <= 128 => length,
        _ => return None,
    };
    let free = u128::MAX.checked_shr(fixed).unwrap_or(0);
    let bits = ip_bits(address);
    Some((format!("{:032x}", bits & !free), format!("{:032x}", bits | free)))
}

/// A path with nothing in it that would end it early.
fn clean(path: &str) -> String {
    path.replace(SEPARATOR, "\u{fffd}")
}

fn ip_bits(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    u128::from(address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Guarantees: terms sort as the numbers do.
        #[test]
        fn numbers_keep_their_order(a in -1e18..1e18, b in -1e18..1e18) {
            prop_assert_eq!(number(a).cmp(&number(b)), a.total_cmp(&b));
        }

        /// Guarantees: an address lies in its own block, whatever the length.
        #[test]
        fn a_block_holds_its_address(bits: u32, length in 0_u32..=32) {
            let address = std::net::Ipv4Addr::from(bits);
            let (first, last) = ip_block(&format!("{address}/{length}")).unwrap();
            let term = ip(IpAddr::V4(address));
            prop_assert!(first <= term && term <= last);
        }
    }

    #[test]
    fn negative_zero_is_zero() {
        assert_eq!(number(-0.0), number(0.0));
    }

    #[test]
    fn a_block_ends_where_it_should() {
        let (first, last) = ip_block("10.1.0.0/16").unwrap();
        assert_eq!(first, ip("10.1.0.0".parse().unwrap()));
        assert_eq!(last, ip("10.1.255.255".parse().unwrap()));
        assert_eq!(ip_block("10.1.0.0/33"), None);
        assert_eq!(ip_block("web/1"), None);
    }
}
