//! What a dead letter says and keeps, and which events become none.

use super::*;
use crate::observe::StepOutcome::{self, Done, Dropped, Skipped};

/// What is reported of steps, in order: their places, whether they saw the event, and the outcome.
#[derive(Debug, Default)]
struct Reported(Vec<((usize, usize), bool, StepOutcome)>);

impl Observer for Reported {
    fn begins(&mut self, _: (usize, usize), _: &vrl::value::Value) {}

    fn ends(&mut self, place: (usize, usize), outcome: StepOutcome, _: &vrl::value::Value) {
        self.0.push((place, true, outcome));
    }

    fn passed(&mut self, place: (usize, usize), outcome: StepOutcome) {
        self.0.push((place, false, outcome));
    }
}

/// Guarantees: the body that a dead letter keeps is the one that was sent, byte for byte, but for what is masked.
#[test]
fn a_masked_body_is_otherwise_as_it_was_sent() {
    let files =
        [("a.yaml", "steps: [{mask: {detectors: [email]}}, {vrl: abort}, {mask: {detectors: [card]}}]\n")];
    let mut bed = Bed::new(&files);
    let of = |to: &str, card: &str| {
        format!(
            "{{ \"n\":123456789012345678901234567890, \"n\":1.50 ,\"to\":\"{to}\",\"to\":\"b/{to}\", \"c\":{card}}}\n"
        )
    };
    let sent = of("jane@example.com", "4111111111111111");
    let refusal = bed.refusal(&event(&sent));
    assert_eq!(bed.lane.masked_body(&event(&sent)), refusal.masked_body, "when it is asked for later");
    assert_eq!(String::from_utf8(refusal.masked_body.unwrap()).unwrap(), of("[email]", "\"[card]\""));
    let binary = [&b"{\"to\":\"jane@example.com\",\"x\":\"\xff\"}"[..]].concat();
    let refusal = bed.refusal(&RawEvent { body: &binary, ..event("") });
    let masked = refusal.masked_body.unwrap();
    assert_eq!(String::from_utf8(masked).unwrap(), "{\"to\":\"[email]\",\"x\":\"\u{FFFD}\"}");
    let text = RawEvent { format: "raw", ..event(r"to=jane\u0040example.com \ud83d\ude00 \u000a") };
    let masked = bed.refusal(&text).masked_body.unwrap();
    assert_eq!(String::from_utf8(masked).unwrap(), "to=[email] \u{1F600} \\u000a");
}

