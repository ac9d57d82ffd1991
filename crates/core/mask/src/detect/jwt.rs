//! JSON Web Tokens: parts of Base64 with dots in between, the first of which begins with `{"`.

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::{View, base64url};

/// The shortest header in bytes: `{"alg":"x"}`.
const MIN_HEADER: usize = 14;
/// The shortest second part of a token whose second part is no JSON (encrypted ones).
const MIN_OPAQUE: usize = 16;

/// `end` is behind `eyJ`.
pub(super) fn verify(text: &View<'_>, end: usize) -> Verdict {
    let start = end - 3;
    let header = part(text, end);
    if header - start < MIN_HEADER || text.get(header) != b'.' {
        return Verdict::NoneBefore(header);
    }
    let second = part(text, header + 1);
    let third = if text.get(second) == b'.' { part(text, second + 1) } else { second };
    let claims = text.starts_with(header + 1, b"eyJ");
    // A compact JWE has an empty second part where the key is agreed on directly (RFC 7516, section 5.1).
    let encrypted = third > second && third - second > MIN_OPAQUE;
    if !claims && !encrypted {
        return Verdict::NoneBefore(header);
    }
    let mut stop = third;
    for _ in 0..2 {
        if text.get(stop) == b'.' && base64url(text.get(stop + 1)) && encrypted && !claims {
            stop = part(text, stop + 1);
        }
    }
    Verdict::found(Detector::Jwt, start..stop)
}

fn part(text: &View<'_>, from: usize) -> usize {
    text.run(from, usize::MAX, base64url)
}
