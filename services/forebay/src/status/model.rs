//! From looks to a report: rates, growth, and who was heard.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use forebay_kafka::admin::GroupLag;
use forebay_telemetry::{CounterName, GaugeName, HistogramName};

use super::counters::Counters;
use super::facts::{GroupFacts, KafkaFacts, Observation, ProcessFacts};
use super::ledger::Books;
use super::page::{Key, Page};
use super::report::{Counted, Growth, Problem, Process, Report, RuleStep, ShutTarget, Tier};
use super::verdict;

/// Rates are measured over this time, or between two looks, if those are further apart.
const WINDOW: Duration = Duration::from_secs(10);

/// How many steps of rules are told.
const STEPS: usize = 20;

const AGE: &str = GaugeName::ConsumerAge.as_str();
const LATENCY: &str = HistogramName::EventLatency.as_str();
const STEP_SECONDS: &str = HistogramName::RulesStepSeconds.as_str();

/// What was seen so far, as much as rates need of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    counters: Counters,
    books: Books,
    points: VecDeque<Point>,
}

/// What one look said.
#[derive(Clone, Debug)]
struct Point {
    at: Duration,
    raw: Option<i64>,
    parser: GroupPoint,
    indexer: GroupPoint,
    grown: BTreeMap<Key, f64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct GroupPoint {
    done: Option<i64>,
    lag: Option<u64>,
}

/// What has changed since an earlier look.
struct Change<'a> {
    before: &'a Point,
    now: &'a Point,
}

// === impl Model ===

impl Model {
    /// The report after another look.
    pub(crate) fn look(&mut self, seen: Observation) -> Report {
        let heard = |process: &ProcessFacts| process.page.is_ok();
        let pages: Vec<(&str, &Page)> = seen
            .processes
            .iter()
            .filter_map(|process| Some((process.address.as_str(), process.page.as_ref().ok()?)))
            .collect();
        self.counters.look(pages.iter().copied());
        let pages: Vec<&Page> = pages.into_iter().map(|(_, page)| page).collect();
        self.remember(&seen);
        let complete = complete(&seen, seen.processes.iter().all(heard));
        let ledger = self.books.look(&self.counters, seen.kafka.as_ref(), complete);
        let change = self.change();
        let tiers = seen.kafka.as_ref().map(|kafka| tiers(kafka, change.as_ref(), seen.now_ms, &pages));
        let mut report = Report {
            servers: seen.servers,
            tiers: tiers.unwrap_or_default(),
            dead_letters: seen.dead_letters,
            shut: shut(&pages),
            ledger,
            slowest_rules: self.slowest_rules(),
            processes: seen.processes.into_iter().map(process).collect(),
            seconds: change.as_ref().map_or(0.0, Change::seconds),
            counted: self.counted(change.as_ref()),
            ..Report::default()
        };
        report.verdict = verdict::of(&report);
        report
    }

    fn remember(&mut self, seen: &Observation) {
        let group = |facts: &GroupFacts| GroupPoint { done: facts.done(), lag: facts.lag() };
        let kafka = seen.kafka.as_ref();
        self.points.push_back(Point {
            at: seen.at,
            raw: kafka.and_then(|kafka| kafka.raw.as_ref().ok().copied()),
            parser: kafka.map(|kafka| group(&kafka.parser)).unwrap_or_default(),
            indexer: kafka.map(|kafka| group(&kafka.indexer)).unwrap_or_default(),
            grown: self.counters.grown().clone(),
        });
        while self.points.len() > 2 && self.points.get(1).is_some_and(|next| next.at + WINDOW <= seen.at) {
            let _too_old = self.points.pop_front();
        }
    }

