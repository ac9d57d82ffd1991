//! Random rules on random events, well-formed and not.

mod world;

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use world::{Event, Files, SECRETS, compiled, event, is_planted, planted, rule, wide};

/// How an event ended, with everything that can be told of it.
#[derive(Debug, PartialEq)]
enum End {
    /// Route, part and document of each.
    Documents(Vec<(String, Option<u32>, Value)>),
    Refused(Refusal),
    Dropped(String),
}

fn apply(lane: &mut Lane, event: &Event) -> End {
    let mut out = Documents::default();
    match lane.apply(&event.raw(), NOW, &mut out) {
        Outcome::Documents => {
            let document = |body: &[u8]| serde_json::from_slice(body).expect("a document is JSON");
            let drafts = out.drafts().map(|draft| (draft.route.to_owned(), draft.part, document(draft.body)));
            End::Documents(drafts.collect())
        }
        Outcome::Refused(refusal) => End::Refused(*refusal),
        Outcome::Dropped(reason) => End::Dropped(reason.into_owned()),
    }
}

fn lane(files: &[(String, String)]) -> Lane {
    Lane::new(compiled(files), &wide()).unwrap()
}

/// Takes out of documents what tells of the rules alone: their revision.
fn without_revision(mut end: End) -> End {
    if let End::Documents(documents) = &mut end {
        for (.., document) in documents {
            // `otel` has it among attributes.
            if let Some(attributes) = document.get_mut("attributes").and_then(Value::as_object_mut) {
                let _revision = attributes.remove("rules_revision");
            }
            let Some(labels) = document.get_mut("labels").and_then(Value::as_object_mut) else { continue };
            let _revision = labels.remove("rules_revision");
            if labels.is_empty() {
                let _labels = document.as_object_mut().unwrap().remove("labels");
            }
        }
    }
    end
}

/// Whether a secret stands anywhere in what is written of an event.
fn tells(end: &End, event: &Event) -> Option<String> {
    let texts: Vec<String> = match end {
        End::Documents(documents) => documents.iter().map(|(.., document)| document.to_string()).collect(),
        End::Refused(refusal) => {
            let body = refusal.masked_body.as_deref().unwrap_or(&event.body);
            vec![refusal.reason.clone(), String::from_utf8_lossy(body).into_owned()]
        }
        End::Dropped(reason) => vec![reason.clone()],
    };
    texts.into_iter().find(|text| SECRETS.iter().any(|secret| text.contains(secret)))
}

