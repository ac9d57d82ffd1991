use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::ecs::FIELDS;
use crate::testing::{RECEIVED, parse};

/// The document of a JSON body, without its time.
fn shape(body: &str) -> Json {
    let mut document = parse("json", body);
    assert_eq!(document.as_object_mut().unwrap().remove("@timestamp"), Some(RECEIVED.into()));
    document
}

#[test]
fn names_of_senders_become_fields() {
    let body = r#"{"msg":"m","Level":"WARN","logger_name":"l","hostname":"h","service":"s","user":"u","pid":"12","status":404,
        "method":"GET","url":"/x","remote_addr":"10.0.0.1","user_agent":"curl","traceId":"463ac35c9f6413ad48485a3953bb6124","error":"boom","thread":"main"}"#;
    let expected = json!({
        "message": "m", "log": {"level": "WARN", "logger": "l"}, "host": {"name": "h"}, "service": {"name": "s"},
        "user": {"name": "u"}, "process": {"pid": 12, "thread": {"name": "main"}}, "url": {"original": "/x"},
        "http": {"response": {"status_code": 404}, "request": {"method": "GET"}}, "source": {"ip": "10.0.0.1"},
        "user_agent": {"original": "curl"}, "trace": {"id": "463ac35c9f6413ad48485a3953bb6124"}, "error": {"message": "boom"},
    });
    assert_eq!(shape(body), expected);
}

#[test]
fn an_alias_that_does_not_fit_keeps_its_name() {
    let body = r#"{"status":"active","method":"calculateTotal","pid":"none","level":{"a":1}}"#;
    let expected = json!({"status": "active", "method": "calculateTotal", "pid": "none", "level": {"a": 1}});
    assert_eq!(shape(body), expected);
}

/// Scenario: a field and its aliases in one event, in either order.
/// Guarantees: the field's own name wins; the alias stays what it is, or goes to `labels` where it is an object's name.
#[test]
fn a_field_comes_before_its_aliases() {
    for body in [
        r#"{"level":"a","log":{"level":"b"},"msg":"m","message":"n","host":"x","host.name":"y"}"#,
        r#"{"log":{"level":"b"},"message":"n","host.name":"y","host":"x","msg":"m","level":"a"}"#,
    ] {
        let expected = json!({
            "log": {"level": "b"}, "level": "a", "message": "n", "msg": "m", "host": {"name": "y"},
            "labels": {"host": "x"},
        });
        assert_eq!(shape(body), expected);
    }
}

