//! Why the bytes of a connection can't be read on.

use thiserror::Error;

use crate::broken;
use crate::msgpack::MsgpackError;

/// What breaks the protocol. The message isn't acknowledged, and the connection has to be closed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Fault {
    /// Not `MessagePack`.
    #[error("{0}")]
    Message(MsgpackError),
    /// Larger than everything that may be held for a request, in bytes; or its entries are, decompressed.
    #[error(
        "a chunk of more than {0} bytes, as it is or decompressed: set a smaller `chunk_limit_size` in the sender"
    )]
    TooLarge(usize),
    /// The values of a message aren't what they should be.
    #[error("a message with {0}")]
    Shape(&'static str),
    /// The entries of a packed message can't be told apart.
    #[error("the packed entries can't be read: {0}")]
    Entries(MsgpackError),
    /// A way of compression that isn't known.
    #[error("the option `compressed` is neither `gzip` nor `zstd` nor `text`")]
    Encoding,
    /// The entries can't be decompressed.
    #[error("the compressed entries are {0}")]
    Compression(String),
    /// The chunk holds metrics or traces of Fluent Bit.
    #[error("the chunk has the signal {0} instead of logs: route metrics and traces elsewhere")]
    Signal(u64),
}

/// A fault and where it is.
pub type Broken = broken::Broken<Fault>;

/// Why there is no next portion.
pub type Failure<R> = broken::Failure<Fault, R>;
