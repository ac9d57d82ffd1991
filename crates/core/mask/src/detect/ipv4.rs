//! IPv4 addresses, and versions that look like them.

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::{View, digit};

/// `end` is behind the third number's first digit.
pub(super) fn verify(text: &View<'_>, end: usize) -> Verdict {
    let first = text.run_back(end, 12, |byte| digit(byte) || byte == b'.');
    // `%2010.0.0.1` is a blank and an address; `5%10.0.0.1` isn't.
    let behind = text.skip_escape(first);
    match address(text, behind) {
        Verdict::No if behind != first => address(text, first),
        verdict => verdict,
    }
}

/// The address that begins at `start`.
fn address(text: &View<'_>, start: usize) -> Verdict {
    let before = text.before(start);
    if !text.opens(start) || (before == b'.' && digit(text.before(start - 1))) {
        return Verdict::No;
    }
    let Some((octets, stop)) = octets(text, start) else { return Verdict::No };
    let next = text.get(stop);
    if !text.closes(stop) || next == b'_' || (next == b'.' && !text.closes(stop + 1)) {
        return Verdict::No;
    }
    if before == b'/' && text.before(start - 1).is_ascii_alphabetic() && octets.ends_with(&[0, 0]) {
        return Verdict::No;
    }
    if names_version(text, start) {
        return Verdict::No;
    }
    Verdict::found(Detector::Ipv4, start..stop)
}

/// Four numbers up to 255 from `start`, and where they end.
fn octets(text: &View<'_>, start: usize) -> Option<([u8; 4], usize)> {
    let mut octets = [0; 4];
    let mut at = start;
    for (place, octet) in octets.iter_mut().enumerate() {
        if place > 0 {
            if text.get(at) != b'.' {
                return None;
            }
            at += 1;
        }
        let end = text.run(at, 3, digit);
        *octet = std::str::from_utf8(text.slice(at, end)).ok()?.parse().ok()?;
        at = end;
    }
    Some((octets, at))
}

/// Whether a version is announced: `version=1.2.3.4`, `>= 1.2.3.4`.
fn names_version(text: &View<'_>, start: usize) -> bool {
    let word_end = text.run_back(start, 3, |byte| matches!(byte, b' ' | b'=' | b':' | b'"' | b'\''));
    let sign = text.run_back(start, 1, |byte| byte == b' ');
    let compared =
        text.before(sign) == b'=' && matches!(text.before(sign - 1), b'<' | b'>' | b'=' | b'~' | b'!');
    let word = text.run_back(word_end, 7, |byte| byte.is_ascii_alphabetic());
    let named =
        [&b"version"[..], b"ver"].iter().any(|name| text.slice(word, word_end).eq_ignore_ascii_case(name));
    compared || (word < word_end && named)
}
