use std::fmt;
use std::sync::Arc;

use forebay_parse::{ParseConfig, Parsed, Parser};
use forebay_record::{EventKey, RawTemplate};
use proptest::prelude::*;

use super::*;
use crate::letter::Place;
use crate::rules::Formats;

/// 2026-11-30T00:53:20Z.
const NOW_MS: i64 = 1_796_000_000_000;
const TERMS: Terms = Terms { now_ms: NOW_MS, max_record: 1000, attempt: None };
const PLACE: Place<'static> =
    Place { topic: "forebay.raw", partition: 3, offset: 42, timestamp_ms: 7, now_ms: NOW_MS };

/// Does what an event's body says: so many documents for a digit, `d` drops, `r` refuses, all else gives a document of the
/// revision's name and the body.
#[derive(Debug)]
struct Obedient {
    current: Arc<str>,
}

impl Rules for Obedient {
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
        now_ms: i64,
        out: &mut Documents,
    ) -> Outcome<'r> {
        let write = |parsed: &mut Parsed| {
            parsed.document.extend_from_slice(revision.as_bytes());
            parsed.document.extend_from_slice(event.body);
            parsed.event_ms = now_ms;
            Ok::<_, ()>(())
        };
        let _begun = out.push(None, |parsed| {
            parsed.document.push(b'?');
            Err(())
        });
        match event.body {
            b"d" => return Outcome::Dropped(Cow::Borrowed(revision)),
            b"r" => {
                out.push(None, write).unwrap();
                return Outcome::Refused(Box::new(Refusal {
                    stage: Stage::Parse,
                    rule: "20-app/2-vrl".to_owned(),
                    error_type: Cow::Owned("vrl_failed".to_owned()),
                    reason: "field x".to_owned(),
                    masked_body: None,
                }));
            }
            [digit @ b'0'..=b'9'] => {
                (0..u32::from(digit - b'0')).for_each(|part| out.push(Some(part), write).unwrap());
            }
            _ => out.push(None, write).unwrap(),
        }
        Outcome::Documents
    }

    fn masked_body(&mut self, revision: &Arc<str>, event: &RawEvent<'_>) -> Option<Vec<u8>> {
        let masked = || format!("{revision} masked {} bytes", event.body.len()).into_bytes();
        (event.id == "secret").then(masked)
    }
}

fn obedient(revision: &str) -> (Converter<Obedient>, Arc<str>) {
    let converter = Converter::new(Obedient { current: revision.into() }, "forebay");
    let current = converter.current();
    (converter, current)
}

fn raw(id: &str, stream: &str, body: &[u8]) -> Vec<u8> {
    let shared = RawEvent {
        tenant: "acme",
        format: "json",
        received_at: u64::try_from(NOW_MS).unwrap() * 1_000_000,
        stream,
        ..RawEvent::default()
    };
    let mut value = Vec::new();
    RawTemplate::new(&shared).push(&mut value, id, body);
    value
}

fn bodies<R: Rules + fmt::Debug>(decision: &Decision<'_, R>) -> Vec<(String, String)> {
    let Decision::Documents(made) = decision else { panic!("{decision:?}") };
    made.documents()
        .map(|document| {
            let id = EventKey::read(document.key.as_bytes()).unwrap().id.to_owned();
            (id, String::from_utf8(document.body.to_vec()).unwrap())
        })
        .collect()
}

fn refused<'a, R: Rules + fmt::Debug>(decision: Decision<'a, R>) -> Refused<'a> {
    let Decision::Refused(refused) = decision else { panic!("{decision:?}") };
    refused
}

/// Scenario: an event in its declared format, one that isn't, and one that nobody can read.
/// Guarantees: the first is a document with its facts in the key, the others dead letters that say what failed where.
#[test]
fn the_settings_rules_give_a_document_or_a_dead_letter() {
    let mut converter = Converter::new(Formats::new(Parser::new(ParseConfig::default()).unwrap()), "forebay");
    let current = converter.current();
    let value = raw("e-1", "", br#"{"message":"hi"}"#);
    let decision = converter.convert(&value, &current, Terms { attempt: Some(2), ..TERMS });
    let Decision::Documents(made) = decision else { panic!("{decision:?}") };
    let document = made.documents().next().unwrap();
    assert_eq!(document.key, "v1\tacme\tforebay-acme-2026.11.30\t1796000000000\t2\te-1");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(document.body).unwrap()["message"], "hi");
    assert_eq!((made.documents().len(), made.stream()), (1, &b"e-1"[..]), "without a stream, the id spreads");

    let value = raw("e-2", "s", b"{");
    let letter = refused(converter.convert(&value, &current, TERMS)).letter(PLACE);
    assert_eq!((letter.stage, &*letter.rule, &*letter.error_type), (Stage::Parse, "json", "json_invalid"));
    assert_eq!((&*letter.event_id, &*letter.tenant, letter.source_offset), ("e-2", "acme", 42));

    let letter = refused(converter.convert(b"\xff\xff", &current, TERMS)).letter(PLACE);
    assert_eq!((letter.stage, &*letter.error_type, &*letter.tenant), (Stage::Decode, "invalid_record", ""));
}

/// Guarantees: the parts of an event have ids of their own, the same each time, and go to the partition of their stream.
#[test]
fn an_event_may_be_split() {
    let (mut converter, first) = obedient("a");
    let value = raw("e-1", "host-1", b"3");
    let parts = [("e-1~part~0", "a3"), ("e-1~part~1", "a3"), ("e-1~part~2", "a3")];
    let parts = parts.map(|(id, body)| (id.to_owned(), body.to_owned()));
    assert_eq!(bodies(&converter.convert(&value, &first, TERMS)), parts);
    let again = converter.convert(&value, &first, TERMS);
    assert_eq!(bodies(&again), parts);
    assert!(matches!(again, Decision::Documents(made) if made.stream() == b"host-1"));
}

