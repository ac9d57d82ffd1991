//! Labels as text: `{app="web", host='a-1'}`.
//!
//! Names are letters, digits and underscores, and values are string literals of Go or in single quotes.
//! Source: <https://prometheus.io/docs/prometheus/latest/querying/basics/>.

use forebay_record::raw::MAX_ATTRIBUTES;
use thiserror::Error;

/// Text that is no set of labels.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum LabelsError {
    /// The text ends too early.
    #[error("the labels end early")]
    Ends,
    /// Something else than expected, at this byte.
    #[error("expected {0} at byte {1} of the labels")]
    Expected(&'static str, usize),
    /// An escape that there isn't, at this byte.
    #[error("invalid escape at byte {0} of the labels")]
    Escape(usize),
    /// A name that isn't one.
    #[error("label names are letters, digits and underscores, and begin with no digit; `{0}` is none")]
    Name(String),
    /// The same name twice.
    #[error("the label `{0}` comes twice")]
    Twice(String),
}

/// A name and its value.
pub(super) type Label = (String, String);

/// Reads labels.
pub(super) fn parse(text: &str) -> Result<Vec<Label>, LabelsError> {
    let mut reader = Reader { text, at: 0 };
    let mut labels = Vec::new();
    reader.expect('{', "`{`")?;
    while !reader.next_is('}') {
        let name = reader.name()?.to_owned();
        reader.expect('=', "`=`")?;
        let value = reader.value()?;
        add(&mut labels, name, value)?;
        if !reader.next_is(',') {
            reader.expect('}', "`,` or `}`")?;
            return reader.end(labels);
        }
    }
    reader.end(labels)
}

/// Adds a label whose name is one, and new. Of those that are too many, one is kept, to be refused by.
pub(super) fn add(labels: &mut Vec<Label>, name: String, value: String) -> Result<(), LabelsError> {
    if name.is_empty() || name_len(&name) < name.len() {
        return Err(LabelsError::Name(name));
    }
    if labels.iter().any(|(known, _)| *known == name) {
        return Err(LabelsError::Twice(name));
    }
    if labels.len() <= MAX_ATTRIBUTES {
        labels.push((name, value));
    }
    Ok(())
}

/// How many bytes at the front are a name.
fn name_len(text: &str) -> usize {
    let is_part = |(at, byte): (usize, u8)| {
        byte.is_ascii_alphabetic() || byte == b'_' || (at > 0 && byte.is_ascii_digit())
    };
    text.bytes().enumerate().position(|part| !is_part(part)).unwrap_or(text.len())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    /// Passes `wanted` if it is next, white space before it included.
    fn next_is(&mut self, wanted: char) -> bool {
        self.skip_space();
        let is_next = self.rest().starts_with(wanted);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, wanted: char, name: &'static str) -> Result<(), LabelsError> {
        match self.next_is(wanted) {
            true => Ok(()),
            false => Err(self.instead_of(name)),
        }
    }

    fn end(&mut self, labels: Vec<Label>) -> Result<Vec<Label>, LabelsError> {
        self.skip_space();
        if self.rest().is_empty() { Ok(labels) } else { Err(self.instead_of("the end")) }
    }

    fn name(&mut self) -> Result<&'a str, LabelsError> {
        self.skip_space();
        let (name, _) = self.rest().split_at_checked(name_len(self.rest())).unwrap_or_default();
        if name.is_empty() {
            return Err(self.instead_of("the name of a label"));
        }
        self.at += name.len();
        Ok(name)
    }

    fn value(&mut self) -> Result<String, LabelsError> {
        self.skip_space();
        let quote = match self.rest().as_bytes().first() {
            Some(quote @ (b'"' | b'\'' | b'`')) => char::from(*quote),
            _ => return Err(self.instead_of("a value in quotes")),
        };
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = self.rest();
            // Only the quotes and the backslash mean something, and nothing does in backquotes.
            let stop = |char: char| char == quote || (quote != '`' && matches!(char, '\\' | '\n'));
            let Some(at) = rest.find(stop) else { return Err(LabelsError::Ends) };
            let (plain, tail) = rest.split_at_checked(at).unwrap_or_default();
            value.push_str(plain);
            self.at += at;
            if tail.starts_with(quote) {
                self.at += 1;
                return Ok(value);
            }
            let (char, len) = unescape(tail, quote).ok_or(LabelsError::Escape(self.at))?;
            value.push(char);
            self.at += len;
        }
    }

    fn instead_of(&self, expected: &'static str) -> LabelsError {
        if self.rest().is_empty() { LabelsError::Ends } else { LabelsError::Expected(expected, self.at) }
    }
}

