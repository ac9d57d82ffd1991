//! International bank account numbers: country, length and check digits (ISO 13616, ISO 7064).
//!
//! Countries and lengths: the IBAN registry, <https://www.swift.com/standards/data-standards/iban>.

use crate::detector::Detector;
use crate::hit::Verdict;
use crate::view::View;

/// Length, and the countries that have it.
const LENGTHS: [(usize, &[u8]); 18] = [
    (15, b"NO"),
    (16, b"BE"),
    (18, b"DK FI FK FO GL NL SD"),
    (19, b"MK SI"),
    (20, b"AT BA EE KZ LT LU MN XK"),
    (21, b"CH CR HR LI LV"),
    (22, b"BG BH DE GB GE IE ME RS VA"),
    (23, b"AE GI IL IQ OM SO TL"),
    (24, b"AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, b"LY PT ST"),
    (26, b"IS TR"),
    (27, b"BI BL DJ FR GF GP GR IT MC MF MQ MR NC PF PM RE SM TF WF YT"),
    (28, b"AL AZ BY CY DO GT HN HU LB NI PL SV"),
    (29, b"BR EG PS QA UA"),
    (30, b"JO KW MU YE"),
    (31, b"MT SC"),
    (32, b"LC"),
    (33, b"RU"),
];

/// `end` is behind country and check digits.
pub(super) fn verify(text: &View<'_>, end: usize) -> Verdict {
    let start = end.saturating_sub(4);
    if start < text.floor() || !text.opens(start) {
        return Verdict::No;
    }
    let country = text.slice(start, start + 2).to_ascii_uppercase();
    let mut lengths =
        LENGTHS.iter().filter(|(_, codes)| codes.split(|byte| *byte == b' ').any(|code| code == country));
    match lengths.find_map(|(length, _)| ends(text, start, *length)) {
        Some(stop) => Verdict::found(Detector::Iban, start..stop),
        None => Verdict::No,
    }
}

/// Where the number of this length that begins at `start` ends, if its check digits are right.
fn ends(text: &View<'_>, start: usize, length: usize) -> Option<usize> {
    let (mut at, mut seen) = (start, 0);
    // The first four characters count last.
    let (mut head, mut rest) = (Remainder::default(), Remainder::default());
    while seen < length {
        let byte = text.get(at);
        if matches!(byte, b' ' | b'-' | b'+') && seen >= 4 && text.get(at + 1).is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        if !byte.is_ascii_alphanumeric() {
            return None;
        }
        if seen < 4 {
            head.push(byte);
        } else {
            rest.push(byte);
        }
        seen += 1;
        at += 1;
    }
    let all = (rest.value * head.scale + head.value) % 97;
    (all == 1 && text.closes(at)).then_some(at)
}

/// A number modulo 97, digit by digit.
struct Remainder {
    value: u32,
    /// What a number in front has to be multiplied with.
    scale: u32,
}

impl Default for Remainder {
    fn default() -> Self {
        Self { value: 0, scale: 1 }
    }
}

impl Remainder {
    /// A digit counts as itself, a letter as 10 to 35.
    fn push(&mut self, byte: u8) {
        let value = char::from(byte).to_digit(36).unwrap_or(0);
        let base = if value < 10 { 10 } else { 100 };
        self.value = (self.value * base + value) % 97;
        self.scale = self.scale * base % 97;
    }
}
