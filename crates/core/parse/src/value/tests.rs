use proptest::prelude::*;
use serde_json::{Value as Json, json};
use vrl::value::{ObjectMap, Value as Vrl};

use super::*;
use crate::testing::{RECEIVED, RECEIVED_MS, check, check_otel, event, parser, through};
use crate::{FieldBudget, Guards, OnUnparsed, Parsed, Parser};

fn read(format: &str, body: &str) -> ReadEvent {
    let mut read = ReadEvent::default();
    parser(OnUnparsed::DeadLetter).read(&event(format, body.as_bytes()), None, 0, &mut read).unwrap();
    read
}

fn write(body: &str, value: &Vrl, options: &WriteOptions<'_>) -> Json {
    let event = event("json", body.as_bytes());
    let (mut out, mut parser) = (Parsed::default(), parser(OnUnparsed::DeadLetter));
    let origin = read("json", body).origin;
    parser.write(&event, value, &origin, options, 0, &mut out).unwrap();
    check(&out.document)
}

/// Reads and writes JSON in another schema.
fn as_schema(schema: OutputSchema, body: &str) -> Json {
    write(body, &read("json", body).value, &WriteOptions { schema, ..WriteOptions::default() })
}

/// Makes documents comparable: JSON text in `unmapped` is read, numbers are floats, lists in there are sorted.
fn normal(document: &Json) -> Json {
    fn numbers(value: &Json) -> Json {
        match value {
            Json::Number(number) => json!(number.as_f64()),
            Json::Array(elements) => elements.iter().map(numbers).collect(),
            Json::Object(members) => {
                Json::Object(members.iter().map(|(key, value)| (key.clone(), numbers(value))).collect())
            }
            other => other.clone(),
        }
    }
    fn texts(value: &Json) -> Json {
        match value {
            Json::String(text) => match serde_json::from_str::<Json>(text) {
                Ok(inner @ (Json::Array(_) | Json::Object(_))) => texts(&inner),
                _ => value.clone(),
            },
            Json::Array(elements) => {
                let mut elements: Vec<Json> = elements.iter().map(texts).collect();
                elements.sort_by_key(ToString::to_string);
                elements.into()
            }
            Json::Object(members) => {
                Json::Object(members.iter().map(|(key, value)| (key.clone(), texts(value))).collect())
            }
            other => other.clone(),
        }
    }
    let mut document = numbers(document);
    if let Some(unmapped) = document.get_mut("unmapped") {
        *unmapped = numbers(&texts(unmapped));
    }
    document
}

fn name() -> impl Strategy<Value = String> {
    let known = vec![
        "message",
        "msg",
        "http",
        "request",
        "method",
        "host",
        "name",
        "hostname",
        "level",
        "labels",
        "tags",
        "unmapped",
        "status",
        "ip",
        "source",
        "a",
        "b",
        "a.b",
        "b.c",
        "a.b.c",
        "http.request.method",
        "_id",
        "",
        " ",
        "é\n",
        "trace_id",
        "X-Request-ID",
        "correlation_id",
        "event",
        "organization",
        "ingested",
        "id",
        "process",
        "pid",
        "container",
        "labels.a",
        "user",
        "error",
        "related",
        "log",
        "timestamp",
        "@timestamp",
        "time",
    ];
    prop_oneof![9 => prop::sample::select(known).prop_map(str::to_owned), 1 => "[a-c.\"]{1,6}"]
}

