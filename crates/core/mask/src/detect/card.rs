//! Payment cards: network, length and the Luhn check.
//!
//! Prefixes and lengths: ISO/IEC 7812, and the networks' own tables as
//! <https://en.wikipedia.org/wiki/Payment_card_number> collects them.

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::{View, digit};

/// The longest number.
const MAX: usize = 19;

/// A network's prefixes (first, last, both of the same number of digits) and lengths (least, most).
struct Network(u32, u32, u32, usize, usize);

/// Prefix's digits, first prefix, last prefix, least length, most.
const NETWORKS: [Network; 22] = [
    // Visa; 13 digits are from before 2000, but still in data.
    Network(1, 4, 4, 13, 13),
    Network(1, 4, 4, 16, 16),
    Network(1, 4, 4, 19, 19),
    // Mastercard.
    Network(2, 51, 55, 16, 16),
    Network(4, 2221, 2720, 16, 16),
    // American Express.
    Network(2, 34, 34, 15, 15),
    Network(2, 37, 37, 15, 15),
    // Discover, and RuPay.
    Network(4, 6011, 6011, 16, 19),
    Network(3, 644, 649, 16, 19),
    Network(2, 65, 65, 16, 19),
    Network(2, 60, 60, 16, 16),
    Network(3, 508, 508, 16, 16),
    // Diners Club.
    Network(3, 300, 305, 14, 19),
    Network(4, 3095, 3095, 14, 19),
    Network(2, 36, 36, 14, 19),
    Network(2, 38, 39, 14, 19),
    // JCB.
    Network(4, 3528, 3589, 16, 19),
    // UnionPay.
    Network(2, 62, 62, 16, 19),
    Network(2, 81, 82, 16, 19),
    // Mir.
    Network(4, 2200, 2204, 16, 19),
    // Maestro.
    Network(4, 5018, 5038, 13, 19),
    Network(4, 6304, 6763, 13, 19),
];

/// `end` is behind the seventh digit.
pub(super) fn verify(text: &View<'_>, end: usize) -> Verdict {
    let third = end.saturating_sub(3);
    let start = if separator(text.before(third)) { third.saturating_sub(5) } else { third.saturating_sub(4) };
    let decimal = text.before(start) == b'.' && digit(text.before(start.saturating_sub(1)));
    if start < text.floor() || !text.opens(start) || decimal {
        return Verdict::No;
    }
    match ends(text, start) {
        Some(stop) => Verdict::found(Detector::Card, start..stop),
        None => Verdict::No,
    }
}

/// Where the number that begins at `start` ends, if there is one.
pub(super) fn ends(text: &View<'_>, start: usize) -> Option<usize> {
    let mut digits = [0; MAX];
    let mut count = 0;
    let mut found = None;
    let mut at = start;
    while count < MAX {
        let byte = text.get(at);
        if separator(byte) && digit(text.get(at + 1)) {
            at += 1;
            continue;
        }
        if !byte.is_ascii_digit() {
            break;
        }
        if let Some(place) = digits.get_mut(count) {
            *place = byte - b'0';
        }
        count += 1;
        at += 1;
        let number = digits.get(..count).unwrap_or(&[]);
        // The longest that is one: the digits behind it may be a date or a code.
        if text.closes(at) && is_card(number) {
            found = Some(at);
        }
    }
    found
}

fn is_card(number: &[u8]) -> bool {
    let of_network = NETWORKS.iter().any(|Network(digits, first, last, least, most)| {
        let prefix = number.iter().zip(0..*digits).fold(0, |sum, (digit, _)| sum * 10 + u32::from(*digit));
        (*least..=*most).contains(&number.len()) && (*first..=*last).contains(&prefix)
    });
    of_network && luhn(number)
}

/// ISO/IEC 7812-1, annex B.
fn luhn(number: &[u8]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => 2 * digit - 9,
            (_, digit) => 2 * digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'+')
}
