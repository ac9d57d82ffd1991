//! Listing, showing and replaying against librdkafka's mock cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::ops::ControlFlow;
use std::time::Duration;

use forebay_deadletters::{
    Filter, LetterView, Letters, Pattern, Progress, ReplayOptions, Report, Selector, find, replay,
};
use forebay_kafka::testing::{Fault, Request, TestCluster};
use forebay_kafka::{
    Acks, Outgoing, Producer, ProducerOptions, ReadFrom, StoredRecord, TopicReader, dead_letter,
};
use forebay_record::{DeadLetter, ErrorDomain, EventKey, RawEvent, RawTemplate, Stage};
use forebay_settings::sections::KafkaSettings;

const PATIENCE: Duration = Duration::from_secs(30);

struct Bench {
    cluster: TestCluster,
    settings: KafkaSettings,
    runtime: tokio::runtime::Runtime,
}

fn bench() -> Bench {
    let cluster = TestCluster::start(1).unwrap();
    let settings = cluster.settings();
    let topics = &settings.topics;
    for topic in [&topics.raw, &topics.events, &topics.dead_letters, &topics.parked] {
        cluster.create_topic(topic, 2).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    Bench { cluster, settings, runtime }
}

fn letter(id: &str, replay_count: u32, last_failed_at: i64) -> DeadLetter {
    DeadLetter {
        event_id: id.to_owned(),
        tenant: "acme".to_owned(),
        source_topic: "forebay.events".to_owned(),
        source_partition: 0,
        source_offset: 1,
        source_timestamp: 1000,
        stage: Stage::Index,
        rule: String::new(),
        rule_revision: String::new(),
        target: "forebay-acme-2026.11.21".to_owned(),
        error_domain: ErrorDomain::User,
        error_type: "document_parsing_exception".to_owned(),
        status: 400,
        reason: "failed to parse field [n]".to_owned(),
        first_failed_at: 1000,
        last_failed_at,
        attempts: 1,
        replay_count,
    }
}

fn key(id: &str, replays: u32) -> Vec<u8> {
    let mut key = String::new();
    EventKey { tenant: "acme", target: "forebay-acme-2026.11.21", event_ms: 1000, replays, id }
        .push(&mut key);
    key.into_bytes()
}

impl Bench {
    fn send(&self, send: impl FnOnce(&Producer, &Acks)) {
        let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 8 << 20 };
        let producer = Producer::new(&self.settings, options).unwrap();
        let acks = Acks::new();
        send(&producer, &acks);
        acks.seal();
        let report =
            self.runtime.block_on(async { tokio::time::timeout(PATIENCE, acks.wait()).await }).unwrap();
        assert_eq!(report.failed, 0, "{report:?}");
    }

    fn dead_letters(&self, letters: &[DeadLetter]) {
        self.send(|producer, acks| {
            for letter in letters {
                let key = key(&letter.event_id, letter.replay_count);
                dead_letter::send(producer, "forebay.dlq", letter, &key, br#"{"n":"x"}"#, acks).unwrap();
            }
        });
    }

    fn replay(&self, filter: Filter, options: ReplayOptions) -> Report {
        let progress = |_: Progress| ControlFlow::Continue(());
        self.runtime.block_on(replay(&self.settings, filter, options, progress)).unwrap()
    }

    fn records(&self, topic: &str) -> Vec<StoredRecord> {
        let mut reader = TopicReader::open(&self.settings, topic, ReadFrom::Beginning).unwrap();
        std::iter::from_fn(|| reader.next_record().unwrap()).collect()
    }
}

/// Scenario: one event with two letters, one with another reason, and a record that is no letter.
/// Guarantees: the filter's events go back once each, by their latest letter; the rest stays; the report adds up.
#[test]
fn replays_the_latest_letter_of_what_matches() {
    let bench = bench();
    let other =
        DeadLetter { reason: "timeout".to_owned(), error_type: "timeout".to_owned(), ..letter("c", 0, 1) };
    bench.dead_letters(&[letter("a", 0, 10), letter("a", 1, 20), letter("b", 0, 10), other]);
    bench.send(|producer, acks| {
        let stranger =
            Outgoing { topic: "forebay.dlq", partition: None, key: b"", value: b"?", headers: &[] };
        producer.send(&stranger, acks).unwrap();
    });
    let filter = Filter { reason: Some(Pattern::new("parse field").unwrap()), ..Filter::default() };
    let dry = bench.replay(filter.clone(), ReplayOptions { dry_run: true, ..ReplayOptions::default() });
    assert!(bench.records("forebay.events").is_empty(), "a dry run sends nothing");
    let report = bench.replay(filter, ReplayOptions::default());
    assert_eq!(report, dry, "a dry run tells what will be done");
    assert_eq!((report.matched, report.superseded, report.replayed, report.malformed), (3, 1, 2, 1));
    assert_eq!(report.by_error_type.get("document_parsing_exception"), Some(&2));
    let mut keys: Vec<Vec<u8>> =
        bench.records("forebay.events").into_iter().map(|record| record.key).collect();
    keys.sort();
    let mut expected = vec![key("a", 2), key("b", 1)];
    expected.sort();
    assert_eq!(keys, expected);
    assert!(bench.records("forebay.events").iter().all(|record| record.value == br#"{"n":"x"}"#));
}

/// Scenario: an event that was replayed five times, and one of a topic that nobody knows.
/// Guarantees: the one is parked with its whole envelope, the other is left and named.
#[test]
fn parks_what_was_replayed_too_often() {
    let bench = bench();
    let foreign = DeadLetter { source_topic: "elsewhere".to_owned(), ..letter("b", 0, 10) };
    bench.dead_letters(&[letter("a", 5, 10), foreign]);
    let report = bench.replay(Filter::default(), ReplayOptions::default());
    assert_eq!((report.replayed, report.parked), (0, 1));
    assert_eq!(report.skipped.get("unknown_source_topic"), Some(&1));
    let parked = bench.records("forebay.parked");
    assert_eq!(dead_letter::read(&parked[0]), Ok(letter("a", 5, 10)));
    assert_eq!((&parked[0].key, parked[0].value.as_slice()), (&key("a", 5), &br#"{"n":"x"}"#[..]));
    assert!(bench.records("forebay.events").is_empty());
}

#[test]
fn a_raw_event_goes_back_to_its_topic() {
    let bench = bench();
    let mut value = Vec::new();
    RawTemplate::new(&RawEvent { tenant: "acme", ..RawEvent::default() }).push(&mut value, "r", b"{broken");
    let letter =
        DeadLetter { source_topic: "forebay.raw".to_owned(), stage: Stage::Parse, ..letter("r", 0, 10) };
    bench.send(|producer, acks| {
        dead_letter::send(producer, "forebay.dlq", &letter, b"host-1", &value, acks).unwrap();
    });
    assert_eq!(bench.replay(Filter::default(), ReplayOptions::default()).replayed, 1);
    let back = bench.records("forebay.raw");
    let event = RawEvent::read(&back[0].value).unwrap();
    assert_eq!(
        (event.id, event.body, event.attempt, back[0].key.as_slice()),
        ("r", &b"{broken"[..], 1, &b"host-1"[..])
    );
}

#[test]
fn a_limit_stops_after_so_many_events() {
    let bench = bench();
    let letters: Vec<DeadLetter> = (0..10).map(|n| letter(&format!("e{n}"), 0, 10)).collect();
    bench.dead_letters(&letters);
    let report =
        bench.replay(Filter::default(), ReplayOptions { limit: Some(3), ..ReplayOptions::default() });
    assert_eq!((report.matched, report.replayed), (10, 3));
    assert_eq!(bench.records("forebay.events").len(), 3);
}

/// Scenario: the brokers refuse what is replayed. Guarantees: the report says so and counts nothing as replayed; the
/// letters are still there.
#[test]
fn what_the_brokers_refuse_is_not_counted_as_replayed() {
    let bench = bench();
    bench.dead_letters(&[letter("a", 0, 10)]);
    bench.cluster.fail_next(Request::Produce, &[Fault::TopicDenied; 4]);
    let report = bench.replay(Filter::default(), ReplayOptions::default());
    assert_eq!((report.replayed, report.failed), (0, 1));
    assert!(report.error.is_some_and(|error| error.contains("refuses access")));
    assert_eq!(bench.records("forebay.dlq").len(), 1);
}

#[test]
fn an_empty_topic_is_no_error() {
    let bench = bench();
    assert_eq!(bench.replay(Filter::default(), ReplayOptions::default()), Report::default());
}

/// Scenario: letters are listed and one is looked up, by id and by place. Guarantees: the listing has all that match, the
/// look-up by id finds the latest, and what isn't there is named.
#[test]
fn lists_and_finds() {
    let bench = bench();
    bench.dead_letters(&[letter("a", 0, 10), letter("a", 1, 20), letter("b", 0, 10)]);
    let mut letters =
        Letters::open(&bench.settings, Filter { id: Some("a".to_owned()), ..Filter::default() }).unwrap();
    let found: Vec<LetterView> =
        std::iter::from_fn(|| letters.next_entry().unwrap()).map(|entry| LetterView::from(&entry)).collect();
    assert_eq!(found.len(), 2);
    assert_eq!((letters.scanned(), letters.malformed()), (3, 0));
    let latest = find(&bench.settings, &Selector::EventId("a".to_owned())).unwrap();
    assert_eq!(latest.letter.replay_count, 1);
    let place = Selector::Place { partition: latest.record.partition, offset: latest.record.offset };
    assert_eq!(find(&bench.settings, &place).unwrap(), latest);
    for missing in ["nobody", "0:9999", "77:0"] {
        let selector: Selector = missing.parse().unwrap();
        let error = find(&bench.settings, &selector).unwrap_err();
        assert!(error.to_string().contains(missing), "{error}");
    }
}
