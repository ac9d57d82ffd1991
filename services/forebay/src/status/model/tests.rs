use forebay_kafka::admin::OffsetRange;

use super::super::report::Part;
use super::*;

fn lag(start: i64, end: i64, committed: Option<i64>) -> GroupLag {
    GroupLag { range: OffsetRange { partition: 0, start, end }, committed }
}

fn group(topic: &str, lags: Vec<GroupLag>) -> GroupFacts {
    GroupFacts {
        group: format!("g-{topic}"),
        topic: topic.to_owned(),
        lags: Ok(lags),
        oldest_ms: None,
        retention: Some(Duration::from_secs(3_600)),
        has_marks: false,
    }
}

/// A look at this time: the raw topic's end, how far the parser is in it, and a page of each process.
fn look(at: u64, raw: i64, parsed: i64, pages: &[&str]) -> Observation {
    let process = |(n, text): (usize, &&str)| ProcessFacts {
        address: format!("p{n}"),
        page: Ok(Page::read(text)),
        not_ready: Vec::new(),
    };
    Observation {
        at: Duration::from_secs(at),
        now_ms: 1_000_000,
        kafka: Some(KafkaFacts {
            raw: Ok(raw),
            parser: group("raw", vec![lag(0, raw, Some(parsed))]),
            indexer: group("events", vec![lag(0, parsed, Some(parsed))]),
        }),
        processes: pages.iter().enumerate().map(process).collect(),
        ..Observation::default()
    }
}

/// Scenario: events come faster than they are parsed, watched for longer than the window; then a topic is made anew.
/// Guarantees: rates and growth are those of the last ten seconds, and never negative.
#[test]
fn rates_are_measured_over_the_window() {
    let mut model = Model::default();
    let first = model.look(look(0, 1_000, 1_000, &[]));
    assert_eq!((first.tiers[0].per_second, first.seconds), (None, 0.0), "one look has no rate");
    let mut last = first;
    for second in 1..=30 {
        // Before the window it was quiet.
        let busy = second.max(20) - 20;
        last = model.look(look(second as u64, 1_000 + busy * 100, 1_000 + busy * 40, &[]));
    }
    assert_eq!(last.seconds, 10.0);
    let rates: Vec<_> = last.tiers.iter().map(|tier| tier.per_second).collect();
    assert_eq!(rates, [Some(100.0), Some(40.0), Some(40.0)]);
    assert_eq!((last.tiers[1].lag, last.tiers[1].lag_per_second), (Some(600), Some(60.0)));
    let anew = model.look(look(31, 5, 5, &[]));
    assert_eq!(anew.tiers[0].per_second, Some(0.0));
}

/// Scenario: two processes of a tier, blocked for a part of the time; events have ages.
/// Guarantees: what they counted is summed over the same time as rates, by stage; what nobody counts is not told.
#[test]
fn counters_are_summed_over_processes() {
    let page = |blocked: u32, events: u32| {
        format!(
            "forebay_backpressure_seconds_total{{stage=\"indexer\"}} {blocked}\n\
             forebay_event_latency_seconds_sum{{stage=\"indexer\",group=\"default\"}} {}\n\
             forebay_event_latency_seconds_count{{stage=\"indexer\",group=\"default\"}} {events}\n\
             forebay_ingest_lost_events_total{{protocol=\"syslog\",reason=\"room\"}} {events}\n\
             forebay_rules_step_seconds_sum{{rule=\"r\",step=\"fast\"}} 0.001\n\
             forebay_rules_step_seconds_count{{rule=\"r\",step=\"fast\"}} 100\n\
             forebay_rules_step_seconds_sum{{rule=\"r\",step=\"slow\"}} 0.5\n\
             forebay_rules_step_seconds_count{{rule=\"r\",step=\"slow\"}} 100\n",
            events * 3
        )
    };
    let mut model = Model::default();
    let _first = model.look(look(0, 0, 0, &[&page(10, 0), &page(50, 100)]));
    let report = model.look(look(10, 0, 0, &[&page(12, 20), &page(53, 120)]));
    let indexer = &report.tiers[2];
    assert_eq!((indexer.blocked, indexer.latency_seconds), (Some(0.5), Some(3.0)));
    assert_eq!(report.tiers[1].blocked, None);
    assert_eq!(report.counted.lost_at_the_door, Growth { now: 40, ever: 140 });
    let steps = report.slowest_rules.unwrap();
    assert_eq!((steps[0].step.as_str(), steps[0].seconds, steps[0].measured), ("slow", 0.005, 200));
}

