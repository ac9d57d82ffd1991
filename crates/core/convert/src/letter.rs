//! The dead letter of a record that is refused.

use forebay_record::DeadLetter;

use crate::decision::Refused;

/// Where a refused record stands, and when it was refused.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The topic that it was read from.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its Kafka timestamp, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// Now, in milliseconds since the Unix epoch.
    pub now_ms: i64,
}

impl Refused<'_> {
    /// What its dead letter says.
    #[must_use]
    pub fn letter(self, place: Place<'_>) -> DeadLetter {
        let Self { event, refusal, domain, target, revision } = self;
        let of_event =
            |text: fn(&forebay_record::RawEvent<'_>) -> String| event.as_ref().map(text).unwrap_or_default();
        DeadLetter {
            event_id: of_event(|event| event.id.to_owned()),
            tenant: of_event(|event| event.tenant.to_owned()),
            source_topic: place.topic.to_owned(),
            source_partition: place.partition,
            source_offset: place.offset,
            source_timestamp: place.timestamp_ms,
            stage: refusal.stage,
            rule: refusal.rule,
            rule_revision: revision.to_owned(),
            target: target.to_owned(),
            error_domain: domain,
            error_type: refusal.error_type.into_owned(),
            status: 0,
            reason: refusal.reason,
            first_failed_at: place.now_ms,
            last_failed_at: place.now_ms,
            attempts: 1,
            replay_count: event.as_ref().map_or(0, |event| event.attempt),
        }
    }
}
