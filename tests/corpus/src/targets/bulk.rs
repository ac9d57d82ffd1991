//! Any bytes as a bulk request, and as the `filter_path` of its answer: what is taken lies in the body, everything adds up, and
//! the answer is JSON.
//!
//! The first byte says how much of the input is the filter.

use bytes::Bytes;
use forebay_wire::bulk::answer::Answer;
use forebay_wire::bulk::filter::Filter;
use forebay_wire::bulk::{Defaults, decode};
use forebay_wire::{Ids, Limits};

const LIMITS: Limits = Limits { max_event: 1024, max_depth: 16, max_events: 64, max_inflated: 1 << 20 };

/// Looks at one input.
pub fn check(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let (filter, body) = rest.split_at(usize::from(*first).min(rest.len()));
    let body = Bytes::copy_from_slice(body);
    let Ok(bulk) = decode(&body, Defaults { index: "logs", pipeline: "" }, &LIMITS) else { return };
    let batch = &bulk.batch;
    assert_eq!(batch.events.len() + batch.rejections.count(), bulk.items.len());
    assert_eq!(batch.groups.iter().map(|group| group.len).sum::<usize>(), batch.events.len());
    for event in &batch.events {
        let _object: serde::de::IgnoredAny = serde_json::from_slice(&body[event.span.clone()]).expect("JSON");
    }
    let filter = Filter::new(&String::from_utf8_lossy(filter));
    let answer = Answer::new(&bulk, "logs", filter, &mut Ids::made(1, [0; 10]));
    let _answer: serde_json::Value = serde_json::from_slice(&answer.finish(1)).expect("an answer is JSON");
}
