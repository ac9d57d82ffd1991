mod model;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::answer;
use super::*;
use crate::batch::{Batch, Limits};
use crate::protobuf::{push_bytes, push_text};
use model::{Any, Record, Resource, Scope, json_of, protobuf_of, resource, sub};

const LIMITS: Limits = Limits { max_event: 4096, max_depth: 16, max_events: 100, max_inflated: 1 << 20 };

fn events(batch: &Batch) -> Vec<Json> {
    batch
        .events
        .iter()
        .map(|event| serde_json::from_slice(&batch.bytes[event.span.clone()]).unwrap())
        .collect()
}

fn minimal() -> Record {
    Record {
        time: 0,
        observed: 0,
        severity: 0,
        severity_text: String::new(),
        body: Any::Text("hi".to_owned()),
        attributes: Vec::new(),
        dropped: 0,
        flags: 0,
        trace: Vec::new(),
        span: Vec::new(),
        event: String::new(),
    }
}

fn with_records(records: Vec<Record>) -> [Resource; 1] {
    let scope = Scope {
        name: String::new(),
        version: String::new(),
        attributes: Vec::new(),
        schema_url: String::new(),
        records,
    };
    [Resource { attributes: Vec::new(), dropped: 0, scopes: vec![scope] }]
}

/// Scenario: the example request of the protocol's own repository, in both encodings.
/// Guarantees: one object with the schema's names, what the record is of beside it.
#[test]
fn a_record_becomes_an_object() {
    let record = Record {
        time: 1_795_251_598_250_000_001,
        observed: 1_795_251_599_000_000_000,
        severity: 10,
        severity_text: "Information".to_owned(),
        body: Any::Text("Example \"log\" record".to_owned()),
        attributes: vec![
            ("string.attribute".to_owned(), Any::Text("some string".to_owned())),
            ("int.attribute".to_owned(), Any::Int(10)),
            (
                "map".to_owned(),
                Any::Map(vec![("k".to_owned(), Any::Array(vec![Any::Bool(true), Any::Nothing]))]),
            ),
            ("bytes".to_owned(), Any::Bytes(vec![0, 255])),
            ("log.record.uid".to_owned(), Any::Text("01ARZ3NDEK".to_owned())),
        ],
        dropped: 3,
        flags: 1,
        trace: (1..17).collect(),
        span: (1..9).collect(),
        event: "order.placed".to_owned(),
    };
    let scope = Scope {
        name: "my.library".to_owned(),
        version: "1.0.0".to_owned(),
        attributes: vec![("a".to_owned(), Any::Double(0.5))],
        schema_url: "https://s/2".to_owned(),
        records: vec![record, minimal()],
    };
    let attributes = vec![("service.name".to_owned(), Any::Text("my.service".to_owned()))];
    let resources = [Resource { attributes, dropped: 1, scopes: vec![scope] }];
    let expected = json!({
        "time_unix_nano": 1_795_251_598_250_000_001u64, "severity_number": 10, "severity_text": "Information",
        "trace_id": "0102030405060708090a0b0c0d0e0f10", "span_id": "0102030405060708", "flags": 1,
        "event_name": "order.placed", "body": "Example \"log\" record",
        "attributes": {
            "string.attribute": "some string", "int.attribute": 10, "map": {"k": [true, null]}, "bytes": "AP8=",
        },
        "dropped_attributes_count": 3,
        "resource": {"attributes": {"service.name": "my.service"}, "dropped_attributes_count": 1},
        "scope": {"name": "my.library", "version": "1.0.0", "attributes": {"a": 0.5}, "schema_url": "https://s/2"},
    });
    for batch in [protobuf(&protobuf_of(&resources), LIMITS), json(&json_of(&resources), LIMITS)] {
        let batch = batch.unwrap();
        assert_eq!(events(&batch)[0], expected);
        assert_eq!(events(&batch)[1]["body"], "hi");
        assert_eq!(batch.given_ids, ["01ARZ3NDEK", ""]);
        assert_eq!((batch.events[0].observed_at, batch.events[0].line), (1_795_251_599_000_000_000, 1));
        assert_eq!((batch.groups[0].facts.format.as_str(), batch.groups[0].len), (FORMAT, 2));
    }
}

