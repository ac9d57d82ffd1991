//! E-mail addresses, from the `@` to both sides.

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::View;

/// The longest local part, in bytes (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// The longest domain, in bytes (RFC 5321, section 4.5.3.1.2).
const MAX_DOMAIN: usize = 255;

/// Last labels that are no top-level domains, but extensions of files and kinds of systemd's units.
const NO_DOMAINS: &str = "png jpg jpeg gif webp svg ico css js mjs ts json map html tgz gz jar log \
    service socket timer mount slice scope device path automount swap";

/// `end` is behind the `@`, which takes `at` bytes.
pub(super) fn verify(text: &View<'_>, end: usize, at: usize) -> Verdict {
    let sign = end - at;
    if text.is_fixed(sign) {
        return Verdict::No;
    }
    // A number in the local part may have been taken for something else already; the address covers that.
    let all = text.untouched();
    let Some(start) = local_part(&all, sign) else { return Verdict::No };
    let Some(domain_end) = domain(&all, end) else { return Verdict::No };
    if text.slice(start, sign) == b"git" && text.get(domain_end) == b':' {
        return Verdict::No;
    }
    Verdict::found(Detector::Email, start..domain_end)
}

/// Where the local part that ends at `sign` begins.
fn local_part(text: &View<'_>, sign: usize) -> Option<usize> {
    let mut start = text.run_back(sign, MAX_LOCAL, local);
    // An encoded separator, such as `%3D` or `%22`, isn't part of it.
    if let Some(separator) = text.slice(start, sign).windows(3).rposition(is_encoded_separator) {
        start += separator + 3;
    }
    if text.before(start) == b'\\' {
        start = text.skip_escape(start);
    }
    // Inside of a character, or at punctuation in front of the address.
    let edge = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || (0xc0..=0xdf).contains(&byte);
    let lead = text.slice(start, sign).iter().position(|byte| edge(*byte))?;
    Some(start + lead)
}

/// Punctuation of a URL's query or of a string, encoded; but not `%2B`, `%2D`, `%2E` and `%5F`, which local parts have.
fn is_encoded_separator(escape: &[u8]) -> bool {
    match escape {
        [b'%', b'2', low] => !matches!(low.to_ascii_lowercase(), b'b' | b'd' | b'e'),
        [b'%', b'3', _] => true,
        _ => false,
    }
}

/// Where the domain that begins at `from` ends; none if it isn't one.
fn domain(text: &View<'_>, from: usize) -> Option<usize> {
    let mut end = text
        .run(from, MAX_DOMAIN, |byte| letter(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    if version(text.slice(from, end)) {
        return None;
    }
    loop {
        let name = text.slice(from, end);
        let dot = name.iter().rposition(|byte| *byte == b'.')?;
        let last = name.get(dot + 1..).unwrap_or(&[]);
        let before = dot.checked_sub(1).and_then(|at| name.get(at)).copied().unwrap_or(b'.');
        if top_level(last) && before != b'.' {
            let known =
                NO_DOMAINS.split(' ').any(|extension| last.eq_ignore_ascii_case(extension.as_bytes()));
            return (!known).then_some(end);
        }
        // What follows a good domain may be a sentence's full stop, or the next thing: `a@b.org-3`.
        let letters = last.iter().position(|byte| !letter(*byte)).unwrap_or(last.len());
        let shorter = last.get(..letters).unwrap_or(&[]);
        let divided = last.get(letters) == Some(&b'-');
        end = if divided && top_level(shorter) { from + dot + 1 + letters } else { from + dot };
    }
}

fn top_level(label: &[u8]) -> bool {
    let ends_well = label.last().is_some_and(|byte| *byte != b'-');
    let letters = (2..=24).contains(&label.len()) && label.iter().all(|byte| letter(*byte));
    letters
        || (label.len() > 4 && ends_well && label.get(..4).is_some_and(|xn| xn.eq_ignore_ascii_case(b"xn--")))
}

/// `v1.2`, `12.3.4-beta.x`: a version, as in `package@12.3.4`.
fn version(domain: &[u8]) -> bool {
    let digits = domain.strip_prefix(b"v").unwrap_or(domain);
    let first = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    first > 0 && digits.get(first) == Some(&b'.') && digits.get(first + 1).is_some_and(u8::is_ascii_digit)
}

/// A letter of ASCII, or a byte of Latin, Greek, Cyrillic and other letters of two bytes in UTF-8.
fn letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || (0x80..=0xdf).contains(&byte)
}

fn local(byte: u8) -> bool {
    letter(byte) || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
}
