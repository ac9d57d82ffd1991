//! Any bytes as a stream of gRPC messages, the same however they are split, and each message as a batch of `forebay.v1.Ingest`: what is taken lies in the message.
//! Also as a message of the WebSocket.

use forebay_wire::Limits;
use forebay_wire::grpc::{GrpcError, Message, Messages};
use forebay_wire::{rpc, websocket};

const LIMITS: Limits = Limits { max_event: 256, max_depth: 16, max_events: 64, max_inflated: 1 << 16 };

/// Looks at one input.
pub fn check(data: &[u8]) {
    if let Ok(head) = websocket::head(data) {
        assert!(data.get(head.body).is_some());
    }
    let (messages, end) = messages(data, 100);
    for piece in [1, 7, data.len().max(1)] {
        assert_eq!(self::messages(data, piece), (messages.clone(), end));
    }
    for message in messages {
        let _send = rpc::send_request(&message.bytes, LIMITS);
        let Ok((_, Ok(call))) = rpc::stream_request(&message.bytes, LIMITS) else { continue };
        let batch = call.batch;
        assert_eq!(batch.groups.iter().map(|group| group.len).sum::<usize>(), batch.events.len());
        assert!(batch.events.iter().all(|event| batch.bytes.get(event.span.clone()).is_some()));
    }
}

/// The messages, and how it ends.
fn messages(data: &[u8], piece: usize) -> (Vec<Message>, Result<(), GrpcError>) {
    let mut messages = Messages::new(2048);
    let mut found = Vec::new();
    for piece in data.chunks(piece) {
        messages.push(piece);
        loop {
            match messages.read() {
                Ok(Some(message)) => found.push(message),
                Ok(None) => break,
                Err(error) => return (found, Err(error)),
            }
        }
    }
    (found, messages.finish())
}
