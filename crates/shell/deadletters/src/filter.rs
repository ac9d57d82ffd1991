//! Which dead letters are meant.

use forebay_record::{DeadLetter, Stage};
use regex::{Regex, RegexBuilder};
use thiserror::Error;

/// The largest compiled expression, in bytes: one that needs more is a mistake.
const MAX_REGEX_BYTES: usize = 1024 * 1024;

/// Conditions, all of which must hold. Without any, every letter matches.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Found in the reason or the error type.
    pub reason: Option<Pattern>,
    /// The error type, exactly.
    pub error_type: Option<String>,
    /// The tenant, exactly.
    pub tenant: Option<String>,
    /// The step that refused it.
    pub stage: Option<Stage>,
    /// Failed last at or after this time, in milliseconds since the Unix epoch.
    pub since_ms: Option<i64>,
    /// Failed last before this time, in milliseconds since the Unix epoch.
    pub until_ms: Option<i64>,
    /// The event's id, exactly.
    pub id: Option<String>,
}

/// A text to be found in another.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// A pattern that can't be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{text}` is not a regular expression: {reason}")]
pub struct PatternError {
    text: String,
    reason: String,
}

impl Filter {
    /// Whether a letter is meant.
    #[must_use]
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        let Self { reason, error_type, tenant, stage, since_ms, until_ms, id } = self;
        let found = |pattern: &Pattern| pattern.is_in(&letter.reason) || pattern.is_in(&letter.error_type);
        reason.as_ref().is_none_or(found)
            && error_type.as_ref().is_none_or(|wanted| *wanted == letter.error_type)
            && tenant.as_ref().is_none_or(|wanted| *wanted == letter.tenant)
            && stage.is_none_or(|wanted| wanted == letter.stage)
            && since_ms.is_none_or(|since| letter.last_failed_at >= since)
            && until_ms.is_none_or(|until| letter.last_failed_at < until)
            && id.as_ref().is_none_or(|wanted| *wanted == letter.event_id)
    }
}

impl Pattern {
    /// Reads a pattern: `/.../` is a regular expression, anything else is text; either may stand anywhere, in capitals or
    /// not.
    ///
    /// # Errors
    /// When the expression is wrong, or too large.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let expression = match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
            Some(expression) => expression.to_owned(),
            None => regex::escape(text),
        };
        RegexBuilder::new(&expression)
            .case_insensitive(true)
            .size_limit(MAX_REGEX_BYTES)
            .build()
            .map(Self)
            .map_err(|error| PatternError { text: text.to_owned(), reason: error.to_string() })
    }

    fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::tests::letter;

    fn with(change: impl FnOnce(&mut Filter)) -> Filter {
        let mut filter = Filter::default();
        change(&mut filter);
        filter
    }

    #[test]
    fn every_condition_must_hold() {
        let letter = letter();
        let matching = [
            Filter::default(),
            with(|f| f.reason = Some(Pattern::new("FAILED to").unwrap())),
            with(|f| f.reason = Some(Pattern::new("parsing_exception").unwrap())),
            with(|f| f.reason = Some(Pattern::new(r"/field \[\w+\]/").unwrap())),
            with(|f| f.error_type = Some("document_parsing_exception".to_owned())),
            with(|f| (f.since_ms, f.until_ms) = (Some(2000), Some(2001))),
            with(|f| {
                (f.tenant, f.stage, f.id) =
                    (Some("acme".to_owned()), Some(Stage::Index), Some("e-1".to_owned()));
            }),
        ];
        for filter in matching {
            assert!(filter.matches(&letter), "{filter:?}");
        }
        let missing = [
            with(|f| f.reason = Some(Pattern::new("timeout").unwrap())),
            with(|f| f.reason = Some(Pattern::new(r"field \[\w+\]").unwrap())),
            with(|f| f.error_type = Some("parsing".to_owned())),
            with(|f| f.since_ms = Some(2001)),
            with(|f| f.until_ms = Some(2000)),
            with(|f| (f.tenant, f.id) = (Some("acme".to_owned()), Some("e-2".to_owned()))),
            with(|f| f.stage = Some(Stage::Parse)),
        ];
        for filter in missing {
            assert!(!filter.matches(&letter), "{filter:?}");
        }
    }

    #[test]
    fn a_wrong_expression_is_named() {
        let error = Pattern::new("/a(/").unwrap_err();
        assert!(error.to_string().starts_with("`/a(/` is not a regular expression"), "{error}");
        assert!(Pattern::new(r"/(\w{1000}){1000}/").is_err(), "too large");
        assert!(Pattern::new("a(").is_ok(), "text");
    }
}
