//! Listing, showing and replaying against librdkafka's mock cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use forebay_audit::{Hash, Record};
use forebay_deadletters::{
    DeadLettersError, Delivery, Destination, Filter, Job, LetterTopic, Letters, Like, Mark, Pattern, Place,
    Progress, Report, Selector, State, Task, find, run,
};
use forebay_kafka::testing::{Fault, TestCluster};
use forebay_kafka::{
    Acks, Outgoing, Producer, ProducerOptions, ReadFrom, StoredRecord, TopicReader, dead_letter,
};
use forebay_record::{DeadLetter, ErrorDomain, EventKey, RawEvent, RawTemplate, Stage};
use forebay_rules::{Edit, Limits};
use forebay_settings::Settings;

const PATIENCE: Duration = Duration::from_secs(30);

struct Bench {
    cluster: TestCluster,
    settings: Settings,
    runtime: tokio::runtime::Runtime,
}

fn bench() -> Bench {
    let cluster = TestCluster::start(1).unwrap();
    let settings = Settings { kafka: cluster.settings(), ..Settings::default() };
    let topics = &settings.kafka.topics;
    for topic in [&topics.raw, &topics.events, &topics.dead_letters, &topics.parked] {
        cluster.create_topic(topic, 2).unwrap();
    }
    cluster.create_topic(&topics.dead_letter_state(), 1).unwrap();
    cluster.create_topic(&topics.audit, 1).unwrap();
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
    EventKey { tenant: "acme", target: "forebay-acme-2026.11.21", event_ms: 1000, replays, id, trace: "" }
        .push(&mut key);
    key.into_bytes()
}

/// The same, as a replay writes it.
fn replayed_key(id: &str, replays: u32) -> Vec<u8> {
    let (written, mut text) = (key(id, replays), String::new());
    EventKey::read(&written).unwrap().push_replayed(&mut text);
    text.into_bytes()
}

impl Bench {
    fn send(&self, send: impl FnOnce(&Producer, &Acks)) {
        let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 8 << 20 };
        let producer = Producer::new(&self.settings.kafka, options).unwrap();
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

    /// The mock cluster's transactions don't hide what was aborted, so that these tests go without.
    fn job(&self, job: Job) -> Report {
        let job = Job { delivery: Delivery::AtLeastOnce, ..job };
        let progress = |_: Progress| ControlFlow::Continue(());
        self.runtime.block_on(run(&self.settings, job, progress)).unwrap()
    }

    fn replay(&self, filter: Filter) -> Report {
        self.job(Job { filter, ..replay() })
    }

    fn records(&self, topic: &str) -> Vec<StoredRecord> {
        let mut reader = TopicReader::open(&self.settings.kafka, topic, ReadFrom::Beginning).unwrap();
        std::iter::from_fn(|| reader.next_record().unwrap()).collect()
    }

    /// Where the letter of an event stands.
    fn place(&self, id: &str) -> Place {
        let selector = Selector::EventId(id.to_owned());
        find(&self.settings.kafka, LetterTopic::DeadLetters, &selector, |_| true).unwrap().place()
    }

    /// The letters' ids with what became of them, sorted.
    fn states(&self, topic: LetterTopic) -> Vec<(String, Option<Mark>)> {
        let state = State::read(&self.settings.kafka).unwrap();
        let mut letters = Letters::open(&self.settings.kafka, topic, Filter::default()).unwrap();
        let entries = std::iter::from_fn(|| letters.next_entry().unwrap());
        let mut states: Vec<_> =
            entries.map(|entry| (entry.letter.event_id.clone(), entry.mark(&state.marks))).collect();
        states.sort();
        states
    }
}

