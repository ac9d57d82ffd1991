//! What is known of an event besides its body: tenant, times, source, trace context, the shipper's attributes.
//!
//! What only Forebay may say is set before the body is read, so that no event can pass for another tenant's; what the
//! event knows better than its shipper is set after.

use std::borrow::Cow;

use forebay_record::RawEvent;

use crate::ecs::{ATTRIBUTES, Field, GroupId, Role, SCHEMA};
use crate::shape::{Mode, Shape};
use crate::tree::{Key, Value};

/// Sets what the event may not overrule.
pub(crate) fn place_ours<'a>(shape: &mut Shape<'a, '_>, event: &'a RawEvent<'a>, received: i64) {
    let _free = shape.set(Field::EventIngested, Value::Time(received));
    if event.observed_at != 0 {
        let _free = shape.set(Field::EventCreated, Value::Time(millis(event.observed_at)));
    }
    let _free = shape.set_text(Field::OrganizationId, event.tenant);
}

/// Sets what the event may have said itself.
pub(crate) fn place_theirs<'a>(shape: &mut Shape<'a, '_>, event: &'a RawEvent<'a>) {
    if shape.mode == Mode::Raw {
        return place_as_labels(shape, event);
    }
    if !event.source.is_empty() && !shape.set_text(Field::EventModule, event.source) {
        shape.labelled("event.module", Value::Text(Cow::Borrowed(event.source)));
    }
    if let Some((trace, span)) = trace_context(event.traceparent) {
        let _free = shape.set_text(Field::TraceId, trace) && shape.set_text(Field::SpanId, span);
    }
    for (name, value) in &event.attributes {
        let value = Value::Text(Cow::Borrowed(*value));
        let Some(field) = attribute_field(name) else {
            shape.labelled(name, value);
            continue;
        };
        if shape.has(field) {
            shape.labelled(name, value);
        } else {
            let id = shape.tree.push(Key::Clean(""), value);
            shape.place_field(field, id);
        }
    }
}

/// Sets it where the event's own names can't be met.
fn place_as_labels<'a>(shape: &mut Shape<'a, '_>, event: &'a RawEvent<'a>) {
    if !event.source.is_empty() {
        shape.labelled("event.module", Value::Text(Cow::Borrowed(event.source)));
    }
    if let Some((trace, span)) = trace_context(event.traceparent) {
        shape.labelled("trace.id", Value::Text(Cow::Borrowed(trace)));
        shape.labelled("span.id", Value::Text(Cow::Borrowed(span)));
    }
    for (name, value) in &event.attributes {
        shape.labelled(name, Value::Text(Cow::Borrowed(*value)));
    }
}

/// Milliseconds of a count of nanoseconds.
pub(crate) fn millis(nanos: u64) -> i64 {
    i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)
}

/// The field that an attribute is.
fn attribute_field(name: &str) -> Option<Field> {
    if let Some((_, field)) = ATTRIBUTES.iter().find(|(known, _)| *known == name) {
        return Some(*field);
    }
    schema_field(name)
}

/// The field of the schema that has this path.
pub(crate) fn schema_field(path: &str) -> Option<Field> {
    let mut group = GroupId::ROOT;
    let mut rest = path;
    loop {
        let (part, more) = rest.split_once('.').map_or((rest, None), |(part, more)| (part, Some(more)));
        match (SCHEMA.find(group, part).role, more) {
            (Role::Field(field), None) => return Some(field),
            (Role::Group(inner), Some(more)) => (group, rest) = (inner, more),
            _ => return None,
        }
    }
}

/// Trace and span of `00-<32 hex>-<16 hex>-<flags>`; neither may be all zeros.
///
/// Source: <https://www.w3.org/TR/trace-context/#traceparent-header>.
fn trace_context(traceparent: &str) -> Option<(&str, &str)> {
    let mut parts = traceparent.split('-');
    let (_version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    (is_id(trace, 32) && is_id(span, 16)).then_some((trace, span))
}

/// Whether it is a number of so many hexadecimal digits, and not zero.
pub(crate) fn is_id(text: &str, digits: usize) -> bool {
    text.len() == digits
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte != b'0')
}
