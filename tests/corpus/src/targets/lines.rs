//! Any bytes as a connection whose messages end with a byte: however they are split, the messages are the same, and none is larger
//! than allowed.
//!
//! The first byte picks the delimiter and what becomes of messages that are too large, the second where the others are split. The
//! largest message has 32 bytes, so that cutting is common.

use forebay_wire::delimited::{Delimited, Oversized};
use forebay_wire::frames::Frames;

const MAX: usize = 32;

/// Looks at one input.
pub fn check(data: &[u8]) {
    let [first, piece, bytes @ ..] = data else { return };
    let delimiter = [None, Some(b'\n'), Some(0), None][usize::from(first & 3)];
    let oversized = if first & 4 == 0 { Oversized::Cut } else { Oversized::Refused };
    let framing = Delimited::new(delimiter, MAX, oversized);
    let whole = read(framing.clone(), bytes, bytes.len().max(1));
    assert!(whole.0.iter().all(|message| !message.is_empty() && message.len() <= MAX));
    assert_eq!(read(framing, bytes, usize::from(*piece).max(1)), whole);
}

/// The messages, and how many were cut and refused.
fn read(mut framing: Delimited, bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, usize, usize) {
    let mut found = (Vec::new(), 0, 0);
    let mut add = |buffer: &[u8], frames: &Frames| {
        found.0.extend(frames.events().iter().map(|event| buffer[event.span.clone()].to_vec()));
        found.1 += frames.cut();
        found.2 += frames.count() - frames.events().len();
    };
    let mut buffer = Vec::new();
    for part in bytes.chunks(piece) {
        buffer.extend_from_slice(part);
        loop {
            let mut frames = Frames::new(3);
            let used = framing.take(&buffer, 0, &mut frames);
            add(&buffer, &frames);
            drop(buffer.drain(..used));
            if !frames.is_full() {
                break;
            }
        }
    }
    let mut frames = Frames::new(3);
    framing.finish(&buffer, &mut frames);
    add(&buffer, &frames);
    found
}
