//! What became of events, by tenant, and whether it adds up.
//!
//! accepted + split + replayed = indexed + duplicate + dead-lettered + dropped + in flight. How much is in flight nobody counts, and counters
//! start anew with their processes. So the books are compared at moments when nothing is in flight: Kafka says that no group has
//! anything to read, and said so before with the same ends, and the counters were read in between. What was accepted from one
//! such moment to another and has no outcome is missing, as long as every process was heard all the time.

use std::collections::BTreeMap;

use forebay_telemetry::CounterName;
use serde::Serialize;

use super::counters::Counters;
use super::facts::KafkaFacts;
use super::page::Key;

/// The books.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Ledger {
    /// Those with the most events first. Counted since each process started.
    pub(crate) tenants: Vec<TenantRow>,
    pub(crate) balance: Balance,
}

/// Whether the books add up, over the time that they are watched.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "detail")]
pub(crate) enum Balance {
    /// Nothing can be said yet: the books are compared when nothing is in flight, twice.
    #[default]
    Open,
    /// Nobody can say, and why.
    NotTold(String),
    /// All that was accepted since the first quiet moment has an outcome.
    AddsUp,
    /// So many events were accepted and have no outcome, though nothing is in flight; by tenant.
    Missing(BTreeMap<String, u64>),
}

/// What became of a tenant's events.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct TenantRow {
    pub(crate) tenant: String,
    pub(crate) accepted: u64,
    /// Documents beyond the first of each event, made by rules.
    pub(crate) split: u64,
    /// Events that came again from the dead letters, and have another outcome.
    pub(crate) replayed: u64,
    pub(crate) indexed: u64,
    pub(crate) duplicate: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) dropped: u64,
    /// What has no outcome yet. Less than nought where a process of an earlier tier was started later.
    pub(crate) open: i64,
}

/// Compares the books at quiet moments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// The ends of both topics at the last look, if nothing waited.
    quiet: Option<(i64, i64)>,
    /// The balances at the first quiet moment, and the gaps of the counters then.
    base: Option<(u64, BTreeMap<String, i64>)>,
}

// === impl Books ===

impl Books {
    /// Another look. `heard` is an error that says why, unless all processes were heard.
    pub(crate) fn look(
        &mut self,
        counters: &Counters,
        kafka: Option<&KafkaFacts>,
        heard: Result<(), String>,
    ) -> Ledger {
        let quiet = kafka
            .filter(|kafka| kafka.parser.is_done() && kafka.indexer.is_done())
            .map(|kafka| (kafka.parser.end(), kafka.indexer.end()));
        let is_quiet = quiet.is_some() && quiet == self.quiet;
        self.quiet = quiet;
        let balance = match heard {
            Err(why) => {
                self.base = None;
                Balance::NotTold(why)
            }
            Ok(()) if is_quiet => self.compare(counters),
            Ok(()) => Balance::Open,
        };
        Ledger { tenants: tenants(counters), balance }
    }

    fn compare(&mut self, counters: &Counters) -> Balance {
        let now = balances(counters.grown().iter().map(|(key, value)| (key, *value)));
        match &self.base {
            Some((gaps, before)) if *gaps == counters.gaps() => {
                let missing: BTreeMap<String, u64> = now
                    .iter()
                    .map(|(tenant, now)| (tenant, now - before.get(tenant).copied().unwrap_or(0)))
                    .filter_map(|(tenant, open)| Some((tenant.clone(), u64::try_from(open).ok()?)))
                    .filter(|(_, missing)| *missing > 0)
                    .collect();
                if missing.is_empty() { Balance::AddsUp } else { Balance::Missing(missing) }
            }
            _ => {
                self.base = Some((counters.gaps(), now));
                Balance::Open
            }
        }
    }
}

/// The entries of the ledger, and on which side each stands.
const ENTRIES: [(CounterName, i64); 7] = [
    (CounterName::EventsAccepted, 1),
    (CounterName::EventsSplit, 1),
    (CounterName::EventsReplayed, 1),
    (CounterName::EventsIndexed, -1),
    (CounterName::EventsDuplicate, -1),
    (CounterName::EventsDeadLettered, -1),
    (CounterName::EventsDropped, -1),
];

fn balances<'a>(series: impl Iterator<Item = (&'a Key, f64)>) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for (key, value) in series {
        if let Some((_, side)) = ENTRIES.iter().find(|(name, _)| name.as_str() == key.name) {
            *sums.entry(key.label("tenant").to_owned()).or_default() += side * whole(value);
        }
    }
    sums
}

fn tenants(counters: &Counters) -> Vec<TenantRow> {
    let mut rows: BTreeMap<String, TenantRow> = BTreeMap::new();
    for (name, side) in ENTRIES {
        for (key, value) in counters.total(name.as_str()) {
            let tenant = key.label("tenant");
            let row = rows
                .entry(tenant.to_owned())
                .or_insert_with(|| TenantRow { tenant: tenant.to_owned(), ..TenantRow::default() });
            row.open += side * whole(value);
            let cell = match name {
                CounterName::EventsAccepted => &mut row.accepted,
                CounterName::EventsSplit => &mut row.split,
                CounterName::EventsReplayed => &mut row.replayed,
                CounterName::EventsIndexed => &mut row.indexed,
                CounterName::EventsDuplicate => &mut row.duplicate,
                CounterName::EventsDeadLettered => &mut row.dead_lettered,
                _ => &mut row.dropped,
            };
            *cell += whole(value).unsigned_abs();
        }
    }
    let mut rows: Vec<TenantRow> = rows.into_values().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.accepted.max(row.indexed)));
    rows
}