/// Scenario: a scalar, an array and null under the name of every object of the schema.
/// Guarantees: no document has anything but an object there, and nothing but null is lost.
#[test]
fn scalars_in_the_place_of_objects_are_renamed() {
    let groups: std::collections::BTreeSet<_> =
        FIELDS.iter().filter_map(|(_, path, _)| path.split_once('.').map(|(group, _)| group)).collect();
    for group in groups {
        for value in [json!("yes"), json!(7), json!(true), json!(["a", "b"]), json!([{"a": 1}]), Json::Null] {
            let body = json!({ group: value });
            let document = shape(&body.to_string());
            assert!(document.get(group).is_none_or(Json::is_object), "{document}");
            let kept = document.to_string().contains(value.to_string().trim_matches('"'));
            assert!(kept || value.is_null(), "{document}");
        }
    }
    assert_eq!(shape(r#"{"http":"yes","dns":1}"#), json!({"labels": {"http": "yes", "dns": 1}}));
    assert_eq!(
        shape(r#"{"event":"login","message":"m"}"#),
        json!({"message": "m", "event": {"action": "login"}})
    );
    assert_eq!(shape(r#"{"source":"stdout"}"#), json!({"source": {"address": "stdout"}}));
}

/// Scenario: an object in the place of every field of the schema.
/// Guarantees: no field holds an object, and the value is in `unmapped`.
#[test]
fn objects_in_the_place_of_scalars_are_renamed() {
    for (_, path, kind) in FIELDS {
        if matches!(kind, crate::ecs::FieldType::Flattened)
            || ["event.ingested", "organization.id"].contains(path)
        {
            continue;
        }
        let document = shape(&json!({ *path: {"k": "v"} }).to_string());
        assert_eq!(document["unmapped"][*path], json!({"k": "v"}), "{document}");
    }
}

#[test]
fn values_of_a_wrong_type_are_renamed() {
    let body = r#"{"http":{"response":{"status_code":"abc","body":{"bytes":"12"}}},"source":{"ip":"here","port":1.5},
        "event":{"created":"soon","start":"2026-11-21T10:00:00+01:00"},"host":{"ip":["10.0.0.1","::1"],"name":{"a":1}},
        "http.request":"GET /","faas.coldstart":"true"}"#;
    let expected = json!({
        "http": {"response": {"body": {"bytes": 12}}}, "event": {"start": RECEIVED}, "faas": {"coldstart": true},
        "host": {"ip": ["10.0.0.1", "::1"]},
        "unmapped": {
            "http.response.status_code": "abc", "source.ip": "here", "source.port": 1.5, "event.created": "soon",
            "host.name": {"a": 1}, "http.request": "GET /",
        },
    });
    assert_eq!(shape(body), expected);
}

#[test]
fn names_with_dots_become_objects() {
    let body = r#"{"a.b":1,"a":{"c":2,"d.e":3},"http.version":"2","x":{"y":1},"x.y":2,"z":1,"z.w":2,"..":3,"":4," ":5,
        "labels.app.name":"shop","one.two.three.four.five.six.seven.eight.nine":9}"#;
    let expected = json!({
        "a": {"b": 1, "c": 2, "d": {"e": 3}}, "http": {"version": "2"}, "x": {"y": 1}, "z": 1,
        "_": {"_": {"_": 3}}, "labels": {"app_name": "shop"},
        "unmapped": {
            "x.y": 2, "z.w": 2, "_": [4, 5], "one.two.three.four.five.six.seven.eight.nine": 9,
        },
    });
    assert_eq!(shape(body), expected);
}

#[test]
fn doubled_names_are_kept_aside() {
    let body =
        r#"{"a":1,"a":2,"a":{"b":3},"n":{"k":1,"k":"2"},"message":"x","message":"y","l":[{"k":1,"k":2}]}"#;
    let expected = json!({
        "a": 1, "n": {"k": 1}, "message": "x", "l": [{"k": 1}],
        "unmapped": {"a": [2, {"b": 3}], "n.k": "2", "message": "y", "l.k": 2},
    });
    assert_eq!(shape(body), expected);
}

#[test]
fn names_of_the_servers_own_are_renamed() {
    let body = r#"{"_id":"1","_source":{"a":1},"_index.x":2,"_mine":3,"@timestamp.x":4,"nested":{"_id":5}}"#;
    let expected = json!({
        "_mine": 3, "nested": {"_id": 5},
        "unmapped": {"_id": "1", "_source": {"a": 1}, "_index.x": 2, "@timestamp.x": 4},
    });
    assert_eq!(shape(body), expected);
}

/// Guarantees: what Beats write for Logstash is in no document, and what they say of an event's way is in its place.
#[test]
fn what_beats_tell_logstash_is_left_out() {
    let body = r#"{"@metadata":{"beat":"filebeat","pipeline":"p"},"log":{"source":{"address":"10.0.0.1:5140"}},"a":1}"#;
    assert_eq!(shape(body), json!({"log": {"source": {"address": "10.0.0.1:5140"}}, "a": 1}));
}

#[test]
fn labels_hold_scalars_only() {
    let body = r#"{"labels":{"a.b":"x","n":1,"o":{"p":1},"l":["x","y"]},"tags":{"a":1},"unmapped":{"free":{"x":[1,"a"]}}}"#;
    let expected = json!({
        "labels": {"a_b": "x", "n": 1, "l": ["x", "y"]},
        "unmapped": {"labels.o": {"p": 1}, "tags": {"a": 1}, "free": r#"{"x":[1,"a"]}"#},
    });
    assert_eq!(shape(body), expected);
}

#[test]
fn numbers_and_arrays_that_no_mapping_takes_are_set_aside() {
    let body = r#"{"big":123456789012345678901234567890,"inf":1e999,"mixed":[1,"a"],"max":9223372036854775807,
        "n":{"big":-9223372036854775809},"l":[1,1e300],"tiny":1e-999,"half":"a\ud800b","halves":["\udc00"]}"#;
    let expected = json!({
        "max": i64::MAX, "n": {}, "tiny": 0.0, "half": "a\u{FFFD}b", "halves": ["\u{FFFD}"],
        "unmapped": {
            "big": "123456789012345678901234567890", "inf": "1e999", "mixed": r#"[1,"a"]"#,
            "n.big": "-9223372036854775809", "l": "[1,1e300]",
        },
    });
    assert_eq!(shape(body), expected);
}

#[test]
fn what_is_nested_too_deep_is_kept_as_text() {
    let nested = |depth: usize| format!("{}1{}", r#"{"k":"#.repeat(depth), "}".repeat(depth));
    let document =
        shape(&format!(r#"{{"ok":{},"deep":{},"http":{{"x":{}}}}}"#, nested(16), nested(17), nested(17)));
    assert!(document["ok"].is_object());
    assert_eq!(document["unmapped"]["deep"], nested(17));
    assert!(document.get("deep").is_none());
    let arrays = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let document = shape(&format!(r#"{{"ok":{},"deep":{}}}"#, arrays(16), arrays(17)));
    assert!(document["ok"].is_array());
    assert_eq!(document["unmapped"]["deep"], arrays(17));
}

#[test]
fn long_names_are_shortened() {
    let key = "é".repeat(200);
    let document = shape(&json!({ &key: {"a": 1} }).to_string());
    let unmapped = document["unmapped"].as_object().unwrap();
    let (short, value) = unmapped.iter().next().unwrap();
    assert!(short.len() <= 255);
    assert_eq!(value, &json!({ key: {"a": 1} }).to_string());
}

#[test]
fn pretty_printed_input_becomes_one_line() {
    let body = "{\n  \"a\": { \"b\": [ 1,\n 2 ], \"s\": \"x  \\\" y\" },\r\n \"l\": [ 1 ]\n}";
    assert_eq!(shape(body), json!({"a": {"b": [1, 2], "s": "x  \" y"}, "l": [1]}));
}

/// JSON made of names and values that get in each other's way.
fn awkward() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "a",
        "b",
        "a.b",
        "b.a",
        "a.b.c",
        "",
        " ",
        ".",
        "a.",
        "..a",
        "http",
        "http.request",
        "host",
        "message",
        "level",
        "_id",
        "@timestamp",
        "timestamp",
        "labels",
        "labels.a",
        "unmapped",
        "unmapped.a",
        "tags",
        "log",
        "log.syslog",
        "log.syslog.structured_data",
        "event.created",
        "Level",
        "\\u0000",
        "\\ud800",
        "a\\u002eb",
        "error",
        "source.ip",
    ]);
    let leaf = prop::sample::select(vec![
        "1",
        "null",
        "true",
        "\"x\"",
        "1e999",
        "[]",
        "{}",
        "[1,\"a\"]",
        "[1, 2]",
        "\"\\ud800\"",
        "[\"\\ud800\", \"b\"]",
        "\"2026-11-21T09:00:00Z\"",
        "\"10.0.0.1\"",
        "[[1],[2]]",
        "[null]",
        "[{}, 1]",
    ]);
    let leaf = leaf.prop_map(str::to_owned);
    leaf.prop_recursive(4, 40, 4, move |inner| {
        let member = (key.clone(), inner.clone()).prop_map(|(key, value)| format!("\"{key}\": {value}"));
        let object =
            prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(",")));
        let array =
            prop::collection::vec(inner, 0..3).prop_map(|elements| format!("[{}]", elements.join(", ")));
        prop_oneof![3 => object, 1 => array]
    })
}

proptest! {
    /// Scenario: JSON whose names clash in every way that is known.
    /// Guarantees: the document is acceptable all the same: what `check` holds every document to.
    #[test]
    fn clashes_never_spoil_a_document(body in awkward()) {
        let document = parse("json", &body);
        prop_assert!(document.is_object());
    }

    /// Scenario: objects with more members than are searched one by one, some doubled.
    /// Guarantees: as above, and no value is lost.
    #[test]
    fn large_objects_are_no_different(names in prop::collection::vec(0_u8..120, 0..200), nested: bool) {
        let members: Vec<_> = names.iter().map(|name| format!("\"k{name}\":\"v\"")).collect();
        let object = format!("{{{}}}", members.join(","));
        let body = if nested { format!("{{\"o\":{object}}}") } else { object };
        let document = parse("json", &body);
        prop_assert_eq!(document.to_string().matches("\"v\"").count(), names.len());
    }
}

/// Guarantees: what no server can search doesn't stand where one would try to; nothing of it is lost.
#[test]
fn long_values_without_a_place_stand_apart() {
    let long = "x".repeat(28_000);
    let body = format!(
        r#"{{"mixed":["{long}",1],"message":{{"a":"{long}"}},"own":"{long}","unmapped":{{"l":"{long}","s":1}},"unmapped_long":"mine"}}"#
    );
    let document = shape(&body);
    assert_eq!(document["unmapped"], json!({"s": 1, "unmapped_long": "mine"}));
    let mixed = format!(r#"["{long}",1]"#);
    assert_eq!(document["unmapped_long"], json!({"mixed": mixed, "message": {"a": long}, "l": long}));
    assert_eq!(document["own"], long, "what has a place keeps it");
}
