//! What the text of a program tells before it is compiled: indices, and how deep it nests.

/// The first index above `most`: digits in brackets behind a name, a path or a call. What stands in strings and comments is
/// none, nor is an array of one number.
pub(super) fn beyond(source: &str, most: u64) -> Option<&str> {
    let bytes = source.as_bytes();
    let (mut at, mut before) = (0, b' ');
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at += until(bytes, at, b'\n', false),
            b'"' => at += until(bytes, at, b'"', true),
            b'\'' if matches!(before, b'r' | b's' | b't') => at += until(bytes, at, b'\'', true),
            b'[' if before.is_ascii_alphanumeric() || matches!(before, b'_' | b']' | b')' | b'"' | b'.') => {
                let inside = source.get(at + 1..).and_then(|rest| rest.split(']').next()).unwrap_or("");
                let digits = inside.trim().trim_start_matches('-').trim();
                let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
                if is_number && digits.replace('_', "").parse::<u64>().ok().is_none_or(|number| number > most)
                {
                    return Some(inside);
                }
            }
            _ => {}
        }
        before = bytes.get(at).copied().unwrap_or(b' ');
        at += 1;
    }
    None
}

/// Whether brackets, or signs before a value, nest deeper than so. What stands in strings and comments doesn't count.
pub(super) fn nests_deeper(source: &str, most: usize) -> bool {
    let bytes = source.as_bytes();
    let (mut at, mut before, mut depth, mut signs) = (0, b' ', 0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at += until(bytes, at, b'\n', false),
            b'"' => at += until(bytes, at, b'"', true),
            b'\'' if matches!(before, b'r' | b's' | b't') => at += until(bytes, at, b'\'', true),
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        signs = match byte {
            b'!' | b'-' => signs + 1,
            byte if byte.is_ascii_whitespace() => signs,
            _ => 0,
        };
        if depth > most || signs > most {
            return true;
        }
        before = bytes.get(at).copied().unwrap_or(b' ');
        at += 1;
    }
    false
}

/// How far it is to the end of what begins at `at`, with backslashes in it or not.
fn until(bytes: &[u8], at: usize, end: u8, escapes: bool) -> usize {
    let mut length = 1;
    while let Some(byte) = bytes.get(at + length) {
        if *byte == b'\\' && escapes {
            length += 1;
        } else if *byte == end {
            return length;
        }
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_that_of_brackets_and_signs_outside_of_strings() {
        let nested = |n: usize| format!(".x = {}1{}", "(".repeat(n), ")".repeat(n));
        assert!(!nests_deeper(&nested(100), 100) && nests_deeper(&nested(101), 100));
        assert!(nests_deeper(&format!(".x = {}true", "! ".repeat(101)), 100));
        assert!(!nests_deeper(&format!(".x = \"{}\"", "(".repeat(500)), 100));
    }

    #[test]
    fn an_index_is_told_from_arrays_strings_and_comments() {
        for (source, expected) in [
            (".a[1000000000] = 1", Some("1000000000")),
            (".a[0][ 20_000 ] = 1", Some(" 20_000 ")),
            ("x = .\"a b\"[-99999]", Some("-99999")),
            ("f(.a)[99999999999999999999999]", Some("99999999999999999999999")),
            (".a[10000] = 1", None),
            (".a = [1000000000]", None),
            (".a = includes([20000], 1)", None),
            (".a = \"x[20000]\" + s'y[20000]' # z[20000]", None),
            (".a = r'[0-9]\\'[20000]' ", None),
            ("", None),
            ("\"", None),
        ] {
            assert_eq!(beyond(source, 10_000), expected, "{source}");
        }
    }
}
