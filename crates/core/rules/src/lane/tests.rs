mod refusals;
mod slow;

use forebay_convert::Refusal;
use forebay_parse::FieldBudget;
use forebay_record::Stage;
use serde_json::{Value, json};

use super::*;
use crate::{CompileOptions, Limits, RuleFiles, compile};

const NOW: i64 = 1_796_083_200_000;

pub(super) fn rules(files: &[(&str, &str)]) -> Arc<Rules> {
    let mut rule_files = RuleFiles::new();
    for (path, content) in files {
        rule_files.add(*path, content.as_bytes().to_vec());
    }
    match compile(&rule_files, &CompileOptions::default()) {
        Ok((rules, _warnings)) => Arc::new(rules),
        Err(problems) => {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    }
}

pub(super) fn setting() -> Setting {
    Setting {
        parse: ParseConfig::default(),
        guards: Guards { max_fields: 500, budget: Some(FieldBudget::new(2_000, 10)), all_events: true },
        targets: Arc::new(NewTargets::new(10)),
    }
}

struct Bed {
    lane: Lane,
    out: Documents,
}

impl Bed {
    fn new(files: &[(&str, &str)]) -> Self {
        Self { lane: Lane::new(rules(files), &setting()).unwrap(), out: Documents::default() }
    }

    fn apply(&mut self, event: &RawEvent<'_>) -> Outcome<'static> {
        self.out.clear();
        self.lane.apply(event, NOW, &mut self.out)
    }

    /// The documents of an event, without what every document has.
    fn documents(&mut self, event: &RawEvent<'_>) -> Vec<Value> {
        let outcome = self.apply(event);
        assert_eq!(outcome, Outcome::Documents, "{outcome:?}");
        let revision = self.lane.rules().revision().to_owned();
        let documents = self.out.drafts().map(|draft| {
            let mut document: Value = serde_json::from_slice(draft.body).unwrap();
            assert_eq!(document["labels"]["rules_revision"], *revision, "{document}");
            let members = document.as_object_mut().unwrap();
            for name in ["@timestamp", "event", "organization"] {
                let _ours = members.remove(name);
            }
            let labels = members["labels"].as_object_mut().unwrap();
            let _revision = labels.remove("rules_revision");
            if labels.is_empty() {
                let _labels = members.remove("labels");
            }
            document
        });
        documents.collect()
    }

    fn refusal(&mut self, event: &RawEvent<'_>) -> Refusal {
        match self.apply(event) {
            Outcome::Refused(refusal) => *refusal,
            other => panic!("{other:?}"),
        }
    }
}

fn event(body: &str) -> RawEvent<'_> {
    RawEvent {
        id: "e-1",
        tenant: "acme",
        source: "http",
        format: "json",
        body: body.as_bytes(),
        ..RawEvent::default()
    }
}

/// Scenario: an event no rule matches, one that only rules match which don't look into it.
/// Guarantees: both are passed on as they are, with the revision, and as without rules otherwise.
#[test]
fn an_event_that_no_rule_looks_into_is_passed_on() {
    let body = r#"{"b":1,"a":{"x":[1,2.50],"y":"é"},"time":"2026-11-21T10:00:00Z"}"#;
    let plain = Bed::new(&[]).lane;
    let mut plain = Bed { lane: plain, out: Documents::default() };
    assert_eq!(plain.apply(&event(body)), Outcome::Documents);
    let without = String::from_utf8(plain.out.drafts().next().unwrap().body.to_vec()).unwrap();
    for files in [
        [("a.yaml", "match: {tenant: other}\nsteps: [{vrl: '.a = 1'}]\n")],
        [("a.yaml", "steps: [{sample: {keep: 1}}, {parse: json}]\n")],
    ] {
        let mut bed = Bed::new(&files);
        assert_eq!(bed.apply(&event(body)), Outcome::Documents);
        let with = String::from_utf8(bed.out.drafts().next().unwrap().body.to_vec()).unwrap();
        let label = format!(r#","labels":{{"rules_revision":"{}"}}"#, bed.lane.rules().revision());
        assert_eq!(with.replace(&label, ""), without);
        assert!(with.contains(r#""x":[1,2.50],"y":"é""#), "{with}");
    }
}

#[test]
fn rules_work_one_after_the_other_and_a_tenants_come_last() {
    let files = [
        ("tenants/acme/00.yaml", "steps: [{vrl: '.order = push(array!(.order), \"acme\")'}]\n"),
        ("20-b.yaml", "steps: [{vrl: '.order = push(array!(.order), \"b\")'}]\n"),
        ("10-a.yaml", "steps: [{vrl: '.order = [\"a\"]'}]\n"),
        ("tenants/other/00.yaml", "steps: [{vrl: '.order = \"other\"'}]\n"),
    ];
    assert_eq!(Bed::new(&files).documents(&event("{}")), [json!({"order": ["a", "b", "acme"]})]);
    let last = ("20-b.yaml", "last: true\nsteps: [{vrl: '.order = push(array!(.order), \"b\")'}]\n");
    let files = [files[0], last, files[2], files[3]];
    assert_eq!(Bed::new(&files).documents(&event("{}")), [json!({"order": ["a", "b"]})]);
}

#[test]
fn a_text_is_read_in_the_format_that_a_rule_says() {
    let files = [(
        "a.yaml",
        "match: {source: http}\nsteps:\n  - parse: logfmt\n  - parse: {format: json, from: payload, into: inner}\n  - vrl: 'del(.payload)'\n",
    )];
    let raw = RawEvent { format: "", ..event(r#"level=warn n=7 payload="{\"a\":1}""#) };
    let documents = Bed::new(&files).documents(&raw);
    assert_eq!(documents[0]["inner"], json!({"a": 1}), "{documents:?}");
    assert_eq!(documents[0]["n"], 7);
    let refusal = Bed::new(&files).refusal(&RawEvent { format: "", ..event(r#"payload="{no""#) });
    assert_eq!((refusal.stage, refusal.rule.as_str()), (Stage::Transform, "a/2-parse"));
    assert_eq!(refusal.error_type, "json_invalid");
    assert!(refusal.reason.starts_with("`payload`: "), "{}", refusal.reason);
    let refusal = Bed::new(&[("a.yaml", "steps: [{parse: json}]\n")]).refusal(&event("no json"));
    assert_eq!((refusal.stage, refusal.rule.as_str()), (Stage::Parse, "a/1-parse"));
}

/// Guarantees: a failure names rule and step, its reason has no secret, and the event is as before where it may go on.
#[test]
fn a_step_that_fails_says_where_or_lets_the_event_go_on() {
    let rule = |on_error: &str| {
        format!(
            "steps:\n  - name: number\n    on_error: {on_error}\n    vrl: |\n      .half = 1\n      .n = to_int!(.mail)\n"
        )
    };
    let body = r#"{"mail":"jane.roe@example.com"}"#;
    let refusal = Bed::new(&[("50-app.yaml", &rule("dead_letter"))]).refusal(&event(body));
    assert_eq!((refusal.stage, refusal.rule.as_str()), (Stage::Transform, "50-app/number"));
    assert_eq!(refusal.error_type, "vrl_error");
    assert!(refusal.reason.contains("to_int") && !refusal.reason.contains("jane"), "{}", refusal.reason);
    assert_eq!(refusal.masked_body, None);
    let documents = Bed::new(&[("50-app.yaml", &rule("continue"))]).documents(&event(body));
    let expected =
        json!({"mail": "jane.roe@example.com", "labels": {"rule_error": "50-app/number: vrl_error"}});
    assert_eq!(documents, [expected]);
}

/// Guarantees: what a mask looks for is masked in the document, and in the body that a dead letter keeps, wherever in the
/// chain the event failed, in JSON and in text; JSON stays JSON.
#[test]
fn what_is_masked_is_masked_in_dead_letters_too() {
    let files = [
        ("10-mask.yaml", "steps: [{mask: {detectors: [email, card]}}]\n"),
        ("20-fails.yaml", "steps: [{when: 'exists(.fail)', vrl: 'abort'}]\n"),
    ];
    let mut bed = Bed::new(&files);
    let documents = bed.documents(&event(r#"{"a":[{"to":"jane@example.com"}],"card":4111111111111111}"#));
    assert_eq!(documents, [json!({"a": [{"to": "[email]"}], "card": "[card]"})]);
    let refusal = bed.refusal(&event(r#"{"fail":1,"to":"jane@example.com","card":4111111111111111}"#));
    let body: Value = serde_json::from_slice(&refusal.masked_body.unwrap()).unwrap();
    assert_eq!(body, json!({"fail": 1, "to": "[email]", "card": "[card]"}));
    let refusal = bed.refusal(&event(r#"{"to":"jane@example.com", "#));
    assert_eq!(refusal.masked_body.as_deref(), Some(&br#"{"to":"[email]", "#[..]));
    assert!(!refusal.reason.contains("jane"), "{}", refusal.reason);
    assert_eq!(bed.refusal(&event("{")).masked_body, None);
    assert_eq!(bed.lane.take_counts().masked, 4);
}

#[test]
fn events_are_dropped_sampled_split_and_routed() {
    let files = [(
        "a.yaml",
        r"
steps:
  - {when: '.level == `debug`', drop: {reason: debug}}
  - {split: {field: records}}
  - {when: '.records.drop == true', drop: {reason: part}}
  - {when: '.records.kind == `audit`', route: {target: audit}}
",
    )];
    let files = files.map(|(path, rule)| (path, rule.replace('`', "\"")));
    let files = files.each_ref().map(|(path, rule)| (*path, rule.as_str()));
    let mut bed = Bed::new(&files);
    assert_eq!(bed.apply(&event(r#"{"level":"debug"}"#)), Outcome::Dropped("debug".into()));
    let documents = bed.documents(&event(r#"{"h":1,"records":[{"n":1},{"drop":true},{"kind":"audit"}]}"#));
    assert_eq!(
        documents,
        [json!({"h": 1, "records": {"n": 1}}), json!({"h": 1, "records": {"kind": "audit"}})]
    );
    let where_to: Vec<_> = bed.out.drafts().map(|draft| (draft.part, draft.route.to_owned())).collect();
    assert_eq!(where_to, [(Some(0), String::new()), (Some(2), "audit".to_owned())]);
    let all = bed.apply(&event(r#"{"records":[{"drop":true}]}"#));
    assert_eq!(all, Outcome::Dropped("part".into()));
    assert_eq!(bed.documents(&event(r#"{"h":1}"#)), [json!({"h": 1})]);
    assert_eq!(bed.out.drafts().next().unwrap().part, None);
}

/// Scenario: programs that loop, that grow, that index far out; a regular expression that would take for ever elsewhere.
/// Guarantees: the event is refused by name, and the next one is treated as if nothing had been.
#[test]
fn what_takes_too_much_is_stopped() {
    for (rule, error_type) in [
        (
            "vrl: 'for_each(range!(0, 100000)) -> |_, i| { for_each(range!(0, 1000)) -> |_, j| { .n = i + j } }'",
            "vrl_too_many_steps",
        ),
        ("vrl: '.n = match(string!(.s), r''^(a+)+$'')'", ""),
    ] {
        let files = [("a.yaml", format!("steps: [{{when: 'exists(.s)', {rule}}}]\n"))];
        let files = files.each_ref().map(|(path, rule)| (*path, rule.as_str()));
        let mut bed = Bed::new(&files);
        let body = format!(r#"{{"s":"{}!"}}"#, "a".repeat(5_000));
        match bed.apply(&event(&body)) {
            Outcome::Refused(refusal) => assert_eq!(refusal.error_type, error_type),
            other => assert!(other == Outcome::Documents && error_type.is_empty(), "{other:?}"),
        }
        assert_eq!(bed.documents(&event(r#"{"a":1}"#)), [json!({"a": 1})]);
    }
}

#[test]
fn metadata_is_what_is_known_of_the_event() {
    let rule = "steps: [{vrl: '. = {\"t\": %tenant, \"s\": %source, \"a\": %attributes.\"k8s.pod.name\", \"f\": %read_as}'}]\n";
    let event = RawEvent { attributes: vec![("k8s.pod.name", "web-0")], format: "", ..event(r#"{"x":1}"#) };
    let documents = Bed::new(&[("a.yaml", rule)]).documents(&event);
    assert_eq!(documents[0]["t"], "acme");
    assert_eq!(
        (&documents[0]["s"], &documents[0]["a"], &documents[0]["f"]),
        (&json!("http"), &json!("web-0"), &json!("json"))
    );
}

/// Guarantees: what a rule says of tenant or target names never leads to another tenant's index.
#[test]
fn no_rule_reaches_another_tenant() {
    let rule = r#"
steps:
  - vrl: |
      .organization.id = "other"
      %tenant = "other"
  - route: {target: '{{ to }}', allow: ['*']}
"#;
    let mut bed = Bed::new(&[("a.yaml", rule)]);
    for to in ["other-2026.12.01", "../other", "-other", "OTHER", ""] {
        let body = format!(r#"{{"to":"{to}"}}"#);
        let outcome = bed.apply(&event(&body));
        assert_eq!(outcome, Outcome::Documents);
        let draft = bed.out.drafts().next().unwrap();
        assert!(!draft.route.contains('.') && !draft.route.starts_with('-'), "{}", draft.route);
        let document: Value = serde_json::from_slice(draft.body).unwrap();
        assert_eq!(document["organization"]["id"], "acme");
    }
}

#[test]
fn limits_can_be_set() {
    let mut files = RuleFiles::new();
    files.add("a.yaml", &b"steps: [{vrl: '.a = 1; .b = 2; .c = 3; .d = 4'}]\n"[..]);
    let limits = Limits { steps: 3, ..Limits::default() };
    let options = CompileOptions { limits, ..CompileOptions::default() };
    let (rules, _) = compile(&files, &options).unwrap();
    let mut bed = Bed { lane: Lane::new(Arc::new(rules), &setting()).unwrap(), out: Documents::default() };
    assert_eq!(bed.refusal(&event("{}")).error_type, "vrl_too_many_steps");
}

/// Guarantees: a field is found by its path whether it was sent nested or under one name with dots, by masks above all; what is in
/// the way of an enrichment stays.
#[test]
fn a_name_with_dots_is_a_path() {
    let rule = "steps: [{mask: {detectors: [email], fields: [user.email]}}, {enrich: {static: {service.environment: test}}}]\n";
    let mut bed = Bed::new(&[("a.yaml", rule)]);
    for (body, expected) in [
        (
            r#"{"user.email":"a@example.org","service":"cart"}"#,
            json!({"user": {"email": "[email]"}, "service": {"name": "cart", "environment": "test"}}),
        ),
        (
            r#"{"user":{"email":"a@example.org"},"service.environment":"live"}"#,
            json!({"user": {"email": "[email]"}, "service": {"environment": "live"}}),
        ),
        (
            r#"{"user":{"email":"a@example.org","email":"b@example.org"},"service":{"name":"x"}}"#,
            json!({"user": {"email": "[email]"}, "service": {"name": "x", "environment": "test"}, "unmapped": {"user.email": "[email]"}}),
        ),
        (
            r#"{"user":[1],"user.email":"a@example.org","service":["x"]}"#,
            json!({"user": {"email": "[email]"}, "service": {"environment": "test"}, "unmapped": {"user": [1], "service": ["x"]}}),
        ),
        (
            r#"{"user":null,"user.email":"a@example.org","service":null}"#,
            json!({"user": {"email": "[email]"}, "service": {"environment": "test"}}),
        ),
    ] {
        assert_eq!(bed.documents(&event(body)), [expected], "{body}");
    }
}

/// Guarantees: what two splits would make of one event is bounded, whatever each allows.
#[test]
fn an_event_becomes_no_flood() {
    let rule = "steps: [{split: {field: a, max: 1000}}, {split: {field: b, max: 1000}}]\n";
    let list = (0..200).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let body = format!(r#"{{"a":[{list}],"b":[{list}]}}"#);
    let refusal = Bed::new(&[("a.yaml", rule)]).refusal(&event(&body));
    assert_eq!((refusal.error_type.as_ref(), refusal.rule.as_str()), ("split_too_many", "a/2-split"));
}

#[test]
fn a_body_that_does_not_parse_may_go_on() {
    let documents =
        Bed::new(&[("a.yaml", "steps: [{parse: json, on_error: continue}]\n")]).documents(&event("hello"));
    assert_eq!(documents, [json!({"message": "hello", "labels": {"rule_error": "a/1-parse: json_invalid"}})]);
}

mod property;
