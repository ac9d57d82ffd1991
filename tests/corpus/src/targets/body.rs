//! Any body of `/v1/ingest`, declared as anything: every event lies in the body, within the limits and behind the one before, is JSON
//! if the body's shape says so, and has an id if one was asked for.
//!
//! The first byte picks the content type, the format, and whether ids are asked for.

use forebay_wire::json::Validator;
use forebay_wire::plan::{Rules, plan};
use forebay_wire::shape::Declared;

const DECLARED: [Declared; 4] = [Declared::Unknown, Declared::Json, Declared::Ndjson, Declared::Text];

/// Looks at one input.
pub fn check(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let rules = Rules {
        declared: DECLARED[usize::from(first & 3)],
        format: ["", "json", "nginx", ""][usize::from(first >> 2 & 3)],
        id_field: (first & 16 != 0).then_some("id"),
        max_event: 256,
        max_depth: 8,
        max_events: 32,
    };
    let Ok(plan) = plan(body, &rules) else { return };
    assert!(plan.events.len() + plan.rejections.count() <= rules.max_events);
    let ids = if rules.id_field.is_some() { plan.events.len() } else { 0 };
    assert_eq!(plan.given_ids.len(), ids);
    let mut last = 0;
    for event in &plan.events {
        assert!(event.span.start >= last && event.span.len() <= rules.max_event && !event.span.is_empty());
        last = event.span.end;
        let text = body.get(event.span.clone()).expect("an event lies in the body");
        if plan.shape.is_json() {
            assert!(std::str::from_utf8(text).is_ok());
            Validator::new(rules.max_depth).document(text).expect("an event is JSON");
            let _object: serde::de::IgnoredAny = serde_json::from_slice(text).expect("others agree");
        }
    }
}
