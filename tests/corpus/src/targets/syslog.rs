//! Any bytes as a syslog connection: however they are split, the messages are the same, and none is larger than allowed.
//!
//! The first byte says where the others are split; the largest message has 64 bytes, so that cutting is common.

use forebay_wire::frames::Frames;
use forebay_wire::syslog::{Framing, FramingError};

const MAX: usize = 64;

fn messages(bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, usize, Option<FramingError>) {
    let mut framing = Framing::new(MAX);
    let (mut found, mut refused) = (Vec::new(), 0);
    let mut buffer = Vec::new();
    for part in bytes.chunks(piece) {
        buffer.extend_from_slice(part);
        loop {
            let mut frames = Frames::new(3);
            let taken = framing.take(&buffer, &mut frames);
            found.extend(frames.events().iter().map(|event| buffer[event.span.clone()].to_vec()));
            let used = match taken {
                Ok(used) => used,
                Err(error) => return (found, refused, Some(error)),
            };
            buffer.drain(..used);
            if !frames.is_full() {
                break;
            }
        }
    }
    let mut frames = Frames::new(3);
    framing.finish(&buffer, &mut frames);
    found.extend(frames.events().iter().map(|event| buffer[event.span.clone()].to_vec()));
    refused += frames.count() - frames.events().len();
    (found, refused, None)
}

/// Looks at one input.
pub fn check(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    let whole = messages(bytes, bytes.len().max(1));
    assert!(whole.0.iter().all(|message| !message.is_empty() && message.len() <= MAX));
    assert_eq!(messages(bytes, usize::from(*piece).max(1)), whole);
}
