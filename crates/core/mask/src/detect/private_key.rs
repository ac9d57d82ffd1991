//! Private keys in PEM form (RFC 7468), also inside of a JSON string.

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::View;

/// The longest label, in bytes: `ENCRYPTED PRIVATE KEY` and its like.
const MAX_LABEL: usize = 40;

/// `end` is behind `-----BEGIN `.
pub(super) fn verify(text: &View<'_>, end: usize) -> Verdict {
    let start = end - b"-----BEGIN ".len();
    let label_end =
        text.run(end, MAX_LABEL, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
    let label = text.slice(end, label_end);
    let private = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
    if !private || !text.starts_with(label_end, b"-----") {
        return Verdict::No;
    }
    let body = label_end + 5;
    let mut stop = text.run(body, usize::MAX, in_body);
    // A dash in a header, not the end line's.
    while text.get(stop) == b'-' && !text.starts_with(stop, b"-----") {
        stop = text.run(stop + 1, usize::MAX, in_body);
    }
    if text.starts_with(stop, b"-----END ") {
        let label = text.run(stop + 9, MAX_LABEL, |byte| byte != b'-');
        return Verdict::found(Detector::PrivateKey, start..text.run(label, 5, |byte| byte == b'-'));
    }
    // No end: cut off. The quote or the backslash in front of it isn't part of the key.
    let trailing =
        text.slice(body, stop).iter().rev().position(|byte| byte.is_ascii_alphanumeric() || *byte == b'=');
    Verdict::found(Detector::PrivateKey, start..trailing.map_or(body, |trailing| stop - trailing))
}

/// Base64, line ends as such and as escapes, headers (`Proc-Type: 4,ENCRYPTED`, `DEK-Info: AES-256-CBC,...`), and the
/// quotes of a source that has a string per line.
fn in_body(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte.is_ascii_whitespace()
        || matches!(byte, b'+' | b'/' | b'=' | b'\\' | b':' | b',')
}
