use forebay_record::RawEvent;
use forebay_rules::RuleFiles;
use forebay_settings::Settings;

use super::*;
use crate::text::plain;

/// Guarantees: costs are those of the sample's events, however often they are gone through; slowest first, with the rest and
/// the whole.
#[test]
fn steps_share_out_the_time() {
    let mut files = RuleFiles::new();
    let heavy = "x = .m\nfor_each([1,2,3,4,5,6,7,8,9]) -> |_, n| { x = sha2(string!(x)) }\n.x = x";
    let rule = serde_json::json!({"steps": [
        {"name": "light", "vrl": ".a = 1"},
        {"name": "half", "when": ".n == 1", "vrl": heavy},
        {"name": "out", "when": ".n == 2", "drop": {"reason": "two"}},
    ]});
    files.add("a.yaml", rule.to_string().into_bytes());
    let engine = Engine::compile(&files, &Settings::default()).unwrap();
    let event = |n: u32| {
        let body = format!(r#"{{"n":{n},"m":"text"}}"#);
        let event = RawEvent { id: "e", tenant: "acme", body: body.as_bytes(), ..RawEvent::default() };
        Captured::new(&event, "")
    };
    let profile = profile(&engine, &[event(1), event(2)], Duration::from_millis(30)).unwrap();
    assert!(profile.events >= 2 && profile.events.is_multiple_of(2));
    assert_eq!(profile.outcomes, [profile.events / 2, 0, profile.events / 2]);
    assert_eq!(profile.steps[0].name, "a/half", "{profile:?}");
    assert!(profile.micros() > 0.0 && profile.steps[0].micros > profile.steps[2].micros, "{profile:?}");
    let light = profile.steps.iter().find(|step| step.name == "a/light").unwrap();
    assert!((light.share - 1.0).abs() < 0.01, "{profile:?}");
    let text = plain(&profile.lines());
    for word in ["step ", "a/light", "reading, writing, matching", "all ", "0 dead letters"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(profile_of_nothing(&engine).steps.is_empty());
}

fn profile_of_nothing(engine: &Engine) -> Profile {
    profile(engine, &[], Duration::from_secs(60)).unwrap()
}