#[test]
fn what_is_dropped_has_a_reason_and_leaves_nothing() {
    let (mut converter, first) = obedient("noise");
    let value = raw("e-1", "", b"d");
    match converter.convert(&value, &first, TERMS) {
        Decision::Dropped { event, reason } => assert_eq!((event.tenant, &*reason), ("acme", "noise")),
        decision => panic!("{decision:?}"),
    }
    let value = raw("e-1", "", b"0");
    let nothing = refused(converter.convert(&value, &first, TERMS));
    assert_eq!((nothing.domain, &*nothing.refusal.error_type), (ErrorDomain::Internal, "no_document"));
}

/// Guarantees: a dead letter names rule and revision; what a rule had put out before it failed isn't sent.
#[test]
fn a_refusal_names_rule_and_revision() {
    let (mut converter, first) = obedient("5f2c");
    let value = raw("e-1", "", b"r");
    let letter = refused(converter.convert(&value, &first, TERMS)).letter(PLACE);
    assert_eq!((&*letter.rule, &*letter.rule_revision), ("20-app/2-vrl", "5f2c"));
    assert_eq!((&*letter.error_type, &*letter.reason), ("vrl_failed", "field x"));
    let value = raw("e-2", "", b"x");
    assert_eq!(bodies(&converter.convert(&value, &first, TERMS)), [("e-2".to_owned(), "5f2cx".to_owned())]);
}

/// Scenario: the rules change between the first try and the second.
/// Guarantees: who kept the revision converts by that one; others by the new one.
#[test]
fn an_old_revision_stays_usable() {
    let (mut converter, first) = obedient("a");
    converter.rules.current = "b".into();
    let value = raw("e-1", "", b"x");
    assert_eq!(bodies(&converter.convert(&value, &first, TERMS))[0].1, "ax");
    let second = converter.current();
    assert_eq!(bodies(&converter.convert(&value, &second, TERMS))[0].1, "bx");
}

/// Guarantees: a record that is too large is refused as a whole before anything of it is sent, with its target.
#[test]
fn a_document_too_large_refuses_its_event() {
    let (mut converter, first) = obedient("a");
    let value = raw("e-1", "", &[b'x'; 2000]);
    let letter = refused(converter.convert(&value, &first, TERMS)).letter(PLACE);
    assert_eq!((letter.stage, &*letter.target), (Stage::Oversize, "forebay-acme-2026.11.30"));
    assert_eq!(letter.error_type, "document_too_large");
    let value = raw("e-1", "", b"2");
    let Decision::Documents(made) = converter.convert(&value, &first, TERMS) else { panic!() };
    let second = made.documents().nth(1).unwrap();
    let late = made.too_large(&second, 900, 800).letter(PLACE);
    assert_eq!((late.stage, &*late.event_id), (Stage::Oversize, "e-1"));
    assert_eq!(late.reason, "the document has 900 bytes; a record may have 800");
}

/// Guarantees: whoever finds a document too large, the converter or the producer, the dead letter has the body as the rules mask it,
/// by the revision that made the document.
#[test]
fn an_event_that_is_too_large_is_masked() {
    let (mut converter, first) = obedient("a");
    converter.rules.current = "b".into();
    let body = |refused: Refused<'_>| {
        let value = refused.masked_value().unwrap();
        let event = RawEvent::read(&value).unwrap();
        assert_eq!((event.id, event.stream), ("secret", "s"));
        String::from_utf8(event.body.to_vec()).unwrap()
    };
    let value = raw("secret", "s", &[b'x'; 2000]);
    let early = refused(converter.convert(&value, &first, TERMS));
    assert_eq!(body(early), "a masked 2000 bytes");
    let value = raw("secret", "s", b"2");
    let Decision::Documents(made) = converter.convert(&value, &first, TERMS) else { panic!() };
    let second = made.documents().nth(1).unwrap();
    assert_eq!(body(made.too_large(&second, 900, 800)), "a masked 1 bytes");
    let value = raw("e-1", "s", b"2");
    let Decision::Documents(made) = converter.convert(&value, &first, TERMS) else { panic!() };
    let second = made.documents().nth(1).unwrap();
    assert_eq!(made.too_large(&second, 900, 800).masked_value(), None);
}

proptest! {
    /// Scenario: records of arbitrary bytes, events of arbitrary bodies. Guarantees: one decision each, no panic, and documents
    /// that fit, with keys that can be read and ids that differ.
    #[test]
    fn decides_about_anything(
        values in prop::collection::vec((any::<bool>(), prop_oneof![any::<Vec<u8>>(), "[0-9dr]".prop_map(String::into_bytes)]), 0..20),
    ) {
        let (mut converter, first) = obedient("a");
        for (is_event, bytes) in values {
            let value = if is_event { raw("e", "s", &bytes) } else { bytes };
            if let Decision::Documents(made) = converter.convert(&value, &first, TERMS) {
                let ids: std::collections::BTreeSet<_> = made
                    .documents()
                    .map(|document| {
                        assert!(document.key.len() + document.body.len() <= TERMS.max_record);
                        EventKey::read(document.key.as_bytes()).unwrap().id
                    })
                    .collect();
                prop_assert!(!ids.is_empty());
                prop_assert_eq!(ids.len(), made.documents().len());
            }
        }
    }
}
