//! Histograms: how a number is spread.

use super::metric_names;

metric_names! {
    /// The name of a histogram.
    HistogramName {
        IngestRequestSeconds => "forebay_ingest_request_seconds", Seconds, [],
            "Time from the head of a request to ingest until its answer.";
        IngestAckSeconds => "forebay_ingest_ack_seconds", Seconds, [],
            "Time for which a request waited for Kafka's acknowledgement.";
        BulkRequestSeconds => "forebay_bulk_request_seconds", Seconds, [],
            "Time that a bulk request took, from its first byte to its whole answer.";
        BulkRequestDocuments => "forebay_bulk_request_documents", Count, [],
            "Documents in a bulk request.";
        ParserBatchSeconds => "forebay_parser_batch_seconds", Seconds, [],
            "Time that a lane took to convert a batch and to give it to the producer.";
        RulesStepSeconds => "forebay_rules_step_seconds", Seconds, [Rule, Step],
            "CPU time that a step of a rule took on an event, its condition included; measured on one event in 1,000 of each lane.";
        EventLatency => "forebay_event_latency_seconds", Seconds, [Stage, Group],
            "Age of an event, counted from its receipt, when a stage was done with it: `parser`, its documents are in Kafka; `indexer`, the store has confirmed the document, which a search finds at the index's next refresh. Replayed events are left out.";
    }
}

/// From a broker next door to one that is struggling.
const REQUEST_SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// A batch of records, in one thread.
const BATCH_SECONDS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0];
/// A step on one event: from one that looks at a field up to one that is slow.
const STEP_SECONDS: &[f64] =
    &[0.000_001, 0.000_002, 0.000_005, 0.000_01, 0.000_02, 0.000_05, 0.000_1, 0.000_5, 0.002, 0.01, 0.1];
/// From a pipeline that keeps up to one that was down for a day.
const EVENT_SECONDS: &[f64] =
    &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0];
/// Documents in a request, from one up to the default limit.
const DOCUMENTS: &[f64] = &[1.0, 10.0, 100.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0];

impl HistogramName {
    /// The upper bounds of its buckets, ascending.
    #[must_use]
    pub const fn buckets(self) -> &'static [f64] {
        match self {
            Self::IngestRequestSeconds | Self::IngestAckSeconds | Self::BulkRequestSeconds => REQUEST_SECONDS,
            Self::BulkRequestDocuments => DOCUMENTS,
            Self::ParserBatchSeconds => BATCH_SECONDS,
            Self::RulesStepSeconds => STEP_SECONDS,
            Self::EventLatency => EVENT_SECONDS,
        }
    }
}
