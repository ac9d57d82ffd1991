//! Spans of what goes through Kafka, named as OpenTelemetry has it
//! (<https://opentelemetry.io/docs/specs/semconv/messaging/kafka/>).

use std::time::SystemTime;

use forebay_record::TraceContext;

use crate::span::{Kind, Span};

/// Records are sent to a topic, until the brokers have them.
#[must_use]
pub fn send(
    topic: &str,
    context: TraceContext,
    parent: TraceContext,
    began: SystemTime,
    records: u64,
) -> Span {
    let span = Span::new(format!("send {topic}"), Kind::Producer, context, Some(parent), began);
    describe(span, "send", topic, records)
}

/// A consumer group's member does its work on records of a topic.
#[must_use]
pub fn process(
    topic: &str,
    group: &str,
    context: TraceContext,
    parent: TraceContext,
    began: SystemTime,
    records: u64,
) -> Span {
    let span = Span::new(format!("process {topic}"), Kind::Consumer, context, Some(parent), began);
    describe(span, "process", topic, records).with("messaging.consumer.group.name", group.to_owned())
}

fn describe(span: Span, operation: &'static str, topic: &str, records: u64) -> Span {
    span.with("messaging.system", "kafka")
        .with("messaging.operation.name", operation)
        .with("messaging.operation.type", operation)
        .with("messaging.destination.name", topic.to_owned())
        .with_count("messaging.batch.message_count", records)
}
