//! Keys and tokens of vendors, by prefix.

mod vendors;

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::View;

pub(crate) use vendors::VENDORS;

use vendors::{Shape, Vendor};

/// The longest key, in bytes; the longest known ones are some hundred.
const MAX: usize = 1024;
/// How much of a key tells whether it is random, in bytes.
const ENOUGH: usize = 64;

/// `end` is behind the head of a prefix in [`VENDORS`].
pub(super) fn verify(text: &View<'_>, end: usize) -> Verdict {
    let last = text.get(end - 1);
    let mut keys = VENDORS.iter().filter_map(|vendor| {
        let head = vendor.head().as_bytes();
        let start = end
            .checked_sub(head.len())
            .filter(|start| head.last() == Some(&last) && text.starts_with(*start, head))?;
        Some(start..ends(text, start, vendor)?)
    });
    keys.next().map_or(Verdict::No, |span| Verdict::found(Detector::ApiKey, span))
}

/// Whether a key of any vendor begins at `from` and ends at `to`.
pub(super) fn is_key(text: &View<'_>, from: usize, to: usize) -> bool {
    VENDORS.iter().any(|vendor| ends(text, from, vendor) == Some(to))
}

/// Where the key of this vendor that begins at `start` ends, if there is one.
fn ends(text: &View<'_>, start: usize, vendor: &Vendor) -> Option<usize> {
    if start < text.floor()
        || !text.starts_with(start, vendor.prefix.as_bytes())
        || (vendor.word && !text.opens(start))
    {
        return None;
    }
    let from = start + vendor.prefix.len();
    // No further than needed to know, since this may be asked at every byte.
    let enough = match vendor.shape {
        Shape::AtLeast(least) => least,
        Shape::Mixed(least) => least.max(ENOUGH),
        Shape::Exactly(length) => length + 1,
    };
    let stop = text.run(from, enough, vendor.class());
    let body = text.slice(from, stop);
    let good = match vendor.shape {
        Shape::AtLeast(least) => body.len() >= least,
        Shape::Mixed(least) => body.len() >= least && random(body),
        Shape::Exactly(length) => body.len() == length && text.closes(stop),
    };
    good.then(|| text.run(stop, MAX, vendor.class()))
}

/// A digit and letters, capital ones among small ones or nothing but hex digits.
fn random(body: &[u8]) -> bool {
    let any = |class: fn(&u8) -> bool| body.iter().any(class);
    let cases = any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase);
    let hex = body.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    any(u8::is_ascii_digit) && any(u8::is_ascii_alphabetic) && (cases || hex)
}
