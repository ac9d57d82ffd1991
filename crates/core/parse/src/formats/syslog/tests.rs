use serde_json::{Value, json};

use crate::formats::samples::Samples;
use crate::testing::{RECEIVED, event, parse, try_parse};
use crate::{Format, OnUnparsed};

pub(crate) const SAMPLES: Samples = Samples {
    format: "syslog",
    auto: &[Format::Syslog],
    read: &[
        (
            "Nov 21 08:59:58 web-1 sshd[812]: Accepted publickey for git",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "host": {"name": "web-1"}, "message": "Accepted publickey for git",
            "process": {"name": "sshd", "pid": 812}, "log": {"syslog": {"appname": "sshd"}}}"#,
        ),
        (
            "2026-11-21T08:59:58.25+00:00 web-1 cron[2]: (root) CMD (true)",
            r#"{"@timestamp": "2026-11-21T08:59:58.250Z", "host": {"name": "web-1"}, "message": "(root) CMD (true)",
            "process": {"name": "cron", "pid": 2}, "log": {"syslog": {"appname": "cron"}}}"#,
        ),
    ],
    refused: &["", "hello there", "Nov rain", "2026-11-21 08:59:58 web-1 cron[2]: x"],
};

/// The document, without what the priority 34 gives.
fn of_34(line: &str) -> Value {
    let mut document = parse("syslog", line);
    let fields = document.as_object_mut().unwrap();
    let log = fields["log"].as_object_mut().unwrap();
    assert_eq!(log.remove("level"), Some("critical".into()));
    let syslog = log["syslog"].as_object_mut().unwrap();
    assert_eq!(syslog.remove("priority"), Some(34.into()));
    assert_eq!(syslog.remove("facility"), Some(json!({"code": 4, "name": "auth"})));
    assert_eq!(syslog.remove("severity"), Some(json!({"code": 2, "name": "critical"})));
    document
}

#[test]
fn reads_rfc_5424() {
    let line = "<34>1 2026-11-21T08:59:58.003Z mail.example.com su 77 ID47 [x@1 a=\"b\\\"c\\]\" a=\"2\"][y] \u{FEFF}'su root' failed";
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:58.003Z", "message": "'su root' failed", "host": {"name": "mail.example.com"},
        "process": {"name": "su", "pid": 77},
        "log": {"syslog": {
            "appname": "su", "msgid": "ID47", "version": "1",
            "structured_data": {"x@1": {"a": ["b\"c]", "2"]}, "y": {}},
        }},
    });
    assert_eq!(of_34(line), expected);
    let expected = json!({
        "@timestamp": RECEIVED, "message": "", "log": {"syslog": {"version": "1", "procid": "main"}},
    });
    assert_eq!(of_34("<34>1 - - - main - -"), expected);
}

#[test]
fn reads_rfc_3164_and_what_is_near_it() {
    let program = json!({"syslog": {"appname": "su"}});
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:58.000Z", "message": "'su root' failed", "host": {"name": "mymachine"},
        "process": {"name": "su", "pid": 12}, "log": program,
    });
    assert_eq!(of_34("<34>Nov 21 08:59:58 mymachine su[12]: 'su root' failed"), expected);
    assert_eq!(of_34("<34>2026-11-21T09:59:58+01:00 mymachine su[12]: 'su root' failed"), expected);
    assert_eq!(of_34("<34>Nov 21 2026 08:59:58: mymachine su[12]: 'su root' failed"), expected);
    let no_host = json!({
        "@timestamp": "2026-11-21T08:59:58.000Z", "message": "x", "process": {"name": "su"}, "log": program,
    });
    assert_eq!(of_34("<34>Nov 21 08:59:58 su: x"), no_host);
    assert_eq!(of_34("<34>just text")["message"], "just text");
    assert_eq!(of_34("<34>su: x")["process"]["name"], "su");
    assert_eq!(of_34("<34>1 not the new format")["message"], "1 not the new format");
}

#[test]
fn reads_the_files_of_syslog_daemons() {
    for line in [
        "Nov 21 08:59:58 web-1 CRON[99]: (root) CMD (true)",
        "2026-11-21T08:59:58.000000+00:00 web-1 CRON[99]: (root) CMD (true)",
    ] {
        let expected = json!({
            "@timestamp": "2026-11-21T08:59:58.000Z", "message": "(root) CMD (true)", "host": {"name": "web-1"},
            "process": {"name": "CRON", "pid": 99}, "log": {"syslog": {"appname": "CRON"}},
        });
        assert_eq!(parse("", line), expected);
    }
}

#[test]
fn refuses_what_is_no_syslog() {
    for line in [
        "",
        "<>x",
        "<192>x",
        "<1a>x",
        "<0034>x",
        "hello",
        "Nov 21 08:59:58",
        "Nov 21 08:59:58 web",
        "Nov 21 08:59:58 web some text",
        "2026-11-21 08:59:58 web app: x",
        "Nov 41 08:59:58 web app: x",
    ] {
        let failure = try_parse(&event("syslog", line.as_bytes()), OnUnparsed::DeadLetter).unwrap_err();
        assert_eq!(failure.error_type, "format_mismatch", "{line}");
    }
}

/// Guarantees: an event in a format of its own is read whatever header it has, and its own time wins; what only begins like
/// one stays text.
#[test]
fn messages_in_formats_of_their_own_are_taken_apart() {
    let cef = "CEF:0|Acme Co|Gate|1|x|Name|3|src=10.0.0.1 rt=1795251590000";
    for (header, host) in [
        ("<13>1 2026-11-21T08:59:58Z web-1 gate - - - ", Some("web-1")),
        ("<13>Nov 21 08:59:58 web-1 ", Some("web-1")),
        ("<13>Nov 21 08:59:58 web-1 gate[7]: ", Some("web-1")),
        ("<13>Nov 21 08:59:58 ", None),
        ("<13>", None),
        ("Nov 21 08:59:58 web-1 ", Some("web-1")),
    ] {
        for format in ["", "syslog", "cef"] {
            let document = parse(format, &format!("{header}{cef}"));
            assert_eq!(document["source"]["ip"], "10.0.0.1", "{format} {header}");
            assert_eq!(document["@timestamp"], "2026-11-21T08:59:50.000Z", "{format} {header}");
            assert_eq!(document["message"], "Name", "{format} {header}");
            assert_eq!(document["host"]["name"].as_str(), host, "{format} {header}");
        }
    }
    let document = parse("", "<13>Nov 21 08:59:58 web-1 CEF:0|cut");
    assert_eq!((&document["message"], &document["host"]["name"]), (&"CEF:0|cut".into(), &"web-1".into()));
    let document = parse("", "<6>Nov 21 08:59:58 web-1 kernel: eth0: link up");
    assert_eq!(document["message"], "eth0: link up");
}
