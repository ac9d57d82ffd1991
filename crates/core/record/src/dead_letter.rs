//! The dead-letter envelope: everything needed to understand a failure and to bring the event back.
//!
//! The record's value and key are those of the record that failed, untouched, so that a replay is exact. The envelope
//! stands in Kafka headers, whose names and order are fixed here: dead letters are rare, and any Kafka tool shows them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The version of the envelope that this code writes.
pub const VERSION: &str = "1";

/// The longest reason that is kept, in bytes.
pub const MAX_REASON_LEN: usize = 4096;

/// Where in the pipeline an event failed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// The record in the topic could not be read.
    Decode,
    /// The body did not parse.
    Parse,
    /// A step of a rule failed.
    Transform,
    /// The search server refused the document.
    Index,
    /// The document alone is larger than the server takes.
    Oversize,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ErrorDomain {
    /// The event or a rule: the same input gives the same error until somebody changes one of them.
    User,
    /// A server that Forebay depends on.
    Upstream,
    /// Forebay itself.
    Internal,
}

/// An event that could not be processed, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeadLetter {
    /// The event's id; empty when the record could not be read.
    pub event_id: String,
    /// Whose event it is; empty when the record could not be read.
    pub tenant: String,
    /// The topic of the record that failed; a replay goes back there.
    pub source_topic: String,
    /// Its partition.
    pub source_partition: i32,
    /// Its offset.
    pub source_offset: i64,
    /// Its Kafka timestamp, in milliseconds since the Unix epoch.
    pub source_timestamp: i64,
    /// The step that refused it.
    pub stage: Stage,
    /// The rule at work; the format's name while there are no rules.
    pub rule: String,
    /// The revision of the configuration that held the rule.
    pub rule_revision: String,
    /// The index it was meant for; empty before routing.
    pub target: String,
    /// Whose fault it is.
    pub error_domain: ErrorDomain,
    /// The error's stable name, or the type that the search server gave.
    pub error_type: String,
    /// The search server's status for the item; 0 where there was none.
    pub status: u16,
    /// The reason in words, at most [`MAX_REASON_LEN`] bytes.
    pub reason: String,
    /// When it first failed, in milliseconds since the Unix epoch.
    pub first_failed_at: i64,
    /// When it failed last.
    pub last_failed_at: i64,
    /// How often the step tried in this round.
    pub attempts: u32,
    /// How often the event had been replayed when it failed.
    pub replay_count: u32,
}

/// Headers that are no dead letter's.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum DeadLetterError {
    /// A header is missing.
    #[error("the record has no header `{0}`")]
    Missing(&'static str),
    /// A header can't be read.
    #[error("the record's header `{0}` can't be read: `{1}`")]
    Invalid(&'static str, String),
}

/// The names of the headers, in the order in which they are written.
pub mod header {
    /// The version of the envelope.
    pub const VERSION: &str = "forebay.version";
    /// The event's id.
    pub const EVENT_ID: &str = "forebay.event.id";
    /// Whose event it is.
    pub const TENANT: &str = "forebay.tenant";
    /// The topic of the record that failed.
    pub const SOURCE_TOPIC: &str = "forebay.source.topic";
    /// Its partition.
    pub const SOURCE_PARTITION: &str = "forebay.source.partition";
    /// Its offset.
    pub const SOURCE_OFFSET: &str = "forebay.source.offset";
    /// Its Kafka timestamp, in milliseconds since the Unix epoch.
    pub const SOURCE_TIMESTAMP: &str = "forebay.source.timestamp";
    /// The step that refused it.
    pub const STAGE: &str = "forebay.stage";
    /// The rule at work.
    pub const RULE: &str = "forebay.rule";
    /// The revision of the configuration that held the rule.
    pub const RULE_REVISION: &str = "forebay.rule.revision";
    /// The index it was meant for.
    pub const TARGET: &str = "forebay.target";
    /// Whose fault it is.
    pub const ERROR_DOMAIN: &str = "forebay.error.domain";
    /// The error's stable name.
    pub const ERROR_TYPE: &str = "forebay.error.type";
    /// The search server's status for the item.
    pub const ERROR_STATUS: &str = "forebay.error.status";
    /// The reason in words.
    pub const ERROR_REASON: &str = "forebay.error.reason";
    /// When it first failed, in milliseconds since the Unix epoch.
    pub const FIRST_FAILED_AT: &str = "forebay.failed.first";
    /// When it failed last, in milliseconds since the Unix epoch.
    pub const LAST_FAILED_AT: &str = "forebay.failed.last";
    /// How often the step tried in this round.
    pub const ATTEMPTS: &str = "forebay.attempts";
    /// How often the event had been replayed when it failed.
    pub const REPLAY_COUNT: &str = "forebay.replay.count";
}

impl DeadLetter {
    /// The envelope as header names and values, in a fixed order.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            (header::VERSION, VERSION.to_owned()),
            (header::EVENT_ID, self.event_id.clone()),
            (header::TENANT, self.tenant.clone()),
            (header::SOURCE_TOPIC, self.source_topic.clone()),
            (header::SOURCE_PARTITION, self.source_partition.to_string()),
            (header::SOURCE_OFFSET, self.source_offset.to_string()),
            (header::SOURCE_TIMESTAMP, self.source_timestamp.to_string()),
            (header::STAGE, self.stage.to_string()),
            (header::RULE, self.rule.clone()),
            (header::RULE_REVISION, self.rule_revision.clone()),
            (header::TARGET, self.target.clone()),
            (header::ERROR_DOMAIN, self.error_domain.to_string()),
            (header::ERROR_TYPE, self.error_type.clone()),
            (header::ERROR_STATUS, self.status.to_string()),
            (header::ERROR_REASON, cut(&self.reason, MAX_REASON_LEN).to_owned()),
            (header::FIRST_FAILED_AT, self.first_failed_at.to_string()),
            (header::LAST_FAILED_AT, self.last_failed_at.to_string()),
            (header::ATTEMPTS, self.attempts.to_string()),
            (header::REPLAY_COUNT, self.replay_count.to_string()),
        ]
    }

    /// Reads an envelope through a look-up of headers by name. Headers of later versions are ignored.
    ///
    /// # Errors
    /// When a header that every version has is missing or can't be read.
    pub fn from_headers<'a>(find: impl Fn(&str) -> Option<&'a [u8]>) -> Result<Self, DeadLetterError> {
        let text = |name: &'static str| -> Result<String, DeadLetterError> {
            let bytes = find(name).ok_or(DeadLetterError::Missing(name))?;
            Ok(String::from_utf8_lossy(bytes).into_owned())
        };
        Ok(Self {
            event_id: text(header::EVENT_ID)?,
            tenant: text(header::TENANT)?,
            source_topic: text(header::SOURCE_TOPIC)?,
            source_partition: parsed(header::SOURCE_PARTITION, text(header::SOURCE_PARTITION)?)?,
            source_offset: parsed(header::SOURCE_OFFSET, text(header::SOURCE_OFFSET)?)?,
            source_timestamp: parsed(header::SOURCE_TIMESTAMP, text(header::SOURCE_TIMESTAMP)?)?,
            stage: parsed(header::STAGE, text(header::STAGE)?)?,
            rule: text(header::RULE)?,
            rule_revision: text(header::RULE_REVISION)?,
            target: text(header::TARGET)?,
            error_domain: parsed(header::ERROR_DOMAIN, text(header::ERROR_DOMAIN)?)?,
            error_type: text(header::ERROR_TYPE)?,
            status: parsed(header::ERROR_STATUS, text(header::ERROR_STATUS)?)?,
            reason: text(header::ERROR_REASON)?,
            first_failed_at: parsed(header::FIRST_FAILED_AT, text(header::FIRST_FAILED_AT)?)?,
            last_failed_at: parsed(header::LAST_FAILED_AT, text(header::LAST_FAILED_AT)?)?,
            attempts: parsed(header::ATTEMPTS, text(header::ATTEMPTS)?)?,
            replay_count: parsed(header::REPLAY_COUNT, text(header::REPLAY_COUNT)?)?,
        })
    }
}

