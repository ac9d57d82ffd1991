//! Passwords in URLs: `scheme://user:PASSWORD@host`.

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::{View, digit};

/// How far the `@` may be from the slashes, in bytes.
const MAX: usize = 512;
/// How far it may be where the password has a slash, a question mark or a hash in it.
const MAX_ODD: usize = 128;

/// `end` is behind the slashes.
pub(super) fn verify(text: &View<'_>, end: usize) -> Verdict {
    let authority = text.run(end, MAX, |byte| in_text(byte) && !matches!(byte, b'/' | b'?' | b'#' | b'\\'));
    let bytes = text.slice(end, authority);
    let Some(colon) = bytes.iter().position(|byte| *byte == b':') else { return Verdict::No };
    let password = end + colon + 1;
    // A host may have a colon too, in front of the port or between brackets.
    let sign = match bytes.iter().rposition(|byte| *byte == b'@') {
        Some(sign) => end + sign,
        None => match odd(text, end, password) {
            Some(sign) => sign,
            None => return Verdict::No,
        },
    };
    if sign <= password || marker(text.slice(password, sign)) {
        return Verdict::No;
    }
    Verdict::found(Detector::UrlPassword, password..sign)
}

/// The `@` behind a password that should have been encoded, but wasn't.
fn odd(text: &View<'_>, from: usize, password: usize) -> Option<usize> {
    let port = text.run(password, 6, digit);
    let is_port = port > password && matches!(text.get(port), 0 | b'/' | b'?' | b'#' | b'\\');
    if is_port || text.get(from) == b'[' {
        return None;
    }
    let stop = text.run(password, MAX_ODD, in_text);
    let sign = text.slice(password, stop).iter().rposition(|byte| *byte == b'@')?;
    Some(password + sign)
}

fn in_text(byte: u8) -> bool {
    !byte.is_ascii_whitespace()
        && !byte.is_ascii_control()
        && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`')
}

/// Whether it was replaced before, by us (`[url_password]`) or by the program that wrote the text (`***`).
fn marker(password: &[u8]) -> bool {
    password.iter().all(|byte| *byte == b'*') || (password.starts_with(b"[") && password.ends_with(b"]"))
}
