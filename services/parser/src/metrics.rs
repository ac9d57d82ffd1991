//! What a lane counts: gathered per batch without a lock, and added to the process's metrics when the batch is done.

mod sources;
mod steps;

use std::collections::HashMap;

use forebay_convert::{Document, Made, Rules};
use forebay_parse::Format;
use forebay_record::RawEvent;
use forebay_rules::{Counts, Timing};
use forebay_service::Context;
use forebay_service::clock::now_ms;
use forebay_telemetry::{
    CounterName, Entry, HistogramName, Label, Latency, Ledger, Receipts, SecondsCounter, TenantCap, counter,
    histogram,
};
use metrics::{Counter, Histogram};

use self::sources::Sources;
use self::steps::Steps;

/// The value of the label `stage` for this tier.
pub(crate) const STAGE: &str = "parser";
/// How many sources are looked at in a batch.
const MAX_SOURCES_OF_BATCH: usize = 64;

/// The counts of one batch. Neighbouring records nearly always share tenant and format, so that the row in hand is
/// nearly always the last one.
#[derive(Debug, Default)]
pub struct BatchCounts {
    documents: Vec<DocumentRow>,
    sources: Vec<SourceRow>,
    dead_letters: Vec<DeadLetterRow>,
    dropped: Vec<DroppedRow>,
    replayed: Vec<ReplayedRow>,
}

#[derive(Debug)]
struct DocumentRow {
    tenant: String,
    format: Format,
    events: u64,
    documents: u64,
    clamped: u64,
    unparsed: u64,
    receipts: Receipts,
}

/// What sent events, and when the last of them was received.
#[derive(Debug)]
struct SourceRow {
    tenant: String,
    source: String,
    last_ms: i64,
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

#[derive(Debug)]
struct ReplayedRow {
    tenant: String,
    events: u64,
}

impl BatchCounts {
    /// All documents of an event were sent.
    pub(crate) fn forwarded(&mut self, made: &Made<'_, impl Rules>) {
        let event = made.event();
        // Of what an event is split into, all documents were read in its format, and the first stands for the event.
        for (at, document) in made.documents().enumerate() {
            self.document(event.tenant, &document, (at == 0).then_some(event));
        }
        if let Some(received_ms) = event.first_received_ms() {
            self.source(event.tenant, event.source, received_ms);
        }
        self.came_again(event);
    }

    /// A source has sent something. Senders may name themselves as they like, so only so many are looked at in a batch.
    fn source(&mut self, tenant: &str, source: &str, received_ms: i64) {
        let known = self.sources.iter_mut().rev().find(|row| row.source == source && row.tenant == tenant);
        if let Some(row) = known {
            row.last_ms = row.last_ms.max(received_ms);
        } else if self.sources.len() < MAX_SOURCES_OF_BATCH {
            let (tenant, source) = (tenant.to_owned(), source.to_owned());
            self.sources.push(SourceRow { tenant, source, last_ms: received_ms });
        }
    }

    fn document(&mut self, tenant: &str, document: &Document<'_>, event: Option<&RawEvent<'_>>) {
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
                receipts: Receipts::default(),
            }),
        };
        if let Some(event) = event {
            row.events += 1;
            row.receipts.add(event.first_received_ms(), 1);
        }
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

    /// An event has an outcome here: it is an entry of the ledger if a replay has sent it.
    pub(crate) fn came_again(&mut self, event: &RawEvent<'_>) {
        if event.attempt == 0 {
            return;
        }
        let known = self.replayed.iter().rposition(|row| row.tenant == event.tenant);
        let row = match known.and_then(|at| self.replayed.get_mut(at)) {
            Some(row) => row,
            None => self.replayed.push_mut(ReplayedRow { tenant: event.tenant.to_owned(), events: 0 }),
        };
        row.events += 1;
    }

    /// How many events of the batch came again.
    #[cfg(test)]
    pub(crate) fn replays(&self) -> u64 {
        self.replayed.iter().map(|row| row.events).sum()
    }
}

/// A lane's handles.
#[derive(Debug)]
pub(crate) struct LaneMetrics {
    cap: TenantCap,
    ledger: Ledger,
    formats: HashMap<(String, Format), FormatCounters>,
    sources: Sources,
    steps: Steps,
    latency: Latency,
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
    pub(crate) fn new(context: &Context) -> Self {
        let of_stage = |name| counter(name, &[(Label::Stage, STAGE)]);
        Self {
            ledger: Ledger::new(context.tenants.clone()),
            cap: context.tenants.clone(),
            formats: HashMap::new(),
            sources: Sources::new(context),
            steps: Steps::new(context),
            latency: Latency::new(STAGE, context.groups.clone()),
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

    /// How long steps of rules took on the events that were measured.
    pub(crate) fn steps_took(&mut self, timings: Vec<Timing>) {
        timings.into_iter().for_each(|timing| self.steps.took(timing));
    }

    /// A batch is done: the brokers have all that was sent of it.
    pub(crate) fn settled(&mut self, counts: &BatchCounts) {
        let now_ms = now_ms();
        for row in &counts.sources {
            self.sources.seen(&row.tenant, &row.source, row.last_ms);
        }
        for row in &counts.documents {
            self.emitted.increment(row.documents);
            self.latency.done(&row.tenant, &row.receipts, now_ms);
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
        for row in &counts.replayed {
            self.ledger.add(&row.tenant, Entry::Replayed, row.events);
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_settings::Settings;
    use forebay_telemetry::Scrape;

    use super::*;

    /// Scenario: ten thousand tenants, of whom metrics tell a hundred apart, each with documents of two formats, dead letters, drops
    /// and a source of its own.
    /// Guarantees: what Prometheus has to keep is bounded by the settings, and every event is counted all the same.
    #[test]
    fn ten_thousand_tenants_have_a_hundred_tenants_series() {
        let scrape = Scrape::install().unwrap();
        let mut settings = Settings::default();
        settings.telemetry.max_tenants = 100;
        let mut metrics = LaneMetrics::new(&Context::new(&settings));
        for n in 0..10_000 {
            let tenant = format!("many-{n}");
            let mut counts = BatchCounts::default();
            for format in [Format::Json, Format::Syslog] {
                let receipts = Receipts::default();
                let (tenant, clamped, unparsed) = (tenant.clone(), 1, 1);
                let row =
                    DocumentRow { tenant, format, events: 1, documents: 2, clamped, unparsed, receipts };
                counts.documents.push(row);
            }
            counts.dead_letter(&tenant, "json_invalid");
            counts.dropped(&tenant, "many-noise");
            counts.source(&tenant, "http", 1_000);
            metrics.settled(&counts);
        }
        let text = scrape.render();
        let all = text.lines().filter(|line| line.contains(r#"tenant="many-"#)).count();
        assert!(all <= 100 * 9, "{all} series");
        let dropped = r#"forebay_events_dropped_total{tenant="_other",reason="many-noise"} 9900"#;
        assert!(text.lines().any(|line| line == dropped), "{text}");
    }

    /// Guarantees: replayed events of a batch are counted by tenant, and no others.
    #[test]
    fn what_came_again_is_gathered() {
        let mut counts = BatchCounts::default();
        for (tenant, attempt) in [("a", 0), ("a", 1), ("b", 3), ("a", 2), ("c", 0)] {
            counts.came_again(&RawEvent { tenant, attempt, ..RawEvent::default() });
        }
        let rows: Vec<_> = counts.replayed.iter().map(|row| (&*row.tenant, row.events)).collect();
        assert_eq!((rows, counts.replays()), (vec![("a", 2), ("b", 1)], 3));
    }

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