/// Scenario: a page with an index that isn't written, one that is again, and another process that sees a third.
/// Guarantees: those that aren't are listed, the longest first, with what is held for them.
#[test]
fn indices_that_are_not_written_are_listed() {
    let first = "forebay_target_shut_since_seconds{target=\"b\",reason=\"refused\",state=\"held\"} 900.4\n\
                 forebay_target_shut_since_seconds{target=\"b\",reason=\"refused\",state=\"diverted\"} 0\n\
                 forebay_target_held_bytes{target=\"b\"} 2048\n\
                 forebay_target_held_documents{target=\"b\"} 12\n";
    let second =
        "forebay_target_shut_since_seconds{target=\"c\",reason=\"refused_share\",state=\"held\"} 7\n";
    let report = Model::default().look(look(0, 0, 0, &[first, second]));
    let shown: Vec<_> =
        report.shut.iter().map(|t| (t.target.as_str(), t.since, t.documents, t.bytes)).collect();
    assert_eq!(shown, [("c", 7, 0, 0), ("b", 900, 12, 2048)]);
    assert_eq!((report.shut[1].state.as_str(), report.shut[1].reason.as_str()), ("held", "refused"));
}

/// Guarantees: the age is Kafka's; where Kafka doesn't tell, the metrics'; of nothing there is none.
#[test]
fn ages_are_kafkas_or_the_metrics() {
    let page = "forebay_consumer_oldest_record_age_seconds{topic=\"raw\",partition=\"0\"} 70\n\
                forebay_consumer_oldest_record_age_seconds{topic=\"raw\",partition=\"1\"} 90\n";
    let age = |seen: Observation| Model::default().look(seen).tiers[1].oldest_seconds;
    let mut seen = look(0, 10, 5, &[page]);
    assert_eq!(age(seen.clone()), Some(90.0));
    seen.kafka.as_mut().unwrap().parser.oldest_ms = Some(970_000);
    assert_eq!(age(seen), Some(30.0));
    assert_eq!(age(look(0, 10, 10, &[page])), None);
    assert_eq!(age(look(0, 10, 5, &[])), None);
}

/// Scenario: retention has removed what a group had not read; a topic was made anew under a group; a group has yet to begin;
/// only the marks of transactions are left.
/// Guarantees: each is said, and nothing where all is well.
#[test]
fn what_stands_out_in_a_group_is_said() {
    let said = |lags: Vec<GroupLag>| problem(&group("raw", lags));
    let well = lag(10, 25, Some(20));
    assert_eq!(said(vec![well, lag(10, 25, None), lag(0, 0, None)]), None);
    assert_eq!(said(vec![well, lag(0, 5, Some(30))]), Some(Problem::BeyondTheEnd));
    assert_eq!(said(vec![lag(10, 25, None)]), Some(Problem::NeverCommitted));
    assert_eq!(deleted(&[well, lag(10, 25, Some(3)), lag(9, 25, Some(8))]), 8);
    let marks = GroupFacts { has_marks: true, ..group("events", vec![lag(0, 5, Some(4))]) };
    assert!(marks.is_done());
    assert_eq!(marks.lag(), Some(0));
}

/// Scenario: one process of two was asked; then both; then one is silent.
/// Guarantees: the ledger is believed only when every partition's reader is heard.
#[test]
fn who_reads_all_partitions_has_to_be_heard() {
    let of = |topic: &str| format!("forebay_consumer_partitions{{topic=\"{topic}\"}} 1\n");
    let (parser, indexer) = (of("raw"), of("events"));
    let heard = |seen: &Observation| complete(seen, seen.processes.iter().all(|p| p.page.is_ok()));
    let one = heard(&look(0, 0, 0, &[&parser])).unwrap_err();
    assert_eq!(one, "the processes that were asked read 0 of 1 partitions of `events`");
    let mut both = look(0, 0, 0, &[&parser, &indexer]);
    assert_eq!(heard(&both), Ok(()));
    both.processes[1].page = Err("no answer".to_owned());
    assert_eq!(heard(&both).unwrap_err(), "not every process answers");
}

#[test]
fn without_kafka_the_processes_are_still_told() {
    let mut seen = look(0, 0, 0, &["forebay_build_info{version=\"1\"} 1\n"]);
    seen.kafka = None;
    seen.processes[0].not_ready = vec![Part { component: "kafka".to_owned(), reason: "away".to_owned() }];
    let report = Model::default().look(seen);
    assert_eq!((report.tiers.len(), report.processes[0].not_ready.len()), (0, 1));
}