/// The longest beginning of `text` that has at most `max` bytes and ends at a character boundary.
#[must_use]
pub fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

fn parsed<T: FromStr>(name: &'static str, text: String) -> Result<T, DeadLetterError> {
    text.parse().map_err(|_| DeadLetterError::Invalid(name, text))
}

// === names ===

impl Stage {
    /// Every stage, in the pipeline's order.
    pub const ALL: [Self; 5] = [Self::Decode, Self::Parse, Self::Transform, Self::Index, Self::Oversize];

    /// Its name in headers, metrics and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Parse => "parse",
            Self::Transform => "transform",
            Self::Index => "index",
            Self::Oversize => "oversize",
        }
    }
}

impl ErrorDomain {
    /// Every domain.
    pub const ALL: [Self; 3] = [Self::User, Self::Upstream, Self::Internal];

    /// Its name in headers and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Upstream => "upstream",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ErrorDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|stage| stage.name() == text).ok_or(())
    }
}

impl FromStr for ErrorDomain {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|domain| domain.name() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> DeadLetter {
        DeadLetter {
            event_id: "e-1".to_owned(),
            tenant: "acme".to_owned(),
            source_topic: "forebay.events".to_owned(),
            source_partition: 3,
            source_offset: 42,
            source_timestamp: 1_796_000_000_000,
            stage: Stage::Index,
            rule: "json".to_owned(),
            rule_revision: "0".to_owned(),
            target: "forebay-acme-2026.11.21".to_owned(),
            error_domain: ErrorDomain::User,
            error_type: "document_parsing_exception".to_owned(),
            status: 400,
            reason: "failed to parse field [n] of type [integer]".to_owned(),
            first_failed_at: 1_796_000_000_001,
            last_failed_at: 1_796_000_000_002,
            attempts: 1,
            replay_count: 0,
        }
    }

    fn read(headers: &[(&'static str, String)]) -> Result<DeadLetter, DeadLetterError> {
        DeadLetter::from_headers(|name| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_bytes()))
    }

    #[test]
    fn the_envelope_survives_the_headers() {
        assert_eq!(read(&letter().headers()), Ok(letter()));
    }

    #[test]
    fn a_damaged_envelope_says_which_header_is_wrong() {
        let mut headers = letter().headers();
        headers.retain(|(name, _)| *name != header::STAGE);
        assert_eq!(read(&headers), Err(DeadLetterError::Missing(header::STAGE)));
        headers.push((header::STAGE, "fly".to_owned()));
        assert_eq!(read(&headers), Err(DeadLetterError::Invalid(header::STAGE, "fly".to_owned())));
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let reason = "é".repeat(MAX_REASON_LEN);
        let headers = DeadLetter { reason, ..letter() }.headers();
        let kept = &headers.iter().find(|(name, _)| *name == header::ERROR_REASON).unwrap().1;
        assert_eq!(kept.len(), MAX_REASON_LEN);
    }
}
