//! Bytes of a Forward connection, cut in two where the first two bytes say; and the same as a ping.

use std::convert::Infallible;

use forebay_wire::Limits;
use forebay_wire::forward::Decoder;
use forebay_wire::forward::handshake::Ping;

const LIMITS: Limits = Limits { max_event: 1000, max_depth: 8, max_events: 50, max_inflated: 100_000 };

/// Looks at one input.
pub fn check(input: &[u8]) {
    let Some((cut, bytes)) = input.split_first_chunk() else { return };
    let cut = usize::from(u16::from_be_bytes(*cut));
    let whole = read(&[bytes]);
    let (head, tail) = bytes.split_at(cut.min(bytes.len()));
    assert_eq!(whole, read(&[head, tail]));
    let _ping = Ping::read(bytes);
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
