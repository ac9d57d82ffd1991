//! Bytes of a Forward connection, cut in two where the first two bytes say; and the same as a ping.

use std::convert::Infallible;

use forebay_wire::Limits;
use forebay_wire::forward::Decoder;
use forebay_wire::forward::handshake::Ping;

use crate::support::whole_and_cut;

const LIMITS: Limits = Limits { max_event: 1000, max_depth: 8, max_events: 50, max_inflated: 100_000 };

/// Looks at one input.
pub fn check(input: &[u8]) {
    let _ping = whole_and_cut(input, read).map(Ping::read);
}

/// The events, which are JSON, and what is answered.
fn read(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut decoder = Decoder::new(LIMITS);
    let (mut events, mut answer) = (Vec::new(), Vec::new());
    for piece in pieces {
        decoder.buffer().extend_from_slice(piece);
        loop {
            match decoder.next(|_| Ok::<_, Infallible>(())) {
                Ok(Some(portion)) => {
                    let batch = &portion.batch;
                    assert!(batch.events.len() <= LIMITS.max_events);
                    for event in &batch.events {
                        let json = &batch.bytes[event.span.clone()];
                        let _object: serde_json::Value = serde_json::from_slice(json).expect("JSON");
                        events.push(json.to_vec());
                    }
                    answer.extend_from_slice(&portion.answer);
                }
                Ok(None) => break,
                Err(_) => return (events, answer),
            }
        }
    }
    (events, answer)
}
