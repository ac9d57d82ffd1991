//! What the tier counts.

use std::time::Duration;

use forebay_delivery::Pace;
use forebay_service::Context;
use forebay_service::clock::now_ms;
use forebay_telemetry::{
    CounterName, Entry, GaugeName, HistogramName, Label, Latency, Ledger, Receipts, TenantCap, counter,
    gauge, histogram,
};
use forebay_writing::{Confirmed, TenantTally};
use metrics::{Counter, Gauge, Histogram};

/// The value of the label `stage` for this tier.
pub(crate) const STAGE: &str = "indexer";

/// Handles that are used for every load.
#[derive(Debug)]
pub(crate) struct IndexerMetrics {
    cap: TenantCap,
    emitted: Counter,
    pub(crate) splits: Counter,
    pub(crate) diverted: Counter,
    requests_in_flight: Gauge,
    requests_allowed: Gauge,
    bytes_allowed: Gauge,
    request_bytes: Counter,
    request_seconds: Histogram,
    request_documents: Histogram,
    failure_store: Counter,
    latency: Latency,
}

/// A request that is under way, also when it is aborted.
#[derive(Debug)]
pub(crate) struct UnderWay<'a>(&'a Gauge);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

// === impl IndexerMetrics ===

impl IndexerMetrics {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            cap: context.tenants.clone(),
            latency: Latency::new(STAGE, context.groups.clone()),
            emitted: counter(CounterName::RecordsEmitted, &[(Label::Stage, STAGE)]),
            splits: counter(CounterName::BulkSplits, &[]),
            diverted: counter(CounterName::DocumentsDiverted, &[]),
            requests_in_flight: gauge(GaugeName::BulkRequestsInFlight, &[]),
            requests_allowed: gauge(GaugeName::BulkRequestsAllowed, &[]),
            bytes_allowed: gauge(GaugeName::BulkBytesAllowed, &[]),
            request_bytes: counter(CounterName::BulkRequestBytes, &[]),
            request_seconds: histogram(HistogramName::BulkRequestSeconds, &[]),
            request_documents: histogram(HistogramName::BulkRequestDocuments, &[]),
            failure_store: counter(CounterName::FailureStore, &[]),
        }
    }

    /// A request is under way, as long as the answer lives.
    pub(crate) fn under_way(&self) -> UnderWay<'_> {
        self.requests_in_flight.increment(1);
        UnderWay(&self.requests_in_flight)
    }

    /// What is allowed at the moment.
    #[expect(clippy::cast_precision_loss, reason = "gauges; far below 2^52")]
    pub(crate) fn pace(&self, pace: &Pace) {
        self.requests_allowed.set(pace.requests() as f64);
        self.bytes_allowed.set(pace.bytes() as f64);
    }

    /// A request was answered, or failed for `reason`.
    pub(crate) fn request(&self, reason: &str, took: Duration, documents: usize, bytes: usize) {
        counter(CounterName::BulkRequests, &[(Label::Status, reason)]).increment(1);
        self.request_bytes.increment(bytes as u64);
        self.request_seconds.record(took);
        #[expect(clippy::cast_precision_loss, reason = "a request has far fewer than 2^52 documents")]
        self.request_documents.record(documents as f64);
    }

    /// Items will be sent again.
    pub(crate) fn retried(&self, reason: &str, items: usize) {
        counter(CounterName::BulkRetriedItems, &[(Label::Reason, reason)]).increment(items as u64);
        counter(CounterName::Retries, &[(Label::Stage, STAGE)]).increment(1);
    }

    /// The store has confirmed these documents just now.
    pub(crate) fn confirmed(&self, confirmed: &[Confirmed]) {
        let now_ms = now_ms();
        for Confirmed { tenant, received } in confirmed {
            let mut receipts = Receipts::default();
            received.iter().for_each(|(at, events)| receipts.add(*at, *events));
            self.latency.done(tenant, &receipts, now_ms);
        }
    }

    /// A load is settled: its tenants' ledgers move.
    pub(crate) fn settled(&self, tenants: &[TenantTally]) {
        let mut ledger = Ledger::new(self.cap.clone());
        for row in tenants {
            ledger.add(&row.tenant, Entry::Indexed, row.indexed);
            ledger.add(&row.tenant, Entry::Duplicate, row.duplicate);
            ledger.add(&row.tenant, Entry::DeadLettered(STAGE), row.dead_lettered);
            // Few tenants have any, and each series costs memory.
            if row.replayed > 0 {
                ledger.add(&row.tenant, Entry::Replayed, row.replayed);
            }
            self.emitted.increment(row.indexed + row.duplicate + row.dead_lettered);
            self.failure_store.increment(row.failure_stored);
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_settings::Settings;
    use forebay_telemetry::Scrape;

    use super::*;

    /// Scenario: ten thousand tenants, of whom metrics tell a hundred apart; three are in a group.
    /// Guarantees: what Prometheus has to keep is bounded by the settings, and every document is counted all the same.
    #[test]
    fn ten_thousand_tenants_have_a_hundred_tenants_series() {
        let scrape = Scrape::install().unwrap();
        let mut settings = Settings::default();
        settings.telemetry.max_tenants = 100;
        for n in 0..3 {
            let _none = settings.telemetry.tenant_groups.insert(format!("many-{n}"), "gold".to_owned());
        }
        let metrics = IndexerMetrics::new(&Context::new(&settings));
        for n in 0..10_000 {
            let tenant = format!("many-{n}");
            let row = TenantTally {
                tenant: tenant.clone(),
                indexed: 1,
                duplicate: 1,
                dead_lettered: 1,
                replayed: 1,
                ..TenantTally::default()
            };
            metrics.settled(&[row]);
            metrics.confirmed(&[Confirmed { tenant, received: vec![(Some(now_ms()), 2), (None, 1)] }]);
        }
        let text = scrape.render();
        let tenants = text.lines().filter(|line| line.contains(r#"tenant="many-"#)).count();
        assert_eq!(tenants, 100 * 4);
        for line in [
            r#"forebay_events_indexed_total{tenant="_other"} 9900"#,
            r#"forebay_events_replayed_total{tenant="_other"} 9900"#,
            r#"forebay_event_latency_seconds_count{stage="indexer",group="gold"} 6"#,
            r#"forebay_event_latency_seconds_count{stage="indexer",group="default"} 19994"#,
            r#"forebay_event_latency_skipped_total{stage="indexer",reason="replayed"} 10000"#,
        ] {
            assert!(text.lines().any(|l| l == line), "no {line} in\n{text}");
        }
    }
}
