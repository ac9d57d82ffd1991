//! Any bytes as pushes to Loki, in both encodings, and as a block of Snappy: what is taken lies in the batch, within the limits, and
//! everything adds up.

use std::convert::Infallible;

use forebay_wire::loki::{push_json, push_protobuf};
use forebay_wire::{Batch, Encoding, Limits, inflate};

const LIMITS: Limits = Limits { max_event: 1024, max_depth: 16, max_events: 64, max_inflated: 1 << 16 };

/// Looks at one input.
pub fn check(data: &[u8]) {
    for batch in [push_json(data, LIMITS), push_protobuf(data, LIMITS)].into_iter().flatten() {
        adds_up(&batch);
    }
    if let Ok(inflated) = inflate(data, Encoding::Snappy, LIMITS.max_inflated, |_| Ok::<_, Infallible>(())) {
        assert!(inflated.len() <= LIMITS.max_inflated);
        let _any = push_protobuf(&inflated, LIMITS);
    }
}

fn adds_up(batch: &Batch) {
    assert_eq!(batch.groups.iter().map(|group| group.len).sum::<usize>(), batch.events.len());
    assert!(batch.events.len() + batch.rejections.count() <= LIMITS.max_events);
    assert!(batch.events.iter().all(|event| event.span.end <= batch.bytes.len() && event.span.len() <= LIMITS.max_event));
    for group in &batch.groups {
        let len: usize = group.facts.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(len <= 8192 && group.facts.attributes.len() <= 128);
    }
}
