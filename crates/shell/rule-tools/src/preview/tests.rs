use forebay_record::RawEvent;
use forebay_rules::RuleFiles;
use forebay_settings::Settings;

use super::*;
use crate::engine::Engine;
use crate::receipt::Receipts;
use crate::text::plain;

const RULE: &str = "steps:
  - vrl: '.n = to_int!(.n)'
  - {when: '.n == 0', drop: {reason: zero}}
  - {name: sign, vrl: '.sign = if .n == 0 { \"0\" } else { \"+\" }'}
";

fn shown(rule: &str, body: &str) -> String {
    let mut files = RuleFiles::new();
    files.add("a.yaml", rule.as_bytes().to_vec());
    let engine = Engine::compile(&files, &Settings::default()).unwrap();
    let event =
        RawEvent { id: "e", tenant: "acme", source: "http", body: body.as_bytes(), ..RawEvent::default() };
    let event = Captured::new(&event, "x.log:7");
    let raw = Receipts::new(&engine).unwrap().event(&event);
    let preview = preview(&mut engine.lane().unwrap(), &raw, &mut Documents::default());
    // Times differ from run to run.
    let timeless = |line: Line| match line.text.strip_suffix(" µs") {
        Some(text) => Line {
            text: text.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').to_owned()
                + " µs",
            ..line
        },
        None => line,
    };
    plain(&preview.lines(&event).into_iter().map(timeless).collect::<Vec<_>>())
}

#[test]
fn every_step_shows_what_it_changed() {
    let text = shown(RULE, r#"{"n":"5"}"#);
    assert!(text.starts_with("x.log:7  acme, http, no format\n  {\"n\":\"5\"}\n"), "{text}");
    let steps = "  a/1-vrl   done    µs
        {
      -   \"n\": \"5\"
      +   \"n\": 5
        }
  a/2-drop  skipped µs
  a/sign    done    µs
        {
          \"n\": 5
      +   \"sign\": \"+\"
        }
  document
";
    let squeezed = |text: &str| text.replace("    µs", " µs");
    assert!(squeezed(&text).contains(&squeezed(steps)), "{text}");
    assert!(text.contains("    +   \"@timestamp\": \"2026-01-01T00:00:00.000Z\""), "{text}");
}

#[test]
fn an_end_on_the_way_is_shown() {
    let dropped = shown(RULE, r#"{"n":"0"}"#);
    assert!(dropped.contains("a/2-drop  dropped") && dropped.ends_with("  dropped: zero\n"), "{dropped}");
    assert!(!dropped.contains("a/sign"), "{dropped}");
    let failed = shown(RULE, r#"{"n":"x"}"#);
    assert!(
        failed.contains("a/1-vrl  failed")
            && failed.contains("dead letter (transform): vrl_error at a/1-vrl\n      "),
        "{failed}"
    );
    let unread = shown("steps:\n  - parse: json\n  - vrl: '.a = 1'\n", "{");
    assert!(
        unread.contains("  a/1-parse  failed\n  dead letter (parse): json_invalid at a/1-parse\n"),
        "{unread}"
    );
}

#[test]
fn a_split_event_shows_all_its_parts() {
    let text = shown("steps:\n  - split: {field: a}\n  - vrl: '.b = 1'\n", r#"{"a":[1,2]}"#);
    assert_eq!(text.matches("a/2-vrl").count(), 2, "{text}");
    assert_eq!(text.matches("\n  document\n").count(), 2, "{text}");
}

/// Guarantees: an event that no step has to see is shown with its document, without a difference to nothing.
#[test]
fn an_event_that_is_passed_on_is_shown_too() {
    let text = shown("steps:\n  - parse: json\n", r#"{"message":"hi"}"#);
    assert!(text.contains("  a/1-parse  done\n  document\n      {\n"), "{text}");
    assert!(!text.contains("    + "), "{text}");
}

/// Scenario: a body that its format reads, one that it doesn't read, with and without going on, and one that no other step looks at.
/// Guarantees: the step is told once, as what it did; one that another step outdoes is told as skipped.
#[test]
fn the_step_that_reads_the_body_is_told_once() {
    let steps = |rule: &str, body: &str| {
        let text = shown(rule, body);
        let steps = text.lines().filter(|line| line.starts_with("  a/"));
        steps.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let going_on = "steps:\n  - {parse: json, on_error: continue}\n  - vrl: '.a = 1'\n";
    assert_eq!(steps(going_on, "{}"), ["a/1-parse done", "a/2-vrl done"]);
    assert_eq!(steps(going_on, "{"), ["a/1-parse failed", "a/2-vrl done"]);
    let alone = "steps:\n  - parse: json\n";
    assert_eq!(steps(alone, "{}"), ["a/1-parse done"]);
    assert_eq!(steps(alone, "{"), ["a/1-parse failed"]);
    let outdone = "steps:\n  - parse: logfmt\n  - parse: json\n";
    assert_eq!(steps(outdone, "{}"), ["a/1-parse skipped", "a/2-parse done"]);
    let outdone = outdone.to_owned() + "  - vrl: '.a = 1'\n";
    assert_eq!(steps(&outdone, "{}"), ["a/2-parse done", "a/1-parse skipped", "a/3-vrl done"]);
    let dropped = "steps:\n  - parse: json\n  - drop: {reason: all}\n";
    assert_eq!(steps(dropped, "{"), ["a/2-drop dropped"]);
}

/// Guarantees: a rule that isn't for the event says in what it differs; one behind the last says so.
#[test]
fn rules_that_an_event_passes_by_say_why() {
    let rule =
        "match: {tenant: other, attributes: {log.file.path: /var/log/x.log}}\nsteps: [{vrl: '.a = 1'}]\n";
    let text = shown(rule, "{}");
    let why = "  a doesn't match: its tenant is `acme`, wanted is `other`; there is no attribute `log.file.path`, \
               wanted is `/var/log/x.log`\n";
    assert!(text.contains(why), "{text}");
    let mut files = RuleFiles::new();
    files.add("a.yaml", *b"last: true\nsteps: [{vrl: '.a = 1'}]\n");
    files.add("b.yaml", *b"match: {tenant: acme}\nsteps: [{vrl: '.a = 1'}]\n");
    let engine = Engine::compile(&files, &Settings::default()).unwrap();
    let event = RawEvent { id: "e", tenant: "acme", source: "http", body: b"{}", ..RawEvent::default() };
    let seen = preview(&mut engine.lane().unwrap(), &event, &mut Documents::default());
    let [passed] = &seen.passed_over[..] else { panic!("{seen:?}") };
    assert_eq!(
        (passed.rule.as_str(), passed.why.as_str()),
        ("b", "isn't reached: `a` matches and says `last`")
    );
}
