//! Any bytes as what producers put to Firehose, and as what it delivers: each record has a result, the events that it took are in the
//! batch in their order. Any text as a signature: no secret that isn't its own explains it.

use forebay_wire::firehose::{Action, Record, Signature, Signed, delivery, put};
use forebay_wire::{Batch, Facts, Limits};

const LIMITS: Limits = Limits { max_event: 1024, max_depth: 16, max_events: 64, max_inflated: 1 << 16 };

/// Looks at one input.
pub fn check(data: &[u8]) {
    for action in [Action::PutRecord, Action::PutRecordBatch] {
        if let Ok(put) = put(action, data, LIMITS) {
            adds_up(&put.batch, &put.records);
        }
    }
    if let Ok(delivery) = delivery(data, Facts::default(), LIMITS) {
        adds_up(&delivery.batch, &delivery.records);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(signature) = Signature::read(text) {
        let signed = Signed { method: "POST", path: "/", query: "", date: "20261122T023000Z", body: b"{}" };
        assert!(!signature.is_explained_by(b"hush", &signed, |name| Some(name.to_owned())));
        let _any = signature.is_fresh(text, 0);
    }
}

fn adds_up(batch: &Batch, records: &[Record]) {
    let mut next = 0;
    for record in records {
        if let Record::Taken(events) = record {
            assert_eq!(events.start, next);
            next = events.end;
        }
    }
    assert_eq!(next, batch.events.len());
    assert!(batch.events.len() + batch.rejections.count() <= LIMITS.max_events);
}
