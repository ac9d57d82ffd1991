//! The text of strings: escapes taken off.

use std::borrow::Cow;

/// The text of a valid JSON string in quotes. Halves of surrogate pairs, which mean no character, become U+FFFD.
#[must_use]
pub fn text(quoted: &[u8]) -> Cow<'_, str> {
    let plain = inside(quoted);
    if memchr::memchr(b'\\', plain).is_none() {
        return String::from_utf8_lossy(plain);
    }
    let mut out = Vec::with_capacity(plain.len());
    push_text(&mut out, quoted);
    match String::from_utf8(out) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// Appends the text of a valid JSON string in quotes. It never gets longer than the string.
pub fn push_text(out: &mut Vec<u8>, quoted: &[u8]) {
    let mut rest = inside(quoted);
    while let Some((plain, escape)) =
        memchr::memchr(b'\\', rest).and_then(|backslash| rest.split_at_checked(backslash))
    {
        out.extend_from_slice(plain);
        rest = escape.get(push_escape(out, escape)..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

fn inside(quoted: &[u8]) -> &[u8] {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}

/// Appends what the escape at the start of `text` means; returns how many bytes it takes there.
fn push_escape(out: &mut Vec<u8>, text: &[u8]) -> usize {
    let byte = match text.get(1) {
        Some(b'u') => return push_unicode(out, text),
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(other) => *other,
        None => return 1,
    };
    out.push(byte);
    2
}

fn push_unicode(out: &mut Vec<u8>, text: &[u8]) -> usize {
    let Some(unit) = unit(text) else { return 2 };
    let (code, used) = match (unit, text.get(6..).and_then(self::unit)) {
        (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
            (0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 12)
        }
        _ => (unit, 6),
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    used
}

/// The number in `\uXXXX` at the start of `text`.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.first_chunk::<4>()?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_of_pairs_become_a_replacement() {
        assert_eq!(text(br#""a\ud83d\ude00b\u00fc\n\/\"""#), "a\u{1f600}b\u{fc}\n/\"");
        assert_eq!(text(br#""\ud83dx\udc00\ud83d\ud83d""#), "\u{fffd}x\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(text(b"\"plain\""), "plain");
        assert_eq!(text(b"\""), "");
    }

    proptest! {
        /// Scenario: any text, as serde_json writes it and with every character escaped.
        /// Guarantees: it comes back, and gets no longer than it was.
        #[test]
        fn agrees_with_serde_json(given: String) {
            let plain = serde_json::to_string(&given).unwrap();
            let escaped: String = given.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            for quoted in [plain, format!("\"{escaped}\"")] {
                let mut out = Vec::new();
                push_text(&mut out, quoted.as_bytes());
                prop_assert!(out.len() <= quoted.len());
                prop_assert_eq!(String::from_utf8(out).unwrap(), &*given);
                prop_assert_eq!(text(quoted.as_bytes()), &*given);
            }
        }

        #[test]
        fn survives_anything(bytes: Vec<u8>, escapes in r#"[\\ud8c0-9"]{0,30}"#) {
            let _any = (text(&bytes), text(escapes.as_bytes()));
        }
    }
}
