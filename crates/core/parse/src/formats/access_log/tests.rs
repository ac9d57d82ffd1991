use serde_json::json;

use super::split;
use crate::Format;
use crate::formats::samples::Samples;
use crate::testing::parse;

pub(crate) const COMMON: Samples = Samples {
    format: "common",
    auto: &[Format::Common],
    read: &[(
        r#"10.0.0.1 - - [21/Nov/2026:08:59:58 +0000] "GET /health HTTP/1.1" 204 0"#,
        r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "message": "GET /health HTTP/1.1",
        "source": {"ip": "10.0.0.1"}, "url": {"original": "/health"},
        "http": {"request": {"method": "GET"}, "version": "1.1", "response": {"status_code": 204, "body": {"bytes": 0}}}}"#,
    )],
    refused: &[
        "",
        "hello there",
        r#"10.0.0.1 - - [21/Nov/2026:08:59:58 +0000] "GET / HTTP/1.1" 200 1 "-" "curl""#,
        r#"10.0.0.1 - - [21/Nov/2026:08:59:58] "GET / HTTP/1.1" 200 1"#,
    ],
};

pub(crate) const COMBINED: Samples = Samples {
    format: "combined",
    auto: &[Format::Combined],
    read: &[(
        r#"10.0.0.1 - - [21/Nov/2026:08:59:58 +0000] "GET /health HTTP/1.1" 204 0 "-" "kube-probe/1.30""#,
        r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "message": "GET /health HTTP/1.1",
        "source": {"ip": "10.0.0.1"}, "url": {"original": "/health"},
        "http": {"request": {"method": "GET"}, "version": "1.1", "response": {"status_code": 204, "body": {"bytes": 0}}},
        "user_agent": {"original": "kube-probe/1.30"}}"#,
    )],
    refused: &["", "hello there", r#"10.0.0.1 - - [21/Nov/2026:08:59:58 +0000] "GET / HTTP/1.1" 200 1"#],
};

#[test]
fn reads_lines_of_real_servers() {
    let line = r#"203.0.113.7 - alice [21/Nov/2026:09:59:58 +0100] "GET /a?b=c HTTP/1.1" 200 5316 "https://example.com/?x=1" "Mozilla/5.0 (X11; Linux x86_64)""#;
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:58.000Z", "message": "GET /a?b=c HTTP/1.1",
        "source": {"ip": "203.0.113.7"}, "user": {"name": "alice"}, "url": {"original": "/a?b=c"},
        "http": {
            "request": {"method": "GET", "referrer": "https://example.com/?x=1"}, "version": "1.1",
            "response": {"status_code": 200, "body": {"bytes": 5316}},
        },
        "user_agent": {"original": "Mozilla/5.0 (X11; Linux x86_64)"},
    });
    assert_eq!(parse("combined", line), expected);

    let line = r#"host.example.org id bob smith [21/Nov/2026:08:59:58 +0000] "GET /a b HTTP/1.0" 304 -"#;
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:58.000Z", "message": "GET /a b HTTP/1.0",
        "source": {"address": "host.example.org"}, "user": {"name": "bob smith"}, "url": {"original": "/a b"},
        "http": {"request": {"method": "GET"}, "version": "1.0", "response": {"status_code": 304}},
        "labels": {"ident": "id"},
    });
    assert_eq!(parse("common", line), expected);
}

#[test]
fn reads_what_scanners_send() {
    let line =
        r#"::1 - - [21/Nov/2026:08:59:58 +0000] "\x16\x03\x01\"" 400 150 "-" "-" "10.0.0.1, 10.0.0.2""#;
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:58.000Z", "message": r#"\x16\x03\x01\""#, "source": {"ip": "::1"},
        "http": {"response": {"status_code": 400, "body": {"bytes": 150}}},
        "labels": {"access_log_rest": "\"10.0.0.1, 10.0.0.2\""},
    });
    assert_eq!(parse("", line), expected);
    assert_eq!(parse("", r#"- - - [21/Nov/2026:08:59:58 +0000] "-" 408 -"#)["message"], "-");
}

#[test]
fn refuses_what_is_no_access_log() {
    for line in [
        "",
        "1.2.3.4",
        r#"1.2.3.4 - - [yesterday] "GET / HTTP/1.1" 200 1"#,
        r#"1.2.3.4 - - [21/Nov/2026:08:59:58 +0000] "GET / HTTP/1.1 200 1"#,
        r#"1.2.3.4 - - [21/Nov/2026:08:59:58 +0000] "GET / HTTP/1.1" ok 1"#,
        r#"1.2.3.4 - - [21/Nov/2026:08:59:58 +0000] "GET / HTTP/1.1" 200 1 "-""#,
        r#"1.2.3.4 - - [21/Nov/2026:08:59:58 +0000] "GET / HTTP/1.1" 200"#,
        r#"1.2.3.4 - - [21/Nov/2026:08:59:58 +0000] "a\"#,
    ] {
        assert_eq!(split(line), None, "{line}");
    }
}
