//! Messages that end with a byte: lines, and what GELF over TCP and syslog without counts are.
//!
//! A message that is too large is cut or refused, and what is left of it passed over, so that the next one is found again.

use memchr::{memchr, memchr2};

use crate::frames::Frames;
use crate::rejections::Reason;

/// What becomes of a message that is too large.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Oversized {
    /// Its beginning is taken.
    Cut,
    /// Nothing of it is, since half of it can't be read.
    Refused,
}

/// Finds messages in the bytes of a connection.
#[derive(Clone, Debug)]
pub struct Delimited {
    /// `None` as long as it may be LF or NUL.
    delimiter: Option<u8>,
    max: usize,
    oversized: Oversized,
    /// Whether the rest of an oversized message is passed over.
    skips: bool,
    /// How much of the message at the buffer's start has no delimiter.
    searched: usize,
}

impl Delimited {
    /// Messages of at most `max` bytes, each with `delimiter` after it. Without one, the first of LF and NUL that comes is it
    /// from then on.
    #[must_use]
    pub const fn new(delimiter: Option<u8>, max: usize, oversized: Oversized) -> Self {
        Self { delimiter, max, oversized, skips: false, searched: 0 }
    }

    /// Adds the messages that end in `buffer` from `at` on, while there is room, and gives where the first that doesn't
    /// begins. The next call's buffer begins there.
    pub fn take(&mut self, buffer: &[u8], mut at: usize, frames: &mut Frames) -> usize {
        while !frames.is_full() {
            let rest = buffer.get(at..).unwrap_or_default();
            let end = self.find(rest);
            match end {
                Some(end) => {
                    self.delimiter = rest.get(end).copied();
                    if !std::mem::take(&mut self.skips) {
                        if end > self.max {
                            self.oversized(buffer, at, frames);
                        } else {
                            let _blank = frames.push(buffer, at..at + end);
                        }
                    }
                    self.searched = 0;
                    at += end + 1;
                }
                None if self.skips || rest.len() > self.max => {
                    if !std::mem::replace(&mut self.skips, true) {
                        self.oversized(buffer, at, frames);
                    }
                    self.searched = 0;
                    return buffer.len();
                }
                None => {
                    self.searched = rest.len();
                    return at;
                }
            }
        }
        at
    }

    /// Takes what the connection ends with as a message that has lost its delimiter.
    pub fn finish(&mut self, buffer: &[u8], frames: &mut Frames) {
        if !self.skips {
            let _blank = frames.push(buffer, 0..buffer.len());
        }
    }

    fn find(&self, rest: &[u8]) -> Option<usize> {
        let from = self.searched.min(rest.len());
        let unknown = rest.get(from..).unwrap_or_default();
        let found = match self.delimiter {
            Some(delimiter) => memchr(delimiter, unknown),
            None => memchr2(b'\n', 0, unknown),
        };
        found.map(|found| from + found)
    }

    fn oversized(&self, buffer: &[u8], at: usize, frames: &mut Frames) {
        match self.oversized {
            Oversized::Cut => frames.push_cut(buffer, at, self.max),
            Oversized::Refused => {
                // How long it really is shows at its end, which may never come.
                frames.refuse(Reason::TooLarge { len: self.max + 1, max: self.max });
            }
        }
    }
}

#[cfg(test)]
mod tests;
