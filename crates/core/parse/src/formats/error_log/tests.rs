use serde_json::json;

use super::split;
use crate::Format;
use crate::formats::samples::Samples;
use crate::testing::{RECEIVED_MS, parse};
use crate::timestamp::Clock;

pub(crate) const SAMPLES: Samples = Samples {
    format: "error",
    auto: &[Format::Error],
    read: &[
        (
            "2026/11/21 08:59:58 [notice] 1#1: signal process started",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "log": {"level": "notice"}, "message": "signal process started",
            "process": {"pid": 1, "thread": {"id": 1}}}"#,
        ),
        (
            "[Sat Nov 21 08:59:58.5 2026] [mpm_event:notice] [pid 7:tid 8] AH00489: resuming normal operations",
            r#"{"@timestamp": "2026-11-21T08:59:58.500Z", "log": {"level": "notice", "logger": "mpm_event"},
            "message": "AH00489: resuming normal operations", "process": {"pid": 7, "thread": {"id": 8}}}"#,
        ),
    ],
    refused: &["", "[1,2]", "2026/11/21 08:59:58 [error] text", "[Sat Nov 21 08:59:58 2026] text"],
};

#[test]
fn reads_lines_of_nginx() {
    let line = r#"2026/11/21 08:59:58 [error] 31#32: *99 open() "/srv/x" failed (2: No such file or directory), client: 10.0.0.9, server: _, request: "GET /x HTTP/1.1", host: "shop.example.com", referrer: "https://example.com/""#;
    let document = parse("error", line);
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:58.000Z", "message": line.split_once("32: ").unwrap().1,
        "log": {"level": "error"}, "process": {"pid": 31, "thread": {"id": 32}}, "source": {"ip": "10.0.0.9"},
        "http": {"request": {"method": "GET", "referrer": "https://example.com/"}, "version": "1.1"},
        "url": {"original": "/x", "domain": "shop.example.com"},
    });
    assert_eq!(document, expected);
    let line = "2026/11/21 08:59:58 [notice] 1#1: signal process started";
    assert_eq!(parse("", line)["message"], "signal process started");
}

#[test]
fn reads_lines_of_apache() {
    let line = "[Sat Nov 21 08:59:58.902022 2026] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187:5131] File does not exist: /x";
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:58.902Z", "message": "File does not exist: /x",
        "log": {"level": "error", "logger": "core"}, "process": {"pid": 35708, "thread": {"id": 4_328_636_416_u64}},
        "source": {"ip": "72.15.99.187", "port": 5131},
    });
    assert_eq!(parse("error", line), expected);
    for client in ["10.0.0.1", "2001:db8::1"] {
        let line = format!("[Sat Nov 21 08:59:58 2026] [warn] [client {client}] [odd] text");
        let expected = json!({
            "@timestamp": "2026-11-21T08:59:58.000Z", "message": "[odd] text", "log": {"level": "warn"},
            "source": {"ip": client},
        });
        assert_eq!(parse("", &line), expected);
    }
}

#[test]
fn refuses_what_is_no_error_log() {
    let clock = Clock::new("").unwrap();
    for line in [
        "",
        "[",
        "[]",
        "[1,2]",
        "2026/11/21",
        "2026/11/21 08:59:58",
        "2026/11/21 08:59:58 [error] text",
        "2026-11-21 08:59:58 [error] 1#1: x",
        "[Sat Nov 21 08:59:58 2026] text",
        "2026/13/21 08:59:58 [error] 1#1: x",
        "[Sat Nov 21 08:59:58 2026",
    ] {
        assert!(split(line, &clock, RECEIVED_MS).is_none(), "{line}");
    }
}