/// The character that the escape at the front means, and the escape's length; none for a line's end, which has to be
/// escaped. Bytes above 0x7f, which `\xff` and `\377`
/// may mean in Go, are none of text.
fn unescape(escape: &str, quote: char) -> Option<(char, usize)> {
    let digits = |from: usize, len: usize, radix: u32| {
        let digits = escape.get(from..from + len)?;
        let is_digit = digits.chars().all(|digit| digit.is_digit(radix));
        let code = u32::from_str_radix(digits, radix).ok().filter(|_| is_digit)?;
        Some((code, from + len))
    };
    let byte = |(code, len): (u32, usize)| Some((char::from(u8::try_from(code).ok()?), len));
    let simple = |char| Some((char, 2));
    match escape.strip_prefix('\\')?.as_bytes().first()? {
        b'a' => simple('\u{7}'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'v' => simple('\u{b}'),
        b'\\' => simple('\\'),
        mark if char::from(*mark) == quote => simple(quote),
        b'x' => byte(digits(2, 2, 16)?).filter(|(char, _)| char.is_ascii()),
        b'0'..=b'7' => byte(digits(1, 3, 8)?).filter(|(char, _)| char.is_ascii()),
        b'u' => digits(2, 4, 16).and_then(|(code, len)| Some((char::from_u32(code)?, len))),
        b'U' => digits(2, 8, 16).and_then(|(code, len)| Some((char::from_u32(code)?, len))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Vec<Label> {
        parse(text).unwrap()
    }

    fn fault(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    fn pairs(wanted: &[(&str, &str)]) -> Vec<Label> {
        wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn labels_are_names_and_values() {
        assert_eq!(
            of(r#"{app="web", host='a-1',_x1=`\n`,}"#),
            pairs(&[("app", "web"), ("host", "a-1"), ("_x1", "\\n")])
        );
        assert_eq!(of(" { } "), []);
        assert_eq!(of(r#"{a="\"\\\n\t\x41\101\u00e9\U0001F600'é"}"#), pairs(&[("a", "\"\\\n\tAAé😀'é")]));
        assert_eq!(of(r"{a='\''}"), pairs(&[("a", "'")]));
    }

    #[test]
    fn what_is_none_says_where() {
        assert_eq!(fault(""), "the labels end early");
        assert_eq!(fault("a=\"b\""), "expected `{` at byte 0 of the labels");
        assert_eq!(fault(r#"{a="b""#), "the labels end early");
        assert_eq!(fault(r#"{a="b"#), "the labels end early");
        assert_eq!(fault(r#"{a="b" c="d"}"#), "expected `,` or `}` at byte 7 of the labels");
        assert_eq!(fault(r#"{a="b"} x"#), "expected the end at byte 8 of the labels");
        assert_eq!(fault(r#"{1a="b"}"#), "expected the name of a label at byte 1 of the labels");
        assert_eq!(fault(r#"{a.b="b"}"#), "expected `=` at byte 2 of the labels");
        assert_eq!(fault(r#"{a=~"b"}"#), "expected a value in quotes at byte 3 of the labels");
        assert_eq!(fault(r#"{a="b",a="c"}"#), "the label `a` comes twice");
        for escape in [r"\q", r"\'", r"\xff", r"\x4", r"\400", r"\ud800", r"\x+1", "\n"] {
            assert_eq!(
                fault(&format!("{{a=\"{escape}\"}}")),
                "invalid escape at byte 4 of the labels",
                "{escape}"
            );
        }
        let mut labels = Vec::new();
        let error = add(&mut labels, "a-b".to_owned(), String::new()).unwrap_err();
        assert!(error.to_string().ends_with("`a-b` is none"));
    }

    proptest! {
        /// Scenario: any values, quoted as Go does. Guarantees: they come back.
        #[test]
        fn values_come_back(value: String) {
            let quoted = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            prop_assert_eq!(of(&format!("{{a=\"{quoted}\"}}")), pairs(&[("a", &value)]));
        }

        #[test]
        fn survives_anything(text: String, inner in r#"[a=,"'`\\{} x0]{0,12}"#) {
            let _any = parse(&text);
            let _any = parse(&format!("{{{inner}}}"));
        }
    }
}
