//! Octet counting: `MSG-LEN SP SYSLOG-MSG` (RFC 6587, section 3.4.1; RFC 5425, section 4.3).

use crate::frames::{Frames, is_trailer};
use crate::rejections::Reason;

/// The digits of the largest count that is believed. A message of a gigabyte is none, but its end can be found.
const MAX_DIGITS: usize = 9;

/// What the bytes at the beginning of a message are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Count {
    /// Too few of them are there.
    Unknown,
    /// A count: so many bytes are announced, and its digits and the space take up so many.
    Is { announced: usize, header: usize },
    /// No count.
    None,
}

/// Reads a count.
pub(super) fn count(bytes: &[u8]) -> Count {
    let mut announced = 0;
    for (at, byte) in bytes.iter().enumerate().take(MAX_DIGITS + 1) {
        match byte {
            b' ' if at > 0 => return Count::Is { announced, header: at + 1 },
            b'0' if at == 0 => return Count::None,
            b'0'..=b'9' if at < MAX_DIGITS => announced = announced * 10 + usize::from(byte - b'0'),
            _ => return Count::None,
        }
    }
    Count::Unknown
}

/// Finds counted messages.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    max: usize,
    /// How many bytes of an oversized message are still to come.
    skip: usize,
}

impl Counted {
    pub(super) const fn new(max: usize) -> Self {
        Self { max, skip: 0 }
    }

    /// Adds the messages that are whole in `buffer` from `at` on, and gives where the first that isn't begins, or as an error
    /// where a count is missing.
    pub(super) fn take(&mut self, buffer: &[u8], mut at: usize, frames: &mut Frames) -> Result<usize, usize> {
        while !frames.is_full() {
            let passed = self.skip.min(buffer.len().saturating_sub(at));
            self.skip -= passed;
            at += passed;
            if self.skip > 0 {
                break;
            }
            let rest = buffer.get(at..).unwrap_or_default();
            at += rest.iter().take_while(|byte| is_trailer(**byte)).count();
            let rest = buffer.get(at..).unwrap_or_default();
            let (announced, header) = match count(rest) {
                Count::Is { announced, header } => (announced, header),
                Count::Unknown => break,
                Count::None => return Err(at),
            };
            let there = rest.len() - header;
            if announced > self.max {
                // The byte after the cut shows whether a character ends there.
                if there <= self.max {
                    break;
                }
                frames.push_cut(buffer, at + header, self.max);
                self.skip = announced - self.max;
                at += header + self.max;
            } else if there < announced {
                break;
            } else {
                let start = at + header;
                at = start + announced;
                let _blank = frames.push(buffer, start..at);
            }
        }
        Ok(at)
    }

    pub(super) fn finish(&self, buffer: &[u8], frames: &mut Frames) {
        if self.skip == 0 && buffer.iter().any(|byte| !is_trailer(*byte)) {
            let reason = match count(buffer) {
                Count::Is { announced, header } => {
                    format!("the connection ended after {} of {announced} bytes", buffer.len() - header)
                }
                Count::Unknown | Count::None => "the connection ended within an octet count".to_owned(),
            };
            frames.refuse(Reason::Malformed(reason));
        }
    }
}
