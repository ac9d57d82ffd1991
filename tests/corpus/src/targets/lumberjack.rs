//! Bytes of a Lumberjack connection, cut in two where the first two bytes say.

use std::convert::Infallible;

use forebay_wire::Limits;
use forebay_wire::lumberjack::Decoder;

use crate::support::whole_and_cut;

const LIMITS: Limits = Limits { max_event: 1000, max_depth: 8, max_events: 50, max_inflated: 100_000 };

/// Looks at one input.
pub fn check(input: &[u8]) {
    let _looked_at = whole_and_cut(input, read);
}

/// The events and the last sequence number.
fn read(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, u32) {
    let mut decoder = Decoder::new(LIMITS);
    let (mut events, mut sequence) = (Vec::new(), 0);
    for piece in pieces {
        decoder.buffer().extend_from_slice(piece);
        loop {
            match decoder.next(|_| Ok::<_, Infallible>(())) {
                Ok(Some(portion)) => {
                    let batch = &portion.batch;
                    assert!(batch.events.len() <= LIMITS.max_events);
                    events.extend(batch.events.iter().map(|event| batch.bytes[event.span.clone()].to_vec()));
                    sequence = portion.ack.sequence;
                }
                Ok(None) => break,
                Err(_) => return (events, sequence),
            }
        }
    }
    (events, sequence)
}
