//! Spans of a batch: `ingest.receive` from when its sender was let in to its answer, and in it one for each time that it is sent.
//!
//! Which batches are traced is decided once for each, before anything of it is sent; of the others nothing is made.

use std::time::SystemTime;

use forebay_record::TraceContext;
use forebay_traces::{Head, Kind, Span, Tracer, send, span_id};
use forebay_wire::Batch;

use super::Sender;
use super::deliver::Delivery;
use crate::refusal::Refusal;

/// The most traces of others that are linked to.
const MOST: usize = 32;

/// A batch whose way is traced, from here on.
#[derive(Debug)]
pub(super) struct Receiving {
    tracer: Tracer,
    head: Head,
    since: SystemTime,
    protocol: &'static str,
    tenant: String,
    events: u64,
    /// Traces of senders that sent part of the batch.
    others: Vec<TraceContext>,
    /// What it failed with. A client that went away waits for no answer.
    error: Option<&'static str>,
}

/// A traced batch on its way to Kafka.
#[derive(Debug)]
pub(super) struct Shipping {
    tracer: Tracer,
    context: TraceContext,
    parent: TraceContext,
    since: SystemTime,
}

// === impl Receiving ===

impl Receiving {
    /// Whether the batch is traced. Its trace is the one that the sender gives for its events, or the request's.
    pub(super) fn begin(
        tracer: &Tracer,
        sender: &Sender,
        batch: &Batch,
        since: Option<SystemTime>,
    ) -> Option<Self> {
        if !tracer.is_on() || batch.events.is_empty() {
            return None;
        }
        let mut of_events =
            batch.groups.iter().filter_map(|group| TraceContext::read(&group.facts.traceparent));
        let head = tracer.head(of_events.next().or(sender.trace), &sender.tenant)?;
        Some(Self {
            tracer: tracer.clone(),
            head,
            since: since.unwrap_or_else(SystemTime::now),
            protocol: sender.protocol.as_str(),
            tenant: sender.tenant.as_str().to_owned(),
            events: batch.events.len() as u64,
            others: of_events.take(MOST).collect(),
            error: Some("cancelled"),
        })
    }

    /// The batch is sent.
    pub(super) fn ships(&self) -> Shipping {
        let (tracer, parent) = (self.tracer.clone(), self.head.context);
        Shipping { tracer, context: parent.with_span(span_id()), parent, since: SystemTime::now() }
    }

    /// The sender is answered.
    pub(super) fn end(mut self, refusal: Option<&Refusal>) {
        self.error = refusal.map(|refusal| refusal.kind.name());
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        let Head { context, parent } = self.head;
        let span = Span::new("ingest.receive", Kind::Server, context, parent, self.since)
            .with("forebay.protocol", self.protocol)
            .with("forebay.tenant", std::mem::take(&mut self.tenant))
            .with_count("forebay.events", self.events)
            .linked(std::mem::take(&mut self.others))
            .failed(self.error);
        self.tracer.record([span]);
    }
}

// === impl Shipping ===

impl Shipping {
    /// What the records carry on.
    pub(super) fn text(&self) -> String {
        self.context.to_string()
    }

    /// The brokers have answered for all of it.
    pub(super) fn end(self, topic: &str, events: u64, delivery: &Delivery) {
        let error = delivery.error.as_ref().map(forebay_kafka::KafkaError::name);
        let error = error.or((delivery.delivered < events).then_some("not_delivered"));
        let span = send(topic, self.context, self.parent, self.since, events)
            .with_count("forebay.delivered", delivery.delivered)
            .failed(error);
        self.tracer.record([span]);
    }
}
