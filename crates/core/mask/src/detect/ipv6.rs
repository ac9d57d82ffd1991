//! IPv6 addresses, and times, MAC addresses and paths that look like them.

use std::net::Ipv6Addr;

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::{View, digit};

/// The longest address, in bytes: six groups and an IPv4 address.
const MAX: usize = 45;

/// `end` is behind the second colon.
pub(super) fn verify(text: &View<'_>, end: usize) -> Verdict {
    let mut start = text.run_back(end, MAX, part);
    let mut stop = text.run(end, MAX, |byte| part(byte) || byte == b'.');
    if stop - start > MAX {
        // Nothing in such a row is an address: each would be glued to its neighbour.
        return Verdict::NoneBefore(stop);
    }
    // A label in front (`node:fe80::1`) ends in a letter and a colon, and its last letters may be hex digits.
    if !text.opens(start) {
        let label = text.run(start, 4, |byte| byte.is_ascii_hexdigit());
        if text.get(label) != b':' || text.get(label + 1) == b':' {
            return Verdict::No;
        }
        start = label + 1;
    } else if text.get(start) == b':' && text.get(start + 1) != b':' {
        start += 1;
    }
    while text.before(stop) == b'.' || (text.before(stop) == b':' && text.before(stop - 1) != b':') {
        stop -= 1;
    }
    let bytes = text.slice(start, stop);
    if !text.closes(stop) || !plausible(bytes) {
        return Verdict::No;
    }
    match std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Ipv6Addr>().ok()) {
        Some(_) => Verdict::found(Detector::Ipv6, start..stop),
        None => Verdict::No,
    }
}

/// The cheap half of the answer, which sorts out times and MAC addresses.
fn plausible(bytes: &[u8]) -> bool {
    let colons = bytes.iter().filter(|byte| **byte == b':').count();
    let shortened = bytes.windows(2).any(|pair| pair == b"::");
    (shortened || colons >= 6) && bytes.iter().any(|byte| digit(*byte))
}

fn part(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b':'
}
