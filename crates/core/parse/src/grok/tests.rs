use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{RECEIVED, check, event};
use crate::{ConfigError, NamedGrok, ParseConfig, Parsed, Parser};

fn parser(pattern: &str, own: &[(&str, &str)]) -> Result<Parser, ConfigError> {
    let own = own.iter().map(|(name, definition)| ((*name).to_owned(), (*definition).to_owned()));
    let groks = vec![NamedGrok { name: "line".to_owned(), pattern: pattern.to_owned() }];
    Parser::new(ParseConfig { groks, grok_patterns: own.collect(), ..ParseConfig::default() })
}

/// The document without the facts that all documents have.
fn read_with(pattern: &str, own: &[(&str, &str)], line: &str) -> Option<Json> {
    let mut out = Parsed::default();
    parser(pattern, own).unwrap().parse(&event("grok:line", line.as_bytes()), 0, &mut out).ok()?;
    assert_eq!(out.format.as_str(), "grok");
    let mut document = check(&out.document);
    for fact in ["event", "organization"] {
        let _fact = document.as_object_mut().unwrap().remove(fact);
    }
    Some(document)
}

fn read(pattern: &str, line: &str) -> Option<Json> {
    read_with(pattern, &[], line)
}

fn refused(pattern: &str, own: &[(&str, &str)]) -> String {
    let ConfigError::Grok { source, .. } = parser(pattern, own).unwrap_err() else { panic!("{pattern}") };
    source.to_string()
}

#[test]
fn captures_become_fields_of_their_types() {
    let pattern = r"^%{TIMESTAMP_ISO8601:time} %{LOGLEVEL:level} %{IPORHOST:[source][ip]} %{WORD:http.request.method} %{NUMBER:took:float} %{INT:count:int} (?<shard>[a-z]\d)%{GREEDYDATA:rest}$";
    let line = "2026-11-21T08:59:58.25Z WARN 10.0.0.7 GET 0.250 -7 a1";
    let expected = json!({
        "@timestamp": "2026-11-21T08:59:58.250Z", "log": {"level": "WARN"}, "source": {"ip": "10.0.0.7"},
        "http": {"request": {"method": "GET"}}, "took": 0.25, "count": -7, "shard": "a1", "message": line,
    });
    assert_eq!(read(pattern, line), Some(expected));
    assert_eq!(read(pattern, "hello there"), None);
}

#[test]
fn what_is_not_of_its_type_stays_text() {
    let document = read(
        "(?<a>x)%{NOTSPACE:n:int} %{NOTSPACE:f:float} %{NOTSPACE:b:boolean} %{NOTSPACE:c:boolean}",
        "x1.5 nan true yes",
    );
    let expected = json!({"@timestamp": RECEIVED, "a": "x", "n": "1.5", "f": "nan", "b": true, "c": "yes", "message": "x1.5 nan true yes"});
    assert_eq!(document, Some(expected));
}

/// Scenario: the pattern that Logstash's users know best, on a line of nginx.
#[test]
fn the_combined_log_is_read() {
    let line = r#"203.0.113.7 - alice [21/Nov/2026:08:59:58 +0000] "GET /a?b=c HTTP/1.1" 200 5316 "https://example.com/" "curl/8.5.0""#;
    let document = read("%{COMBINEDAPACHELOG}", line).unwrap();
    assert_eq!(document["@timestamp"], "2026-11-21T08:59:58.000Z");
    assert_eq!(document["source"]["ip"], "203.0.113.7");
    assert_eq!(document["http"]["request"]["method"].as_str().or(document["verb"].as_str()), Some("GET"));
}

#[test]
fn definitions_of_ones_own_come_first() {
    let own = [("ORDER", "O-%{INT:order:int}"), ("WORD", "[a-z]+")];
    let document = read_with("%{ORDER} %{WORD:state}", &own, "O-12 paid");
    assert_eq!(
        document,
        Some(json!({"@timestamp": RECEIVED, "order": 12, "state": "paid", "message": "O-12 paid"}))
    );
    assert_eq!(read_with("^%{WORD:state}$", &own, "PAID"), None);
}

