//! Any bytes as `MessagePack`: what is written of it is JSON in UTF-8, all readers agree where a value ends however it is cut, and a
//! chunk of Fluent Bit stays within its limits.
//!
//! The first byte says where the value is cut.

use forebay_wire::Limits;
use forebay_wire::fluent_bit::chunk;
use forebay_wire::json::Validator;
use forebay_wire::msgpack::{Reader, Transcriber, Walk};

const LIMITS: Limits = Limits { max_event: 1024, max_depth: 16, max_events: 64, max_inflated: 1 << 16 };

/// Looks at one input.
pub fn check(data: &[u8]) {
    let Some((cut, bytes)) = data.split_first() else { return };
    let mut out = Vec::new();
    if let Ok(end) = Transcriber::new(16, 1 << 16).value(bytes, 0, &mut out) {
        let json = std::str::from_utf8(&out).expect("JSON is UTF-8");
        // One more for what an extension becomes.
        Validator::new(17).document(json.as_bytes()).expect("it is JSON");
        let mut reader = Reader::new(bytes);
        reader.skip().expect("it is there");
        assert_eq!(reader.at(), end);
        let mut walk = Walk::new(end);
        let cut = usize::from(*cut).min(end);
        let found = walk.go_on(&bytes[..cut]).expect("nothing is wrong with it");
        assert_eq!(found, (cut == end).then_some(end));
        assert_eq!(walk.go_on(bytes), Ok(Some(end)));
    }
    if let Ok(batch) = chunk(bytes, LIMITS, Some("id")) {
        assert!(batch.bytes.len() <= LIMITS.max_inflated && batch.events.len() <= LIMITS.max_events);
        assert_eq!(batch.given_ids.len(), batch.events.len());
        for event in &batch.events {
            assert!(event.span.len() <= LIMITS.max_event);
            Validator::new(17).document(&batch.bytes[event.span.clone()]).expect("an event is JSON");
        }
    }
}
