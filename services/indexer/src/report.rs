//! What people are told: events as logs and counters, the state as health and gauges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use forebay_bulk::ItemError;
use forebay_delivery::Pace;
use forebay_service::clock::now_ms;
use forebay_telemetry::{CounterName, GaugeName, Label, TenantCap, counter, gauge, rate_limited_warn};
use forebay_writing::{Event, Shut, TARGET_UNAVAILABLE, TargetStatus, Way};

use crate::tools::Tools;

/// How many targets that had trouble metrics tell apart.
const MAX_LABELS: usize = 100;
/// How many targets are named in health.
const MAX_NAMED: usize = 3;

/// Tells what happens in one life.
#[derive(Debug)]
pub(crate) struct Report {
    tools: Arc<Tools>,
    /// Targets with gauges of their own. What they say is never taken back, only set to nothing.
    labels: TenantCap,
    /// The gauges that aren't nothing: target, reason, state.
    shown: BTreeSet<(String, &'static str, &'static str)>,
}

/// What a label's gauges show.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    bytes: usize,
    documents: usize,
}

// === impl Report ===

impl Report {
    pub(crate) fn new(tools: Arc<Tools>) -> Self {
        Self { tools, labels: TenantCap::new(MAX_LABELS), shown: BTreeSet::new() }
    }

    /// Something happened.
    pub(crate) fn happened(&mut self, events: Vec<Event>) {
        for event in events {
            self.one(event);
        }
    }

    fn one(&self, event: Event) {
        let search = &self.tools.search;
        match event {
            Event::Retried { reason, items } => self.tools.metrics.retried(reason, items),
            Event::Split => self.tools.metrics.splits.increment(1),
            Event::Refused { detail, refusals, pause } => {
                search.not_ready(format!("the store refuses, {refusals} times in a row: {detail}"));
                rate_limited_warn!(per_minute = 6, detail, refusals, ?pause, "the store refuses for now");
            }
            Event::Recovered { refusals } => {
                search.ready();
                tracing::info!(refusals, "the store takes documents again");
            }
            Event::TargetShut { target, why, detail } => {
                counter(CounterName::TargetsShut, &[(Label::Reason, why.name())]).increment(1);
                match why {
                    Shut::Refused => {
                        tracing::warn!(target, detail, "an index refuses all documents, they are set aside");
                    }
                    Shut::RefusedShare => tracing::error!(
                        target,
                        error_type = detail,
                        "an index refuses too many documents for good, they are set aside: look at its mapping and its template"
                    ),
                }
            }
            Event::TargetDiverted { target, why } => tracing::error!(
                target,
                reason = why.name(),
                "an index has not been written for too long, its documents become dead letters"
            ),
            Event::TargetHeld { target } => {
                tracing::warn!(target, "no index is written any more, documents are set aside again");
            }
            Event::TargetOpened { target } => tracing::info!(target, "an index is written again"),
        }
    }

    /// The brokers have dead letters with these reasons.
    pub(crate) fn posted(&mut self, errors: &[ItemError]) {
        let diverted = errors.iter().filter(|error| error.error_type == TARGET_UNAVAILABLE).count();
        self.tools.metrics.diverted.increment(diverted as u64);
        self.tools.letters.ready();
        let error_type = errors.first().map_or("", |error| error.error_type.as_str());
        rate_limited_warn!(per_minute = 6, documents = errors.len(), error_type, "documents dead-lettered");
    }

    /// The brokers don't have all of some dead letters; they are sent again after this pause.
    pub(crate) fn not_posted(&mut self, reason: &str, pause: Duration) {
        rate_limited_warn!(per_minute = 6, reason, ?pause, "the dead-letter topic can't be written");
        self.tools.letters.not_ready(format!("the dead-letter topic can't be written: {reason}"));
    }

    /// There are none to be sent.
    pub(crate) fn no_letters(&mut self) {
        self.tools.letters.ready();
    }