/// A count, as metrics have it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a count of events that is never negative, far below 2^53"
)]
fn whole(value: f64) -> i64 {
    value.max(0.0).round() as i64
}

#[cfg(test)]
mod tests {
    use forebay_kafka::admin::{GroupLag, OffsetRange};

    use super::super::facts::GroupFacts;
    use super::super::page::Page;
    use super::*;

    /// Both topics end there, and the indexer has so many to read.
    fn kafka(end: i64, lag: i64) -> KafkaFacts {
        let group = |lag| GroupFacts {
            group: "g".to_owned(),
            topic: "t".to_owned(),
            lags: Ok(vec![GroupLag {
                range: OffsetRange { partition: 0, start: 0, end },
                committed: Some(end - lag),
            }]),
            oldest_ms: None,
            retention: None,
            has_marks: false,
        };
        KafkaFacts { raw: Ok(end), parser: group(0), indexer: group(lag) }
    }

    struct Watched(Counters, Books);

    impl Watched {
        fn look(&mut self, accepted: u64, indexed: u64, dropped: u64, end: i64, lag: i64) -> Ledger {
            let text = format!(
                "forebay_events_accepted_total{{tenant=\"acme\"}} {accepted}\n\
                 forebay_events_indexed_total{{tenant=\"acme\"}} {indexed}\n\
                 forebay_events_dropped_total{{tenant=\"acme\",reason=\"noise\"}} {dropped}\n"
            );
            self.look_at(&text, end, lag)
        }

        fn look_at(&mut self, text: &str, end: i64, lag: i64) -> Ledger {
            let page = Page::read(text);
            self.0.look([("a", &page)].into_iter());
            self.1.look(&self.0, Some(&kafka(end, lag)), Ok(()))
        }
    }

    /// Scenario: events come and are dealt with; then five are accepted of which one never gets an outcome.
    /// Guarantees: nothing is missing while anything is in flight; at the next quiet moment it is told, of whom, and how many.
    #[test]
    fn what_is_missing_is_told_when_nothing_is_in_flight() {
        let mut watched = Watched(Counters::default(), Books::default());
        for expected in [Balance::Open, Balance::Open, Balance::AddsUp] {
            assert_eq!(watched.look(100, 90, 10, 100, 0).balance, expected);
        }
        assert_eq!(watched.look(110, 90, 10, 110, 10).balance, Balance::Open, "ten are on their way");
        assert_eq!(watched.look(110, 99, 11, 110, 0).balance, Balance::Open, "were they before this look?");
        assert_eq!(watched.look(110, 99, 11, 110, 0).balance, Balance::AddsUp);
        assert_eq!(watched.look(115, 103, 11, 115, 0).balance, Balance::Open);
        let ledger = watched.look(115, 103, 11, 115, 0);
        assert_eq!(ledger.balance, Balance::Missing([("acme".to_owned(), 1)].into()));
        assert_eq!((ledger.tenants[0].open, ledger.tenants[0].dropped), (1, 11));
    }

    /// Scenario: ten dead letters are replayed while it is watched: nine are indexed, one is a dead letter again. Then three events are
    /// accepted that never get an outcome.
    /// Guarantees: what came again has another outcome, and none too many: it hides no loss, and isn't missing itself.
    #[test]
    fn a_replay_hides_no_loss() {
        let mut watched = Watched(Counters::default(), Books::default());
        let mut look = |accepted: u64, indexed: u64, dead: u64, replayed: &str, end: i64| {
            let text = format!(
                "forebay_events_accepted_total{{tenant=\"acme\"}} {accepted}\n\
                 forebay_events_indexed_total{{tenant=\"acme\"}} {indexed}\n\
                 forebay_events_dead_lettered_total{{tenant=\"acme\",stage=\"parser\"}} {dead}\n{replayed}"
            );
            watched.look_at(&text, end, 0)
        };
        for expected in [Balance::Open, Balance::Open, Balance::AddsUp] {
            assert_eq!(look(100, 90, 10, "", 100).balance, expected);
        }
        // Nobody had counted any before.
        let replayed = "forebay_events_replayed_total{tenant=\"acme\"} 10\n";
        assert_eq!(look(100, 99, 11, replayed, 110).balance, Balance::Open);
        let ledger = look(100, 99, 11, replayed, 110);
        assert_eq!((ledger.balance, ledger.tenants[0].open), (Balance::AddsUp, 0));
        assert_eq!(ledger.tenants[0].replayed, 10);
        assert_eq!(look(103, 99, 11, replayed, 113).balance, Balance::Open);
        let missing = look(103, 99, 11, replayed, 113).balance;
        assert_eq!(missing, Balance::Missing([("acme".to_owned(), 3)].into()));
    }

    /// Scenario: a process is restarted, so that what it counted last was never read.
    /// Guarantees: that is not taken for a loss; books begin anew.
    #[test]
    fn a_restart_is_no_loss() {
        let mut watched = Watched(Counters::default(), Books::default());
        for _ in 0..3 {
            let _ledger = watched.look(100, 100, 0, 100, 0);
        }
        assert_eq!(watched.look(150, 2, 0, 150, 0).balance, Balance::Open);
        assert_eq!(watched.look(150, 2, 0, 150, 0).balance, Balance::Open, "a new beginning");
        assert_eq!(watched.look(150, 2, 0, 150, 0).balance, Balance::AddsUp);
    }

    #[test]
    fn who_is_not_heard_leaves_the_books_open() {
        let mut books = Books::default();
        let ledger = books.look(&Counters::default(), None, Err("nobody answers".to_owned()));
        assert_eq!(ledger.balance, Balance::NotTold("nobody answers".to_owned()));
    }
}
