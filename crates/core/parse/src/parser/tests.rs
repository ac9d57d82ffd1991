use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::NamedRegex;
use crate::testing::{RECEIVED, RECEIVED_MS, check, event, parse, parser, try_parse};

fn fails(format: &str, body: &[u8]) -> ParseFailure {
    try_parse(&event(format, body), OnUnparsed::DeadLetter).unwrap_err()
}

fn marks(format: &str, body: &[u8]) -> (Json, Marks) {
    let (document, out) = try_parse(&event(format, body), OnUnparsed::PassRaw).unwrap();
    (document, out.marks)
}

#[test]
fn the_readme_line_becomes_a_document() {
    let (document, out) =
        try_parse(&event("", br#"{"message":"hello","level":"info"}"#), OnUnparsed::DeadLetter).unwrap();
    let expected = json!({
        "@timestamp": RECEIVED, "message": "hello", "log": {"level": "info"},
        "event": {"ingested": RECEIVED}, "organization": {"id": "acme"},
    });
    assert_eq!(document, expected);
    assert_eq!((out.event_ms, out.format, out.marks), (RECEIVED_MS, Format::Json, Marks::default()));
}

#[test]
fn documents_are_appended() {
    let mut parser = parser(OnUnparsed::DeadLetter);
    let mut out = Parsed { document: b"before".to_vec(), ..Parsed::default() };
    parser.parse(&event("raw", b"a"), 0, &mut out).unwrap();
    let first = out.document.len();
    let failed = parser.parse(&event("json", b"{"), 0, &mut out);
    assert_eq!(failed.unwrap_err().error_type, "json_invalid");
    assert_eq!(out.document.len(), first);
    parser.parse(&event("raw", b"b"), 0, &mut out).unwrap();
    assert_eq!(check(&out.document[6..first])["message"], "a");
    assert_eq!(check(&out.document[first..])["message"], "b");
}

#[test]
fn an_unknown_format_lists_those_that_there_are() {
    let failure = fails("jsno", b"{}");
    assert_eq!(failure.error_type, "unknown_format");
    let named: Vec<&str> = Format::NAMED.iter().map(|format| format.as_str()).collect();
    let there_are = format!("there are {}, regex:app, regex:pair", named.join(", "));
    let words = failure.in_words(|_| None);
    assert_eq!(words, format!(r#""jsno" is no format; {there_are}"#));
    assert_eq!(fails("regex:nope", b"").error_type, "unknown_format");
}

#[test]
fn what_is_not_in_its_declared_format_fails_or_passes_as_text() {
    for format in ["json", "syslog", "common", "combined", "error", "regex:pair"] {
        let failure = fails(format, b"hello there");
        assert_eq!(failure.format, format);
        assert!(failure.in_words(|_| None).contains("hello there"), "{failure}");
        assert!(!failure.to_string().contains("hello"), "{failure}");
        let (document, marks) = marks(format, b"hello there");
        assert!(marks.unparsed);
        assert_eq!(document["message"], "hello there");
        assert_eq!(document["tags"], json!(["_unparsed"]));
        assert!(document["labels"]["parse_error"].is_string());
    }
    assert!(fails("json", &[b'x'; 10_000]).in_words(|_| None).len() < 200);
}

/// Guarantees: an excerpt is of the place that the reason names, whatever stands before the JSON, and a masker sees what is around.
#[test]
fn an_excerpt_is_of_the_place_that_fails() {
    let failure = fails("json", "\u{FEFF}{\"password\": hunter2}".as_bytes());
    assert!(failure.in_words(|_| None).ends_with(", near \"hunter2}\""), "{failure}");
    let masked =
        failure.in_words(|text| Some(text.replace("\"password\": hunter2", "\"password\": [secret]")));
    assert!(masked.ends_with(", near \"[secret]}\""), "{masked}");
    assert_eq!(failure.reason, "expected a value at byte 13");
    assert_eq!(fails("json", b"{").in_words(|_| None), "the text ends before the JSON does");
}

#[test]
fn a_configured_expression_fills_fields() {
    let document = parse("regex:app", "2026-11-21T08:59:00Z WARN 503 7 upstream is gone");
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:00.000Z", "log": {"level": "WARN"},
        "http": {"response": {"status_code": 503}}, "shard": "7", "message": "upstream is gone",
    });
    assert_eq!(document, expected);
    let document = parse("regex:pair", "so a=1 then");
    assert_eq!(
        document,
        json!({"@timestamp": RECEIVED, "left": "a", "right": "1", "message": "so a=1 then"})
    );
}

#[test]
fn a_wrong_configuration_is_refused() {
    let refused = |change: fn(&mut ParseConfig)| {
        let mut config = ParseConfig::default();
        change(&mut config);
        Parser::new(config).unwrap_err().to_string()
    };
    let regex = |name: &str, pattern: &str| NamedRegex { name: name.to_owned(), pattern: pattern.to_owned() };
    assert!(refused(|config| config.timezone = "Mars".to_owned()).contains("Mars"));
    assert!(refused(|config| config.default_format = "xml".to_owned()).contains("auto, json"));
    assert!(refused(|config| config.max_depth = 0).contains("from 1 to 256"));
    let with =
        |regexes| Parser::new(ParseConfig { regexes, ..ParseConfig::default() }).unwrap_err().to_string();
    assert!(with(vec![regex("a", "(")]).contains("can't be used"));
    assert!(with(vec![regex("a", "x+")]).contains("no named groups"));
    assert!(with(vec![regex("a", "(?<x>.)"), regex("a", "(?<x>.)")]).contains("two"));
}

#[test]
fn times_out_of_bounds_are_clamped_and_kept() {
    for (body, original) in [
        (r#"{"ts":"1970-06-01T00:00:00Z"}"#, json!("1970-06-01T00:00:00Z")),
        (r#"{"ts":"2026-11-21T09:05:01Z"}"#, json!("2026-11-21T09:05:01Z")),
        (r#"{"ts":253402300799}"#, json!(253_402_300_799_u64)),
        (r#"{"@timestamp":"soon"}"#, json!("soon")),
    ] {
        let (document, marks) = marks("", body.as_bytes());
        assert!(marks.clamped, "{body}");
        assert_eq!(document["@timestamp"], RECEIVED);
        assert_eq!(document["labels"], json!({"original_timestamp": original}));
        assert_eq!(document["tags"], json!(["_timestamp_clamped"]));
    }
    let (document, marks) = marks("", br#"{"ts":"2026-11-21T09:05:00Z"}"#);
    assert!(!marks.clamped);
    assert_eq!(document["@timestamp"], "2026-11-21T09:05:00.000Z");
}

#[test]
fn our_tags_join_those_of_the_event() {
    for (tags, expected) in [
        (r#"["a", "b"]"#, json!(["a", "b", "_timestamp_clamped"])),
        (r#""a""#, json!(["a", "_timestamp_clamped"])),
        ("[ ]", json!(["_timestamp_clamped"])),
        ("true", json!(["true", "_timestamp_clamped"])),
        ("[1, 2]", json!(["1", "2", "_timestamp_clamped"])),
        ("null", json!(["_timestamp_clamped"])),
    ] {
        let body = format!(r#"{{"tags":{tags},"@timestamp":"x"}}"#);
        assert_eq!(marks("json", body.as_bytes()).0["tags"], expected);
    }
}

#[test]
fn facts_about_an_event_get_their_places() {
    let mut event = event("", br#"{"host":"own","event":{"ingested":"x"},"organization":{"id":"other"}}"#);
    event.observed_at = (RECEIVED_MS as u64 - 1500) * 1_000_000;
    event.source = "http";
    event.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    event.attributes = vec![
        ("host", "shipper-1"),
        ("log.file.path", "/var/log/app.log"),
        ("container.id", "c0ffee"),
        ("k8s.pod.name", "web-0"),
        ("app.kubernetes.io/name", "shop"),
        ("process.pid", "x"),
        ("host.ip", "10.0.0.1"),
    ];
    let (document, _) = try_parse(&event, OnUnparsed::DeadLetter).unwrap();
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:58.500Z",
        "event": {"ingested": RECEIVED, "created": "2026-11-21T08:59:58.500Z", "module": "http"},
        "organization": {"id": "acme"},
        "host": {"name": "own", "ip": "10.0.0.1"},
        "unmapped": {"event.ingested": "x", "organization.id": "other", "process.pid": "x"},
        "trace": {"id": "4bf92f3577b34da6a3ce929d0e0e4736"}, "span": {"id": "00f067aa0ba902b7"},
        "labels": {"host": "shipper-1", "app_kubernetes_io/name": "shop"},
        "log": {"file": {"path": "/var/log/app.log"}}, "container": {"id": "c0ffee"},
        "orchestrator": {"resource": {"name": "web-0"}},
    });
    assert_eq!(document, expected);
}

/// Scenario: what Splunk's and Elasticsearch's clients say of an event beside it: where it is from, what it is there, which
/// index they want.
/// Guarantees: the host and the file get their fields, the rest are labels; none of it chooses anything.
#[test]
fn facts_of_other_servers_clients_are_facts_only() {
    let mut event = event("", b"payment took 2900 ms");
    event.observed_at = (RECEIVED_MS as u64 - 1500) * 1_000_000;
    event.source = "hec";
    event.attributes = vec![
        ("host", "web-1"),
        ("file", "/var/log/app.log"),
        ("source", "app"),
        ("sourcetype", "access_combined"),
        ("index", "main"),
        ("pipeline", "p"),
        ("service.name", "checkout"),
        ("_index", "other"),
    ];
    let (document, _) = try_parse(&event, OnUnparsed::DeadLetter).unwrap();
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:58.500Z",
        "event": {"ingested": RECEIVED, "created": "2026-11-21T08:59:58.500Z", "module": "hec"},
        "organization": {"id": "acme"}, "message": "payment took 2900 ms",
        "host": {"name": "web-1"}, "log": {"file": {"path": "/var/log/app.log"}}, "service": {"name": "checkout"},
        "labels": {"source": "app", "sourcetype": "access_combined", "index": "main", "pipeline": "p", "_index": "other"},
    });
    assert_eq!(document, expected);
}

#[test]
fn without_a_time_of_receipt_now_stands_in() {
    let mut event = event("raw", b"x");
    event.received_at = 0;
    let mut out = Parsed::default();
    parser(OnUnparsed::DeadLetter).parse(&event, RECEIVED_MS, &mut out).unwrap();
    assert_eq!(out.event_ms, RECEIVED_MS);
}

/// Scenario: one stream mixes all formats, one line after another, twice.
/// Guarantees: each line is read in its own format; what is in none is text.
#[test]
fn auto_reads_a_stream_that_mixes_formats() {
    let lines: [(&str, Format); 12] = [
        (r#"{"a":1}"#, Format::Json),
        (r#"1.2.3.4 - - [21/Nov/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "curl""#, Format::Combined),
        (r#"web.example.org - - [21/Nov/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 1"#, Format::Common),
        ("<13>Nov 21 09:00:00 web app: x", Format::Syslog),
        ("Nov 21 09:00:00 web sshd[1]: x", Format::Syslog),
        ("2026-11-21T09:00:00.1+00:00 web cron[2]: x", Format::Syslog),
        ("2026/11/21 09:00:00 [error] 7#7: *1 boom", Format::Error),
        ("[Sat Nov 21 09:00:00 2026] [error] boom", Format::Error),
        ("{ not json", Format::Raw),
        ("Nov rain", Format::Raw),
        ("", Format::Raw),
        ("hello", Format::Raw),
    ];
    let mut parser = parser(OnUnparsed::DeadLetter);
    let mut out = Parsed::default();
    for (line, format) in lines.iter().chain(&lines) {
        out.document.clear();
        parser.parse(&event("auto", line.as_bytes()), 0, &mut out).unwrap();
        assert_eq!(out.format, *format, "{line}");
        let document = check(&out.document);
        if *format == Format::Raw {
            assert_eq!(document["message"], *line);
        }
    }
}

#[test]
fn broken_utf8_is_replaced_and_the_bytes_kept() {
    for (format, body) in [("raw", &b"caf\xe9 \0"[..]), ("json", b"{\"message\":\"caf\xe9 \\u0000\"}")] {
        let (document, marks) = marks(format, body);
        assert!(marks.invalid_utf8);
        assert_eq!(document["message"], "caf\u{FFFD} \0");
        assert_eq!(document["tags"], json!(["_invalid_utf8"]));
        assert_eq!(STANDARD.decode(document["unmapped"]["body_base64"].as_str().unwrap()).unwrap(), body);
    }
}

/// Scenario: a line of 10 MB, JSON nested 10,000 deep, and more values than are taken.
/// Guarantees: the first is kept whole, the others fail or are text; none overflows the stack.
#[test]
fn huge_events_do_no_harm() {
    let long = "x".repeat(10_000_000);
    assert_eq!(parse("", &long)["message"].as_str().map(str::len), Some(10_000_000));
    assert_eq!(parse("json", &format!(r#"{{"m":"{long}"}}"#))["m"].as_str().map(str::len), Some(10_000_000));
    for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
        let deep = format!("{{\"x\":{}1{}}}", open.repeat(10_000), close.repeat(10_000));
        assert_eq!(fails("json", deep.as_bytes()).error_type, "json_too_deep");
        assert_eq!(parse("", &deep)["message"], deep);
    }
    let many = format!("[{}]", "{},".repeat(70_000));
    assert_eq!(fails("json", many.as_bytes()).error_type, "json_too_many_values");
    let scalars = format!("{{\"a\":[{}1]}}", "1,".repeat(1_000_000));
    assert_eq!(parse("json", &scalars)["a"].as_array().map(Vec::len), Some(1_000_001));
}

#[test]
fn json_that_is_no_object_is_the_message() {
    for (body, message) in [
        ("42", "42"),
        (r#""a\"b""#, "a\"b"),
        ("[1, 2]", "[1, 2]"),
        ("null", "null"),
        (r#""\ud800""#, "\u{FFFD}"),
        ("1e999", "1e999"),
    ] {
        assert_eq!(parse("json", body), json!({"@timestamp": RECEIVED, "message": message}), "{body}");
    }
}

/// Bodies that look like each format, and are then cut and spliced.
fn near_misses() -> impl Strategy<Value = Vec<u8>> {
    let seeds = prop::sample::select(vec![
        r#"{"timestamp":"2026-11-21T09:00:00Z","a":{"b.c":[1,{"":2}],"b":{"c":1}},"http":"x","_id":1}"#,
        r#"1.2.3.4 - bob [21/Nov/2026:09:00:00 +0000] "GET /x HTTP/1.1" 200 12 "-" "curl \"8\"" "9""#,
        r#"<34>1 2026-11-21T09:00:00.003Z host app 1 ID47 [x@1 a="b\"" c="d"][y] text"#,
        "<13>Nov 21 09:00:00 web-1 app[12]: text",
        r#"2026/11/21 09:00:00 [error] 1#2: *3 x, client: 1.2.3.4, request: "GET / HTTP/1.1""#,
        "[Sat Nov 21 09:00:00.1 2026] [core:error] [pid 1:tid 2] [client [::1]:5] text",
        "2026-11-21T09:00:00Z WARN 503 7 upstream",
    ]);
    let splice = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        prop::collection::vec(any::<u8>(), 0..4),
    );
    (seeds, prop::collection::vec(splice, 0..4)).prop_map(|(seed, splices)| {
        let mut body = seed.as_bytes().to_vec();
        for (from, len, with) in splices {
            let from = from.index(body.len() + 1);
            let to = from + len.index(4).min(body.len() - from);
            let _gone = body.splice(from..to, with);
        }
        body
    })
}

const FORMATS: [&str; 8] = ["", "json", "syslog", "common", "combined", "error", "raw", "regex:app"];

proptest! {
    /// Scenario: arbitrary bytes, and near misses of every format, declared as any format, by one parser in a row.
    /// Guarantees: an answer without a panic; each document is one line of valid JSON, `@timestamp` first, no doubled
    /// keys, no names that a search server refuses; a failure leaves nothing behind; the same event gives the same document.
    #[test]
    fn survives_anything(
        bodies in prop::collection::vec(prop_oneof![near_misses(), any::<Vec<u8>>()], 1..6),
        format in prop::sample::select(FORMATS.to_vec()),
    ) {
        let (mut parser, mut other) = (parser(OnUnparsed::DeadLetter), parser(OnUnparsed::DeadLetter));
        let mut out = Parsed::default();
        for body in &bodies {
            let event = event(format, body);
            out.document.clear();
            if parser.parse(&event, 0, &mut out).is_err() {
                prop_assert!(out.document.is_empty());
                continue;
            }
            let _document = check(&out.document);
            let mut again = Parsed::default();
            other.parse(&event, 0, &mut again).unwrap();
            prop_assert_eq!(&again.document, &out.document);
        }
    }
}
