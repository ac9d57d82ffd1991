//! `MessagePack` read in place: single values ([`Reader`]), where a value ends that is still on its way ([`Walk`]), and
//! values as JSON ([`Transcriber`]).
//!
//! Nothing recurses, nothing is allocated by an announced length, and each value takes at least one byte of the input,
//! so that time and memory are linear in what was received.
//!
//! **What becomes of what JSON doesn't know:**
//!
//! | `MessagePack` | JSON |
//! |---|---|
//! | `str` that isn't UTF-8 | each broken piece is U+FFFD, and counted |
//! | `bin` | text if it is UTF-8, else base64: shippers in Ruby write lines of unknown encoding as `bin` |
//! | NaN, infinities | `null` |
//! | `ext` -1 (timestamp), `ext` 0 of 8 bytes (Fluent's `EventTime`) | text as in RFC 3339, in UTC, with nanoseconds |
//! | other `ext` | `{"type":5,"data":"base64"}` |
//! | keys of maps that are scalars | their text: `7`, `true`, `null` |
//! | keys that are arrays, maps or `ext` | the event is refused |
//!
//! Sources: <https://github.com/msgpack/msgpack/blob/master/spec.md>, and for `EventTime`
//! <https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1>.

mod prefix;
mod reader;
mod transcriber;
mod walk;

use thiserror::Error;

pub use reader::{Head, Reader};
pub use transcriber::Transcriber;
pub use walk::Walk;

use crate::json;
use crate::rejections::Reason;

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("{fault} at byte {at}")]
pub struct MsgpackError {
    /// Where, in bytes from the start of what was read.
    pub at: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong at one place.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Fault {
    /// The input ends inside a value.
    #[error("the MessagePack ends early,")]
    Ends,
    /// The one byte that begins no value.
    #[error("0xc1 is no MessagePack")]
    Reserved,
    /// Another kind of value than the protocol has there.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A key that can't be a member's name.
    #[error("the key of a map is an array, a map or an extension")]
    Key,
    /// More containers open at once than are allowed.
    #[error("nested more than {0} deep")]
    Depth(usize),
    /// More bytes than are allowed.
    #[error("{len} bytes or more are needed; at most {max} are allowed")]
    TooLarge {
        /// So many bytes it has at least.
        len: usize,
        /// The limit.
        max: usize,
    },
}

/// When something was, in nanoseconds since the Unix epoch, if an extension of this type means a time: the timestamp
/// of the specification (-1), or Fluent's `EventTime` (0).
#[must_use]
pub fn time(kind: i8, data: &[u8]) -> Option<i128> {
    let (seconds, nanoseconds): (i128, u32) = match (kind, data.len()) {
        (0, 8) => {
            let (seconds, nanoseconds) = data.split_first_chunk()?;
            (u32::from_be_bytes(*seconds).into(), u32::from_be_bytes(*nanoseconds.first_chunk()?))
        }
        (-1, 4) => (u32::from_be_bytes(*data.first_chunk()?).into(), 0),
        (-1, 8) => {
            let both = u64::from_be_bytes(*data.first_chunk()?);
            (i128::from(both & ((1 << 34) - 1)), u32::try_from(both >> 34).ok()?)
        }
        (-1, 12) => {
            let (nanoseconds, seconds) = data.split_first_chunk()?;
            (i64::from_be_bytes(*seconds.first_chunk()?).into(), u32::from_be_bytes(*nanoseconds))
        }
        _ => return None,
    };
    (nanoseconds < 1_000_000_000).then(|| seconds * 1_000_000_000 + i128::from(nanoseconds))
}

impl MsgpackError {
    const fn ends(at: usize) -> Self {
        Self { at, fault: Fault::Ends }
    }
}

impl From<MsgpackError> for Reason {
    fn from(error: MsgpackError) -> Self {
        match error.fault {
            Fault::Depth(max) => {
                Self::TooDeep(json::JsonError { at: error.at, fault: json::Fault::Depth(max) })
            }
            Fault::TooLarge { len, max } => Self::TooLarge { len, max },
            _ => Self::Malformed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