#[test]
fn a_wrong_pattern_is_refused_by_name() {
    assert!(refused("%{NOPE:a}", &[]).starts_with("`NOPE`, which `%{NOPE:a}` uses, is no pattern"));
    assert!(refused("%{MINE:a}", &[("MINE", "%{NOPE}")]).contains("which `MINE` uses"));
    assert!(refused("%{WORD:a} %{", &[]).contains("is no placeholder"));
    assert!(refused("%{WORD a}", &[]).contains("is no placeholder"));
    assert!(refused("%{WORD:a:date}", &[]).contains("`date`, the type of the field `a`"));
    assert!(refused("%{MINE:a}", &[("MINE", "x(?!y)")]).starts_with("`MINE` looks around with `(?!`"));
    assert!(refused("(?<=x)%{WORD:a}", &[]).contains("looks around with `(?<=`"));
    assert!(refused("%{MINE:a}", &[("MINE", "%{MINE}")]).contains("contain itself"));
    assert!(
        refused(
            "%{A:a}",
            &[("A", "%{B}%{B}%{B}%{B}"), ("B", "%{C}%{C}%{C}%{C}"), ("C", "%{IPV6}%{IPV6}%{IPV6}%{IPV6}")]
        )
        .contains("larger than")
    );
    assert!(refused("%{WORD}", &[]).contains("becomes a field"));
    assert!(refused("%{WORD:a}(", &[]).contains("can't be used"));
    let groks = vec![NamedGrok { name: "a".to_owned(), pattern: "%{WORD:a}".to_owned() }; 2];
    let error = Parser::new(ParseConfig { groks, ..ParseConfig::default() }).unwrap_err();
    assert!(error.to_string().ends_with("are called `a`"));
}

/// Guarantees: all patterns of the collection can be used.
#[test]
fn the_standard_patterns_can_be_used() {
    let none = BTreeMap::new();
    for (name, _) in ::grok::patterns() {
        let expanded = expand::expand(&format!("%{{{name}:it}}"), &none);
        match expanded {
            Ok(expansion) => {
                let parsed = regex_syntax::parse(&expansion.regex);
                assert!(parsed.is_ok(), "{name}: {}", parsed.unwrap_err());
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn patterns_without_look_arounds_match_the_same() {
    for (name, good, bad) in [
        ("NUMBER", vec!["0", "-1.5", ".5", "+7"], vec!["", "-", "a", "1.", "1e5"]),
        ("BASE16NUM", vec!["0x1f", "FF", "-0xa"], vec!["0x", "g"]),
        ("BASE16FLOAT", vec!["0x1f.8", "ff"], vec!["0x", "."]),
        ("QS", vec![r#""a \" b""#, "'a'", "``"], vec![r#""a"#, "a", r#""a\""#]),
        ("IPV4", vec!["10.0.0.255", "001.1.1.1"], vec!["10.0.0.256", "10.0.0", "1.2.3.4.5"]),
        ("TIME", vec!["08:59:58", "8:59:58.123"], vec!["08:59", "25:00:00"]),
        ("YEAR", vec!["26", "2026"], vec!["202", "20260"]),
        ("WINPATH", vec![r"C:\a b\c", r"\\host\share"], vec!["/a", "C:"]),
    ] {
        let (regex, _) = compile(&format!("^%{{{name}:it}}$"), &BTreeMap::new()).unwrap();
        for text in good {
            assert!(regex.is_match(text), "{name} {text}");
        }
        for text in bad {
            assert!(!regex.is_match(text), "{name} {text}");
        }
    }
}

#[test]
fn oniguruma_is_translated() {
    for (pattern, line, found) in [
        (r"(?>a+)b(?<it>\h+)", "aab1fg", "1f"),
        (r"(?m)a(?<it>.*)c", "ab\nc", "b\n"),
        (r"{(?<it>[^}]+)}", "{x}", "x"),
        (r"(?'it'x{2})", "xxx", "xx"),
        (r"(a|b)(?<it>[]\]c]+)", "a]c", "]c"),
        (r"(?<it>\<x\>)", "<x>", "<x>"),
        (r"(?<it>[[:alnum:]_%{]+)", "a_%{!", "a_%{"),
        (r"x{,2}(?<it>y)\Z", "xxy", "y"),
    ] {
        let (regex, captures) = compile(pattern, &BTreeMap::new()).unwrap();
        let groups = regex.captures(line).unwrap_or_else(|| panic!("{pattern}"));
        assert_eq!(groups.get(captures[0].0).unwrap().as_str(), found, "{pattern}");
    }
}

proptest! {
    /// Guarantees: any text is a pattern or an error.
    #[test]
    fn any_text_does_no_harm(pattern in r#"([%{}\[\]()<>?:=!\\a-zé,|+*^$0-9]|%\{WORD:|%\{INT:a:int\}|\(\?<){0,40}"#) {
        if let Ok(expansion) = expand::expand(&pattern, &BTreeMap::new()) {
            let _parsed = regex_syntax::parse(&expansion.regex).is_ok();
        }
    }
}
