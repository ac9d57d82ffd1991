//! Counts since the Unix epoch, in the unit that their magnitude tells: seconds, milliseconds, microseconds or
//! nanoseconds.
//!
//! Below 10^8 (a time in seconds before 1973) a number is no stamp: it is far likelier a duration or a counter that
//! happens to be called `time`. From 10^11 on it can't be seconds (year 5138), from 10^14 not milliseconds, from 10^17
//! not microseconds.

/// The smallest number that counts as a stamp.
const MIN: u64 = 100_000_000;

/// The most digits that are looked at before the point; nanoseconds have 19.
const MAX_DIGITS: usize = 19;

/// Reads a decimal number, with or without a fraction, as milliseconds since the Unix epoch.
pub(crate) fn read(text: &[u8]) -> Option<i64> {
    let (whole, fraction) = match memchr::memchr(b'.', text) {
        Some(point) => (text.get(..point)?, text.get(point + 1..)?),
        None => (text, &b""[..]),
    };
    if whole.is_empty() || whole.len() > MAX_DIGITS || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut number: u64 = 0;
    for byte in whole {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number = number * 10 + digit;
    }
    let ms = match number {
        ..MIN => return None,
        MIN..100_000_000_000 => number * 1000 + millis(fraction),
        100_000_000_000..100_000_000_000_000 => number,
        100_000_000_000_000..100_000_000_000_000_000 => number / 1000,
        _ => number / 1_000_000,
    };
    i64::try_from(ms).ok()
}

/// The first three digits of a fraction.
fn millis(fraction: &[u8]) -> u64 {
    let mut digits = fraction.iter().map(|byte| u64::from(byte - b'0')).chain([0, 0, 0]);
    let mut next = || digits.next().unwrap_or(0);
    next() * 100 + next() * 10 + next()
}
