//! Strings of JSON as they are written (RFC 8259, section 7): with the escapes that have to be, and no others.

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES << 7;

/// Appends a string, quoted and escaped.
#[inline]
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

/// Appends what stands between the quotes of a string. It is copied run by run, since nearly none needs an escape.
#[inline]
pub fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some((plain, tail)) = rest.split_at_checked(plain_run(rest)) {
        out.extend_from_slice(plain);
        let Some((special, tail)) = tail.split_first() else { return };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            // Only control characters are left.
            byte => {
                let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 0x0f)]);
            }
        }
        rest = tail;
    }
}

/// How many bytes at the front stand in a string as they are: no quote, backslash or control character.
#[inline]
#[must_use]
pub fn plain_run(bytes: &[u8]) -> usize {
    let (mut at, mut rest) = (0, bytes);
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        let marks = special(u64::from_le_bytes(*chunk));
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
        rest = tail;
    }
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

/// Marks bytes that end a plain run: quote, backslash, control characters. `word` has the first byte lowest.
///
/// Eight bytes at once, by the usual "has a zero byte" and "has a byte less than n" tricks. A borrow may mark a byte
/// above a true mark wrongly, so only the lowest mark counts.
#[inline]
#[must_use]
pub const fn special(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let quotes = quote.wrapping_sub(ONES) & !quote;
    let backslashes = backslash.wrapping_sub(ONES) & !backslash;
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    (quotes | backslashes | controls) & HIGHS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Scenario: any text. Guarantees: escaped is what has to be, each in its shortest form; the rest stands as it is.
        #[test]
        fn what_is_escaped_is_what_has_to_be(text in "[ -~\\PC\"\\\\\\x00-\\x1f\u{e9}]{0,40}") {
            let mut written = Vec::new();
            push_string(&mut written, &text);
            let escape = |one: char| match one {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                '\0'..' ' => format!("\\u{:04x}", u32::from(one)),
                one => one.to_string(),
            };
            let expected = format!("\"{}\"", text.chars().map(escape).collect::<String>());
            prop_assert_eq!(String::from_utf8(written).unwrap(), expected);
        }

        #[test]
        fn a_run_ends_at_the_first_special_byte(bytes: Vec<u8>) {
            let first = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            prop_assert_eq!(plain_run(&bytes), first.unwrap_or(bytes.len()));
        }
    }
}