fn scalar() -> impl Strategy<Value = Json> {
    let texts = vec![
        "",
        "x",
        "GET",
        "10.0.0.1",
        "a\"b\\c\n",
        "é",
        "true",
        "404",
        "2026-11-21T08:59:00Z",
        "1970-01-01T00:00:00Z",
        "463ac35c9f6413ad48485a3953bb6124",
        "[1]",
        "00f067aa0ba902b7",
    ];
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (0_i64..600).prop_map(Json::from),
        Just(json!(1_795_251_500)),
        Just(json!(u64::MAX)),
        (-1000_i32..1000).prop_map(|number| json!(f64::from(number) / 8.0)),
        prop::sample::select(texts).prop_map(Json::from),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((name(), inner), 0..5)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// The text of an object whose members stand in the order that was generated, each name once.
fn object_text() -> impl Strategy<Value = String> {
    prop::collection::vec((name(), value(), any::<bool>()), 0..9).prop_map(|members| {
        let mut seen = std::collections::HashSet::new();
        let members: Vec<String> = members
            .into_iter()
            .filter(|(key, ..)| seen.insert(key.clone()))
            .map(|(key, value, loose)| {
                let value =
                    if loose { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
                format!("{}:{}", json!(key), value.unwrap())
            })
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

const SAMPLES: [(&str, &str); 22] = [
    ("", r#"1.2.3.4 - bob [21/Nov/2026:09:00:00 +0000] "GET /x HTTP/1.1" 200 12 "-" "curl \"8\"" "9.9.9.9""#),
    ("combined", r#"web-1 me - [21/Nov/2026:08:00:00 +0000] "-" 400 - "http://x/" "-""#),
    ("common", r#"::1 - - [21/Nov/2020:09:00:00 +0000] "GET / HTTP/1.1" 200 1"#),
    (
        "syslog",
        r#"<34>1 2026-11-21T09:00:00.003Z host app 1 ID47 [x@1.2 a="b\"" c="d" c="e"][y z.z="1"] text"#,
    ),
    ("syslog", "<13>Nov 21 09:00:00 web-1 app[12]: text"),
    ("syslog", "<165>1 - - - - - - "),
    ("", "Nov 21 09:00:00 web sshd[1]: x"),
    ("", "2026-11-21T09:00:00.1+00:00 web cron[2]: x"),
    (
        "error",
        r#"2026/11/21 09:00:00 [error] 1#2: *3 x, client: 1.2.3.4, server: _, request: "GET / HTTP/1.1""#,
    ),
    ("", "[Sat Nov 21 09:00:00.1 2026] [core:error] [pid 1:tid 2] [client [::1]:5] text"),
    ("regex:app", "2026-11-21T08:59:00Z WARN 503 7 upstream is gone"),
    ("regex:pair", "so a=1 then"),
    ("", "hello"),
    ("raw", "{\"a\":1}"),
    ("json", "[1, 2]"),
    ("json", "\"a\\nb\""),
    ("", "{ not json"),
    ("syslog", "no syslog at all"),
    ("json", "{broken"),
    ("json", r#"{"a":1e400,"b":[1e400],"c":18446744073709551615,"n":{"m":[1,18446744073709551615]}}"#),
    ("json", r#"{"labels":{"parse_error":"mine","a.b":1,"a_b":2},"tags":["x"],"@timestamp":"soon"}"#),
    ("json", r#"{"hostname":"first","host":"second","b":1,"a":{"x.y":1,"x":{"y":2}},"a.x.y":3}"#),
];

fn same(parser: &mut Parser, format: &str, body: &[u8]) {
    let mut event = event(format, body);
    event.source = "http";
    event.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    event.attributes = vec![("host", "shipper"), ("x.y", "z"), ("log.file.path", "/x"), ("process.pid", "q")];
    let mut out = Parsed::default();
    let text = String::from_utf8_lossy(body);
    match parser.parse(&event, 0, &mut out) {
        Ok(()) => {
            let expected = check(&out.document);
            let (document, written) = through(parser, &event).unwrap();
            assert_eq!(normal(&document), normal(&expected), "{text}");
            assert_eq!(
                (written.event_ms, written.format, written.marks),
                (out.event_ms, out.format, out.marks)
            );
        }
        Err(failure) => {
            let failed = parser.read(&event, None, 0, &mut ReadEvent::default());
            assert_eq!(failed, Err(failure), "{text}");
        }
    }
}

/// Scenario: samples of all formats, good and broken, are read and written by one parser that nothing changed between.
/// Guarantees: document, time, format and marks are those of `parse`; what fails there fails in the same way.
#[test]
fn what_no_rule_changed_is_what_parse_gives() {
    for on_unparsed in [OnUnparsed::DeadLetter, OnUnparsed::PassRaw] {
        let mut parser = parser(on_unparsed);
        for (format, body) in SAMPLES {
            same(&mut parser, format, body.as_bytes());
        }
        same(&mut parser, "raw", b"caf\xe9");
        same(&mut parser, "json", b"{\"m\":\"caf\xe9\"}\r\n");
    }
}

proptest! {
    /// Guarantees: the same for any JSON object with distinct names.
    #[test]
    fn json_that_no_rule_changed_is_what_parse_gives(body in object_text()) {
        same(&mut Parser::new(crate::ParseConfig::default()).unwrap(), "json", body.as_bytes());
    }

    /// Scenario: any value, written in any schema with little room for fields.
    /// Guarantees: one JSON document that a search server takes, whatever the value.
    #[test]
    fn any_value_becomes_a_document(body in object_text(), schema in schemas(), max_fields in 0_usize..5) {
        let mut parser = Parser::new(crate::ParseConfig::default()).unwrap();
        parser.set_guards(Guards { max_fields, budget: Some(FieldBudget::new(3, 2)), all_events: true });
        let event = event("json", body.as_bytes());
        let (mut read, mut out) = (ReadEvent::default(), Parsed::default());
        parser.read(&event, None, 0, &mut read).unwrap();
        let options = WriteOptions { schema, labels: &[("rules_revision", "r1")], ..WriteOptions::default() };
        parser.write(&event, &read.value, &read.origin, &options, 0, &mut out).unwrap();
        let document = match schema {
            OutputSchema::Otel => check_otel(&out.document),
            _ => check(&out.document),
        };
        let ours = match schema {
            OutputSchema::Otel => &document["attributes"]["rules_revision"],
            _ => &document["labels"]["rules_revision"],
        };
        prop_assert_eq!(ours, "r1", "{}", document);
        let mut out = Parsed::default();
        parser.parse(&event, 0, &mut out).unwrap();
        let _document = check(&out.document);
    }
}

fn schemas() -> impl Strategy<Value = OutputSchema> {
    prop::sample::select(vec![OutputSchema::Ecs, OutputSchema::Otel, OutputSchema::Raw])
}

#[test]
fn json_keeps_its_names_and_its_strings_are_slices_of_one_copy() {
    let body = r#"{"Level":"info","n":1,"x.y":[1.5,"two",null],"deep":{"a":true},"esc":"a\nb"}"#;
    let read = read("", body);
    let text = |text: &str| Vrl::Bytes(text.to_owned().into());
    let expected = Vrl::Object(ObjectMap::from([
        ("Level".into(), text("info")),
        ("n".into(), Vrl::Integer(1)),
        ("x.y".into(), Vrl::Array(vec![Vrl::from_f64_or_zero(1.5), text("two"), Vrl::Null])),
        ("deep".into(), Vrl::Object([("a".into(), Vrl::Boolean(true))].into())),
        ("esc".into(), text("a\nb")),
    ]));
    assert_eq!(read.value, expected);
    let all = read.origin.body.as_ptr().addr()..read.origin.body.as_ptr().addr() + body.len();
    let lies_inside = |name| match read.value.as_object().unwrap().get(name) {
        Some(Vrl::Bytes(bytes)) => all.contains(&bytes.as_ptr().addr()),
        _ => false,
    };
    assert!(lies_inside("Level") && !lies_inside("esc"));
}

#[test]
fn text_is_read_under_the_names_of_the_schema() {
    let line = r#"1.2.3.4 - - [21/Nov/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 1"#;
    let read = read("", line);
    let value = serde_json::to_value(&read.value).unwrap();
    assert_eq!(value["@timestamp"], "2026-11-21T09:00:00Z");
    assert_eq!(value["source"]["ip"], "1.2.3.4");
    assert_eq!(value["http"]["response"]["status_code"], 200);
    assert_eq!(value.get("organization"), None, "our facts are none of the rules' business");
}

#[test]
fn a_doubled_name_loses_nothing() {
    let body = r#"{"a":1,"a":2,"a":3,"o":{"x":1,"y":{"z":1}},"o":{"x":2,"y":{"w":2}},"unmapped":"theirs"}"#;
    let expected = json!({"a": [2, 3], "o.x": 2, "unmapped": "theirs"});
    let (document, _) =
        through(&mut parser(OnUnparsed::DeadLetter), &event("json", body.as_bytes())).unwrap();
    assert_eq!(document["unmapped"], expected);
    assert_eq!((&document["a"], &document["o"]), (&json!(1), &json!({"x": 1, "y": {"z": 1, "w": 2}})));
}

#[test]
fn the_caller_can_name_the_format() {
    let mut out = ReadEvent::default();
    let mut parser = parser(OnUnparsed::DeadLetter);
    parser.read(&event("json", b"a=b"), Some("regex:pair"), 0, &mut out).unwrap();
    assert_eq!(out.origin.format.as_str(), "regex");
    let failure = parser.read(&event("raw", b"a"), Some("nope"), 0, &mut out).unwrap_err();
    assert_eq!(failure.error_type, "unknown_format");
}

#[test]
fn arrays_of_scalars_have_a_limit_too() {
    let body = format!("{{\"a\":[{}1]}}", "1,".repeat(70_000));
    let event = event("json", body.as_bytes());
    let failure = parser(OnUnparsed::DeadLetter).read(&event, None, 0, &mut ReadEvent::default());
    assert_eq!(failure.unwrap_err().error_type, "json_too_many_values");
}

#[test]
fn what_rules_make_is_taken_or_refused_by_name() {
    let ours =
        json!({"@timestamp": RECEIVED, "event": {"ingested": RECEIVED}, "organization": {"id": "acme"}});
    let with = |message: Json| {
        let mut document = ours.clone();
        document["message"] = message;
        document
    };
    let options = WriteOptions::default();
    assert_eq!(write("{}", &Vrl::Null, &options), ours);
    assert_eq!(write("{}", &Vrl::from("x"), &options), with(json!("x")));
    assert_eq!(write("{}", &Vrl::Integer(5), &options), with(json!(5)));
    let array = Vrl::Array(vec![Vrl::Integer(1), Vrl::from("a")]);
    assert_eq!(write("{}", &array, &options), with(json!("[1,\"a\"]")));
    let mut deep = Vrl::from(1);
    for _ in 0..100 {
        deep = Vrl::Object([("a".into(), deep)].into());
    }
    assert!(write("{}", &deep, &options)["unmapped"]["a"].is_string());

    let many = Vrl::Object([("a".into(), Vrl::Array(vec![Vrl::Null; 200_000]))].into());
    let mut out = Parsed::default();
    let failure = parser(OnUnparsed::DeadLetter)
        .write(&event("json", b"{}"), &many, &Origin::default(), &options, 0, &mut out)
        .unwrap_err();
    assert_eq!((failure.error_type, out.document.len()), ("too_many_values", 0));
}

#[test]
fn a_time_that_a_rule_sets_is_the_events() {
    let time = |ms| reap::timestamp(ms);
    let value = |ms| Vrl::Object([("@timestamp".into(), time(ms)), ("seen".into(), time(ms))].into());
    let document = write("{}", &value(RECEIVED_MS - 1500), &WriteOptions::default());
    assert_eq!(document["@timestamp"], "2026-11-21T08:59:58.500Z");
    assert_eq!(document["seen"], "2026-11-21T08:59:58.500Z");
    let document = write("{}", &value(0), &WriteOptions::default());
    assert_eq!(document["labels"]["original_timestamp"], "1970-01-01T00:00:00.000Z");
    assert_eq!(document["tags"], json!(["_timestamp_clamped"]));
}

#[test]
fn no_event_takes_the_callers_labels_nor_brings_back_a_broken_body() {
    let body = r#"{"labels":{"rules_revision":"forged"}}"#;
    let options = WriteOptions {
        labels: &[("rules_revision", "r1")],
        keeps_broken_body: false,
        ..WriteOptions::default()
    };
    let document = write(body, &read("json", body).value, &options);
    assert_eq!(document["labels"]["rules_revision"], "r1");
    assert_eq!(document["unmapped"]["labels.rules_revision"], "forged");

    let (mut read, mut out) = (ReadEvent::default(), Parsed::default());
    let (event, mut parser) = (event("raw", b"\xff"), parser(OnUnparsed::DeadLetter));
    parser.read(&event, None, 0, &mut read).unwrap();
    parser.write(&event, &read.value, &read.origin, &options, 0, &mut out).unwrap();
    let document = check(&out.document);
    assert_eq!(document.get("unmapped"), None);
    assert_eq!(document["tags"], json!(["_invalid_utf8"]));
}

#[test]
fn raw_keeps_the_events_names_and_ours_win() {
    let body = r#"{"ts":"2026-11-21T08:59:00Z","level":"info","msg":"m","host":"h","http":7,"event":{"ingested":"x",
        "kind":"k"},"organization":"other","tags":"t","_id":1,"a.b":1,"labels":{"l":1}}"#;
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:00.000Z", "ts": "2026-11-21T08:59:00Z", "level": "info", "msg": "m",
        "host": "h", "http": 7, "event": {"ingested": RECEIVED, "kind": "k"}, "organization": {"id": "acme"},
        "tags": "t", "a": {"b": 1}, "labels": {"l": 1},
        "unmapped": {"event.ingested": "x", "organization": "other", "_id": 1},
    });
    assert_eq!(as_schema(OutputSchema::Raw, body), expected);
}