#[test]
fn a_request_without_records_is_none_that_is_wrong() {
    for batch in [protobuf(b"", LIMITS), json(b"{}", LIMITS), json(br#"{"resourceLogs":null}"#, LIMITS)] {
        let batch = batch.unwrap();
        assert!(batch.events.is_empty() && batch.groups.is_empty() && batch.rejections.count() == 0);
    }
}

/// Scenario: records that are too large and nested too deep among good ones.
/// Guarantees: they alone are refused, in both encodings, and the answer tells how many and why.
#[test]
fn a_bad_record_harms_no_other() {
    let deep = (0..20).fold(Any::Nothing, |inner, _| Any::Array(vec![inner]));
    let bodies =
        [Any::Text("x".repeat(5000)), deep, Any::Text("good".to_owned()), Any::Text("\u{1}".repeat(1000))];
    let records = bodies.map(|body| Record { body, ..minimal() }).to_vec();
    for batch in [
        protobuf(&protobuf_of(&with_records(records.clone())), LIMITS),
        json(&json_of(&with_records(records)), LIMITS),
    ] {
        let batch = batch.unwrap();
        assert_eq!(events(&batch), [json!({"body": "good"})]);
        let refused: Vec<_> = batch.rejections.listed().iter().map(|one| (one.line, one.error)).collect();
        assert_eq!(refused, [(1, "too_large"), (2, "too_deep"), (4, "too_large")]);
        let answer: Json = serde_json::from_slice(&answer::response_json(&batch.rejections)).unwrap();
        assert_eq!(answer["partialSuccess"]["rejectedLogRecords"], "3");
        let message = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
        assert!(message.starts_with("log record 1: the event has "), "{message}");
    }
}

/// Scenario: a resource that leaves no room for records, and many of them; a thousand scopes under it.
/// Guarantees: each is refused, in a time that a copy of the resource for each would not allow.
#[test]
fn a_large_resource_is_not_copied_for_what_is_refused() {
    let scope = with_records(vec![minimal(); 90])[0].scopes[0].clone();
    let empty = Scope { records: Vec::new(), ..scope.clone() };
    let scopes = std::iter::once(scope).chain(std::iter::repeat_n(empty, 1000)).collect();
    let attributes = vec![("a".to_owned(), Any::Text("x".repeat(1 << 20)))];
    let resources = [Resource { attributes, dropped: 0, scopes }];
    for batch in [protobuf(&protobuf_of(&resources), LIMITS), json(&json_of(&resources), LIMITS)] {
        let batch = batch.unwrap();
        assert_eq!((batch.events.len(), batch.rejections.count()), (0, 90));
        assert!(batch.bytes.is_empty());
    }
}

#[test]
fn a_broken_request_is_refused_as_a_whole() {
    let good = protobuf_of(&with_records(vec![minimal()]));
    let error = protobuf(&good[..good.len() - 1], LIMITS).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the body is no ExportLogsServiceRequest: the request: it ends inside a field, at byte 0"
    );
    let many = protobuf_of(&with_records(vec![minimal(); 101]));
    assert_eq!(protobuf(&many, LIMITS).unwrap_err().to_string(), "more than 100 events at once");
    for (text, told) in [
        (&b"{\"resourceLogs\":[{]}"[..], "the request: key must be a string at line 1 column 19"),
        (
            b"{\"resourceLogs\":\"secret\"}",
            "the request: a value of another type than the schema has at line 1",
        ),
        (b"[]", "the request: a value of another type"),
        (b"\xff", "the request: broken UTF-8 at byte 0"),
        (b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":7}]}]}", "logRecords: a value of another type"),
        (b"{} x", "the request: trailing characters"),
    ] {
        let error = json(text, LIMITS).unwrap_err().to_string();
        assert!(error.contains(told) && !error.contains("secret"), "{error}");
    }
}

