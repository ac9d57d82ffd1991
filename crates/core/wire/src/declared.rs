//! What a sender says about all events of a batch, checked: for protocols in which it may say that.

use forebay_record::{TraceContext, raw, stream};
use thiserror::Error;

use crate::batch::Facts;

/// The longest source, in bytes.
const MAX_SOURCE: usize = 256;
/// The longest format name, in bytes.
const MAX_FORMAT: usize = 64;
/// The most bytes of all attributes together: they travel with every event.
const MAX_ATTRIBUTE_BYTES: usize = 8 * 1024;

/// A fact that can't be used.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("`{name}` {reason}")]
pub struct FactError {
    /// Which one.
    pub name: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Checks facts, and makes `auto` and a broken trace context what they mean: nothing. One of a later version becomes one of ours.
///
/// # Errors
/// When one can't be used.
pub fn check(facts: &mut Facts) -> Result<(), FactError> {
    let wrong = |name, reason| Err(FactError { name, reason });
    if facts.format == "auto" {
        facts.format.clear();
    }
    if !facts.format.is_empty() && !is_format(&facts.format) {
        return wrong("format", "must be 1 to 64 of A-Z, a-z, 0-9, `_` and `-`, after `regex:` or alone");
    }
    if facts.source.len() > MAX_SOURCE {
        return wrong("source", "must have at most 256 bytes");
    }
    if facts.stream.len() > stream::MAX_LEN {
        return wrong("stream", "is longer than a stream's name may be");
    }
    if facts.attributes.len() > raw::MAX_ATTRIBUTES {
        return wrong("attributes", "are more than 128");
    }
    if facts.attributes.iter().any(|(name, _)| name.is_empty()) {
        return wrong("attributes", "need names");
    }
    let bytes: usize = facts.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MAX_ATTRIBUTE_BYTES {
        return wrong("attributes", "may have at most 8192 bytes together");
    }
    if !facts.traceparent.is_empty() {
        let context = TraceContext::read(&facts.traceparent);
        facts.traceparent = context.map(|context| context.to_string()).unwrap_or_default();
    }
    Ok(())
}

/// Whether it may be a format's name; what the parser doesn't know it dead-letters. Those of `parser.regexes` come
/// after `regex:`.
fn is_format(name: &str) -> bool {
    let name = name.strip_prefix("regex:").unwrap_or(name);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.len() <= MAX_FORMAT && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_used_is_named() {
        let says = |change: fn(&mut Facts)| {
            let mut facts = Facts::default();
            change(&mut facts);
            check(&mut facts).map(|()| facts).map_err(|error| error.to_string())
        };
        let fine = says(|facts| {
            facts.format = "auto".to_owned();
            facts.traceparent = "no".to_owned();
            facts.attributes = vec![("a".to_owned(), String::new())];
        });
        let fine = fine.unwrap();
        assert_eq!((fine.format.as_str(), fine.traceparent.as_str(), fine.attributes.len()), ("", "", 1));
        let traceparent = |text: fn() -> String| {
            let mut facts = Facts { traceparent: text(), ..Facts::default() };
            check(&mut facts).map(|()| facts.traceparent).unwrap()
        };
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(
            traceparent(|| "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
            valid
        );
        assert_eq!(
            traceparent(|| "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more".to_owned()),
            valid
        );
        assert_eq!(traceparent(|| format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32))), "", "no trace's id");
        assert!(says(|facts| facts.format = "../x".to_owned()).unwrap_err().starts_with("`format` must be"));
        assert!(says(|facts| facts.source = "x".repeat(257)).is_err());
        assert!(says(|facts| facts.stream = "x".repeat(10_000)).is_err());
        assert!(says(|facts| facts.attributes = vec![(String::new(), String::new())]).is_err());
        assert!(says(|facts| facts.attributes = vec![("a".to_owned(), "x".repeat(9000))]).is_err());
    }
}
