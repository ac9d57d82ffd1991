//! Syslog over connections: where a message begins and ends. What is in it is the parser's business.
//!
//! Two framings are in use, and a connection keeps to one of them, which its first bytes show ([RFC 6587], section 3.4):
//! **octet counting**, digits and a space before each message, which TLS asks for ([RFC 5425], section 4.3), and
//! **trailers**, an LF, CRLF or NUL after each. What begins with digits but has no space after them is a line.
//!
//! A message that is larger than an event may be is cut ([RFC 5424], section 6.1: "SHOULD truncate"), the rest of it passed over.
//! Where a count has to be and is none, nobody knows where the next message begins, so that the connection has to be closed.
//! Senders that end counted messages with LF, inside or outside of the count, are understood.
//!
//! [RFC 5424]: <https://www.rfc-editor.org/rfc/rfc5424#section-6.1>
//! [RFC 5425]: <https://www.rfc-editor.org/rfc/rfc5425#section-4.3>
//! [RFC 6587]: <https://www.rfc-editor.org/rfc/rfc6587#section-3.4>

mod counted;

use thiserror::Error;

use crate::delimited::{Delimited, Oversized};
use crate::frames::{Frames, is_trailer};
use counted::{Count, Counted, count};

/// The connection can't be read on.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum FramingError {
    /// No count where one has to be.
    #[error(
        "no octet count where a message has to begin, {0} bytes into the connection: the count is digits, not beginning \
         with 0, and a space; send messages that end with LF if the sender doesn't count"
    )]
    Count(u64),
}

/// Finds messages in the bytes of a connection.
#[derive(Clone, Debug)]
pub struct Framing {
    max: usize,
    mode: Mode,
    /// How many bytes of the connection are done with.
    done: u64,
}

#[derive(Clone, Debug)]
enum Mode {
    Unknown,
    Counted(Counted),
    Trailed(Delimited),
}

impl Framing {
    /// Messages of at most `max` bytes; longer ones are cut.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max, mode: Mode::Unknown, done: 0 }
    }

    /// Adds the messages that are whole in `buffer`, while there is room, and gives how many of its bytes are done with. The next
    /// call's buffer begins with those that are not.
    ///
    /// # Errors
    /// When it can't be read on; the messages before that have been added.
    pub fn take(&mut self, buffer: &[u8], frames: &mut Frames) -> Result<usize, FramingError> {
        let mut at = 0;
        if matches!(self.mode, Mode::Unknown) {
            at = buffer.iter().take_while(|byte| is_trailer(**byte)).count();
            let rest = buffer.get(at..).unwrap_or_default();
            self.mode = match count(rest) {
                Count::Unknown => Mode::Unknown,
                Count::Is { .. } => Mode::Counted(Counted::new(self.max)),
                Count::None => Mode::Trailed(Delimited::new(None, self.max, Oversized::Cut)),
            };
        }
        let taken = match &mut self.mode {
            Mode::Unknown => Ok(at),
            Mode::Counted(counted) => counted.take(buffer, at, frames),
            Mode::Trailed(trailed) => Ok(trailed.take(buffer, at, frames)),
        };
        match taken {
            Ok(end) => {
                self.done += end as u64;
                Ok(end)
            }
            Err(at) => Err(FramingError::Count(self.done + at as u64)),
        }
    }

    /// Takes what the connection ends with, `buffer` being what is not done with yet. A message that has lost its trailer is one;
    /// of one that has lost bytes nobody knows whether the sender will send it again: it is refused.
    pub fn finish(&mut self, buffer: &[u8], frames: &mut Frames) {
        match &mut self.mode {
            Mode::Unknown => {
                let _blank = frames.push(buffer, 0..buffer.len());
            }
            Mode::Counted(counted) => counted.finish(buffer, frames),
            Mode::Trailed(trailed) => trailed.finish(buffer, frames),
        }
    }
}

#[cfg(test)]
mod tests;
