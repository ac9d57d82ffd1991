//! What a lane counts: gathered per batch without a lock, and added to the process's metrics when the batch is done.

use std::collections::HashMap;

use forebay_convert::{Document, Made, Rules};
use forebay_parse::Format;
use forebay_rules::Counts;
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
    dropped: Vec<DroppedRow>,
}

#[derive(Debug)]
struct DocumentRow {
    tenant: String,
    format: Format,
    events: u64,
    documents: u64,
    clamped: u64,
    unparsed: u64,
}

#[derive(Debug)]
struct DeadLetterRow {
    tenant: String,
    error_type: String,
    events: u64,
}

#[derive(Debug)]
struct DroppedRow {
    tenant: String,
    reason: String,
    events: u64,
}

impl BatchCounts {
    /// All documents of an event were sent.
    pub(crate) fn forwarded(&mut self, made: &Made<'_, impl Rules>) {
        let tenant = made.event().tenant;
        // Of what an event is split into, all documents were read in its format.
        for (events, document) in std::iter::once(1).chain(std::iter::repeat(0)).zip(made.documents()) {
            self.document(tenant, events, &document);
        }
    }

    fn document(&mut self, tenant: &str, events: u64, document: &Document<'_>) {
        let format = document.format;
        let known = self.documents.iter().rposition(|row| row.format == format && row.tenant == tenant);
        let row = match known.and_then(|at| self.documents.get_mut(at)) {
            Some(row) => row,
            None => self.documents.push_mut(DocumentRow {
                tenant: tenant.to_owned(),
                format,
                events: 0,
                documents: 0,
                clamped: 0,
                unparsed: 0,
            }),
        };
        row.events += events;
        row.documents += 1;
        row.clamped += u64::from(document.marks.clamped);
        row.unparsed += u64::from(document.marks.unparsed);
    }

    /// One dead letter was sent.
    pub(crate) fn dead_letter(&mut self, tenant: &str, error_type: &str) {
        let known =
            self.dead_letters.iter().rposition(|row| row.error_type == error_type && row.tenant == tenant);
        let row = match known.and_then(|at| self.dead_letters.get_mut(at)) {
            Some(row) => row,
            None => self.dead_letters.push_mut(DeadLetterRow {
                tenant: tenant.to_owned(),
                error_type: error_type.to_owned(),
                events: 0,
            }),
        };
        row.events += 1;
    }

    /// A rule dropped an event.
    pub(crate) fn dropped(&mut self, tenant: &str, reason: &str) {
        let known = self.dropped.iter().rposition(|row| row.reason == reason && row.tenant == tenant);
        let row = match known.and_then(|at| self.dropped.get_mut(at)) {
            Some(row) => row,
            None => self.dropped.push_mut(DroppedRow {
                tenant: tenant.to_owned(),
                reason: reason.to_owned(),
                events: 0,
            }),
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
    masked: Counter,
    lookup_misses: Counter,
    step_errors: Counter,
    slow: Counter,
    over_budget: Counter,
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
            masked: counter(CounterName::RulesMasked, &[]),
            lookup_misses: counter(CounterName::RulesLookupMisses, &[]),
            step_errors: counter(CounterName::RulesStepErrors, &[]),
            slow: counter(CounterName::RulesSlow, &[]),
            over_budget: counter(CounterName::RulesOverBudget, &[]),
            retries: of_stage(CounterName::Retries),
            batch_seconds: histogram(HistogramName::ParserBatchSeconds, &[]),
            backpressure: SecondsCounter::new(CounterName::BackpressureSeconds, &[(Label::Stage, STAGE)]),
        }
    }

    /// What rules did to a batch, each time that it is converted.
    pub(crate) fn rules_did(&self, counts: Counts) {
        self.masked.increment(counts.masked);
        self.lookup_misses.increment(counts.lookup_misses);
        self.step_errors.increment(counts.step_errors);
        self.slow.increment(counts.slow);
        self.over_budget.increment(counts.over_budget);
    }

    /// A batch is done: the brokers have all that was sent of it.
    pub(crate) fn settled(&mut self, counts: &BatchCounts) {
        for row in &counts.documents {
            self.emitted.increment(row.documents);
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
            if row.documents > row.events {
                counter(CounterName::EventsSplit, &[(Label::Tenant, tenant)])
                    .increment(row.documents - row.events);
            }
            counters.clamped.increment(row.clamped);
            if row.unparsed > 0 {
                let labels = [(Label::Tenant, tenant), (Label::Reason, "passed_raw")];
                counter(CounterName::ParserUnparsed, &labels).increment(row.unparsed);
            }
        }
        for row in &counts.dead_letters {
            self.ledger.add(&row.tenant, Entry::DeadLettered(STAGE), row.events);
            let tenant = self.cap.label(&row.tenant);
            let labels = [(Label::Tenant, tenant), (Label::Reason, row.error_type.as_str())];
            counter(CounterName::ParserUnparsed, &labels).increment(row.events);
        }
        for row in &counts.dropped {
            self.ledger.add(&row.tenant, Entry::Dropped(row.reason.as_str().into()), row.events);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: drops of a batch are gathered by tenant and reason, so that a batch of them takes little.
    #[test]
    fn drops_are_gathered() {
        let mut counts = BatchCounts::default();
        for (tenant, reason) in
            [("a", "noise"), ("a", "noise"), ("a", "debug"), ("b", "noise"), ("a", "noise")]
        {
            counts.dropped(tenant, reason);
        }
        let rows: Vec<_> =
            counts.dropped.iter().map(|row| (&*row.tenant, &*row.reason, row.events)).collect();
        assert_eq!(rows, [("a", "noise", 3), ("a", "debug", 1), ("b", "noise", 1)]);
    }
}
