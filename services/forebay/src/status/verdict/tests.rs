use std::collections::BTreeMap;

use super::super::examples::{judged, stuck, tier, well};
use super::*;
use crate::status::report::{Growth, Part, ShutTarget};

fn line(report: Report) -> String {
    judged(report).verdict.line
}

fn with(change: impl FnOnce(&mut Report)) -> String {
    let mut report = well();
    change(&mut report);
    line(report)
}

/// The indexer with so many records that wait for it, the oldest for so long.
fn waiting(lag: u64, oldest: f64, rate: f64) -> Tier {
    Tier { lag: Some(lag), oldest_seconds: Some(oldest), per_second: Some(rate), ..tier("indexer") }
}

#[test]
fn all_is_well_in_numbers() {
    let verdict = well().verdict;
    assert_eq!(
        (verdict.state, verdict.line.as_str()),
        (State::Well, "ALL WELL: nothing is lost, nothing is stuck; 120 events/s come in, 120/s leave")
    );
    assert!(verdict.findings.is_empty(), "{verdict:?}");
}

/// Scenario: one thing after the other is wrong.
/// Guarantees: the first line says so.
#[test]
fn each_trouble_has_its_line() {
    let lines = [
        with(|r| r.tiers[1].deleted_unread = 8),
        with(|r| r.ledger.balance = Balance::Missing([("acme".to_owned(), 3)].into())),
        with(|r| r.counted.lost_at_the_door = Growth { now: 7, ever: 7 }),
        with(|r| r.counted.offset_resets = Growth { now: 1, ever: 1 }),
        with(|r| r.tiers[2] = waiting(5_000, 2.5 * 86_400.0, 50.0)),
        with(|r| r.tiers[1].problem = Some(Problem::BeyondTheEnd)),
        with(|r| r.servers[0].reachable = false),
        with(|r| {
            r.tiers[1].problem = Some(Problem::NotKnown("topic `forebay.raw` does not exist".to_owned()));
        }),
        with(|r| r.tiers[2] = waiting(5_000, 840.0, 0.0)),
        with(|r| {
            r.servers[1].reachable = false;
            r.servers[1].detail = "nobody answers".to_owned();
        }),
        with(|r| {
            let part = Part { component: "ingest.kafka".to_owned(), reason: "not reachable".to_owned() };
            r.processes[0].not_ready.push(part);
        }),
        with(|r| {
            r.shut = vec![ShutTarget {
                target: "logs-a".to_owned(),
                state: "held".to_owned(),
                documents: 6_000,
                ..ShutTarget::default()
            }];
        }),
        with(|r| {
            r.tiers[2] = Tier { lag_per_second: Some(-50.0), ..waiting(5_000, 840.0, 50.0) };
        }),
        with(|r| r.counted.put_off = Growth { now: 9, ever: 9 }),
    ];
    let expected = [
        "LOST: 8 records were deleted before group `forebay-parser` had read them (retention?)",
        "LOST: 3 events of tenant `acme` were accepted and have no outcome, though nothing is in flight",
        "LOST: 7 events could not be kept at the door just now",
        "LOST: the place of a consumer was gone from its topic 1 times just now",
        "AT RISK: Kafka deletes what waits for the indexer in 12 h: 5,000 records wait, the oldest for 2 d 12 h",
        "AT RISK: group `forebay-parser` is beyond the end of its topic, which was made anew",
        "NOT KNOWN: kafka at kafka:9092: can't be reached from here",
        "NOT KNOWN: how far the parser is: topic `forebay.raw` does not exist",
        "STUCK: the indexer takes nothing: 5,000 records wait, the oldest for 14 min",
        "STUCK: search at http://search:9200: nobody answers",
        "STUCK: `ingest.kafka` of 10.0.0.1:9600 isn't ready: not reachable",
        "HELD: index logs-a isn't written: 6,000 documents wait",
        "BEHIND: the indexer is late: 5,000 records wait, the oldest for 14 min; caught up in 1 min",
        "BEHIND: ingest has put off 9 requests just now (429, 503)",
    ];
    assert_eq!(lines, expected);
}

/// Guarantees: what came just now, what was lost long ago and what is nobody's fault don't raise an alarm, but are told.
#[test]
fn what_is_no_trouble_now_stays_below() {
    let mut report = well();
    report.tiers[2] = waiting(40, 1.5, 0.0);
    report.counted.offset_resets = Growth { now: 0, ever: 2 };
    report.counted.lost_at_the_door = Growth { now: 0, ever: 5 };
    report.processes[1].problem = Some("can't be reached".to_owned());
    let verdict = judged(report).verdict;
    assert_eq!(verdict.state, State::Well, "{verdict:?}");
    assert!(verdict.line.ends_with("120 events/s come in, 0/s leave, 40 on their way"), "{}", verdict.line);
    assert_eq!(verdict.findings.len(), 3);
    assert!(verdict.findings.iter().all(|finding| finding.state == State::Notice), "{verdict:?}");
}

/// Scenario: nothing moves, and nobody knows how old the backlog is.
/// Guarantees: it is stuck only once it was watched for long enough.
#[test]
fn standing_still_takes_time_to_see() {
    let still = |seconds| {
        let mut report = well();
        report.tiers[2] = Tier { oldest_seconds: None, ..waiting(10, 0.0, 0.0) };
        report.seconds = seconds;
        judged(report).verdict.state
    };
    assert_eq!((still(2.0), still(10.0)), (State::Well, State::Stuck));
}

/// Guarantees: what stands still says why, from who knows best: a part that isn't ready, the share of time, who should run.
#[test]
fn why_it_is_stuck() {
    let why = |change: &dyn Fn(&mut Report)| {
        let mut report = well();
        report.tiers[2] = waiting(10, 100.0, 0.0);
        change(&mut report);
        judged(report).verdict.findings[0].next.clone().unwrap()
    };
    let search = "10.0.0.3:9602 says `search`: the store refuses with 429: too many requests";
    assert_eq!(stuck().verdict.findings[0].next.as_deref(), Some(search));
    assert!(why(&|report| report.tiers[2].blocked = Some(0.9)).starts_with("blocked 90 % of the time"));
    assert!(
        why(&|report| report.tiers[2].problem = Some(Problem::NeverCommitted)).contains("never committed")
    );
    assert!(why(&|_| {}).contains("waits up to 45 s"));
    let silent = |report: &mut Report| {
        report.processes.iter_mut().for_each(|process| process.problem = Some("no answer".to_owned()));
    };
    assert!(why(&silent).contains("--target"));
}

#[test]
fn the_worst_comes_first_and_nothing_is_forgotten() {
    let mut report = stuck();
    report.ledger.balance = Balance::Missing(BTreeMap::from([("acme".to_owned(), 1)]));
    let verdict = judged(report).verdict;
    let states: Vec<State> = verdict.findings.iter().map(|finding| finding.state).collect();
    let expected = [State::Lost, State::Stuck, State::Held, State::Notice, State::Notice, State::Notice];
    assert_eq!(states, expected);
    assert_eq!(verdict.state, State::Lost);
}
