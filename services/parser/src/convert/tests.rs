use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::Arc;

use forebay_convert::{Documents, Formats};
use forebay_parse::{ParseConfig, Parsed, Parser};
use forebay_record::{DeadLetter, EventKey, RawEvent, RawTemplate, Stage};
use proptest::prelude::*;

use super::*;

/// 2026-11-21T10:00:00Z.
const NOW_MS: i64 = 1_795_255_200_000;

/// An outbox that keeps what it gets; documents beyond `limit` bytes are too large for it.
#[derive(Debug)]
struct Recording {
    limit: usize,
    documents: Vec<(i32, String, Vec<u8>)>,
    letters: Vec<(DeadLetter, Vec<u8>)>,
}

impl Default for Recording {
    fn default() -> Self {
        Self { limit: usize::MAX, documents: Vec::new(), letters: Vec::new() }
    }
}

impl Outbox for Recording {
    fn document(&mut self, partition: i32, key: &[u8], document: &[u8]) -> Result<Sent, KafkaError> {
        if document.len() > self.limit {
            return Ok(Sent::TooLarge { size: document.len(), max: self.limit });
        }
        self.documents.push((partition, String::from_utf8(key.to_vec()).unwrap(), document.to_vec()));
        Ok(Sent::Yes)
    }

    fn dead_letter(&mut self, letter: &DeadLetter, _key: &[u8], value: &[u8]) -> Result<(), KafkaError> {
        self.letters.push((letter.clone(), value.to_vec()));
        Ok(())
    }
}

fn raw(id: &str, format: &str, stream: &str, body: &[u8]) -> Vec<u8> {
    let shared = RawEvent {
        tenant: "acme",
        source: "http",
        format,
        received_at: u64::try_from(NOW_MS).unwrap() * 1_000_000,
        stream,
        ..RawEvent::default()
    };
    let mut value = Vec::new();
    RawTemplate::new(&shared).push(&mut value, id, body);
    value
}

fn batch(values: &[Vec<u8>]) -> RecordBatch {
    let mut batch = RecordBatch::new();
    for (offset, value) in (0..).zip(values) {
        batch.push(&Record { partition: 3, offset, timestamp_ms: NOW_MS, key: b"host-1", value });
    }
    batch
}

fn convert(values: &[Vec<u8>], outbox: &mut Recording) -> Converted {
    let formats = Formats::new(Parser::new(ParseConfig::default()).unwrap());
    let mut converter = Converter::new(formats, "forebay.raw", "forebay");
    let revision = converter.current();
    convert_with(&mut converter, &revision, values, outbox)
}

fn convert_with<R: Rules>(
    converter: &mut Converter<R>,
    revision: &R::Revision,
    values: &[Vec<u8>],
    outbox: &mut Recording,
) -> Converted {
    let with = With { revision, partitions: 12, now_ms: NOW_MS };
    converter.convert(&batch(values), with, &mut BatchCounts::default(), outbox).unwrap()
}

fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Converted {
    let mut converted = Converted::default();
    outcomes.into_iter().for_each(|outcome| converted.add(outcome));
    converted
}

const LETTER: Outcome = Outcome::DeadLettered { documents: 0 };

fn documents(number: u64) -> Outcome {
    Outcome::Forwarded(NonZeroU64::new(number).unwrap())
}

/// Makes as many documents of an event as its body says, each the name of the revision, the last one long; nought drops it.
#[derive(Debug)]
struct Splitting {
    current: Arc<str>,
}

impl Rules for Splitting {
    type Revision = Arc<str>;

    fn current(&self) -> Arc<str> {
        Arc::clone(&self.current)
    }

    fn name(revision: &Arc<str>) -> &str {
        revision
    }

    fn apply<'r>(
        &mut self,
        revision: &'r Arc<str>,
        event: &RawEvent<'_>,
        _now_ms: i64,
        out: &mut Documents,
    ) -> forebay_convert::Outcome<'r> {
        let number = u32::from(event.body[0] - b'0');
        if number == 0 {
            return forebay_convert::Outcome::Dropped(Cow::Borrowed("noise"));
        }
        for part in 1..=number {
            let write = |parsed: &mut Parsed| {
                let times = if part == number { 100 } else { 1 };
                parsed.document.extend_from_slice(revision.repeat(times).as_bytes());
                Ok::<_, ()>(())
            };
            out.push(Some(part), write).unwrap();
        }
        forebay_convert::Outcome::Documents
    }

    fn masked_body(&mut self, revision: &Arc<str>, _event: &RawEvent<'_>) -> Option<Vec<u8>> {
        Some(format!("masked by {revision}").into_bytes())
    }
}

