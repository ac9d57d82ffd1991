use std::path::Path;

use forebay_settings::Settings;

use super::*;
use crate::receipt::RECEIVED_MS;
use crate::samples::read_all;
use crate::text::plain;
use crate::{junit, report};

const RULE: &str = "steps:
  - parse: json
  - vrl: '.n = to_int!(.n)'
  - {when: '.n == 0', drop: {reason: zero}}
  - {when: '(to_int(.n) ?? 0) > 100', route: {target: large}}
  - {name: never, when: '(to_int(.n) ?? 0) < 0', vrl: '.negative = true'}
";

fn files(samples: &str) -> RuleFiles {
    let mut files = RuleFiles::new();
    files.add("10-n.yaml", RULE.as_bytes().to_vec());
    files.add("10-n.test.yaml", samples.as_bytes().to_vec());
    files
}

fn tested(samples: &str) -> TestRun {
    let files = files(samples);
    let engine = Engine::compile(&files, &Settings::default()).unwrap();
    let (samples, problems) = read_all(&files, "default");
    assert!(problems.is_empty(), "{problems:?}");
    run(&engine, &samples).unwrap()
}

fn verdict_of(sample: &str) -> Verdict {
    tested(&format!("samples:\n  - {sample}\n")).files[0].cases[0].verdict.clone()
}

/// Guarantees: each kind of expectation is met by what it describes, and by nothing else.
#[test]
fn a_sample_passes_where_it_gives_what_it_says() {
    for (expectation, body, passes) in [
        ("dropped: zero", r#"{"n":"0"}"#, true),
        ("dropped: other", r#"{"n":"0"}"#, false),
        ("dropped: zero", r#"{"n":"1"}"#, false),
        ("dead_letter: {error_type: vrl_error, rule: 10-n/2-vrl, reason: to_int}", r#"{"n":"x"}"#, true),
        ("dead_letter: {}", r#"{"n":"x"}"#, true),
        ("dead_letter: {rule: 10-n/1-parse}", "{", true),
        ("dead_letter: {error_type: vrl_abort}", r#"{"n":"x"}"#, false),
        ("dead_letter: {reason: something else}", r#"{"n":"x"}"#, false),
        ("dead_letter: {}", r#"{"n":"1"}"#, false),
        ("documents: []", r#"{"n":"1"}"#, false),
    ] {
        let verdict = verdict_of(&format!("{{name: x, event: {{body: '{body}'}}, {expectation}}}"));
        assert_eq!(verdict == Verdict::Passed, passes, "{expectation} of {body}: {verdict:?}");
    }
    assert_eq!(verdict_of("{name: x, event: {body: '{}'}}"), Verdict::Unsaid);
}

/// Guarantees: a document is compared whole but for the revision of the rules, its route only where one is said.
#[test]
fn documents_are_compared_whole() {
    let event = r#"{body: '{"n":"700"}', tenant: acme}"#;
    let run = tested(&format!("samples:\n  - {{name: x, event: {event}}}\n"));
    let Actual::Documents(made) = &run.files[0].cases[0].actual else { panic!("{run:?}") };
    assert_eq!((made.len(), made[0].route.as_str()), (1, "large"));
    let document = &made[0].document;
    assert!(!document.to_string().contains("rules_revision"), "{document}");
    let of = |documents: &str, more: &str| {
        verdict_of(&format!("{{name: x, event: {event}, documents: [{documents}]{more}}}"))
    };
    assert_eq!(of(&document.to_string(), ""), Verdict::Passed);
    assert_eq!(of(&document.to_string(), ", routes: [large]"), Verdict::Passed);
    let Verdict::Failed(lines) = of(&document.to_string(), ", routes: ['']") else { panic!() };
    assert!(plain(&lines).contains("-     \"\"\n+     \"large\"\n"), "{}", plain(&lines));
    let Verdict::Failed(lines) = of(&document.to_string().replace("700", "7"), "") else { panic!() };
    let text = plain(&lines);
    assert!(text.contains("\"n\": 7\n") || text.contains("\"n\": 7,\n"), "{text}");
}

/// Scenario: an event of a day long past, without a time of receipt, and one that says when it was received.
/// Guarantees: the first keeps its own time, whatever day it is; the second is held to the parser's bounds.
#[test]
fn an_event_is_received_at_its_own_time() {
    let of = |event: &str| {
        let run = tested(&format!("samples:\n  - {{name: x, event: {event}}}\n"));
        let Actual::Documents(made) = &run.files[0].cases[0].actual else { panic!("{run:?}") };
        made[0].event_ms
    };
    let body = r#"{"n":1,"@timestamp":"2003-05-06T07:08:09Z"}"#;
    assert_eq!(of(&format!("{{body: '{body}'}}")), 1_052_204_889_000);
    assert_eq!(of(r#"{body: '{"n":1}'}"#), RECEIVED_MS);
    assert_eq!(of(&format!("{{body: '{body}', received_at: 2026-11-21T10:00:00Z}}")), 1_795_255_200_000);
}

#[test]
fn results_are_told_to_people_and_to_ci() {
    let run = tested(
        "samples:\n  - {name: a zero, event: {body: '{\"n\":0}'}, dropped: zero}\n  - name: <no> zero\n    event: {body: \
         '{\"n\":0}'}\n    dropped: other\n",
    );
    assert_eq!((run.total(), run.passed(), run.covered.percent()), (2, 1, 60));
    let text = plain(&report::lines(&run, Path::new("rules")));
    assert_eq!(
        text,
        "rules/10-n.test.yaml\n  ok    a zero\n  FAIL  <no> zero (rules/10-n.test.yaml:3)\n        - expected, + given\n          \
         {\n        -   \"dropped\": \"other\"\n        +   \"dropped\": \"zero\"\n          }\nsteps reached: 3 of 5 (60 %)\n  \
         never    10-n/4-route (rules/10-n.yaml:5)\n  never    10-n/never (rules/10-n.yaml:6)\n2 samples: 1 passed, 1 failed\n"
    );
    let xml = junit::report(&run).unwrap();
    let read = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    assert_eq!((read.tests, read.failures), (2, 1), "{xml}");
    let case = &read.test_suites[0].test_cases[1];
    assert_eq!(case.name.as_str(), "<no> zero");
    assert!(xml.contains("&quot;other&quot;") || xml.contains("\"other\""), "{xml}");
}