    /// How things stand at `now`, the time that `targets` counts by.
    pub(crate) fn tell(&mut self, pace: &Pace, targets: &[TargetStatus], is_stalled: bool, now: Duration) {
        self.tools.metrics.pace(pace);
        if is_stalled {
            self.tools
                .targets
                .not_ready("nothing more is taken: what is set aside fills its share of the memory");
        } else {
            self.tools.targets.ready();
        }
        self.tools.targets.remark(remark(targets, now));
        self.show(targets, now);
    }

    #[expect(clippy::cast_precision_loss, reason = "gauges; far below 2^52")]
    fn show(&mut self, targets: &[TargetStatus], now: Duration) {
        let mut shown = BTreeMap::new();
        let mut sums: BTreeMap<&str, Shown> = BTreeMap::new();
        for status in targets {
            let label = self.labels.label(&status.target);
            let since = now_ms() as f64 / 1_000.0 - now.saturating_sub(status.since).as_secs_f64();
            let first =
                shown.entry((label.to_owned(), status.why.name(), status.way.name())).or_insert(since);
            *first = since.min(*first);
            let sum = sums.entry(label).or_default();
            sum.bytes += status.bytes;
            sum.documents += status.documents;
        }
        let over: Vec<_> = self.shown.iter().filter(|key| !shown.contains_key(*key)).cloned().collect();
        for (target, why, way) in over {
            set_since(&target, why, way, 0.0);
            if !sums.contains_key(target.as_str()) {
                set_held(&target, 0.0, 0.0);
            }
        }
        shown.iter().for_each(|((target, why, way), since)| set_since(target, why, way, *since));
        sums.iter().for_each(|(target, sum)| set_held(target, sum.bytes as f64, sum.documents as f64));
        self.shown = shown.into_keys().collect();
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        // Another life begins with nothing set aside.
        self.show(&[], Duration::ZERO);
        self.tools.targets.remark(None);
        self.tools.targets.ready();
        self.tools.letters.ready();
    }
}

fn set_since(target: &str, why: &str, way: &str, since: f64) {
    let labels = [(Label::Target, target), (Label::Reason, why), (Label::State, way)];
    gauge(GaugeName::TargetShutSince, &labels).set(since);
}

fn set_held(target: &str, bytes: f64, documents: f64) {
    gauge(GaugeName::TargetHeldBytes, &[(Label::Target, target)]).set(bytes);
    gauge(GaugeName::TargetHeldDocuments, &[(Label::Target, target)]).set(documents);
}

/// The targets that aren't written, in a phrase.
fn remark(targets: &[TargetStatus], now: Duration) -> Option<String> {
    let mut words: Vec<String> = targets
        .iter()
        .take(MAX_NAMED)
        .map(|status| {
            let seconds = now.saturating_sub(status.since).as_secs();
            let done = match status.way {
                Way::Held => format!("{} documents are set aside", status.documents),
                Way::Diverted => "its documents become dead letters".to_owned(),
                Way::LetThrough => "what it refuses becomes dead letters".to_owned(),
            };
            format!("{} is refused for {seconds} s ({}), {done}", status.target, status.detail)
        })
        .collect();
    if targets.len() > MAX_NAMED {
        words.push(format!("{} more", targets.len() - MAX_NAMED));
    }
    (!words.is_empty()).then(|| words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_names_a_few_targets() {
        let status = |n: u64| TargetStatus {
            target: format!("forebay-{n}"),
            why: Shut::Refused,
            way: Way::Held,
            since: Duration::from_secs(n),
            detail: "cluster_block_exception: blocked".to_owned(),
            documents: 7,
            bytes: 700,
        };
        let now = Duration::from_secs(100);
        assert_eq!(remark(&[], now), None);
        assert_eq!(
            remark(&[status(1)], now).as_deref(),
            Some(
                "forebay-1 is refused for 99 s (cluster_block_exception: blocked), 7 documents are set aside"
            )
        );
        let many: Vec<_> = (0..10).map(status).collect();
        assert!(remark(&many, now).is_some_and(|words| words.ends_with("; 7 more")));
    }
}
