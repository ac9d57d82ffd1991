use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fields::merge;

fn enrich(event: serde_json::Value) -> serde_json::Value {
    let mut event = Value::from(event);
    if let Some(facts) = take_host(&mut event, []) {
        merge(&mut event, facts);
    }
    serde_json::to_value(&event).unwrap()
}

#[test]
fn filebeats_facts_keep_their_places() {
    let event = json!({"host": {
        "name": "web-1", "hostname": "web-1", "id": "B8D6C9E2-1F2A-4C3B-8D4E-5F6A7B8C9D0E", "architecture": "x86_64",
        "containerized": false, "ip": ["10.0.0.1", "FE80::1", "bad"], "mac": ["00:00:5e:00:53:23"],
        "os": {"family": "debian", "kernel": "6.1.0-18-amd64", "name": "Debian GNU/Linux", "platform": "debian",
               "version": "12 (bookworm)", "codename": "bookworm"},
    }});
    assert_eq!(
        enrich(event),
        json!({"host": {
            "name": "web-1", "hostname": "web-1", "id": "b8d6c9e21f2a4c3b8d4e5f6a7b8c9d0e", "architecture": "x86_64",
            "containerized": false, "ip": ["10.0.0.1", "fe80::1"], "mac": ["00-00-5E-00-53-23"],
            "os": {"family": "debian", "kernel": "6.1.0-18-amd64", "name": "Debian GNU/Linux", "platform": "debian",
                   "version": "12 (bookworm)", "codename": "bookworm", "type": "linux"},
        }})
    );
}

#[test]
fn opentelemetrys_attributes_become_host_fields() {
    let event = json!({"attributes": {"http.route": "/"}, "resource": {"attributes": {
        "host.name": "web-1", "host.id": "abc", "host.arch": "amd64", "host.ip": ["10.0.0.1"],
        "os.type": "darwin", "os.description": "macOS 14.5", "os.name": "macOS", "os.version": "14.5",
    }}});
    assert_eq!(
        enrich(event),
        json!({"attributes": {"http.route": "/"}, "host": {
            "name": "web-1", "id": "abc", "architecture": "x86_64", "ip": ["10.0.0.1"],
            "os": {"type": "macos", "full": "macOS 14.5", "name": "macOS", "version": "14.5"},
        }})
    );
}

#[test]
fn the_journals_and_fluent_bits_names_are_known() {
    let event = json!({
        "_HOSTNAME": "web-1", "_MACHINE_ID": "0123456789abcdef0123456789abcdef",
        "_BOOT_ID": "fedcba9876543210fedcba9876543210", "MESSAGE": "x",
    });
    assert_eq!(
        enrich(event),
        json!({"MESSAGE": "x", "host": {
            "hostname": "web-1", "name": "web-1", "id": "0123456789abcdef0123456789abcdef",
            "boot": {"id": "fedcba9876543210fedcba9876543210"},
        }})
    );
    let event =
        json!({"hostname": "web-1", "os_name": "linux", "os_version": "#1 SMP", "kernel_version": "6.1.0"});
    assert_eq!(
        enrich(event),
        json!({"host": {
            "hostname": "web-1", "name": "web-1",
            "os": {"name": "linux", "version": "#1 SMP", "kernel": "6.1.0", "type": "linux"},
        }})
    );
}

#[test]
fn a_host_that_is_a_text_becomes_an_object() {
    assert_eq!(enrich(json!({"host": "web-1"})), json!({"host": {"name": "web-1"}}));
    assert_eq!(
        enrich(json!({"host": "10.0.0.1"})),
        json!({"host": {"name": "10.0.0.1", "ip": ["10.0.0.1"]}})
    );
}

#[test]
fn attributes_count_where_the_event_is_silent() {
    let mut event = Value::from(json!({"host": {"name": "web-1"}}));
    let facts =
        take_host(&mut event, [("hostname", "other"), ("os.type", "linux"), ("host.mac", "0000.5e00.5323")]);
    assert_eq!(
        serde_json::to_value(facts.unwrap()).unwrap(),
        json!({"host": {"name": "web-1", "hostname": "other", "os": {"type": "linux"}, "mac": ["00-00-5E-00-53-23"]}})
    );
}

#[test]
fn what_disagrees_stays_where_it_is() {
    let event =
        json!({"host": {"name": "web-1", "ip": "10.0.0.1"}, "labels": {"host": "x", "host_ip": "10.0.0.1"}});
    assert_eq!(
        enrich(event),
        json!({"host": {"name": "web-1", "ip": ["10.0.0.1"]}, "labels": {"host": "x"}})
    );
}

#[test]
fn an_event_without_facts_is_left_alone() {
    for event in [
        json!({"message": "x", "os": {"name": "iOS"}, "hosts": ["a"], "attributes": {}}),
        json!({"host": {"cpu": {"usage": 1}, "ip": ["bad"], "os": {"type": "plan9"}}}),
        json!({"host": ["a", "b"], "hostname": "", "host_ip": null}),
        json!("text"),
    ] {
        assert_eq!(enrich(event.clone()), event);
    }
}

proptest! {
    /// Guarantees: any text in any field is survived, and hardware addresses have one form or none.
    #[test]
    fn any_text_is_survived(text in "\\PC{0,40}", mac in "[0-9a-fA-F:.-]{10,25}") {
        let names = ["host", "host.ip", "host.mac", "host.id", "os_name", "host.os.type", "host.arch"];
        for name in names {
            let mut event = Value::from(json!({name: text.clone()}));
            let _any_facts = take_host(&mut event, [(name, text.as_str())]);
        }
        if let Some(mac) = normal::mac(&mac) {
            prop_assert!(matches!(mac.len(), 17 | 23));
            prop_assert!(mac.chars().all(|c| c == '-' || c.is_ascii_digit() || ('A'..='F').contains(&c)));
        }
    }
}