/// Scenario: forms that the JSON encoding allows or forbids, record by record.
/// Guarantees: allowed ones are understood, a wrong one costs its record alone.
#[test]
fn json_has_several_forms() {
    let records = [
        r#"{"body":{"intValue":7},"severityNumber":"9","timeUnixNano":5,"traceId":null,"attributes":null}"#,
        r#"{"attributes":[{"value":{"stringValue":"late"},"key":"k"},{"key":"none"},{"value":{"kvlistValue":{"values":null}}}]}"#,
        r#"{"body":{"doubleValue":"Infinity"},"spanId":"zz","flags":-1}"#,
        r#"{"body":{"stringValue":7}}"#,
        r#"{"body":{"arrayValue":{}},"eventName":"a\"bc"}"#,
    ];
    let text = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#, records.join(","));
    let batch = json(text.as_bytes(), LIMITS).unwrap();
    let expected = [
        json!({"body": 7, "severity_number": 9, "time_unix_nano": 5}),
        json!({"attributes": {"k": "late", "none": null, "": {}}}),
        json!({"body": [], "event_name": "a\"bc"}),
    ];
    assert_eq!(events(&batch), expected);
    let refused: Vec<_> = batch.rejections.listed().iter().map(|one| (one.line, one.error)).collect();
    assert_eq!(refused, [(3, "malformed"), (4, "malformed")]);
}

/// Scenario: strings that are no UTF-8, and ids that can't be ids of events.
/// Guarantees: the record is taken, with the replacement character; such an id stays an attribute.
#[test]
fn odd_strings_lose_no_record() {
    let uid = sub(|out| {
        push_text(out, 1, "log.record.uid");
        push_bytes(out, 2, &Any::Text("a\tb".to_owned()).protobuf());
    });
    let record = sub(|out| {
        push_bytes(out, 3, b"caf\xe9");
        push_bytes(out, 6, &uid);
    });
    let scope = sub(|out| push_bytes(out, 2, &record));
    let resource = sub(|out| push_bytes(out, 2, &scope));
    let batch = protobuf(&sub(|out| push_bytes(out, 1, &resource)), LIMITS).unwrap();
    let expected = json!({"severity_text": "caf\u{FFFD}", "attributes": {"log.record.uid": "a\tb"}});
    assert_eq!((events(&batch), batch.given_ids.len()), (vec![expected], 0));
}

#[test]
fn a_status_has_its_retry_info() {
    let status = answer::status(14, "kafka is away", Some(std::time::Duration::from_millis(1500)));
    let info =
        b"\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x0a\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01";
    let mut expected = b"\x08\x0e\x12\x0dkafka is away".to_vec();
    push_bytes(&mut expected, 3, info);
    assert_eq!(status, expected);
    assert_eq!(answer::status_json(3, "a\"b"), br#"{"code":3,"message":"a\"b"}"#);
    assert_eq!(answer::response(&crate::Rejections::default()), b"");
}

proptest! {
    /// Scenario: any records, encoded as protobuf and as JSON.
    /// Guarantees: both are read to the same events, times and ids.
    #[test]
    fn both_encodings_mean_the_same(resources in prop::collection::vec(resource(), 0..3)) {
        let binary = protobuf(&protobuf_of(&resources), LIMITS).unwrap();
        let text = json(&json_of(&resources), LIMITS).unwrap();
        let parsed = |batch: &Batch| batch.events.iter().map(|event| {
            // Members may stand in another order, and names may come twice.
            let text = std::str::from_utf8(&batch.bytes[event.span.clone()]).unwrap();
            (event.line, event.observed_at, serde_json::from_str::<Json>(text).unwrap())
        }).collect::<Vec<_>>();
        prop_assert_eq!(parsed(&binary), parsed(&text));
        prop_assert_eq!(binary.given_ids, text.given_ids);
        prop_assert_eq!(binary.rejections.count(), text.rejections.count());
        let records: usize = resources.iter().flat_map(|one| &one.scopes).map(|one| one.records.len()).sum();
        prop_assert_eq!(binary.events.len() + binary.rejections.count(), records);
    }

    /// Scenario: bytes of a good request, some of them changed.
    /// Guarantees: an answer; every event is valid JSON within the limits.
    #[test]
    fn survives_anything(
        resources in prop::collection::vec(resource(), 1..2),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        for (mut body, decode) in [
            (protobuf_of(&resources), protobuf as fn(&[u8], Limits) -> Result<Batch, OtlpError>),
            (json_of(&resources), json),
        ] {
            for (at, byte) in &changes {
                let at = at.index(body.len().max(1));
                if let Some(slot) = body.get_mut(at) {
                    *slot = *byte;
                }
            }
            if let Ok(batch) = decode(&body, LIMITS) {
                prop_assert!(batch.events.iter().all(|event| event.span.len() <= LIMITS.max_event));
                let _all = events(&batch);
            }
        }
    }
}