fn replay() -> Job {
    Job::new(Task::REPLAY, "test")
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
    let dry = bench.job(Job { filter: filter.clone(), dry_run: true, ..replay() });
    assert!(bench.records("forebay.events").is_empty(), "a dry run sends nothing");
    assert!(bench.records("forebay.dlq.state").is_empty(), "a dry run leaves no trace");
    let report = bench.replay(filter.clone());
    assert_eq!(dry.forecast.clone().unwrap().needs_cluster, 2);
    assert_eq!(
        Report { run: report.run.clone(), forecast: None, ..dry },
        report,
        "a dry run tells what will be done"
    );
    assert_eq!((report.matched, report.superseded, report.replayed, report.malformed), (3, 1, 2, 1));
    assert_eq!(report.by_error_type.get("document_parsing_exception"), Some(&2));
    let mut keys: Vec<Vec<u8>> =
        bench.records("forebay.events").into_iter().map(|record| record.key).collect();
    keys.sort();
    let mut expected = vec![replayed_key("a", 2), replayed_key("b", 1)];
    expected.sort();
    assert_eq!(keys, expected);
    assert!(bench.records("forebay.events").iter().all(|record| record.value == br#"{"n":"x"}"#));

    let again = bench.replay(filter);
    assert_eq!((again.matched, again.replayed), (0, 0), "what was replayed is not open any more");
    assert_eq!((again.closed_before["replayed"], again.closed_before["superseded"]), (2, 1));
    assert_eq!(bench.records("forebay.events").len(), 2);
}

/// Scenario: an event that was replayed five times, and one of a topic that nobody knows.
/// Guarantees: the one is parked with its whole envelope, the other is left and named.
#[test]
fn parks_what_was_replayed_too_often() {
    let bench = bench();
    let foreign = DeadLetter { source_topic: "elsewhere".to_owned(), ..letter("b", 0, 10) };
    bench.dead_letters(&[letter("a", 5, 10), foreign]);
    let report = bench.replay(Filter::default());
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
    assert_eq!(bench.replay(Filter::default()).replayed, 1);
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
    let first = Job { limit: Some(3), run: Some("r-1".to_owned()), ..replay() };
    let report = bench.job(first.clone());
    assert_eq!((report.matched, report.replayed), (10, 3));
    assert_eq!(bench.job(first).replayed, 0, "the run of this name has had its three");
    let report = bench.job(Job { limit: Some(3), ..replay() });
    assert_eq!((report.matched, report.replayed), (7, 3));
    assert_eq!(bench.records("forebay.events").len(), 6);
}

/// Scenario: a run is gone on with under its name, as a Kubernetes Job's next pod does; then the state topic is compacted,
/// which leaves the last record of each key.
/// Guarantees: no record of marks takes another one's place, or what it closed would be replayed again.
#[test]
fn a_run_that_is_gone_on_with_keeps_its_marks() {
    let bench = bench();
    let letters: Vec<DeadLetter> = (0..6).map(|n| letter(&format!("e{n}"), 0, 10)).collect();
    bench.dead_letters(&letters);
    for limit in [3, 6] {
        let report = bench.job(Job { limit: Some(limit), run: Some("r-1".to_owned()), ..replay() });
        assert_eq!(report.replayed, 3);
    }
    let records = bench.records(&bench.settings.kafka.topics.dead_letter_state());
    let marks: Vec<Vec<u8>> =
        records.into_iter().map(|record| record.key).filter(|key| key.starts_with(b"marks/")).collect();
    let keys: BTreeSet<&Vec<u8>> = marks.iter().collect();
    assert_eq!(keys.len(), marks.len());
    assert!(marks.len() >= 2);
}

/// Scenario: the brokers refuse what is replayed. Guarantees: the report says so and counts nothing as replayed; the
/// letters are still there.
#[test]
fn what_the_brokers_refuse_is_not_counted_as_replayed() {
    let bench = bench();
    bench.dead_letters(&[letter("a", 0, 10)]);
    bench.cluster.break_topic("forebay.events", Fault::TopicDenied).unwrap();
    let report = bench.replay(Filter::default());
    assert_eq!((report.replayed, report.failed), (0, 1));
    assert!(report.error.is_some_and(|error| error.contains("refuses access")));
    assert_eq!(bench.records("forebay.dlq").len(), 1);
    assert_eq!(bench.states(LetterTopic::DeadLetters), [("a".to_owned(), None)]);
    bench.cluster.mend_topic("forebay.events").unwrap();
    assert_eq!(bench.replay(Filter::default()).replayed, 1, "it is still open");
}

/// Scenario: nobody may write to the audit topic; then somebody may; then a job is told to go without.
/// Guarantees: nothing is sent that can't be recorded; what was sent is recorded before and after, with what came of it; the
/// last one leaves no record.
#[test]
fn nothing_is_replayed_unrecorded() {
    let bench = bench();
    let audit = bench.settings.kafka.topics.audit.clone();
    bench.dead_letters(&[letter("a", 0, 10)]);
    bench.cluster.break_topic(&audit, Fault::TopicDenied).unwrap();
    let job = Job { delivery: Delivery::AtLeastOnce, ..replay() };
    let outcome = bench.runtime.block_on(run(&bench.settings, job, |_| ControlFlow::Continue(())));
    assert!(matches!(outcome, Err(DeadLettersError::Audit(_))), "{outcome:?}");
    assert!(bench.records("forebay.events").is_empty());
    bench.cluster.mend_topic(&audit).unwrap();
    assert_eq!(bench.replay(Filter::default()).replayed, 1);
    let records = || -> Vec<Record> {
        bench.records(&audit).iter().map(|record| Record::read(&record.value).unwrap()).collect()
    };
    let written = records();
    let states: Vec<&str> = written.iter().map(|record| record.state.name()).collect();
    assert_eq!(states, ["planned", "done"]);
    assert_eq!((&*written[1].actor, &*written[1].subject), ("test", "forebay.dlq"));
    assert_eq!(written[1].details["replayed"], "1");
    let _report = bench.job(Job { unaudited: true, ..replay() });
    assert_eq!(records().len(), 2);
}

/// Scenario: a correction that writes a secret into events. Guarantees: no record of the audit topic has it, but what shows which
/// program it was; the run's own line has the program.
#[test]
fn no_record_has_the_text_of_a_correction() {
    let bench = bench();
    let program = ".body = \"password=hunter2\"";
    let edit = Edit::compile(program, Limits::default()).unwrap();
    let _report = bench.job(Job { edit: Some(Arc::new(edit)), ..replay() });
    let records = bench.records(&bench.settings.kafka.topics.audit);
    assert_eq!(records.len(), 2);
    let expected = format!("sha256:{} (26 bytes)", Hash::of(program.as_bytes()));
    for record in &records {
        assert!(!String::from_utf8_lossy(&record.value).contains("hunter2"));
        assert_eq!(Record::read(&record.value).unwrap().details["option.edit"], expected);
    }
    let state = State::read(&bench.settings.kafka).unwrap();
    assert_eq!(state.runs().last().unwrap().options["edit"], program);
}

/// Scenario: letters of one tenant are purged, then those of all, on a broker that deletes nothing.
/// Guarantees: the first never wanted anything deleted, since others' letters stand there as well; the second says why nothing was.
#[test]
fn a_purge_of_one_tenant_deletes_nothing() {
    let bench = bench();
    bench.dead_letters(&[letter("a", 0, 10), letter("b", 0, 10)]);
    let own = Filter { tenant: Some("acme".to_owned()), id: Some("a".to_owned()), ..Filter::default() };
    let purge = |filter| bench.job(Job { filter, ..Job::new(Task::Purge, "ann@ops") });
    let report = purge(own);
    assert_eq!((report.purged, report.deleted, report.not_deleted), (1, 0, None));
    let report = purge(Filter::default());
    assert_eq!((report.purged, report.not_deleted.is_some()), (1, true));
}

#[test]
fn an_empty_topic_is_no_error() {
    let bench = bench();
    let report = bench.replay(Filter::default());
    assert_eq!(report, Report { run: report.run.clone(), ..Report::default() });
}

/// Scenario: letters are listed and one is looked up, by id and by place. Guarantees: the listing has all that match, the
/// look-up by id finds the latest, and what isn't there is named.
#[test]
fn lists_and_finds() {
    let bench = bench();
    let kafka = &bench.settings.kafka;
    bench.dead_letters(&[letter("a", 0, 10), letter("a", 1, 20), letter("b", 0, 10)]);
    let filter = Filter { id: Some("a".to_owned()), ..Filter::default() };
    let mut letters = Letters::open(kafka, LetterTopic::DeadLetters, filter).unwrap();
    assert_eq!(std::iter::from_fn(|| letters.next_entry().unwrap()).count(), 2);
    assert_eq!((letters.scanned(), letters.malformed()), (3, 0));
    let find =
        |selector: &Selector| find(kafka, LetterTopic::DeadLetters, selector, |tenant| tenant == "acme");
    let latest = find(&Selector::EventId("a".to_owned())).unwrap();
    assert_eq!(latest.letter.replay_count, 1);
    let Place { partition, offset } = latest.place();
    assert_eq!(find(&format!("{partition}:{offset}").parse().unwrap()).unwrap(), latest);
    for selector in [Selector::EventId("a".to_owned()), format!("{partition}:{offset}").parse().unwrap()] {
        let others = |tenant: &str| tenant != "acme";
        let hidden = forebay_deadletters::find(kafka, LetterTopic::DeadLetters, &selector, others);
        assert!(hidden.is_err(), "another tenant's letter is as if it weren't there: {selector:?}");
    }
    for missing in ["nobody", "0:9999", "77:0"] {
        let error = find(&missing.parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains(missing), "{error}");
    }
}

/// Scenario: letters of two tenants and a record that is no letter; those of one tenant are listed, replayed and purged.
/// Guarantees: no count tells how many letters others have, or what else there is; who asks about all is told all.
#[test]
fn counts_of_one_tenant_tell_nothing_of_others() {
    let bench = bench();
    let foreign = |id| DeadLetter { tenant: "umbrella".to_owned(), ..letter(id, 0, 10) };
    bench.dead_letters(&[letter("a", 0, 10), letter("b", 0, 10), foreign("c"), foreign("d"), foreign("e")]);
    bench.send(|producer, acks| {
        let stranger =
            Outgoing { topic: "forebay.dlq", partition: None, key: b"", value: b"?", headers: &[] };
        producer.send(&stranger, acks).unwrap();
    });
    let counts = |tenant: Option<&str>| {
        let filter = Filter {
            tenant: tenant.map(str::to_owned),
            reason: Some(Pattern::new("nothing like it").unwrap()),
            ..Filter::default()
        };
        let mut letters = Letters::open(&bench.settings.kafka, LetterTopic::DeadLetters, filter).unwrap();
        assert!(letters.next_entry().unwrap().is_none());
        (letters.of_tenant(), letters.malformed())
    };
    assert_eq!((counts(Some("acme")), counts(Some("nobody")), counts(None)), ((2, 0), (0, 0), (5, 1)));
    let own = || Filter { tenant: Some("acme".to_owned()), ..Filter::default() };
    for task in [Task::REPLAY, Task::Purge] {
        let job = |filter| Job { filter, dry_run: true, ..Job::new(task, "test") };
        let (one, all) = (bench.job(job(own())), bench.job(job(Filter::default())));
        assert_eq!((one.matched, one.malformed, all.matched, all.malformed), (2, 0, 5, 1), "{task:?}");
    }
}

/// Scenario: a person parks one letter, replays it from there, and purges another.
/// Guarantees: each is closed in its topic with what was done; the parked one goes back however often it was replayed; the
/// audit lines say who did what.
#[test]
fn parks_replays_the_parked_and_purges() {
    let bench = bench();
    bench.dead_letters(&[letter("a", 7, 10), letter("b", 0, 10), letter("c", 0, 10)]);
    let only = |id: &str| Filter { id: Some(id.to_owned()), ..Filter::default() };
    let parked = bench.job(Job { filter: only("a"), ..Job::new(Task::Park, "ann@ops") });
    assert_eq!((parked.parked, parked.matched), (1, 1));
    assert_eq!(bench.states(LetterTopic::Parked), [("a".to_owned(), None)]);
    let back = bench.job(Job { topic: LetterTopic::Parked, ..replay() });
    assert_eq!((back.replayed, bench.records("forebay.events").len()), (1, 1));
    assert_eq!(bench.records("forebay.events")[0].key, replayed_key("a", 8));
    assert_eq!(bench.states(LetterTopic::Parked), [("a".to_owned(), Some(Mark::Replayed))]);
    let purged = bench.job(Job { filter: only("b"), ..Job::new(Task::Purge, "ann@ops") });
    assert_eq!((purged.purged, purged.error), (1, None));
    assert_eq!(
        bench.states(LetterTopic::DeadLetters),
        [("a".to_owned(), Some(Mark::Parked)), ("b".to_owned(), Some(Mark::Purged)), ("c".to_owned(), None),]
    );
    let state = State::read(&bench.settings.kafka).unwrap();
    let lines: Vec<(&str, &str, bool)> =
        state.runs().map(|line| (line.actor.as_str(), line.task.as_str(), line.ended_at.is_some())).collect();
    assert_eq!(lines, [("ann@ops", "park", true), ("test", "replay", true), ("ann@ops", "purge", true)]);
    assert_eq!(state.runs().last().unwrap().filter["id"], "b");
}

/// Scenario: raw events, some of which the parser takes now, others not. Guarantees: a dry run says how many, and why not; a
/// replay of those that pass leaves the others open.
#[test]
fn a_dry_run_applies_the_current_rules() {
    let bench = bench();
    let shared = RawEvent { tenant: "acme", format: "json", ..RawEvent::default() };
    let template = RawTemplate::new(&shared);
    bench.send(|producer, acks| {
        for (id, body) in [("good", "{\"n\":1}"), ("bad", "{\"n\":"), ("worse", "[")] {
            let mut value = Vec::new();
            template.push(&mut value, id, body.as_bytes());
            let letter = DeadLetter {
                source_topic: "forebay.raw".to_owned(),
                stage: Stage::Parse,
                ..letter(id, 0, 10)
            };
            dead_letter::send(producer, "forebay.dlq", &letter, b"host-1", &value, acks).unwrap();
        }
    });
    let forecast = bench.job(Job { dry_run: true, ..replay() }).forecast.unwrap();
    assert_eq!((forecast.pass, forecast.fail["json_invalid"], forecast.needs_cluster), (1, 2, 0));
    assert!(forecast.reasons["json_invalid"].contains("ends before"), "{forecast:?}");
    let alike = Filter { like: Some(Like::Letter(bench.place("bad"))), ..Filter::default() };
    let report = bench.job(Job { filter: alike, passing: true, ..replay() });
    assert_eq!((report.matched, report.replayed, report.kept["json_invalid"]), (3, 1, 2));
    assert!(report.is_complete(), "that is what was asked for");
    assert_eq!(bench.records("forebay.raw").len(), 1, "what would fail again stays");
    let task = Task::Replay { to: Destination::Events, max_replays: 5 };
    let report = bench.job(Job { filter: Filter::default(), ..Job::new(task, "test") });
    assert_eq!((report.replayed, report.skipped["json_invalid"]), (0, 2));
}

/// Scenario: a raw event is sent past the parser tier. Guarantees: it becomes the document that the parser would have made.
#[test]
fn a_raw_event_goes_straight_to_the_indexer() {
    let bench = bench();
    let shared = RawEvent { tenant: "acme", format: "json", ..RawEvent::default() };
    let mut value = Vec::new();
    RawTemplate::new(&shared).push(&mut value, "good", b"{\"n\":1}");
    let letter =
        DeadLetter { source_topic: "forebay.raw".to_owned(), stage: Stage::Parse, ..letter("good", 0, 10) };
    bench.send(|producer, acks| {
        dead_letter::send(producer, "forebay.dlq", &letter, b"host-1", &value, acks).unwrap();
    });
    let task = Task::Replay { to: Destination::Events, max_replays: 5 };
    assert_eq!(bench.job(Job::new(task, "test")).replayed, 1);
    let sent = bench.records("forebay.events");
    assert_eq!(EventKey::read(&sent[0].key).map(|key| (key.id, key.replays)), Ok(("good", 1)));
    assert!(String::from_utf8_lossy(&sent[0].value).contains(r#""n":1"#));
}

/// Scenario: somebody breaks a replay off. Guarantees: what was sent until then is closed and in the report, and the next one
/// goes on with the rest.
#[test]
fn a_replay_that_is_broken_off_goes_on_later() {
    let bench = bench();
    let letters: Vec<DeadLetter> = (0..2500).map(|n| letter(&format!("e{n}"), 0, 10)).collect();
    bench.dead_letters(&letters);
    let job = Job { delivery: Delivery::AtLeastOnce, ..replay() };
    let stop = |progress: Progress| match progress.done {
        0..1000 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    };
    let report = bench.runtime.block_on(run(&bench.settings, job, stop)).unwrap();
    assert!(report.stopped && report.replayed >= 1000 && report.replayed < 2500, "{report:?}");
    let rest = bench.replay(Filter::default());
    assert_eq!((report.replayed + rest.replayed, rest.stopped), (2500, false));
    assert_eq!(bench.records("forebay.events").len(), 2500);
}
