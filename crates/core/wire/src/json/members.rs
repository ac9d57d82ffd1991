//! Walks the members of one object, so that a decoder can read an envelope without building a tree of it.

use std::ops::Range;

use super::{Fault, JsonError, Validator, fault, name, skip_space};

/// Gives each member of the object that begins at `at` to `each`: its name in quotes, as it is written, and the place of its
/// value. Returns where the object ends. Values are validated before they are given.
///
/// # Errors
/// When there is no valid object at `at`, or `each` says so.
pub fn members<E: From<JsonError>>(
    validator: &mut Validator,
    bytes: &[u8],
    at: usize,
    mut each: impl FnMut(&[u8], Range<usize>) -> Result<(), E>,
) -> Result<usize, E> {
    let mut at = skip_space(bytes, at);
    match bytes.get(at) {
        Some(b'{') => at = skip_space(bytes, at + 1),
        found => return Err(fault(found, at, Fault::Value).into()),
    }
    if bytes.get(at) == Some(&b'}') {
        return Ok(at + 1);
    }
    loop {
        let start = skip_space(bytes, at);
        let value = skip_space(bytes, name(bytes, start)?);
        let end = validator.value(bytes, value)?;
        let head = bytes.get(start..value).unwrap_or_default();
        let quoted = head.iter().rposition(|byte| *byte == b'"').and_then(|last| head.get(..=last));
        each(quoted.unwrap_or_default(), value..end)?;
        at = skip_space(bytes, end);
        match bytes.get(at) {
            Some(b',') => at += 1,
            Some(b'}') => return Ok(at + 1),
            found => return Err(fault(found, at, Fault::CommaOrBrace).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Walked<'a> = (Vec<(&'a str, &'a str)>, usize);

    fn walk(text: &str) -> Result<Walked<'_>, JsonError> {
        let mut found = Vec::new();
        let mut names = Vec::new();
        let end = members(&mut Validator::new(7), text.as_bytes(), 0, |name, value| {
            names.push(String::from_utf8(name.to_vec()).unwrap());
            found.push(&text[value]);
            Ok::<_, JsonError>(())
        })?;
        let names = names.into_iter().map(|name| &text[text.find(&name).unwrap()..][..name.len()]);
        Ok((names.zip(found).collect(), end))
    }

    #[test]
    fn each_member_comes_with_its_value() {
        let text = "  { \"a\" : [1, {\"b\":2}] ,\n\"c:\\\"\": \"}\" } x";
        let (found, end) = walk(text).unwrap();
        assert_eq!(found, [("\"a\"", "[1, {\"b\":2}]"), ("\"c:\\\"\"", "\"}\"")]);
        assert_eq!(&text[end..], " x");
        assert_eq!(walk("{ }").unwrap(), (vec![], 3));
    }

    #[test]
    fn what_is_no_object_is_said_with_its_place() {
        let fault = |text| walk(text).unwrap_err().to_string();
        assert_eq!(fault("[1]"), "expected a value at byte 0");
        assert_eq!(fault("{\"a\":1"), "the JSON ends early, at byte 6");
        assert_eq!(fault("{\"a\":1 \"b\":2}"), "expected `,` or `}` at byte 7");
        assert_eq!(fault("{\"a\":1,}"), "expected a member's name in double quotes at byte 7");
    }

    proptest! {
        /// Scenario: arbitrary text. Guarantees: it is walked to its end if, and only if, it is an object.
        #[test]
        fn agrees_with_the_validator(text in r#"[ \{\}\[\]:,"a1]{0,16}"#) {
            let mut validator = Validator::new(8);
            let is_object = text.trim_start().starts_with('{') && validator.document(text.as_bytes()).is_ok();
            let walked = walk(&text).is_ok_and(|(_, end)| text.get(end..).unwrap().trim_ascii().is_empty());
            prop_assert_eq!(walked, is_object);
        }
    }
}
