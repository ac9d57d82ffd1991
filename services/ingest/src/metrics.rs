//! What this tier counts. Everything is counted once a request, never once an event.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use forebay_service::clock::now_ms;
use forebay_telemetry::{
    CounterName, Entry, GaugeName, HistogramName, Label, Ledger, SecondsCounter, TenantCap, counter, gauge,
    histogram, rate_limited_warn,
};
use metrics::{Counter, Gauge, Histogram};

use crate::admission::InUse;
use crate::protocols::Protocol;
use forebay_wire::Rejections;

/// The value of the label `stage` for this tier.
const STAGE: &str = "ingest";

/// The handles of this tier.
#[derive(Debug)]
pub(crate) struct Meters {
    body_bytes: Counter,
    records: Counter,
    emitted: Counter,
    in_flight: Gauge,
    backlog: Gauge,
    budget: Gauge,
    connections: Gauge,
    request_seconds: Histogram,
    ack_seconds: Histogram,
    tenants: TenantCap,
    kept: Mutex<Kept>,
}

/// Handles that are made when they are first needed.
#[derive(Debug)]
struct Kept {
    requests: HashMap<StatusCode, Counter>,
    batches: HashMap<(Protocol, &'static str), Counter>,
    accepted: HashMap<String, Accepted>,
    put_off: HashMap<(String, &'static str), Counter>,
    over_quota: HashMap<(String, &'static str), Counter>,
    ledger: Ledger,
    backpressure: SecondsCounter,
}

/// What is told of a tenant's events.
#[derive(Debug)]
struct Accepted {
    bytes: Counter,
    last: Gauge,
}

impl Accepted {
    fn of(tenant: &str) -> Self {
        let labels = [(Label::Tenant, tenant)];
        let last = gauge(GaugeName::TenantLastEvent, &labels);
        Self { bytes: counter(CounterName::IngestEventBytes, &labels), last }
    }
}

impl Meters {
    /// Handles under the process's cap on tenants.
    #[must_use]
    pub(crate) fn new(tenants: TenantCap) -> Self {
        let of_stage = |name| counter(name, &[(Label::Stage, STAGE)]);
        let kept = Kept {
            requests: HashMap::new(),
            batches: HashMap::new(),
            accepted: HashMap::new(),
            put_off: HashMap::new(),
            over_quota: HashMap::new(),
            ledger: Ledger::new(tenants.clone()),
            backpressure: SecondsCounter::new(CounterName::BackpressureSeconds, &[(Label::Stage, STAGE)]),
        };
        Self {
            body_bytes: counter(CounterName::IngestBodyBytes, &[]),
            records: of_stage(CounterName::RecordsReceived),
            emitted: of_stage(CounterName::RecordsEmitted),
            in_flight: gauge(GaugeName::IngestInFlightBytes, &[]),
            backlog: gauge(GaugeName::IngestBacklogBytes, &[]),
            budget: gauge(GaugeName::IngestBacklogLimit, &[]),
            connections: gauge(GaugeName::IngestConnections, &[]),
            request_seconds: histogram(HistogramName::IngestRequestSeconds, &[]),
            ack_seconds: histogram(HistogramName::IngestAckSeconds, &[]),
            tenants,
            kept: Mutex::new(kept),
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        self.request_seconds.record(took.as_secs_f64());
        let mut kept = self.kept();
        let requests = kept
            .requests
            .entry(status)
            .or_insert_with(|| counter(CounterName::IngestRequests, &[(Label::Status, status.as_str())]));
        requests.increment(1);
    }

    /// A connection was refused before anything was taken from it, or has to go for a newcomer; `reason` is from a closed set.
    pub(crate) fn refused_connection(&self, listener: &str, reason: &'static str) {
        let labels = [(Label::Listener, listener), (Label::Reason, reason)];
        counter(CounterName::IngestRefusedConnections, &labels).increment(1);
    }

    /// So many bytes came in, compressed or not.
    pub(crate) fn received(&self, bytes: usize) {
        self.body_bytes.increment(bytes as u64);
    }

    /// A batch by this protocol ended so: `accepted`, or the stable name of the refusal.
    pub(crate) fn batch(&self, protocol: Protocol, outcome: &'static str) {
        let mut kept = self.kept();
        let batches = kept.batches.entry((protocol, outcome)).or_insert_with(|| {
            let labels = [(Label::Protocol, protocol.as_str()), (Label::Outcome, outcome)];
            counter(CounterName::IngestBatches, &labels)
        });
        batches.increment(1);
    }

    /// Events that came in by a protocol without acknowledgements could not be kept.
    pub(crate) fn lost(&self, protocol: Protocol, reason: &'static str, events: usize) {
        let labels = [(Label::Protocol, protocol.as_str()), (Label::Reason, reason)];
        counter(CounterName::IngestLostEvents, &labels).increment(events as u64);
        rate_limited_warn!(
            per_minute = 6,
            protocol = protocol.as_str(),
            reason,
            events,
            "events were lost: their protocol can't be told to send them again"
        );
    }

    /// Events were larger than an event may be, and cut.
    pub(crate) fn cut(&self, protocol: Protocol, events: usize) {
        if events > 0 {
            let labels = [(Label::Protocol, protocol.as_str())];
            counter(CounterName::IngestCutEvents, &labels).increment(events as u64);
        }
    }

    /// What was received was divided into events.
    pub(crate) fn divided(&self, tenant: &str, events: usize, rejections: &Rejections) {
        self.records.increment((events + rejections.count()) as u64);
        let tenant = self.tenants.label(tenant);
        for (reason, count) in rejections.by_reason() {
            let labels = [(Label::Tenant, tenant), (Label::Reason, reason)];
            counter(CounterName::IngestRejectedEvents, &labels).increment(count as u64);
        }
    }

    /// The brokers have acknowledged `events` of `bytes` in all.
    pub(crate) fn delivered(&self, tenant: &str, events: u64, bytes: u64, took: Duration) {
        self.ack_seconds.record(took.as_secs_f64());
        self.emitted.increment(events);
        let mut kept = self.kept();
        kept.ledger.add(tenant, Entry::Accepted, events);
        let label = self.tenants.label(tenant);
        let accepted = match kept.accepted.get(label) {
            Some(known) => known,
            None => kept.accepted.entry(label.to_owned()).or_insert(Accepted::of(label)),
        };
        accepted.bytes.increment(bytes);
        #[expect(clippy::cast_precision_loss, reason = "a gauge; 2^53 ms are 285,000 years")]
        accepted.last.set(now_ms() as f64 / 1_000.0);
    }

    /// A request waited for room in the queue to Kafka.
    pub(crate) fn held_back(&self, waited: Duration) {
        self.kept().backpressure.add(waited);
    }

    /// A request was refused, and its client was asked to send it again. `reason` is the stable name of the refusal.
    pub(crate) fn put_off(&self, tenant: &str, reason: &'static str) {
        let tenant = self.tenants.label(tenant);
        let mut kept = self.kept();
        let counter = kept.put_off.entry((tenant.to_owned(), reason)).or_insert_with(|| {
            let labels = [(Label::Tenant, tenant), (Label::Reason, reason)];
            counter(CounterName::IngestPutOff, &labels)
        });
        counter.increment(1);
    }

    /// A request was refused since its tenant has used up this quota.
    pub(crate) fn over_quota(&self, tenant: &str, quota: &'static str) {
        let tenant = self.tenants.label(tenant);
        let mut kept = self.kept();
        let counter = kept.over_quota.entry((tenant.to_owned(), quota)).or_insert_with(|| {
            counter(CounterName::IngestOverQuota, &[(Label::Tenant, tenant), (Label::Quota, quota)])
        });
        counter.increment(1);
    }

    /// So much is in use now.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, exact up to 2^53 bytes")]
    pub(crate) fn in_use(&self, InUse { memory, backlog, budget }: InUse) {
        self.in_flight.set(memory as f64);
        self.backlog.set(backlog as f64);
        self.budget.set(budget as f64);
    }

    /// A connection was opened or, with `-1.0`, closed.
    pub(crate) fn connections(&self, change: f64) {
        self.connections.increment(change);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use forebay_telemetry::Scrape;

    use super::*;

    /// Scenario: ten thousand tenants, of whom metrics tell a hundred apart.
    /// Guarantees: what Prometheus has to keep is bounded by the settings, and every event is counted all the same.
    #[test]
    fn ten_thousand_tenants_have_a_hundred_tenants_series() {
        let scrape = Scrape::install().unwrap();
        let meters = Meters::new(TenantCap::new(100));
        for n in 0..10_000 {
            let tenant = format!("many-{n}");
            meters.delivered(&tenant, 2, 10, Duration::ZERO);
            meters.put_off(&tenant, "busy");
            meters.over_quota(&tenant, "events_per_second");
        }
        let text = scrape.render();
        let tenants = text.lines().filter(|line| line.contains(r#"tenant="many-"#)).count();
        assert_eq!(tenants, 100 * 5);
        let others = r#"forebay_events_accepted_total{tenant="_other"} 19800"#;
        assert!(text.lines().any(|line| line == others), "{text}");
    }
}
