//! Any bytes as OTLP logs, in protobuf or JSON: every event is an object within the limits, everything adds up, and the parser
//! makes a document of it.
//!
//! The first byte says which encoding it is.

use std::cell::RefCell;

use forebay_parse::{ParseConfig, Parsed, Parser};
use forebay_wire::Limits;
use forebay_wire::otlp::{answer, json, protobuf};

use crate::support::{NOW_MS, document, event};

const LIMITS: Limits = Limits { max_event: 1024, max_depth: 16, max_events: 64, max_inflated: 1 << 16 };

thread_local! {
    static PARSER: RefCell<Parser> =
        RefCell::new(Parser::new(ParseConfig::default()).expect("the configuration is right"));
}

/// Looks at one input.
pub fn check(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let batch = if first % 2 == 0 { protobuf(body, LIMITS) } else { json(body, LIMITS) };
    let Ok(batch) = batch else { return };
    assert!(batch.events.len() + batch.rejections.count() <= LIMITS.max_events);
    assert_eq!(batch.groups.iter().map(|group| group.len).sum::<usize>(), batch.events.len());
    assert!(batch.given_ids.is_empty() || batch.given_ids.len() <= batch.events.len());
    let _answer: serde_json::Value =
        serde_json::from_slice(&answer::response_json(&batch.rejections)).expect("an answer is JSON");
    PARSER.with_borrow_mut(|parser| {
        for one in &batch.events {
            let bytes = &batch.bytes[one.span.clone()];
            assert!(bytes.len() <= LIMITS.max_event);
            let mut out = Parsed::default();
            let parsed = parser.parse(&event("otlp", bytes), NOW_MS, &mut out);
            parsed.expect("the parser reads what the decoder writes");
            let _document = document(&out.document);
        }
    });
}