/// Scenario: JSON that is read as text, and a mask whose expression goes beyond one of its strings.
/// Guarantees: it is masked in the dead letter as it would have been in the document.
#[test]
fn json_that_is_read_as_text_is_masked_as_text() {
    let rule = r#"steps: [{mask: {detectors: [email], custom: [{name: user, pattern: '"user": *"[a-z]+"'}]}}, {vrl: abort}]"#;
    let body = r#"{"user": "jane", "to": "jane@example.com"}"#;
    let refusal = Bed::new(&[("a.yaml", rule)]).refusal(&RawEvent { format: "raw", ..event(body) });
    let masked = String::from_utf8(refusal.masked_body.unwrap()).unwrap();
    assert_eq!(masked, r#"{[user], "to": "[email]"}"#);
}

/// Scenario: secrets that stand across the end of an excerpt, or before the place that it is of; with masks and without.
/// Guarantees: nothing of them is in the reason.
#[test]
fn no_part_of_a_secret_is_in_a_reason() {
    let filler = "x".repeat(36);
    let card = "4111 1111 1111 1111";
    let ticket = "steps: [{mask: {detectors: [email], custom: [{name: ticket, pattern: 'T-[0-9]{8}'}]}}]\n";
    let field = "steps: [{parse: {format: json, from: payload}}]\n";
    let quoted = |text: &str| serde_json::json!({ "payload": text }).to_string();
    for (rules, format, body, shown, hidden) in [
        ("steps: []\n", "combined", format!("{filler} {card} {filler}"), "[card]", "4111"),
        ("steps: []\n", "json", format!("{{\"card\":\"{card}\",}} jane@example.com"), "[email]", "jane"),
        ("steps: []\n", "json", r#"{"password": hunter2, "x":1}"#.to_owned(), "expected a value", "hunter2"),
        ("steps: []\n", "json", r#"{"a":1} jane\u0040example.com"#.to_owned(), "[email]", "jane"),
        ("steps: []\n", "jane.roe@example.com", "x".to_owned(), "[email]", "jane"),
        (ticket, "combined", format!("{filler} T-12345678 {filler}"), "[ticket]", "T-1"),
        (field, "json", quoted(&format!("{filler} {card} {filler}")), "[card]", "4111"),
    ] {
        let mut bed = Bed::new(&[("a.yaml", rules)]);
        let refusal = bed.refusal(&RawEvent { format, ..event(&body) });
        assert!(refusal.reason.contains(shown) && !refusal.reason.contains(hidden), "{}", refusal.reason);
        assert!(!refusal.rule.contains(hidden), "{}", refusal.rule);
    }
    let long = format!(r#"{{"n":"{}"}}"#, "a é".repeat(10_000));
    let refusal = Bed::new(&[("a.yaml", "steps: [{timestamp: {from: n}}]\n")]).refusal(&event(&long));
    assert!((500..1_100).contains(&refusal.reason.len()), "{}", refusal.reason.len());
}

/// Scenario: rules that drop or sample before anything looks into the event, beside one that does; events that don't parse.
/// Guarantees: they are dropped, not dead-lettered, and the steps are reported once each, in their order, up to the one that
/// dropped; events that go on are reported as ever.
#[test]
fn what_is_dropped_unseen_is_not_even_parsed() {
    let rules = [
        ("10-first.yaml", "steps: [{parse: json}, {route: {target: x}}]\n"),
        (
            "20-noise.yaml",
            "match: {source: noise}\nsteps: [{sample: {keep: 1}}, {sample: {keep: 0, reason: noise}}]\n",
        ),
        ("30-app.yaml", "steps: [{vrl: '.a = 1'}]\n"),
        ("40-late.yaml", "match: {source: late}\nsteps: [{drop: {reason: late}}]\n"),
    ];
    let mut bed = Bed::new(&rules);
    let mut apply = |source: &str, body: &str| {
        let mut reported = Reported::default();
        bed.out.clear();
        let outcome =
            bed.lane.apply_observed(&RawEvent { source, ..event(body) }, NOW, &mut bed.out, &mut reported);
        (outcome, reported.0)
    };
    for body in ["no json", "{}"] {
        let (outcome, reported) = apply("noise", body);
        assert_eq!(outcome, Outcome::Dropped("noise".into()), "{body}");
        let expected = [
            ((0, 0), false, Skipped),
            ((0, 1), false, Done),
            ((1, 0), false, Done),
            ((1, 1), false, Dropped),
        ];
        assert_eq!(reported, expected);
    }
    let (outcome, reported) = apply("late", "{}");
    assert_eq!(outcome, Outcome::Dropped("late".into()));
    let expected =
        [((0, 0), false, Done), ((0, 1), true, Done), ((2, 0), true, Done), ((3, 0), true, Dropped)];
    assert_eq!(reported, expected);
    let (outcome, reported) = apply("late", "no json");
    assert!(matches!(outcome, Outcome::Refused(_)), "a step before it looks into the event: {outcome:?}");
    assert_eq!(reported, [((0, 0), false, StepOutcome::Failed)]);
}

/// Guarantees: a time without a year is read by the time of receipt, not by that of the parser.
#[test]
fn a_year_that_is_missing_comes_from_the_receipt() {
    let rule = "steps: [{timestamp: {from: t, format: '%b %d %H:%M:%S'}}]\n";
    // 2026-01-01T00:00:10Z; the parser works in December.
    let received_at = 1_767_225_610_000_000_000;
    let late = RawEvent { received_at, ..event(r#"{"t":"Dec 31 23:59:58"}"#) };
    let mut bed = Bed::new(&[("a.yaml", rule)]);
    assert_eq!(bed.apply(&late), Outcome::Documents);
    assert_eq!(bed.out.drafts().next().unwrap().event_ms, 1_767_225_598_000);
}
