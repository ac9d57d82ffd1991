use serde_json::{Value as Json, json};

use crate::testing::{RECEIVED, check_otel, event, parser};
use crate::{OnUnparsed, OutputSchema, Parsed, ReadEvent, WriteOptions};

fn otel(format: &str, body: &str) -> Json {
    let mut event = event(format, body.as_bytes());
    event.attributes = vec![("k8s.pod.name", "web-0"), ("app", "shop")];
    let (mut read, mut out) = (ReadEvent::default(), Parsed::default());
    let mut parser = parser(OnUnparsed::DeadLetter);
    parser.read(&event, None, 0, &mut read).unwrap();
    let options = WriteOptions { schema: OutputSchema::Otel, ..WriteOptions::default() };
    parser.write(&event, &read.value, &read.origin, &options, 0, &mut out).unwrap();
    check_otel(&out.document)
}

#[test]
fn fields_get_the_names_of_the_data_model() {
    let document = otel(
        "json",
        r#"{"time":"2026-11-21T08:59:00Z","level":"WARN","msg":"hello","logger":"app.cart","service":"cart",
        "host":{"name":"h","architecture":"arm64"},"trace_id":"463AC35C9F6413AD48485A3953BB6124",
        "span_id":"00f067aa0ba902b7","status":404,"method":"GET","thread":"main","x":{"y":[1,2]},"list":[{"a":1}],
        "request_id":"r1","correlationId":"c1","tags":["t"]}"#,
    );
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:00.000Z", "observed_timestamp": RECEIVED,
        "trace_id": "463ac35c9f6413ad48485a3953bb6124", "span_id": "00f067aa0ba902b7",
        "severity_text": "WARN", "severity_number": 13, "body": {"text": "hello"},
        "resource": {"attributes": {
            "organization.id": "acme", "service.name": "cart", "host.name": "h", "host.arch": "arm64",
            "k8s.pod.name": "web-0",
        }},
        "scope": {"name": "app.cart"},
        "attributes": {
            "event.ingested": RECEIVED, "http.response.status_code": 404, "http.request.method": "GET",
            "thread.name": "main", "x.y": [1, 2], "http.request.id": "r1", "correlation_id": "c1", "app": "shop",
            "tags": ["t"], "log.record.uid": "1",
        },
        "unmapped": {"list": [{"a": 1}]},
    });
    assert_eq!(document, expected);
}

#[test]
fn a_message_that_is_an_object_is_a_structured_body() {
    let document = otel("json", r#"{"message":{"a.b":[1,"x"]},"level":"odd","trace_id":"12345"}"#);
    assert_eq!(document["body"], json!({"structured": {"a.b": [1, "x"]}}));
    assert_eq!(document["severity_text"], "odd");
    assert_eq!((document.get("severity_number"), document.get("trace_id")), (None, None));
    assert_eq!(document["attributes"]["trace.id"], "12345", "no id by W3C");
}

#[test]
fn names_that_meet_are_kept_apart() {
    let document = otel(
        "json",
        r#"{"source":{"ip":"10.0.0.1","address":"web"},"thread":{"name":"mine"},"process":{"thread":{"name":"p"}},
        "exception":"text","error":{"stack_trace":"s"},"labels":{"exception":"l"}}"#,
    );
    let attributes = &document["attributes"];
    assert_eq!(
        (&attributes["source.address"], &attributes["source.ip"]),
        (&json!("web"), &json!("10.0.0.1"))
    );
    assert_eq!(attributes["thread.name"], "mine");
    assert_eq!(document["resource"]["attributes"]["process.thread.name"], "p");
    // In every index there is `exception.type` and so on, whether this event has it or not.
    assert_eq!(document["unmapped"]["exception"], "text");
    assert_eq!(
        (&attributes["exception.stacktrace"], &attributes["labels.exception"]),
        (&json!("s"), &json!("l"))
    );
}

/// Scenario: what one event has as a number and another as a word, under one name.
/// Guarantees: a name that a field of ECS becomes has that field's type, and labels are strings, in every document.
#[test]
fn types_are_the_same_in_every_document() {
    let document = otel(
        "json",
        r#"{"code":{"line":{"number":"no number"}},"labels":{"n":1,"b":true,"s":"x","list":[1,2]},
        "log":{"origin":{"file":{"line":7}}},"http":{"response":{"status_code":"many"}}}"#,
    );
    let attributes = &document["attributes"];
    assert_eq!(attributes["code.line.number"], 7);
    assert_eq!(
        (&attributes["n"], &attributes["b"], &attributes["s"]),
        (&json!("1"), &json!("true"), &json!("x"))
    );
    let expected = json!({
        "code.line.number": "no number", "labels.list": [1, 2], "http.response.status_code": "many",
    });
    assert_eq!(document["unmapped"], expected);
}

/// Guarantees: whatever a body is, the field that takes it gets an object that it takes.
#[test]
fn bodies_are_objects_or_text() {
    assert_eq!(
        otel("json", r#"{"message":[1,{"a":"b"}]}"#)["body"],
        json!({"structured": {"value": [1, {"a": "b"}]}})
    );
    let odd = otel("json", r#"{"body":{"nul\u0000":1},"message":"m"}"#);
    assert_eq!(odd["body"], json!({"text": "m"}));
    assert_eq!(odd["unmapped"]["body"], r#"{"nul\u0000":1}"#);
}
