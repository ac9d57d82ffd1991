//! Why the bytes of a connection can't be read on.

use thiserror::Error;

use crate::broken;

/// What breaks the protocol. Nothing after it can be told apart, so that the connection has to be closed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Fault {
    /// Frames begin with `1` or `2`.
    #[error(
        "a frame begins with byte 0x{0:02x} instead of `1` or `2`: the sender doesn't speak Lumberjack, or speaks TLS"
    )]
    Version(u8),
    /// Senders send windows, data and compressed frames.
    #[error("frame type 0x{0:02x} is none that a sender sends")]
    Type(u8),
    /// Events have to be announced.
    #[error("events without a window frame before them")]
    NoWindow,
    /// A frame is larger than everything that may be held for a request.
    #[error(
        "a frame of at least {len} bytes; at most {max} are allowed: set a smaller `bulk_max_size` in the sender"
    )]
    TooLarge {
        /// What it announces, in bytes.
        len: u64,
        /// The limit, in bytes.
        max: usize,
    },
    /// What is in a compressed frame may only be events.
    #[error("frame type 0x{0:02x} inside a compressed frame")]
    Nested(u8),
    /// The compressed frame ends within a frame.
    #[error("a compressed frame ends within an event")]
    Cut,
    /// The compressed frame can't be decompressed.
    #[error("a compressed frame that isn't valid zlib: {0}")]
    Compression(String),
    /// It grows beyond the limit, in bytes.
    #[error("a compressed frame that grows beyond {0} bytes: set a smaller `bulk_max_size` in the sender")]
    Inflated(usize),
}

/// A fault and where it is.
pub type Broken = broken::Broken<Fault>;

/// Why there is no next portion.
pub type Failure<R> = broken::Failure<Fault, R>;
