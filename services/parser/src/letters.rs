//! The dead letters of this tier: what is said about an event that could not be turned into a document.

use forebay_kafka::Record;
use forebay_record::raw::RawError;
use forebay_record::{DeadLetter, ErrorDomain, RawEvent, Stage};

/// Where a failed record stands, and when it failed.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The topic it was read from.
    pub topic: &'a str,
    /// The record.
    pub record: Record<'a>,
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: i64,
}

impl Place<'_> {
    /// A record that is no `RawEvent`.
    #[must_use]
    pub fn undecodable(&self, error: &RawError) -> DeadLetter {
        DeadLetter {
            error_type: "invalid_record".to_owned(),
            ..self.letter(Stage::Decode, error.to_string())
        }
    }

    /// An event whose body doesn't parse.
    #[must_use]
    pub fn unparsed(
        &self,
        event: &RawEvent<'_>,
        format: &str,
        error_type: &str,
        reason: String,
    ) -> DeadLetter {
        DeadLetter {
            rule: format.to_owned(),
            error_type: error_type.to_owned(),
            ..self.of_event(event, Stage::Parse, reason)
        }
    }

    /// An event whose document is larger than a record may be.
    #[must_use]
    pub fn oversize(&self, event: &RawEvent<'_>, target: &str, size: usize, max: usize) -> DeadLetter {
        let reason = format!("the document has {size} bytes; a record may have {max}");
        DeadLetter {
            target: target.to_owned(),
            error_type: "document_too_large".to_owned(),
            ..self.of_event(event, Stage::Oversize, reason)
        }
    }

    fn of_event(&self, event: &RawEvent<'_>, stage: Stage, reason: String) -> DeadLetter {
        DeadLetter {
            event_id: event.id.to_owned(),
            tenant: event.tenant.to_owned(),
            replay_count: event.attempt,
            ..self.letter(stage, reason)
        }
    }

    fn letter(&self, stage: Stage, reason: String) -> DeadLetter {
        DeadLetter {
            event_id: String::new(),
            tenant: String::new(),
            source_topic: self.topic.to_owned(),
            source_partition: self.record.partition,
            source_offset: self.record.offset,
            source_timestamp: self.record.timestamp_ms,
            stage,
            rule: String::new(),
            rule_revision: String::new(),
            target: String::new(),
            error_domain: ErrorDomain::User,
            error_type: String::new(),
            status: 0,
            reason,
            first_failed_at: self.now_ms,
            last_failed_at: self.now_ms,
            attempts: 1,
            replay_count: 0,
        }
    }
}
