//! A span, from what a tier knows of it to what OpenTelemetry's exporter sends.

use std::borrow::Cow;
use std::time::SystemTime;

use forebay_record::TraceContext;
use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

/// The most links of one span; the first stay.
const LINKS: usize = 32;

/// What a span is to others
/// (<https://opentelemetry.io/docs/specs/otel/trace/api/#spankind>).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It answers a request.
    Server,
    /// It asks another system.
    Client,
    /// It hands something on that is taken up later.
    Producer,
    /// It takes up what was handed on.
    Consumer,
}

/// Something that was done in a trace, once it is over.
#[derive(Clone, Debug)]
pub struct Span {
    name: Cow<'static, str>,
    kind: Kind,
    context: TraceContext,
    parent: Option<TraceContext>,
    began: SystemTime,
    attributes: Vec<KeyValue>,
    links: Vec<TraceContext>,
    error: Option<Cow<'static, str>>,
    ended: SystemTime,
}

// === impl Span ===

impl Span {
    /// A span that ends now. `context` is its own, in the trace of `parent`.
    #[must_use]
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        context: TraceContext,
        parent: Option<TraceContext>,
        began: SystemTime,
    ) -> Self {
        // The clock may have been set back.
        let ended = SystemTime::now().max(began);
        let (attributes, links) = (Vec::with_capacity(8), Vec::new());
        Self { name: name.into(), kind, context, parent, began, attributes, links, error: None, ended }
    }

    /// The same span, which ended before.
    #[must_use]
    pub fn ended_at(self, ended: SystemTime) -> Self {
        Self { ended: ended.max(self.began), ..self }
    }

    /// With an attribute. A value is text or a number, and never contents of logs.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push(KeyValue::new(name, value));
        self
    }

    /// With a number of things; attributes have no unsigned numbers.
    #[must_use]
    pub fn with_count(self, name: &'static str, count: u64) -> Self {
        self.with(name, i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// With links to spans of other traces that it has to do with. One of its own trace is left out.
    #[must_use]
    pub fn linked(mut self, others: impl IntoIterator<Item = TraceContext>) -> Self {
        let own = self.context.trace;
        self.links.extend(others.into_iter().filter(|other| other.trace != own).take(LINKS));
        self
    }

    /// It failed, if there is an error: one of few names, such as a status.
    #[must_use]
    pub fn failed(self, error: Option<impl Into<Cow<'static, str>>>) -> Self {
        Self { error: error.map(Into::into), ..self }
    }

    pub(crate) fn into_data(self, scope: &InstrumentationScope) -> SpanData {
        let Self { name, kind, context, parent, began, mut attributes, links, error, ended } = self;
        let status = match error {
            Some(error) => {
                attributes.push(KeyValue::new("error.type", error.clone()));
                Status::Error { description: error }
            }
            None => Status::Unset,
        };
        let mut span_links = SpanLinks::default();
        span_links.links = links.into_iter().map(|link| Link::new(of(link, true), Vec::new(), 0)).collect();
        SpanData {
            span_context: of(context, false),
            parent_span_id: parent.map_or(SpanId::INVALID, |parent| SpanId::from(parent.span)),
            parent_span_is_remote: parent.is_some() && matches!(kind, Kind::Server | Kind::Consumer),
            span_kind: match kind {
                Kind::Server => SpanKind::Server,
                Kind::Client => SpanKind::Client,
                Kind::Producer => SpanKind::Producer,
                Kind::Consumer => SpanKind::Consumer,
            },
            name,
            start_time: began,
            end_time: ended,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: span_links,
            status,
            instrumentation_scope: scope.clone(),
        }
    }
}

fn of(context: TraceContext, is_remote: bool) -> SpanContext {
    let flags = if context.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    SpanContext::new(
        TraceId::from(context.trace),
        SpanId::from(context.span),
        flags,
        is_remote,
        TraceState::NONE,
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const OWN: TraceContext = TraceContext { trace: 1, span: 2, sampled: true };

    /// Guarantees: a span says whose child it is, what it has to do with beside its own trace, how long it took, and why it failed.
    #[test]
    fn a_span_has_what_collectors_want() {
        let other = |trace| TraceContext { trace, span: 9, sampled: true };
        let began = UNIX_EPOCH + Duration::from_secs(10);
        let span = Span::new("send a", Kind::Producer, OWN, Some(OWN.with_span(1)), began)
            .with_count("messaging.batch.message_count", u64::MAX)
            .linked((1..100).map(other))
            .failed(Some("kafka_timeout"))
            .ended_at(began - Duration::from_secs(1));
        let data = span.into_data(&InstrumentationScope::default());
        assert_eq!(data.parent_span_id, SpanId::from(1));
        assert_eq!(data.span_context.trace_id(), TraceId::from(1));
        assert_eq!((data.start_time, data.end_time), (began, began));
        assert_eq!(data.links.links.len(), LINKS);
        assert!(data.links.iter().all(|link| link.span_context.trace_id() != TraceId::from(1)));
        assert_eq!(data.status, Status::error("kafka_timeout"));
        let names: Vec<_> = data.attributes.iter().map(|pair| pair.key.as_str()).collect();
        assert_eq!(names, ["messaging.batch.message_count", "error.type"]);
    }
}
