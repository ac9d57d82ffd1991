//! Where a tier hands its spans over, and where it is decided what is traced.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use forebay_record::{Tenant, TraceContext};
use forebay_settings::sections::telemetry::TracesSettings;
use forebay_telemetry::{CounterName, Label, counter};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Sender, channel};

use crate::allowance::Allowance;
use crate::exporting::Exporting;
use crate::sink::{Sink, TracesError};
use crate::span::Span;

/// How many spans wait for the collector. One takes a few KiB at most.
const QUEUE: usize = 4_096;

/// Takes spans, and never waits. Clones share one queue. The default one traces nothing.
#[derive(Clone, Debug, Default)]
pub struct Tracer(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    queue: Sender<Span>,
    one_in: u64,
    follows_senders: bool,
    /// What is left to the tenants of the access file, for the traces that their senders bring along.
    allowances: Mutex<HashMap<Tenant, Allowance>>,
}

/// The first span of ours in a trace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// It.
    pub context: TraceContext,
    /// The sender's span that it is a child of.
    pub parent: Option<TraceContext>,
}

// === impl Tracer ===

impl Tracer {
    /// Traces as the settings say, for a service of this name, such as `forebay-ingest`. Spans are sent on the runtime that this is
    /// called on. Without an endpoint nothing is traced.
    ///
    /// # Errors
    /// When the settings can't be used.
    pub fn start(settings: &TracesSettings, service: &'static str) -> Result<(Self, Exporting), TracesError> {
        let Some(sink) = Sink::new(settings, service)? else {
            return Ok((Self::default(), Exporting::none()));
        };
        for reason in ["queue_full", "failed", "stopped", "crowded", "over_share"] {
            dropped(reason, 0);
        }
        counter(CounterName::TraceSpans, &[]).increment(0);
        let (sender, queue) = channel(QUEUE);
        let (one_in, follows_senders) = (settings.sample_one_in, settings.follow_senders);
        let shared = Shared { queue: sender, one_in, follows_senders, allowances: Mutex::default() };
        tracing::info!(service, sample_one_in = one_in, "traces are exported");
        Ok((Self(Some(Arc::new(shared))), Exporting::start(sink, queue, settings.timeout.0)))
    }

    /// Whether anything is traced.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Decides whether what begins here is traced, given the context that a sender of this tenant brought along; answers the span to begin
    /// with. A sender's trace that isn't recorded at the sender is not traced here either. One that is, is chosen by its id as far as its tenant's
    /// share goes, unless senders are followed.
    #[must_use]
    pub fn head(&self, brought: Option<TraceContext>, tenant: &Tenant) -> Option<Head> {
        let shared = self.0.as_ref()?;
        let trace = brought.map_or_else(|| rand::random::<u128>().max(1), |brought| brought.trace);
        let context = TraceContext { trace, span: span_id(), sampled: true };
        let is_chosen = || context.is_chosen(shared.one_in);
        let is_traced = match brought {
            Some(brought) if shared.follows_senders => brought.sampled,
            Some(brought) => shared.allow(tenant, brought.sampled && is_chosen()),
            None => {
                let _seen = shared.follows_senders || shared.allow(tenant, false);
                is_chosen()
            }
        };
        is_traced.then_some(Head { context, parent: brought })
    }

    /// Takes spans that are over, or counts them as dropped where too many wait.
    pub fn record(&self, spans: impl IntoIterator<Item = Span>) {
        let Some(shared) = &self.0 else { return };
        let (mut full, mut stopped) = (0, 0);
        for span in spans {
            match shared.queue.try_send(span) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => full += 1,
                Err(TrySendError::Closed(_)) => stopped += 1,
            }
        }
        for (reason, spans) in [("queue_full", full), ("stopped", stopped)] {
            if spans > 0 {
                dropped(reason, spans);
            }
        }
    }

    /// So many traces of a batch were not followed, since there were too many.
    pub fn crowded(&self, traces: u64) {
        if self.is_on() && traces > 0 {
            dropped("crowded", traces);
        }
    }
}

// === impl Shared ===

impl Shared {
    /// Another request of this tenant, whose sender has it chosen or not; whether it is traced.
    fn allow(&self, tenant: &Tenant, is_chosen: bool) -> bool {
        let is_allowed = {
            let mut allowances = self.allowances.lock().unwrap_or_else(PoisonError::into_inner);
            match allowances.get_mut(tenant) {
                Some(allowance) => allowance.request(self.one_in, is_chosen),
                None => {
                    let mut allowance = Allowance::new(self.one_in);
                    let is_allowed = allowance.request(self.one_in, is_chosen);
                    let _none = allowances.insert(tenant.clone(), allowance);
                    is_allowed
                }
            }
        };
        if is_chosen && !is_allowed {
            dropped("over_share", 1);
        }
        is_allowed
    }
}

