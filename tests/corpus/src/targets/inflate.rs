//! Any bytes in any compression: an answer, and never more memory asked for, or bytes given, than allowed; what fits into less is the
//! same with more room.
//!
//! The first byte picks the compression.

use std::convert::Infallible;

use forebay_wire::{Encoding, inflate};

const ENCODINGS: [Encoding; 5] =
    [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd, Encoding::Snappy, Encoding::Identity];

/// Looks at one input.
pub fn check(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let encoding = ENCODINGS[usize::from(*first) % ENCODINGS.len()];
    let [small, large] = [100, 100_000].map(|max| inflated(body, encoding, max));
    if small.is_some() {
        assert_eq!(small, large);
    }
}

fn inflated(body: &[u8], encoding: Encoding, max: usize) -> Option<Vec<u8>> {
    let grant = |bytes| {
        assert!(bytes <= max + 1, "{bytes} of {max}");
        Ok::<_, Infallible>(())
    };
    let out = inflate(body, encoding, max, grant).ok()?;
    assert!(out.len() <= max);
    Some(out)
}
