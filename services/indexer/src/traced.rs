//! Spans of a bulk request: `indexer.bulk`, one for each trace among its documents, linked to the others that it was shared with.

use std::time::SystemTime;

use forebay_bulk::{BulkAnswer, BulkRequest, RequestFailure};
use forebay_record::TraceContext;
use forebay_traces::{Kind, Span, Tracer, span_id};
use forebay_writing::failure_name;

/// A request under way with documents whose way is traced.
#[derive(Debug)]
pub(crate) struct BulkTraces {
    since: SystemTime,
    /// The spans that sent the documents here, each with its child.
    spans: Vec<(TraceContext, TraceContext)>,
}

// === impl BulkTraces ===

impl BulkTraces {
    /// A request begins. Nothing where none of its documents is traced, or nobody takes spans.
    pub(crate) fn begin(tracer: &Tracer, traces: &[TraceContext]) -> Option<Self> {
        if traces.is_empty() || !tracer.is_on() {
            return None;
        }
        let spans = traces.iter().map(|parent| (*parent, parent.with_span(span_id()))).collect();
        Some(Self { since: SystemTime::now(), spans })
    }

    /// The request as it is sent: a header has room for one trace.
    pub(crate) fn header(&self, request: &BulkRequest) -> BulkRequest {
        match self.spans.first() {
            Some((_, own)) => request.clone().traced_by(own.to_string()),
            None => request.clone(),
        }
    }

    /// The store has answered, or failed to.
    pub(crate) fn end(self, tracer: &Tracer, documents: usize, answer: &Result<BulkAnswer, RequestFailure>) {
        let error = answer.as_ref().err().map(failure_name);
        tracer.record(self.spans.iter().map(|(parent, own)| {
            Span::new("indexer.bulk", Kind::Client, *own, Some(*parent), self.since)
                .with("db.system.name", "elasticsearch")
                .with("db.operation.name", "bulk")
                .with_count("db.operation.batch.size", documents as u64)
                .linked(self.spans.iter().map(|(other, _)| *other))
                .failed(error)
        }));
    }
}
