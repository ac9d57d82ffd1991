//! GELF over UDP: what a datagram holds, be it compressed, or one of the chunks of a message. Over TCP, messages are
//! [`delimited`](crate::delimited) by NULs and neither compressed nor chunked. What is in a message is the parser's business.
//!
//! UDP has no answers, so that what is refused here is lost, which the caller has to count: [`Loss::name`].
//!
//! Source: <https://go2docs.graylog.org/current/getting_in_log_data/gelf_format.html>, "Chunking" and "Compression".

mod assembly;
mod chunk;

use std::convert::Infallible;

use bytes::BufMut;
use thiserror::Error;

pub use assembly::{Assembly, AssemblyLimits};

use crate::encoding::Encoding;
use crate::inflate::{InflateError, inflate};

/// The most chunks that a message can have.
pub const MAX_CHUNKS: u8 = 128;

/// Why a datagram or a whole message is lost.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Loss {
    /// Neither JSON nor compressed, or a chunk that contradicts itself or the others of its message.
    #[error("the datagram is no GELF message or chunk")]
    Malformed,
    /// What is compressed can't be decompressed.
    #[error("the message can't be decompressed")]
    Compression,
    /// Larger than an event may be.
    #[error("the message is larger than an event may be")]
    TooLarge,
    /// Too many messages are incomplete, or hold too many bytes.
    #[error("there is no room for another incomplete message")]
    NoRoom,
    /// Chunks are missing after the time that a message has.
    #[error("not all chunks of the message came in time")]
    Incomplete,
}

impl Loss {
    /// A stable name, for metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Compression => "broken_compression",
            Self::TooLarge => "too_large",
            Self::NoRoom => "no_room",
            Self::Incomplete => "incomplete",
        }
    }
}

/// Appends the JSON of a message, which may be compressed by gzip or zlib, and gives how many bytes that is: at most `max`.
///
/// # Errors
/// When it is no message; nothing has been appended then.
pub fn unpack(message: &[u8], max: usize, out: &mut impl BufMut) -> Result<usize, Loss> {
    let encoding = match message {
        [0x1f, 0x8b, ..] => Encoding::Gzip,
        // Method 8, any window, any level.
        [method, _, ..] if method & 0x0f == 8 && method >> 4 <= 7 => Encoding::Deflate,
        [b'{' | b' ' | b'\t' | b'\r' | b'\n', ..] if message.len() <= max => {
            out.put_slice(message);
            return Ok(message.len());
        }
        [b'{' | b' ' | b'\t' | b'\r' | b'\n', ..] => return Err(Loss::TooLarge),
        _ => return Err(Loss::Malformed),
    };
    match inflate::<Infallible>(message, encoding, max, |_| Ok(())) {
        Ok(json) => {
            out.put_slice(&json);
            Ok(json.len())
        }
        Err(InflateError::TooLarge { .. }) => Err(Loss::TooLarge),
        Err(InflateError::Broken { .. } | InflateError::Refused(_)) => Err(Loss::Compression),
    }
}

#[cfg(test)]
mod tests;