    /// `None` at the first look.
    fn change(&self) -> Option<Change<'_>> {
        let (before, now) = (self.points.front()?, self.points.back()?);
        (now.at > before.at).then_some(Change { before, now })
    }

    fn counted(&self, change: Option<&Change<'_>>) -> Counted {
        let growth = |name: CounterName| Growth {
            now: whole(change.and_then(|change| change.grown(name.as_str(), |_| true)).unwrap_or(0.0)),
            ever: whole(self.counters.total(name.as_str()).values().sum()),
        };
        Counted {
            lost_at_the_door: growth(CounterName::IngestLostEvents),
            offset_resets: growth(CounterName::ConsumerOffsetResets),
            put_off: growth(CounterName::IngestPutOff),
            dead_lettered: growth(CounterName::EventsDeadLettered),
        }
    }

    /// `None` where nothing was measured.
    fn slowest_rules(&self) -> Option<Vec<RuleStep>> {
        let step = |key: &Key| (key.label("rule").to_owned(), key.label("step").to_owned());
        let sums = self.counters.total(&format!("{STEP_SECONDS}_sum"));
        let seconds: BTreeMap<_, f64> = sums.into_iter().map(|(key, sum)| (step(key), sum)).collect();
        let mut steps: Vec<RuleStep> = self
            .counters
            .total(&format!("{STEP_SECONDS}_count"))
            .into_iter()
            .filter(|(_, count)| *count >= 1.0)
            .map(|(key, count)| {
                let sum = seconds.get(&step(key)).copied().unwrap_or(0.0);
                let (rule, step) = step(key);
                RuleStep { rule, step, seconds: sum / count, measured: whole(count) }
            })
            .collect();
        steps.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        steps.truncate(STEPS);
        (!steps.is_empty()).then_some(steps)
    }
}

// === impl Change ===

impl Change<'_> {
    fn seconds(&self) -> f64 {
        (self.now.at - self.before.at).as_secs_f64().max(0.001)
    }

    /// A second, never negative: a topic that was made anew begins at nought.
    fn rate(&self, of: impl Fn(&Point) -> Option<i64>) -> Option<f64> {
        let (before, now) = (of(self.before)?, of(self.now)?);
        Some(now.saturating_sub(before).max(0) as f64 / self.seconds())
    }

    /// By how much the series of a metric have grown that `is_meant`; `None` when there are none.
    fn grown(&self, name: &str, is_meant: impl Fn(&Key) -> bool) -> Option<f64> {
        let mut sum = None;
        for (key, now) in self.now.grown.iter().filter(|(key, _)| key.name == name && is_meant(key)) {
            let before = self.before.grown.get(key).copied().unwrap_or(0.0);
            *sum.get_or_insert(0.0) += now - before;
        }
        sum
    }
}

/// Whether the processes that were heard are all there are: every partition has its reader among them.
fn complete(seen: &Observation, all_heard: bool) -> Result<(), String> {
    if seen.processes.is_empty() || !all_heard {
        return Err("not every process answers".to_owned());
    }
    let Some(kafka) = &seen.kafka else { return Err("Kafka doesn't answer".to_owned()) };
    let pages: Vec<&Page> = seen.processes.iter().filter_map(|process| process.page.as_ref().ok()).collect();
    for facts in [&kafka.parser, &kafka.indexer] {
        let Ok(lags) = &facts.lags else { return Err(format!("topic `{}` isn't known", facts.topic)) };
        let read = gauges(&pages, GaugeName::ConsumerPartitions.as_str(), &facts.topic).sum::<f64>();
        if whole(read) != lags.len() as u64 {
            return Err(format!(
                "the processes that were asked read {} of {} partitions of `{}`",
                whole(read),
                lags.len(),
                facts.topic
            ));
        }
    }
    Ok(())
}

