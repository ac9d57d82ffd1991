//! How old events are when a stage is done with them.
//!
//! Receipt and outcome lie in different processes, so that no process can measure this by itself: the time of receipt travels
//! with the event. Clocks may differ; an event from the future says nothing about the pipeline, so it is counted apart.

use metrics::{Counter, Histogram};

use crate::groups::TenantGroups;
use crate::names::{CounterName, HistogramName, Label, counter, histogram};

/// By how much two clocks may differ before a difference is told of, in milliseconds.
const SKEW_MS: i64 = 1_000;

/// Events of one tenant, by their receipts: neighbours that were received at the same time stand together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Receipts {
    runs: Vec<(i64, u64)>,
    replayed: u64,
}

/// Measures for one stage of a process.
#[derive(Debug)]
pub struct Latency {
    groups: TenantGroups,
    seconds: Vec<Histogram>,
    from_the_future: Counter,
    replayed: Counter,
}

// === impl Receipts ===

impl Receipts {
    /// An event that was received at this time, in milliseconds since the Unix epoch; `None` where that isn't known, or of no
    /// use since the event was replayed.
    pub fn add(&mut self, received_ms: Option<i64>, events: u64) {
        match (received_ms, self.runs.last_mut()) {
            (None, _) => self.replayed += events,
            (Some(at), Some((last, count))) if *last == at => *count += events,
            (Some(at), _) => self.runs.push((at, events)),
        }
    }

    /// The latest receipt, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn latest(&self) -> Option<i64> {
        self.runs.iter().map(|(at, _)| *at).max()
    }
}

// === impl Latency ===

impl Latency {
    /// For the stage of this name.
    #[must_use]
    pub fn new(stage: &str, groups: TenantGroups) -> Self {
        let of_group =
            |group| histogram(HistogramName::EventLatency, &[(Label::Stage, stage), (Label::Group, group)]);
        let skipped = |reason| {
            counter(CounterName::EventLatencySkipped, &[(Label::Stage, stage), (Label::Reason, reason)])
        };
        let (from_the_future, replayed) = (skipped("clock"), skipped("replayed"));
        let seconds = groups.names().map(of_group).collect();
        Self { groups, seconds, from_the_future, replayed }
    }

    /// The stage is done with these events at `now_ms`, in milliseconds since the Unix epoch.
    pub fn done(&self, tenant: &str, receipts: &Receipts, now_ms: i64) {
        self.replayed.increment(receipts.replayed);
        let Some(seconds) = self.seconds.get(self.groups.of(tenant)) else { return };
        for (received_ms, events) in &receipts.runs {
            let age = now_ms.saturating_sub(*received_ms);
            if age < -SKEW_MS {
                self.from_the_future.increment(*events);
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of less than 2^53")]
            let age = age.max(0) as f64 / 1_000.0;
            seconds.record_many(age, usize::try_from(*events).unwrap_or(usize::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scrape;

    /// Scenario: events of two groups, one from the future, one replayed.
    /// Guarantees: each is counted once, in its group's bucket or apart.
    #[test]
    fn ages_go_to_their_groups_and_what_says_nothing_is_counted_apart() {
        let scrape = Scrape::install().unwrap();
        let groups = TenantGroups::new(&[("acme".to_owned(), "gold".to_owned())].into());
        let latency = Latency::new("latency-test", groups);
        let mut receipts = Receipts::default();
        [Some(9_000), Some(9_000), Some(9_900), Some(10_500), Some(11_001), None]
            .into_iter()
            .for_each(|at| receipts.add(at, 1));
        assert_eq!(receipts.latest(), Some(11_001));
        latency.done("acme", &receipts, 10_000);
        latency.done("globex", &Receipts::default(), 10_000);
        let text = scrape.render();
        let has = |line: &str| assert!(text.lines().any(|l| l == line), "no {line} in\n{text}");
        let bucket = r#"forebay_event_latency_seconds_bucket{stage="latency-test",group="gold",le="#;
        has(&format!(r#"{bucket}"0.05"}} 1"#));
        has(&format!(r#"{bucket}"0.1"}} 2"#));
        has(&format!(r#"{bucket}"1"}} 4"#));
        has(r#"forebay_event_latency_seconds_count{stage="latency-test",group="default"} 0"#);
        for reason in ["clock", "replayed"] {
            has(&format!(
                r#"forebay_event_latency_skipped_total{{stage="latency-test",reason="{reason}"}} 1"#
            ));
        }
    }
}
