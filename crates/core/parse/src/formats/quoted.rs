//! Quoted text, as most formats have it: what ends it is the first quote that no backslash escapes.

use std::borrow::Cow;

/// Takes a string in this kind of quotes off the front: its content, still escaped, and what follows.
pub(crate) fn take(text: &str, quote: u8) -> Option<(&str, &str)> {
    let inner = text.get(1..).filter(|_| text.as_bytes().first() == Some(&quote))?;
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(quote, b'\\', inner.as_bytes().get(from..)?)?;
        if inner.as_bytes().get(at) == Some(&quote) {
            return Some((inner.get(..at)?, inner.get(at + 1..)?));
        }
        from = at + 2;
    }
}

/// Text without its backslashes: `\n`, `\r`, `\t`, `\uXXXX` and `\xXX` (of ASCII) are what they are in C and JSON, before any
/// punctuation a backslash stands for nothing. Other escapes are kept as they are.
pub(crate) fn unescaped(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let (plain, mut rest) = text.split_at(first);
    out.push_str(plain);
    while let Some(escape) = rest.strip_prefix('\\') {
        let (meant, after) = one(escape).unwrap_or(('\\', escape));
        out.push(meant);
        let next = memchr::memchr(b'\\', after.as_bytes()).unwrap_or(after.len());
        let (plain, left) = after.split_at(next);
        out.push_str(plain);
        rest = left;
    }
    Cow::Owned(out)
}

/// What one escape means, and what follows it.
fn one(escape: &str) -> Option<(char, &str)> {
    let letter = escape.chars().next()?;
    let after = escape.get(letter.len_utf8()..)?;
    let hex = |digits: usize| {
        let code = after.get(..digits).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        Some((char::from_u32(u32::from_str_radix(code, 16).ok()?)?, after.get(digits..)?))
    };
    match letter {
        'n' => Some(('\n', after)),
        'r' => Some(('\r', after)),
        't' => Some(('\t', after)),
        'u' => hex(4),
        'x' => hex(2).filter(|(char, _)| char.is_ascii()),
        letter if letter.is_ascii_punctuation() => Some((letter, after)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_the_first_free_quote() {
        assert_eq!(take(r#""a\"b" c"#, b'"'), Some((r#"a\"b"#, " c")));
        assert_eq!(take("''x", b'\''), Some(("", "x")));
        for open in ["", "a", "\"", r#""a\"#, r#""a\""#, r#""é\"#] {
            assert_eq!(take(open, b'"'), None, "{open}");
        }
    }

    #[test]
    fn escapes_are_resolved_and_others_kept() {
        assert_eq!(unescaped("plain"), "plain");
        assert_eq!(unescaped(r#"a\"b\\c\nd\te\/f\=g"#), "a\"b\\c\nd\te/f=g");
        assert_eq!(unescaped(r"\u00e9\x41"), "éA");
        assert_eq!(unescaped(r"\ud800 \uzzzz \xff \q \"), r"\ud800 \uzzzz \xff \q \");
        assert_eq!(unescaped(r"\\n"), r"\n");
    }
}
