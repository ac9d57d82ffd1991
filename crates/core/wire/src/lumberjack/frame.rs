//! Frames found in bytes that may end anywhere.

use std::ops::Range;

use super::fault::Fault;

/// What every frame begins with: version and type.
const HEAD: usize = 2;

/// One frame that is there as a whole. Ranges are within the bytes that were looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Frame {
    /// `b'1'` or `b'2'`.
    pub version: u8,
    pub content: Content,
    /// Where the next one begins.
    pub end: usize,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Content {
    /// How many events come before the sender waits.
    Window(u32),
    /// An event as JSON.
    Json { sequence: u32, body: Range<usize> },
    /// An event as pairs of names and values.
    Pairs { sequence: u32, body: Range<usize> },
    /// Frames, deflated.
    Compressed { body: Range<usize> },
}

/// Finds frames one after the other. It remembers how far it came in a frame of many pairs, so that looking again, with more
/// bytes, costs only what is new.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Where the next frame begins.
    pub at: usize,
    pairs: Option<Pairs>,
}

/// A place within a frame of pairs.
#[derive(Clone, Copy, Debug)]
struct Pairs {
    /// How many names and values are still to come.
    left: u64,
    at: usize,
}

impl Scanner {
    /// The frame that begins at the scanner's place, or `None` if it isn't there as a whole. The scanner stays before it
    /// until it is told to [`pass`](Self::pass).
    pub(super) fn look(&mut self, bytes: &[u8], max: usize) -> Result<Option<Frame>, Fault> {
        let at = self.at;
        let version = match bytes.get(at) {
            None => return Ok(None),
            Some(version @ (b'1' | b'2')) => *version,
            Some(other) => return Err(Fault::Version(*other)),
        };
        let Some(kind) = bytes.get(at + 1) else { return Ok(None) };
        let first = number(bytes, at + HEAD);
        let second = number(bytes, at + HEAD + 4);
        let (content, end) = match kind {
            b'W' => {
                let Some(size) = first else { return Ok(None) };
                (Content::Window(size), at + HEAD + 4)
            }
            b'J' => {
                let (Some(sequence), Some(len)) = (first, second) else { return Ok(None) };
                let Some(body) = body(bytes, at + HEAD + 8, len, max)? else { return Ok(None) };
                let end = body.end;
                (Content::Json { sequence, body }, end)
            }
            b'D' => {
                let (Some(sequence), Some(count)) = (first, second) else { return Ok(None) };
                let start = at + HEAD + 8;
                let Some(end) = self.end_of_pairs(bytes, start, count, max)? else { return Ok(None) };
                (Content::Pairs { sequence, body: start..end }, end)
            }
            b'C' => {
                let Some(len) = first else { return Ok(None) };
                let Some(body) = body(bytes, at + HEAD + 4, len, max)? else { return Ok(None) };
                let end = body.end;
                (Content::Compressed { body }, end)
            }
            other => return Err(Fault::Type(*other)),
        };
        Ok(Some(Frame { version, content, end }))
    }

    /// Goes on behind a frame.
    pub(super) fn pass(&mut self, frame: &Frame) {
        *self = Self { at: frame.end, pairs: None };
    }

    /// Begins anew with bytes that begin where it stands; returns that place.
    pub(super) fn restart(&mut self) -> usize {
        std::mem::take(self).at
    }

    fn end_of_pairs(
        &mut self,
        bytes: &[u8],
        start: usize,
        count: u32,
        max: usize,
    ) -> Result<Option<usize>, Fault> {
        let mut place = self.pairs.unwrap_or(Pairs { left: u64::from(count) * 2, at: start });
        // Each is a length at least, so that a frame that can't end within the limit is known at once.
        let least = (place.at - start) as u64 + place.left * 4;
        if least > max as u64 {
            return Err(Fault::TooLarge { len: least, max });
        }
        while place.left > 0 {
            let Some(len) = number(bytes, place.at) else { break };
            let len_so_far = (place.at + 4 - start) as u64 + u64::from(len);
            if len_so_far > max as u64 {
                return Err(Fault::TooLarge { len: len_so_far, max });
            }
            let Some(body) = body(bytes, place.at + 4, len, max)? else { break };
            place = Pairs { left: place.left - 1, at: body.end };
        }
        self.pairs = Some(place);
        Ok((place.left == 0).then_some(place.at))
    }
}

/// The big-endian number at a place.
pub(super) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// The range of so many bytes, if they are there.
fn body(bytes: &[u8], start: usize, len: u32, max: usize) -> Result<Option<Range<usize>>, Fault> {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    if len > max {
        return Err(Fault::TooLarge { len: len as u64, max });
    }
    Ok((bytes.len().saturating_sub(start) >= len && start <= bytes.len()).then_some(start..start + len))
}
