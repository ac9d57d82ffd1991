use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::testing::{RECEIVED_MS, check, event, parser, through};
use crate::{FieldBudget, Guards, OnUnparsed, Parsed};

/// All paths of a document that a mapping has, objects included, outside what is one field whatever is in it.
fn paths(value: &Json, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Json::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                if !matches!(path.as_str(), "unmapped" | "unmapped_long") {
                    let _new = into.insert(path.clone());
                    paths(value, &path, into);
                }
            }
        }
        Json::Array(elements) => elements.iter().for_each(|element| paths(element, path, into)),
        _ => {}
    }
}

/// Scenario: 10,000 random names over 500 events, flat, with dots, nested, as labels and in arrays of objects, on two
/// lanes, by way of `parse` and of `write`.
/// Guarantees: outside `unmapped` one target never has more paths than its budget, beside those of the schema; nothing
/// is refused and no value is lost.
#[test]
fn random_names_stay_within_the_budget() {
    let budget = FieldBudget::new(100, 10);
    let lane = || {
        let mut parser = parser(OnUnparsed::DeadLetter);
        parser.set_guards(Guards { max_fields: 15, budget: Some(budget.clone()), all_events: true });
        parser
    };
    let (mut lanes, mut all) = ([lane(), lane()], BTreeSet::new());
    let mut seed = 7_u64;
    for number in 0..500_usize {
        let mut key = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("k{:x}", seed >> 24)
        };
        let mut members = vec![r#""message":"m","service":"s""#.to_owned()];
        for value in 0..4 {
            let value = number * 100 + value;
            members.push(format!(r#""{}":"v{value}""#, key()));
            members.push(format!(r#""{}.{}":"v{value}d""#, key(), key()));
            members
                .push(format!(r#""http":{{"{}":"v{value}h"}}"#, key()).replace("http", &format!("o{value}")));
            members.push(format!(r#""{}":[{{"{}":"v{value}a"}}]"#, key(), key()));
            members.push(format!(r#""labels.{}":"v{value}l""#, key()));
        }
        let body = format!("{{{}}}", members.join(","));
        let event = event("json", body.as_bytes());
        let parser = &mut lanes[number % 2];
        let document = match number % 3 {
            0 => {
                let mut out = Parsed::default();
                parser.parse(&event, 0, &mut out).unwrap();
                check(&out.document)
            }
            _ => through(parser, &event).unwrap().0,
        };
        let text = document.to_string();
        for value in 0..4 {
            let value = number * 100 + value;
            assert!(
                ["", "d", "h", "a", "l"].iter().all(|kind| text.contains(&format!("\"v{value}{kind}\"")))
            );
        }
        paths(&document, "", &mut all);
    }
    let fixed = [
        "@timestamp",
        "event",
        "event.ingested",
        "organization",
        "organization.id",
        "message",
        "service",
        "service.name",
        "labels",
    ];
    assert!(fixed.iter().all(|path| all.remove(*path)));
    assert!(all.len() <= 100 && all.len() > 90, "{}", all.len());
    assert_eq!(budget.spent("acme", RECEIVED_MS), 100);
}

#[test]
fn a_document_has_its_own_limit() {
    let members: Vec<String> = (0..20).map(|number| format!(r#""k{number}":{number}"#)).collect();
    let body = format!("{{\"message\":\"m\",\"o\":{{{}}},\"z\":1}}", members.join(","));
    let mut parser = parser(OnUnparsed::DeadLetter);
    parser.set_guards(Guards { max_fields: 12, ..Guards::default() });
    let (document, _) = through(&mut parser, &event("json", body.as_bytes())).unwrap();
    assert_eq!(document["o"].as_object().unwrap().len(), 12);
    assert_eq!(document["unmapped"].as_object().unwrap().len(), 9);
    assert_eq!((&document["unmapped"]["o.k9"], &document["unmapped"]["z"]), (&json!(9), &json!(1)));
}