/// An id for a span: random, and not nought.
#[must_use]
pub fn span_id() -> u64 {
    rand::random::<u64>().max(1)
}

/// Counts spans that no collector has.
pub(crate) fn dropped(reason: &'static str, spans: u64) {
    counter(CounterName::TraceSpansDropped, &[(Label::Reason, reason)]).increment(spans);
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::Receiver;

    use super::*;

    fn tracer(one_in: u64, follows_senders: bool) -> (Tracer, Receiver<Span>) {
        let (queue, receiver) = channel(4);
        let allowances = Mutex::default();
        (Tracer(Some(Arc::new(Shared { queue, one_in, follows_senders, allowances }))), receiver)
    }

    fn tenant(name: &str) -> Tenant {
        Tenant::new(name).unwrap()
    }

    fn brought(trace: u128, sampled: bool) -> Option<TraceContext> {
        Some(TraceContext { trace, span: 7, sampled })
    }

    /// Scenario: requests with traces of their own, chosen and not, with ones that their senders don't record, and without any.
    /// Guarantees: one in N is traced; who asks for no trace gets none; a sender's trace goes on under its span.
    #[test]
    fn one_in_so_many_is_traced() {
        let acme = &tenant("acme");
        let (all, _queue) = tracer(1, false);
        let head = all.head(brought(5, true), acme).unwrap();
        assert_eq!((head.context.trace, head.parent), (5, brought(5, true)));
        assert_ne!(head.context.span, 7);
        assert_eq!(all.head(brought(5, false), acme), None);
        let (new, other) = (all.head(None, acme).unwrap(), all.head(None, acme).unwrap());
        assert!(new.context.sampled && new.parent.is_none() && new.context.trace != other.context.trace);
        assert_eq!(Tracer::default().head(brought(5, true), acme), None);

        let (few, _queue) = tracer(100, false);
        assert_eq!(few.head(brought(5, true), acme), None, "small numbers aren't chosen");
        assert!(few.head(brought((1 << 56) - 1, true), acme).is_some());
        let chosen = (0..20_000).filter(|_| few.head(None, acme).is_some()).count();
        // 200 on average; beyond 12 standard deviations of that something is wrong.
        assert!((30..370).contains(&chosen), "{chosen} of 20000");

        let (following, _queue) = tracer(100, true);
        assert!(following.head(brought(5, true), acme).is_some());
        assert_eq!(following.head(brought(5, false), acme), None);
    }

    /// Scenario: a sender gives all its requests ids that are always chosen; beside it others of another tenant bring traces of any id; then the same
    /// where senders are followed.
    /// Guarantees: the former is held to twice the share of its own requests, and the others to nothing; who follows senders is told to by them.
    #[test]
    fn a_sender_that_has_all_its_traces_chosen_is_held_to_its_share() {
        let (few, _queue) = tracer(100, false);
        let (greedy, modest) = (tenant("greedy"), tenant("modest"));
        let always = brought((1 << 56) - 1, true);
        let mut traced = 0;
        for _request in 0..10_000 {
            traced += usize::from(few.head(always, &greedy).is_some());
            let any = brought(rand::random::<u128>().max(1), true);
            let is_chosen = any.is_some_and(|any| any.is_chosen(100));
            assert_eq!(few.head(any, &modest).is_some(), is_chosen);
        }
        assert_eq!(traced, 32 + 2 * 10_000 / 100 - 1);
        let (following, _queue) = tracer(100, true);
        assert!((0..1_000).all(|_| following.head(always, &greedy).is_some()));
    }

    /// Scenario: nobody takes spans out of the queue. Guarantees: whoever records goes on, and what fits is kept.
    #[test]
    fn a_full_queue_holds_nobody_up() {
        let (tracer, mut queue) = tracer(1, false);
        let context = TraceContext { trace: 1, span: 1, sampled: true };
        let span = Span::new("a", crate::Kind::Server, context, None, std::time::SystemTime::now());
        tracer.record(vec![span; 100]);
        let kept = std::iter::from_fn(|| queue.try_recv().ok()).count();
        assert_eq!(kept, 4);
    }
}
