use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const LIMITS: Limits = Limits { max_event: 100, max_depth: 4, max_events: 8, max_inflated: 4096 };

fn read(body: &str) -> Result<Batch, HecError> {
    events(body.as_bytes(), &Metadata { index: Some("main".to_owned()), ..Metadata::default() }, &LIMITS)
}

fn texts(batch: &Batch) -> Vec<String> {
    let text = |event: &Event| String::from_utf8_lossy(&batch.bytes[event.span.clone()]).into_owned();
    batch.events.iter().map(text).collect()
}

/// Scenario: events of every kind in one body, with and without white space between them.
/// Guarantees: each has its text or its JSON, its time, and the facts that it states.
#[test]
fn events_come_out_as_they_were_sent() {
    let body = r#"{"event":"one\n\"two\" \u00fc","time":1795251598.25,"host":"web-1","source":"/var/log/a","sourcetype":"access"}{"event":{"n" : 1},"time":"1795251598","host":"web-1","source":"app"}
        {"event":{"n":2},"time":null,"host":"web-1","source":"app","extra":[]} {"event":7,"index":"own","fields":{"a":"x","n":1.5,"m":["x","y"],"none":null}}"#;
    let batch = read(body).unwrap();
    assert_eq!(texts(&batch), ["one\n\"two\" \u{fc}", "{\"n\" : 1}", "{\"n\":2}", "7"]);
    let times: Vec<u64> = batch.events.iter().map(|event| event.observed_at).collect();
    assert_eq!(times, [1_795_251_598_250_000_000, 1_795_251_598_000_000_000, 0, 0]);
    let group = |at: usize| {
        let Group { facts, len } = &batch.groups[at];
        let attributes: Vec<_> =
            facts.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        (facts.format.as_str(), *len, attributes)
    };
    let host = ("host", "web-1");
    let main = ("index", "main");
    assert_eq!(group(0), ("", 1, vec![host, ("file", "/var/log/a"), ("sourcetype", "access"), main]));
    assert_eq!(group(1), ("json", 2, vec![host, ("source", "app"), main]));
    assert_eq!(
        group(2),
        ("json", 1, vec![("index", "own"), ("a", "x"), ("n", "1.5"), ("m", r#"["x","y"]"#)])
    );
    assert_eq!(batch.groups.len(), 3);
}

/// Scenario: every way to be wrong, behind a good event.
/// Guarantees: the code that Splunk's documentation has for it, the event's number, and nothing is taken.
#[test]
fn the_first_bad_event_refuses_the_request_and_is_named() {
    for (second, code, number) in [
        (r#"{"host":"x"}"#, 12, 400),
        (r#"{"event":null}"#, 12, 400),
        (r#"{"event":""}"#, 13, 400),
        (r#"{"event":" "}"#, 13, 400),
        (r#"{"event":"x""#, 6, 400),
        (r#""x""#, 6, 400),
        (r#",{"event":"x"}"#, 6, 400),
        (r#"{"event":[[[[[1]]]]]}"#, 6, 400),
        (r#"{"event":"x","time":"noon"}"#, 6, 400),
        (r#"{"event":"x","host":{}}"#, 6, 400),
        (r#"{"event":"x","fields":1}"#, 15, 400),
        (r#"{"event":"x","fields":{"a":{}}}"#, 15, 400),
        (&format!(r#"{{"event":"{}"}}"#, "x".repeat(101)), 6, 413),
        (&format!(r#"{{"event":"x","host":"{}"}}"#, "x".repeat(40_000)), 15, 400),
    ] {
        let error = read(&format!("{{\"event\":\"ok\"}} {second}")).unwrap_err();
        assert_eq!((error.code.number(), error.status(), error.event), (code, number, Some(1)), "{second}");
        let answer: Value = serde_json::from_slice(&error.answer().to_json()).unwrap();
        assert_eq!((&answer["code"], &answer["invalid-event-number"]), (&json!(code), &json!(1)));
        assert!(!answer["reason"].as_str().unwrap().contains("xxx"), "no contents in answers");
    }
    assert_eq!(read(" \n").unwrap_err().code, Code::NoData);
    assert_eq!(read(&r#"{"event":1}"#.repeat(9)).unwrap_err().status(), 413);
    assert_eq!(events(b"{\"event\":\"\xff\"}", &Metadata::default(), &LIMITS).unwrap_err().code.number(), 6);
}

/// Scenario: a few large facts for many tiny events. Guarantees: they count for every event that has them.
#[test]
fn facts_that_all_events_share_count_for_each() {
    let limits = Limits { max_events: 1 << 20, ..LIMITS };
    let metadata = Metadata { host: Some("h".repeat(40)), ..Metadata::default() };
    let body = r#"{"event":1}"#.repeat(1000);
    assert_eq!(events(body.as_bytes(), &metadata, &limits).unwrap_err().status(), 413);
}

#[test]
fn raw_lines_are_taken_as_they_are() {
    let metadata =
        Metadata { host: Some("web-1".to_owned()), sourcetype: Some("x".to_owned()), ..Metadata::default() };
    let lines = |body: &'static [u8]| raw(&Bytes::from_static(body), &metadata, &LIMITS);
    let batch = lines(b"one\r\n\ncaf\xe9\n").unwrap();
    assert_eq!(texts(&batch), ["one", "caf\u{fffd}"]);
    assert_eq!((batch.groups.len(), batch.groups[0].len), (1, 2));
    assert_eq!(batch.groups[0].facts.attributes[0], ("host".to_owned(), "web-1".to_owned()));
    assert_eq!(lines(b"\n").unwrap_err().code, Code::NoData);
    assert_eq!(lines(&[b'x'; 101]).unwrap_err().status(), 413);
    assert_eq!(lines(b"1\n2\n3\n4\n5\n6\n7\n8\n9").unwrap_err().status(), 413);
}

#[test]
fn answers_are_as_clients_compare_them() {
    assert_eq!(Code::Success.answer().to_json(), br#"{"text":"Success","code":0}"#);
    let acknowledged = Code::Success.answer().acknowledged_as(3).to_json();
    assert_eq!(acknowledged, br#"{"text":"Success","code":0,"ackId":3}"#);
    let busy = Code::ServerBusy.answer().because("full").to_json();
    assert_eq!(busy, br#"{"text":"Server is busy","code":9,"reason":"full"}"#);
}

proptest! {
    /// Scenario: any texts and objects in a row, with any white space.
    /// Guarantees: they come back, in order, and groups cover them.
    #[test]
    fn what_was_wrapped_comes_back(
        given in prop::collection::vec(("[^ ]{1,9}", prop::option::of("[a-z]{1,3}"), any::<bool>()), 1..8),
        space in "[ \n]{0,2}",
    ) {
        let given: Vec<_> = given.into_iter().filter(|(text, ..)| !text.trim().is_empty()).collect();
        prop_assume!(!given.is_empty());
        let body: String = given.iter().map(|(text, host, is_object)| {
            let event = if *is_object { json!({"m": text}) } else { json!(text) };
            let mut wrapped = json!({"event": event});
            if let Some(host) = host {
                wrapped["host"] = json!(host);
            }
            format!("{wrapped}{space}")
        }).collect();
        let limits = Limits { max_event: 1000, ..LIMITS };
        let batch = events(body.as_bytes(), &Metadata::default(), &limits).unwrap();
        let wanted: Vec<String> = given.iter()
            .map(|(text, _, is_object)| if *is_object { json!({"m": text}).to_string() } else { text.clone() }).collect();
        prop_assert_eq!(texts(&batch), wanted);
        let hosts: Vec<Option<String>> = batch.groups.iter().flat_map(|group| {
            let host = group.facts.attributes.first().map(|(_, host)| host.clone());
            std::iter::repeat_n(host, group.len)
        }).collect();
        prop_assert_eq!(hosts, given.into_iter().map(|(_, host, _)| host).collect::<Vec<_>>());
    }

    /// Scenario: arbitrary bytes, and what events are made of. Guarantees: an answer; what is taken lies in the batch.
    #[test]
    fn survives_anything(
        bytes: Vec<u8>,
        text in r#"(\{"(event|time|host|fields)":("[a\\u1]{0,3}"|\{\}|[0-9.e-]{1,4}|null)\}|[ \{\}\[\]:,"a1\\\n]{0,9}){0,9}"#,
    ) {
        for body in [&bytes[..], text.as_bytes()] {
            let raw = raw(&Bytes::copy_from_slice(body), &Metadata::default(), &LIMITS);
            for batch in [events(body, &Metadata::default(), &LIMITS), raw].into_iter().flatten() {
                prop_assert!(batch.events.iter().all(|event| event.span.end <= batch.bytes.len()));
                prop_assert_eq!(batch.groups.iter().map(|group| group.len).sum::<usize>(), batch.events.len());
            }
        }
    }
}
