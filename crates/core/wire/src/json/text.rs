//! The scalars of JSON: strings, numbers and the three literals. Each function takes where a scalar begins and returns
//! where it ends.

use forebay_record::json::special;

use super::{Fault, JsonError, fault};

/// From behind the opening quote to behind the closing one.
pub(super) fn string(bytes: &[u8], mut at: usize) -> Result<usize, JsonError> {
    loop {
        while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
            let marks = special(u64::from_le_bytes(*word));
            if marks != 0 {
                at += marks.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape(bytes, at)?,
            Some(&byte @ 0..0x20) => return Err(JsonError { at, fault: Fault::Control(byte) }),
            Some(_) => at += 1,
            None => return Err(JsonError { at, fault: Fault::Ends }),
        }
    }
}

fn escape(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            for digit in at + 2..at + 6 {
                match bytes.get(digit) {
                    Some(byte) if byte.is_ascii_hexdigit() => {}
                    found => return Err(fault(found, at, Fault::Escape)),
                }
            }
            Ok(at + 6)
        }
        found => Err(fault(found, at, Fault::Escape)),
    }
}

/// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
pub(super) fn number(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let mut at = start;
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match bytes.get(at) {
        Some(b'0') => at + 1,
        _ => digits(bytes, at)?,
    };
    if let Some(b'0'..=b'9') = bytes.get(at) {
        return Err(JsonError { at: start, fault: Fault::Number });
    }
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(bytes, at)?;
    }
    Ok(at)
}

/// At least one digit.
fn digits(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let mut at = start;
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    if at == start { Err(fault(bytes.get(at), at, Fault::Number)) } else { Ok(at) }
}

pub(super) fn literal(bytes: &[u8], at: usize, text: &[u8]) -> Result<usize, JsonError> {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.starts_with(text) {
        return Ok(at + text.len());
    }
    let ends = text.starts_with(rest);
    Err(JsonError { at, fault: if ends { Fault::Ends } else { Fault::Value } })
}