fn tiers(kafka: &KafkaFacts, change: Option<&Change<'_>>, now_ms: i64, pages: &[&Page]) -> Vec<Tier> {
    let stage = |tier: Tier| {
        let is_meant = |key: &Key| key.label("stage") == tier.name;
        let grown = |name: &str| change.and_then(|change| change.grown(name, is_meant));
        let blocked = grown(CounterName::BackpressureSeconds.as_str());
        let seconds = change.map_or(1.0, Change::seconds);
        let events = grown(&format!("{LATENCY}_count")).filter(|count| *count >= 1.0);
        let latency = grown(&format!("{LATENCY}_sum")).zip(events).map(|(sum, count)| sum / count);
        Tier { blocked: blocked.map(|b| (b / seconds).min(1.0)), latency_seconds: latency, ..tier }
    };
    let ingest = Tier {
        name: "ingest",
        per_second: change.and_then(|change| change.rate(|point| point.raw)),
        total: kafka.raw.as_ref().ok().and_then(|end| u64::try_from(*end).ok()),
        problem: kafka.raw.as_ref().err().cloned().map(Problem::NotKnown),
        ..Tier::default()
    };
    let group = |name, facts: &GroupFacts, point: fn(&Point) -> &GroupPoint| {
        let of_kafka = facts.oldest_ms.map(|at| now_ms.saturating_sub(at).max(0) as f64 / 1_000.0);
        let of_metrics = || gauges(pages, AGE, &facts.topic).reduce(f64::max);
        let lag = facts.lag();
        let growth = change.and_then(|change| {
            let (before, now) = (point(change.before).lag?, point(change.now).lag?);
            Some((now as f64 - before as f64) / change.seconds())
        });
        Tier {
            name,
            per_second: change.and_then(|change| change.rate(|p| point(p).done)),
            total: facts.done().and_then(|done| u64::try_from(done).ok()),
            lag,
            lag_per_second: growth,
            oldest_seconds: if lag == Some(0) { None } else { of_kafka.or_else(of_metrics) },
            retention_seconds: facts.retention.map(|kept| kept.as_secs_f64()),
            deleted_unread: facts.lags.as_ref().map_or(0, |lags| deleted(lags)),
            group: Some(facts.group.clone()),
            topic: Some(facts.topic.clone()),
            problem: problem(facts),
            ..Tier::default()
        }
    };
    vec![
        stage(ingest),
        stage(group("parser", &kafka.parser, |point| &point.parser)),
        stage(group("indexer", &kafka.indexer, |point| &point.indexer)),
    ]
}

fn deleted(lags: &[GroupLag]) -> u64 {
    u64::try_from(lags.iter().map(GroupLag::deleted_unread).sum::<i64>()).unwrap_or(0)
}

fn problem(facts: &GroupFacts) -> Option<Problem> {
    let lags = match &facts.lags {
        Ok(lags) => lags,
        Err(why) => return Some(Problem::NotKnown(why.clone())),
    };
    if lags.iter().any(GroupLag::is_beyond) {
        Some(Problem::BeyondTheEnd)
    } else if lags.iter().all(|lag| lag.committed.is_none()) && lags.iter().any(|lag| lag.lag() > 0) {
        Some(Problem::NeverCommitted)
    } else {
        None
    }
}

/// A gauge of all processes, of the series that have this topic.
fn gauges<'a>(pages: &'a [&Page], name: &'a str, topic: &'a str) -> impl Iterator<Item = f64> {
    pages
        .iter()
        .flat_map(move |page| page.of(name))
        .filter(move |(key, _)| key.label("topic") == topic)
        .map(|(_, value)| value)
}

/// The indices that aren't written. Several indexers may hold documents for one; the one that waits longest is first.
fn shut(pages: &[&Page]) -> Vec<ShutTarget> {
    let mut found = Vec::new();
    for page in pages {
        let held = |name: GaugeName, target: &str| {
            let of_target = page.of(name.as_str()).find(|(key, _)| key.label("target") == target);
            whole(of_target.map_or(0.0, |(_, value)| value))
        };
        let since = GaugeName::TargetShutSince.as_str();
        found.extend(page.of(since).filter(|(_, value)| *value > 0.0).map(|(key, value)| {
            let target = key.label("target");
            ShutTarget {
                target: target.to_owned(),
                state: key.label("state").to_owned(),
                reason: key.label("reason").to_owned(),
                since: whole(value),
                documents: held(GaugeName::TargetHeldDocuments, target),
                bytes: held(GaugeName::TargetHeldBytes, target),
            }
        }));
    }
    found.sort_by(|a, b| (a.since, &a.target).cmp(&(b.since, &b.target)));
    found
}

fn process(facts: ProcessFacts) -> Process {
    Process { address: facts.address, problem: facts.page.err(), not_ready: facts.not_ready }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that is never negative")]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

#[cfg(test)]
mod tests;
