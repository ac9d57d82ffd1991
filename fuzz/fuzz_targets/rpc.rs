//! Any bytes as a stream of gRPC messages, and each message as a batch of `forebay.v1.Ingest`: what is taken lies in the message.
//! Also as a message of the WebSocket.

#![no_main]

use forebay_wire::Limits;
use forebay_wire::grpc::Messages;
use forebay_wire::{rpc, websocket};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { max_event: 256, max_depth: 16, max_events: 64, max_inflated: 1 << 16 };

fuzz_target!(|data: &[u8]| {
    if let Ok(head) = websocket::head(data) {
        assert!(data.get(head.body).is_some());
    }
    let mut messages = Messages::new(2048);
    for piece in data.chunks(100) {
        messages.push(piece);
        while let Ok(Some(message)) = messages.read() {
            let _send = rpc::send_request(&message.bytes, LIMITS);
            let Ok((_, Ok(call))) = rpc::stream_request(&message.bytes, LIMITS) else { continue };
            let batch = call.batch;
            assert_eq!(batch.groups.iter().map(|group| group.len).sum::<usize>(), batch.events.len());
            assert!(batch.events.iter().all(|event| batch.bytes.get(event.span.clone()).is_some()));
        }
    }
});
