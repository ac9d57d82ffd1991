use forebay_record::RawEvent;
use vrl::path::parse_value_path;
use vrl::value::Value as Vrl;

use super::{FieldPath, Gift, NotOpen, OpenEvent};
use crate::{Next, Opened, ParseConfig, Parsed, Parser, ReadEvent, WriteOptions, Writing};

fn path(path: &str) -> FieldPath {
    FieldPath::new(&parse_value_path(path).unwrap()).unwrap()
}

/// What becomes of an event, and its document or value.
fn open(
    format: &str,
    body: &str,
    work: impl FnOnce(&mut OpenEvent<'_, '_>) -> Next<()>,
) -> (Opened<()>, serde_json::Value) {
    let mut parser = Parser::new(ParseConfig::default()).unwrap();
    let (mut read, mut out) = (ReadEvent::default(), Parsed::default());
    let event = RawEvent { tenant: "acme", format, body: body.as_bytes(), ..RawEvent::default() };
    let opened = parser.open(&event, None, &WriteOptions::default(), 0, &mut read, &mut out, work).unwrap();
    let json = match opened {
        Opened::Written => serde_json::from_slice(&out.document).unwrap(),
        _ => serde_json::to_value(&read.value).unwrap(),
    };
    (opened, json)
}

fn write() -> Next<()> {
    Next::Write(Writing::default())
}

/// Guarantees: what no rule touches is in the document byte for byte, in its order; what one sets is there as if it had been
/// sent.
#[test]
fn what_is_not_touched_stays_as_it_came() {
    let mut parser = Parser::new(ParseConfig::default()).unwrap();
    let (mut read, mut out) = (ReadEvent::default(), Parsed::default());
    let body = br#"{"z":1.50,"a":{"y":[1, 2.0],"x":1e3},"level":"info","gone":true}"#;
    let event = RawEvent { tenant: "acme", format: "json", body, ..RawEvent::default() };
    let opened = parser.open(&event, None, &WriteOptions::default(), 0, &mut read, &mut out, |event| {
        assert_eq!(event.get(&path("level")), Ok(Some(Vrl::from("info"))));
        assert_eq!(event.get(&path("a.x")), Ok(Some(Vrl::from_f64_or_zero(1000.0))));
        assert_eq!(event.get(&path("level.deeper")), Ok(None));
        event.set(&path("level"), Gift::Own(Vrl::from("warn"))).unwrap();
        event.set(&path("new.field"), Gift::Own(Vrl::from(7))).unwrap();
        event.remove(&path("gone")).unwrap();
        write()
    });
    assert_eq!(opened, Ok(Opened::Written));
    let document = String::from_utf8(out.document).unwrap();
    assert!(document.contains(r#""z":1.50,"a":{"y":[1,2.0],"x":1e3}"#), "{document}");
    assert!(
        document.contains(r#""log":{"level":"warn"}"#) && document.contains(r#""new":{"field":7}"#),
        "{document}"
    );
    assert!(!document.contains("gone"), "{document}");
}

/// Guarantees: an event whose fields a name alone doesn't tell is a value at once, and no rule sees it open.
#[test]
fn an_odd_event_is_a_value_from_the_start() {
    for body in
        [r#"{"a":1,"a":2}"#, r#"{"a.b":1}"#, r#"{"a":{"b.c":1}}"#, r#"{"n":123456789012345678901234567890}"#]
    {
        let (opened, _) = open("json", body, |_| unreachable!());
        assert_eq!(opened, Opened::Value, "{body}");
    }
    let (opened, _) = open("logfmt", "labels.rules_revision=evil a=1", |_| unreachable!());
    assert_eq!(opened, Opened::Value);
}

/// Guarantees: an event that becomes a value on the way has all that was done to it before.
#[test]
fn a_value_has_what_was_done_before() {
    for (format, body) in [("json", r#"{"a":1,"b":{"c":2},"d":3}"#), ("logfmt", "a=1 b.c=2 d=3")] {
        let (opened, value) = open(format, body, |event| {
            event.set(&path("a"), Gift::Own(Vrl::from("new"))).unwrap();
            event.set(&path("b.x"), Gift::Own(Vrl::from(true))).unwrap();
            event.remove(&path("d")).unwrap();
            assert_eq!(event.get(&path("a")), Ok(Some(Vrl::from("new"))), "{format}");
            assert_eq!(event.get(&path("d")), Ok(None), "{format}");
            Next::Value
        });
        assert_eq!(opened, Opened::Value);
        assert_eq!(
            (&value["a"], &value["b"]["x"], value.get("d")),
            (&"new".into(), &true.into(), None),
            "{value}"
        );
    }
}

/// Guarantees: nobody sets what only we may say, puts a field into a scalar, or replaces an object, where a reader has placed
/// the members.
#[test]
fn what_is_not_admitted_changes_nothing() {
    let (_, document) = open("logfmt", "a=1 user.name=jane", |event| {
        for name in [
            "@timestamp",
            "labels.x",
            "organization.id",
            "event.ingested",
            "event",
            "a.b",
            "user",
            "unmapped.x",
        ] {
            assert_eq!(event.set(&path(name), Gift::Own(Vrl::from("evil"))), Err(NotOpen), "{name}");
        }
        write()
    });
    assert!(!document.to_string().contains("evil"), "{document}");
}
