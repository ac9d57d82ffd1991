//! JSON written straight into a buffer, for decoders of binary encodings: nothing is allocated for a value.
//!
//! What comes out is always valid JSON in UTF-8, whatever goes in (RFC 8259). Commas, colons and braces are the
//! caller's; [`member`] puts them between the members of an object.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use forebay_record::json::push_escaped;
pub use forebay_record::json::push_string as string;

/// What stands for bytes that are no UTF-8: U+FFFD, the replacement character.
const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

/// A string of bytes that should be UTF-8. Each piece that isn't becomes U+FFFD, as the Unicode standard (section 3.9)
/// recommends; returns whether there was one.
pub fn lossy(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        string(out, text);
        return false;
    }
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        push_escaped(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice(REPLACEMENT);
        }
    }
    out.push(b'"');
    true
}

/// Bytes that are no text, as a string of base64 with padding (RFC 4648, section 4).
pub fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let start = out.len();
    // Four for every three begun; more than a Vec can hold can't be asked for, since the bytes are in memory.
    out.resize(start.saturating_add(bytes.len().div_ceil(3).saturating_mul(4)), 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let written = STANDARD.encode_slice(bytes, room).unwrap_or(0);
    out.truncate(start + written);
    out.push(b'"');
}

/// Bytes as a string of lower-case hexadecimal digits: ids of traces, mostly.
pub fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or(b'0');
    out.push(b'"');
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]));
    out.push(b'"');
}

/// A whole number.
pub fn int(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A whole number without a sign.
pub fn uint(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The shortest decimal that reads back as the same number. What JSON has no number for, infinities and NaN, is `null`:
/// a text in its place would be refused by a store whose field is a number.
pub fn float(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        null(out);
    }
}

/// The same for a number of 32 bits, which is shorter: `0.1` and not `0.10000000149011612`.
pub fn float32(out: &mut Vec<u8>, value: f32) {
    if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        null(out);
    }
}

/// `true` or `false`.
pub fn bool(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// `null`.
pub fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

/// The name of an object's member and its colon; before it a comma, unless it is the first since the brace.
///
/// The buffer itself tells: a value never ends in an opening brace.
pub fn member(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    string(out, name);
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_as_short_as_can_be() {
        assert_eq!(written(|out| float(out, 1_795_251_598.25)), "1795251598.25");
        assert_eq!(written(|out| float32(out, 0.1)), "0.1");
        assert_eq!(written(|out| int(out, i64::MIN)), "-9223372036854775808");
        assert_eq!(written(|out| uint(out, u64::MAX)), "18446744073709551615");
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(written(|out| float(out, odd)), "null");
        }
    }

    #[test]
    fn an_object_has_its_commas() {
        let object = written(|out| {
            out.push(b'{');
            member(out, "a");
            bool(out, true);
            member(out, "b\"");
            out.extend_from_slice(b"{");
            member(out, "c");
            string(out, "{");
            member(out, "d");
            hex(out, &[0x0f, 0xa0]);
            out.extend_from_slice(b"}}");
        });
        assert_eq!(object, r#"{"a":true,"b\"":{"c":"{","d":"0fa0"}}"#);
    }

    #[test]
    fn what_is_no_text_is_replaced_piece_by_piece() {
        assert_eq!(
            written(|out| assert!(lossy(out, b"a\xff\xfeb\xe2\x82"))),
            "\"a\u{FFFD}\u{FFFD}b\u{FFFD}\""
        );
        assert_eq!(written(|out| assert!(!lossy(out, "é\u{1}".as_bytes()))), r#""é\u0001""#);
    }

    proptest! {
        /// Scenario: any text and any numbers. Guarantees: what a reader of JSON gets is what was written.
        #[test]
        fn a_reader_gets_what_was_written(text: String, number: f64, whole: i64, bytes: Vec<u8>) {
            let read = |json: String| serde_json::from_str::<Value>(&json).unwrap();
            prop_assert_eq!(read(written(|out| string(out, &text))), Value::from(text));
            if number.is_finite() {
                let back: f64 = written(|out| float(out, number)).parse().unwrap();
                prop_assert_eq!(back.to_bits(), number.to_bits());
            }
            prop_assert_eq!(read(written(|out| int(out, whole))), Value::from(whole));
            let coded = read(written(|out| base64(out, &bytes)));
            prop_assert_eq!(STANDARD.decode(coded.as_str().unwrap()).unwrap(), bytes.clone());
            let lossless = read(written(|out| { lossy(out, &bytes); }));
            let wanted = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert_eq!(lossless, Value::from(wanted));
        }
    }
}