/// Scenario: a JSON event of a known day.
/// Guarantees: its key names tenant, target by the event's own day, time, id and receipt, and its stream decides the partition.
#[test]
fn an_event_becomes_a_document_with_its_key() {
    let mut outbox = Recording::default();
    let events = [
        raw("e-1", "json", "host-1/app", br#"{"@timestamp":"2026-11-20T23:59:59Z","message":"hi"}"#),
        raw("e-2", "json", "host-1/app", br#"{"@timestamp":"2026-11-21T00:00:00Z","message":"hi"}"#),
    ];
    assert_eq!(convert(&events, &mut outbox), of([documents(1); 2]));
    assert_eq!(
        outbox.documents[0].1,
        "v1\tacme\tforebay-acme-2026.11.20\t1795219199000\t0\te-1\t1795255200000"
    );
    assert_eq!(
        outbox.documents[1].1,
        "v1\tacme\tforebay-acme-2026.11.21\t1795219200000\t0\te-2\t1795255200000"
    );
    assert_eq!(outbox.documents[0].0, outbox.documents[1].0);
    let document: serde_json::Value = serde_json::from_slice(&outbox.documents[0].2).unwrap();
    assert_eq!(document["message"], "hi");
}

/// Scenario: neighbours of which one is no record of ours, one doesn't parse, one makes too large a document.
/// Guarantees: each is dead-lettered with its stage and its own bytes; the others go on.
#[test]
fn what_fails_is_dead_lettered_by_itself() {
    let mut outbox = Recording { limit: 2_000, ..Recording::default() };
    let large = format!(r#"{{"message":"{}"}}"#, "x".repeat(4_000));
    let events = [
        raw("e-1", "json", "s", br#"{"message":"fine"}"#),
        b"\xff\xff no protobuf".to_vec(),
        raw("e-3", "json", "s", br#"{"message":"#),
        raw("e-4", "json", "s", large.as_bytes()),
        raw("e-5", "json", "s", br#"{"message":"fine too"}"#),
    ];
    assert_eq!(convert(&events, &mut outbox), of([documents(1), documents(1), LETTER, LETTER, LETTER]));
    let stages: Vec<_> =
        outbox.letters.iter().map(|(letter, _)| (letter.stage, letter.event_id.as_str())).collect();
    assert_eq!(stages, [(Stage::Decode, ""), (Stage::Parse, "e-3"), (Stage::Oversize, "e-4")]);
    for ((letter, value), offset) in outbox.letters.iter().zip([1, 2, 3]) {
        assert_eq!(letter.source_offset, offset);
        assert_eq!(value, &events[usize::try_from(offset).unwrap()]);
        assert!(!letter.reason.is_empty());
    }
}

/// Scenario: events that were replayed. Guarantees: document and dead letter carry the count on.
#[test]
fn the_replay_count_travels_on() {
    let mut outbox = Recording::default();
    let mut good = raw("e-1", "json", "s", br#"{"message":"fine"}"#);
    forebay_record::raw::push_attempt(&mut good, 2);
    let mut bad = raw("e-2", "json", "s", b"{");
    forebay_record::raw::push_attempt(&mut bad, 3);
    let _converted = convert(&[good, bad], &mut outbox);
    assert_eq!(EventKey::read(outbox.documents[0].1.as_bytes()).unwrap().replays, 2);
    assert_eq!(outbox.letters[0].0.replay_count, 3);
}

/// Scenario: replayed events of which one becomes documents, one is dropped and one refused, and an event that comes for the first time.
/// Guarantees: each of the former is counted as replayed, once.
#[test]
fn what_came_again_is_counted_whatever_becomes_of_it() {
    let again = |body: &[u8]| {
        let mut value = raw("e-1", "", "s", body);
        forebay_record::raw::push_attempt(&mut value, 1);
        value
    };
    let mut converter = Converter::new(Splitting { current: "a".into() }, "forebay.raw", "forebay");
    let revision = converter.current();
    let mut counts = BatchCounts::default();
    let first = raw("e-2", "", "s", b"1");
    for (limit, values) in [(usize::MAX, vec![again(b"3"), again(b"0"), first]), (50, vec![again(b"2")])] {
        let mut outbox = Recording { limit, ..Recording::default() };
        let with = With { revision: &revision, partitions: 12, now_ms: NOW_MS };
        let _converted = converter.convert(&batch(&values), with, &mut counts, &mut outbox).unwrap();
    }
    assert_eq!(counts.replays(), 3);
}

/// Scenario: one event is split, one dropped, and of one the last document is larger than its topic takes.
/// Guarantees: each record counts once; the documents of one stand in one partition under ids of their own; the last is refused
/// as a whole, with its body masked, and what of it had been sent is counted as sent.
#[test]
fn what_is_sent_need_not_be_what_was_polled() {
    let mut outbox = Recording { limit: 150, ..Recording::default() };
    let mut converter = Converter::new(Splitting { current: "a".into() }, "forebay.raw", "forebay");
    let revision = converter.current();
    let good = [raw("e-1", "", "s", b"3"), raw("e-2", "", "s", b"0")];
    assert_eq!(
        convert_with(&mut converter, &revision, &good, &mut outbox),
        of([documents(3), Outcome::Dropped])
    );
    let ids: Vec<_> = outbox.documents.iter().map(|(_, key, _)| key.split('\t').nth(5).unwrap()).collect();
    assert_eq!(ids, ["e-1~part~1", "e-1~part~2", "e-1~part~3"]);
    assert!(outbox.documents.iter().all(|(partition, ..)| *partition == outbox.documents[0].0));

    outbox.limit = 50;
    let late = convert_with(&mut converter, &revision, &[raw("e-3", "", "s", b"3")], &mut outbox);
    assert_eq!(late, of([Outcome::DeadLettered { documents: 2 }]));
    assert_eq!((late.records(), late.documents(), late.letters()), (1, 2, 1));
    assert_eq!((outbox.documents.len(), outbox.letters.len()), (5, 1));
    assert_eq!(outbox.letters[0].0.rule_revision, "a");
    assert_eq!(RawEvent::read(&outbox.letters[0].1).unwrap().body, b"masked by a");
}

/// Scenario: the rules change while a batch waits to be sent again.
/// Guarantees: it becomes what it was before, under the same ids; the next batch goes by the new rules.
#[test]
fn a_batch_that_is_sent_again_keeps_its_revision() {
    let (mut first, mut again, mut next) = Default::default();
    let mut converter = Converter::new(Splitting { current: "a".into() }, "forebay.raw", "forebay");
    let revision = converter.current();
    let values = [raw("e-1", "", "s", b"2")];
    let _sent = convert_with(&mut converter, &revision, &values, &mut first);
    let mut converter = Converter::new(Splitting { current: "b".into() }, "forebay.raw", "forebay");
    let _sent = convert_with(&mut converter, &revision, &values, &mut again);
    let current = converter.current();
    let _sent = convert_with(&mut converter, &current, &values, &mut next);
    assert_eq!(first.documents, again.documents);
    assert_eq!(next.documents[0].2, b"b");
}

proptest! {
    /// Scenario: records of arbitrary bytes, and events with arbitrary bodies.
    /// Guarantees: every record comes out exactly once; nothing panics.
    #[test]
    fn every_record_comes_out_once(values in prop::collection::vec(
        prop_oneof![any::<Vec<u8>>(), any::<Vec<u8>>().prop_map(|body| raw("e", "", "s", &body))], 0..20)) {
        let mut outbox = Recording::default();
        let converted = convert(&values, &mut outbox);
        prop_assert_eq!(converted.documents(), outbox.documents.len() as u64);
        prop_assert_eq!(converted.letters(), outbox.letters.len() as u64);
        prop_assert_eq!(outbox.documents.len() + outbox.letters.len(), values.len());
    }
}
