//! Which dead letters are meant.

mod source;

use std::collections::BTreeMap;
use std::fmt;

use forebay_record::{DeadLetter, Stage};
use jiff::Timestamp;
use regex::{Regex, RegexBuilder};
use thiserror::Error;

pub use self::source::{Source, SourceError};
use crate::place::Place;
use crate::wording::kind;

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
    /// The rule at work, exactly: the format's name while there are no rules.
    pub rule: Option<String>,
    /// Where the record that failed stood.
    pub source: Option<Source>,
    /// The step that refused it.
    pub stage: Option<Stage>,
    /// Failed last at or after this time, in milliseconds since the Unix epoch.
    pub since_ms: Option<i64>,
    /// Failed last before this time, in milliseconds since the Unix epoch.
    pub until_ms: Option<i64>,
    /// The event's id, exactly.
    pub id: Option<String>,
    /// The same kind of failure.
    pub like: Option<Like>,
}

/// A kind of failure: error type and wording of the reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Like {
    /// That of the letter at this place. It is looked up before anything is matched; until then nothing does.
    Letter(Place),
    /// This one.
    Kind(String),
}

/// A text to be found in another.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

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
        let Self { reason, error_type, tenant: _, rule, source, stage, since_ms, until_ms, id, like } = self;
        let found = |pattern: &Pattern| pattern.is_in(&letter.reason) || pattern.is_in(&letter.error_type);
        reason.as_ref().is_none_or(found)
            && error_type.as_ref().is_none_or(|wanted| *wanted == letter.error_type)
            && self.is_of_tenant(letter)
            && rule.as_ref().is_none_or(|wanted| *wanted == letter.rule)
            && source.as_ref().is_none_or(|source| source.holds(letter))
            && stage.is_none_or(|wanted| wanted == letter.stage)
            && since_ms.is_none_or(|since| letter.last_failed_at >= since)
            && until_ms.is_none_or(|until| letter.last_failed_at < until)
            && id.as_ref().is_none_or(|wanted| *wanted == letter.event_id)
            && like.as_ref().is_none_or(|like| like.holds(letter))
    }

    /// Whether a letter is of the tenant that is meant, whatever else is asked for; every one is where none is named.
    #[must_use]
    pub fn is_of_tenant(&self, letter: &DeadLetter) -> bool {
        self.tenant.as_ref().is_none_or(|wanted| *wanted == letter.tenant)
    }

    /// Whether there is no condition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conditions().is_empty()
    }

    /// The conditions by the names that they have on the command line.
    #[must_use]
    pub fn conditions(&self) -> BTreeMap<&'static str, String> {
        let Self { reason, error_type, tenant, rule, source, stage, since_ms, until_ms, id, like } = self;
        let time =
            |ms: &i64| Timestamp::from_millisecond(*ms).map_or_else(|_| ms.to_string(), |at| at.to_string());
        let all = [
            ("reason", reason.as_ref().map(|pattern| pattern.text.clone())),
            ("error-type", error_type.clone()),
            ("tenant", tenant.clone()),
            ("rule", rule.clone()),
            ("source", source.as_ref().map(ToString::to_string)),
            ("stage", stage.map(|stage| stage.name().to_owned())),
            ("since", since_ms.as_ref().map(time)),
            ("until", until_ms.as_ref().map(time)),
            ("id", id.clone()),
            ("like", like.as_ref().map(ToString::to_string)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
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
            .map(|regex| Self { text: text.to_owned(), regex })
            .map_err(|error| PatternError { text: text.to_owned(), reason: error.to_string() })
    }

    fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl Like {
    fn holds(&self, letter: &DeadLetter) -> bool {
        match self {
            Self::Letter(_) => false,
            Self::Kind(wanted) => *wanted == kind(letter),
        }
    }
}

impl fmt::Display for Like {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Letter(place) => place.fmt(f),
            Self::Kind(kind) => f.write_str(kind),
        }
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
            with(|f| f.rule = Some(String::new())),
            with(|f| f.source = Some("forebay.events".parse().unwrap())),
            with(|f| f.source = Some("forebay.events:3".parse().unwrap())),
            with(|f| f.source = Some("forebay.events:3:42".parse().unwrap())),
            with(|f| f.source = Some("forebay.events:3:40-42".parse().unwrap())),
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
            with(|f| f.rule = Some("json".to_owned())),
            with(|f| f.source = Some("forebay.raw".parse().unwrap())),
            with(|f| f.source = Some("forebay.events:2".parse().unwrap())),
            with(|f| f.source = Some("forebay.events:3:43-50".parse().unwrap())),
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

    /// Scenario: two letters whose reasons quote different values, one of another field.
    /// Guarantees: the first two are alike, the third isn't; a place that was not looked up yet matches nothing.
    #[test]
    fn letters_are_alike_by_error_type_and_wording() {
        let with_reason = |reason: &str| DeadLetter { reason: reason.to_owned(), ..letter() };
        let like = Like::Kind(kind(&with_reason("failed to parse field [n]: 'a 1'")));
        let filter = with(|f| f.like = Some(like));
        assert!(filter.matches(&with_reason("failed to parse field [n]: 'b 22'")));
        assert!(!filter.matches(&with_reason("failed to parse field [m]: 'b 22'")));
        let place = Place { partition: 0, offset: 0 };
        assert!(!with(|f| f.like = Some(Like::Letter(place))).matches(&letter()));
    }

    #[test]
    fn conditions_have_the_names_of_the_command_line() {
        let filter = Filter {
            reason: Some(Pattern::new("/a.*/").unwrap()),
            since_ms: Some(0),
            source: Some("t:1:2-3".parse().unwrap()),
            ..Filter::default()
        };
        let expected = [("reason", "/a.*/"), ("since", "1970-01-01T00:00:00Z"), ("source", "t:1:2-3")];
        assert_eq!(filter.conditions(), expected.map(|(name, value)| (name, value.to_owned())).into());
        assert!(Filter::default().is_empty() && !filter.is_empty());
    }
}
