//! Refusals after which the client sends the same again: there is no room for it, or Kafka doesn't take it.
//!
//! 429 says that there is too much at the moment, and nothing was taken; 503 that Kafka is away, or has left it open what it
//! has. Both say when to come again.

use std::time::Duration;

use forebay_access::{Exceeded, quota::Quota};
use forebay_kafka::KafkaError;

use crate::admission::retry::retry_after;
use crate::admission::{Exhausted, Refused};

use crate::config::Limits;
use crate::refusal::{Kind, Refusal, UsedUp};

const AGAIN: &str = "send again; with an `Idempotency-Key` or ids of your own nothing is indexed twice";

/// The refusal when a limit stands in the way.
#[must_use]
pub(crate) fn no_room(refused: &Refused, limits: &Limits) -> Refusal {
    let (kind, reason, hint) = match refused.limit {
        Exhausted::Memory => (
            Kind::Busy,
            format!("requests under way hold the {} bytes of ingest.max_in_flight", limits.max_in_flight),
            "nothing was taken; send again later; if this lasts, start more of forebay-ingest or raise the limit",
        ),
        Exhausted::Listener => (
            Kind::Busy,
            "what is under way on this listener holds the bytes of its max_in_flight".to_owned(),
            "nothing was taken; send again later; if this lasts, raise the limit",
        ),
        Exhausted::Share => (
            Kind::TenantFull,
            "this tenant has its share under way, and what is left is for other tenants".to_owned(),
            "nothing was taken; send again later, with fewer requests at once",
        ),
        Exhausted::Backlog => (
            Kind::KafkaSlow,
            format!(
                "kafka takes less than what comes in: more would wait longer than ingest.max_latency ({:?})",
                limits.max_latency
            ),
            "nothing was taken; send again later; if this lasts, kafka needs more brokers, partitions or bandwidth",
        ),
        Exhausted::Broker(still) => (
            Kind::KafkaUnavailable,
            format!("kafka has acknowledged nothing for {} s, though events wait for it", still.as_secs()),
            "nothing of this request was taken; send it again later",
        ),
    };
    again(Refusal::new(kind, reason, hint), refused.room_in, limits)
}

/// The refusal when a quota is used up.
#[must_use]
pub(crate) fn over_quota(exceeded: &Exceeded, limits: &Limits) -> Refusal {
    let Exceeded { quota, limit, room_in } = exceeded;
    let (allows, rest) = match quota {
        Quota::EventsPerSecond => (format!("{limit} events a second"), "send less, or in smaller bursts"),
        Quota::BytesPerSecond => (format!("{limit} bytes a second"), "send less, or in smaller bursts"),
        Quota::BytesPerDay => (format!("{limit} bytes a day"), "the next day begins at midnight UTC"),
    };
    let seconds = room_in.as_secs().max(1);
    let reason = format!("this tenant's quota `{}` ({allows}) is used up for {seconds} s", quota.name());
    let refusal = Refusal::new(Kind::Quota, reason, format!("nothing was taken; send again later; {rest}"));
    let refusal = Refusal { quota: Some(UsedUp { name: quota.name(), room_in: *room_in }), ..refusal };
    // A day's rest isn't waited for in one go: whoever runs this may raise the quota.
    again(refusal, *room_in, limits)
}

/// The refusal when Kafka fails.
#[must_use]
pub(crate) fn of_kafka(error: &KafkaError, limits: &Limits) -> Refusal {
    let kind = match error {
        KafkaError::TooLarge(_) => {
            let hint = "raise max.message.bytes of the topic, or lower ingest.max_event";
            return Refusal::new(Kind::TooLarge, error.to_string(), hint);
        }
        KafkaError::Timeout(_) => Kind::KafkaTimeout,
        _ => Kind::KafkaUnavailable,
    };
    again(Refusal::new(kind, error.to_string(), AGAIN), Duration::ZERO, limits)
}

fn again(refusal: Refusal, room_in: Duration, limits: &Limits) -> Refusal {
    refusal.retry_after(retry_after(room_in, limits.retry_after, rand::random()))
}
