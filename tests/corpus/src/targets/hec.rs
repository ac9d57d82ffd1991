//! Any bytes as Splunk's events, raw lines and questions for acknowledgements: what is taken lies in the batch, everything
//! adds up, and text is UTF-8.

use bytes::Bytes;
use forebay_wire::Limits;
use forebay_wire::hec::{Metadata, ack, events, raw};

const LIMITS: Limits = Limits { max_event: 1024, max_depth: 16, max_events: 64, max_inflated: 1 << 16 };

/// Looks at one input.
pub fn check(data: &[u8]) {
    let metadata = Metadata { host: Some("web-1".to_owned()), ..Metadata::default() };
    if let Ok(batch) = events(data, &metadata, &LIMITS) {
        assert_eq!(batch.groups.iter().map(|group| group.len).sum::<usize>(), batch.events.len());
        for event in &batch.events {
            assert!(std::str::from_utf8(&batch.bytes[event.span.clone()]).is_ok());
        }
    }
    if let Ok(batch) = raw(&Bytes::copy_from_slice(data), &metadata, &LIMITS) {
        assert!(batch.events.iter().all(|event| event.span.end <= data.len()));
    }
    if let Ok(answer) = ack::answer(data) {
        let _answer: serde_json::Value = serde_json::from_slice(&answer).expect("an answer is JSON");
    }
}
