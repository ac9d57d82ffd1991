//! What a lane counts: gathered per batch without a lock, and added to the process's metrics when the batch is done.

use std::collections::HashMap;

use forebay_parse::{Format, Parsed};
use forebay_telemetry::{
    CounterName, Entry, HistogramName, Label, Ledger, SecondsCounter, TenantCap, counter, histogram,
};
use metrics::{Counter, Histogram};

/// The value of the label `stage` for this tier.
pub(crate) const STAGE: &str = "parser";

/// The counts of one batch. Neighbouring records nearly always share tenant and format, so that the row in hand is
/// nearly always the last one.
#[derive(Debug, Default)]
pub struct BatchCounts {
    documents: Vec<DocumentRow>,
    dead_letters: Vec<DeadLetterRow>,
}

#[derive(Debug)]
struct DocumentRow {
    tenant: String,
    format: Format,
    events: u64,
    clamped: u64,
    unparsed: u64,
}

#[derive(Debug)]
struct DeadLetterRow {
    tenant: String,
    error_type: &'static str,
    events: u64,
}

impl BatchCounts {
    /// One document was sent.
    pub(crate) fn document(&mut self, tenant: &str, parsed: &Parsed) {
        let format = parsed.format;
        let known = self.documents.iter().rposition(|row| row.format == format && row.tenant == tenant);
        let row = match known.and_then(|at| self.documents.get_mut(at)) {
            Some(row) => row,
            None => self.documents.push_mut(DocumentRow {
                tenant: tenant.to_owned(),
                format,
                events: 0,
                clamped: 0,
                unparsed: 0,
            }),
        };
        row.events += 1;
        row.clamped += u64::from(parsed.marks.clamped);
        row.unparsed += u64::from(parsed.marks.unparsed);
    }

    /// One dead letter was sent.
    pub(crate) fn dead_letter(&mut self, tenant: &str, error_type: &'static str) {
        let known =
            self.dead_letters.iter().rposition(|row| row.error_type == error_type && row.tenant == tenant);
        let row = match known.and_then(|at| self.dead_letters.get_mut(at)) {
            Some(row) => row,
            None => {
                self.dead_letters.push_mut(DeadLetterRow { tenant: tenant.to_owned(), error_type, events: 0 })
            }
        };
        row.events += 1;
    }
}

/// A lane's handles.
#[derive(Debug)]
pub(crate) struct LaneMetrics {
    cap: TenantCap,
    ledger: Ledger,
    formats: HashMap<(String, Format), FormatCounters>,
    emitted: Counter,
    pub(crate) retries: Counter,
    pub(crate) batch_seconds: Histogram,
    pub(crate) backpressure: SecondsCounter,
}

#[derive(Debug)]
struct FormatCounters {
    events: Counter,
    clamped: Counter,
}

impl LaneMetrics {
    pub(crate) fn new(cap: TenantCap) -> Self {
        let of_stage = |name| counter(name, &[(Label::Stage, STAGE)]);
        Self {
            ledger: Ledger::new(cap.clone()),
            cap,
            formats: HashMap::new(),
            emitted: of_stage(CounterName::RecordsEmitted),
            retries: of_stage(CounterName::Retries),
            batch_seconds: histogram(HistogramName::ParserBatchSeconds, &[]),
            backpressure: SecondsCounter::new(CounterName::BackpressureSeconds, &[(Label::Stage, STAGE)]),
        }
    }

    /// A batch is done: the brokers have all of it.
    pub(crate) fn settled(&mut self, counts: &BatchCounts) {
        for row in &counts.documents {
            self.emitted.increment(row.events);
            let tenant = self.cap.label(&row.tenant);
            let counters =
                self.formats.entry((tenant.to_string(), row.format)).or_insert_with(|| FormatCounters {
                    events: counter(
                        CounterName::ParserEvents,
                        &[(Label::Tenant, tenant), (Label::Format, row.format.as_str())],
                    ),
                    clamped: counter(CounterName::ParserTimestampsClamped, &[(Label::Tenant, tenant)]),
                });
            counters.events.increment(row.events);
            counters.clamped.increment(row.clamped);
            if row.unparsed > 0 {
                let labels = [(Label::Tenant, tenant), (Label::Reason, "passed_raw")];
                counter(CounterName::ParserUnparsed, &labels).increment(row.unparsed);
            }
        }
        for row in &counts.dead_letters {
            self.ledger.add(&row.tenant, Entry::DeadLettered(STAGE), row.events);
            let tenant = self.cap.label(&row.tenant);
            let labels = [(Label::Tenant, tenant), (Label::Reason, row.error_type)];
            counter(CounterName::ParserUnparsed, &labels).increment(row.events);
        }
    }
}