/// So many cases, or as many as `PROPTEST_CASES` says. Most of the time goes into compiling rules, masks above all.
fn cases(number: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(number);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(128))]

    /// Guarantees: an event comes to one end: documents with ids of their own, which name tenant and revision; a refusal that says
    /// what and where; or a reason for leaving it out. It is the same whether the event comes alone, after others, or once more.
    #[test]
    fn every_event_comes_to_one_end_whatever_came_before(
        rules in prop::collection::vec(rule(), 0..4),
        events in prop::collection::vec(event(), 1..6),
    ) {
        let files: Files =
            (0..).zip(rules).map(|(n, rule)| (format!("{n}.yaml"), rule)).collect();
        let mut shared = lane(&files);
        let revision = shared.rules().revision().to_owned();
        let ends: Vec<End> = events.iter().map(|event| apply(&mut shared, event)).collect();
        for (event, end) in events.iter().zip(&ends) {
            match end {
                End::Documents(documents) => {
                    let parts: HashSet<Option<u32>> = documents.iter().map(|(_, part, _)| *part).collect();
                    prop_assert!(!documents.is_empty() && parts.len() == documents.len(), "{end:?}");
                    prop_assert!(documents.len() == 1 || !parts.contains(&None), "{end:?}");
                    for (_, _, document) in documents {
                        prop_assert!(document["@timestamp"].is_string(), "{document}");
                        // `otel` has both among attributes.
                        let is_otel = document.get("resource").is_some() && document.get("attributes").is_some();
                        if is_otel {
                            continue;
                        }
                        prop_assert_eq!(&document["organization"]["id"], event.tenant, "{}", document);
                        if !files.is_empty() {
                            prop_assert_eq!(&document["labels"]["rules_revision"], &revision, "{}", document);
                        }
                    }
                }
                End::Refused(refusal) => {
                    prop_assert!(!refusal.error_type.is_empty() && !refusal.rule.is_empty(), "{refusal:?}");
                    prop_assert!(!refusal.reason.is_empty(), "{refusal:?}");
                }
                End::Dropped(reason) => prop_assert!(!reason.is_empty()),
            }
            prop_assert_eq!(&apply(&mut lane(&files), event), end, "alone: {:?}", event);
            prop_assert_eq!(&apply(&mut shared, event), end, "once more: {:?}", event);
        }
    }

    /// Guarantees: rules that change nothing leave the document that there is without rules, but for their label.
    #[test]
    fn rules_that_change_nothing_leave_the_same_document(
        kinds in prop::collection::vec(0..world::IDLE.len(), 1..4),
        event in event(),
    ) {
        prop_assume!(event.is_plain());
        let idle = kinds.iter().map(|kind| world::IDLE[*kind]);
        let files: Files =
            (0..).zip(idle).map(|(n, rule)| (format!("{n}.yaml"), rule.to_owned())).collect();
        let (with, without) = (apply(&mut lane(&files), &event), apply(&mut lane(&[]), &event));
        prop_assert_eq!(world::normal(without_revision(with)), world::normal(without), "{:?}", event);
    }

    /// Guarantees: what becomes of a tenant's event doesn't depend on another tenant's rules.
    #[test]
    fn a_tenants_rules_never_touch_anothers_event(
        common in prop::collection::vec(rule(), 0..2),
        own in prop::collection::vec(rule(), 1..3),
        events in prop::collection::vec(event(), 1..4),
    ) {
        let files = |folder: &'static str, rules: Vec<String>| {
            (0..).zip(rules).map(move |(n, rule)| (format!("{folder}{n}.yaml"), rule))
        };
        let mut files: Vec<_> = files("", common).chain(files("tenants/acme/", own)).collect();
        let mut with = lane(&files);
        files.retain(|(path, _)| !path.starts_with("tenants/"));
        let mut without = lane(&files);
        for event in events {
            // Acme's own events come between, and leave nothing behind.
            let _own = apply(&mut with, &Event { tenant: "acme", ..event.clone() });
            let event = Event { tenant: "other", ..event };
            let (with, without) = (apply(&mut with, &event), apply(&mut without, &event));
            prop_assert_eq!(without_revision(with), without_revision(without), "{:?}", event);
        }
    }
}

proptest! {
    #![proptest_config(cases(24))]

    /// Guarantees: what masks look for is nowhere in documents, reasons, or the bodies that dead letters keep, wherever among the
    /// rules the mask stands and however the event ends.
    #[test]
    fn masks_let_no_secret_through(
        before in prop::collection::vec(rule(), 0..2),
        after in prop::collection::vec(rule(), 0..2),
        event in planted(),
    ) {
        prop_assume!(is_planted(&event));
        // A rule that is the last one may keep a mask from being reached: whoever writes it says so.
        let rules = |kind: &'static str, rules: Vec<String>| {
            (0..).zip(rules).map(move |(n, rule)| (format!("{kind}-{n}.yaml"), rule.replace("last: true\n", "")))
        };
        let mask = ("20-mask.yaml".to_owned(), "steps: [{mask: {}}]\n".to_owned());
        let files: Vec<_> = rules("10", before).chain([mask]).chain(rules("30", after)).collect();
        let end = apply(&mut lane(&files), &event);
        prop_assert_eq!(tells(&end, &event), None, "{:?} by {:?}", event, files);
    }
}
