//! Spans of a batch: for each trace among its events one in which it is converted, and in that one in which it is sent.
//!
//! They are the children of the spans that sent the events here, so that a trace stays one, and are linked to those of the other
//! traces that the batch was shared with.

use std::sync::Arc;
use std::time::SystemTime;

use forebay_convert::{Followable, Traces};
use forebay_traces::{Span, Tracer, process, send};

use crate::config::ParserConfig;

/// A batch that is being converted while its traces are followed.
#[derive(Debug)]
pub(crate) struct Converting {
    since: SystemTime,
}

/// A batch with traced events that was sent.
#[derive(Debug)]
pub(crate) struct BatchTraces {
    config: Arc<ParserConfig>,
    since: SystemTime,
    converted: SystemTime,
    traces: Vec<Followable>,
}

// === impl BatchTraces ===

impl BatchTraces {
    /// A batch begins. Nothing without a tracer that takes spans.
    pub(crate) fn begin(tracer: &Tracer, traces: &mut Traces) -> Option<Converting> {
        tracer.is_on().then(|| {
            traces.begin(forebay_traces::span_id());
            Converting { since: SystemTime::now() }
        })
    }

    /// The brokers have all of it, or there was an error.
    pub(crate) fn end(&self, tracer: &Tracer, error: Option<&'static str>) {
        let topics = &self.config.kafka.topics;
        tracer.record(self.traces.iter().flat_map(|trace| {
            let Followable { parent, process: own, send: next, records, documents, refused, dropped } =
                *trace;
            let processed = process(&topics.raw, &self.config.group, own, parent, self.since, records)
                .with_count("forebay.documents", documents)
                .with_count("forebay.dead_letters", refused)
                .with_count("forebay.dropped", dropped)
                .linked(self.traces.iter().map(|other| other.parent))
                .failed((refused > 0).then_some("dead_lettered"))
                .ended_at(self.converted);
            let sent =
                (documents > 0).then(|| send(&topics.events, next, own, self.since, documents).failed(error));
            std::iter::once(processed).chain(sent).collect::<Vec<Span>>()
        }));
    }
}

// === impl Converting ===

impl Converting {
    /// All of it is on its way; nothing where none of its events is traced.
    pub(crate) fn converted(
        self,
        tracer: &Tracer,
        traces: &mut Traces,
        config: &Arc<ParserConfig>,
    ) -> Option<Box<BatchTraces>> {
        let followed = traces.take();
        tracer.crowded(followed.beyond);
        (!followed.traces.is_empty()).then(|| {
            let (config, converted) = (Arc::clone(config), SystemTime::now());
            Box::new(BatchTraces { config, since: self.since, converted, traces: followed.traces })
        })
    }
}
