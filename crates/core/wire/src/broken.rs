//! How a connection of a protocol breaks off, and where: the same for all that are read as one long message.

use thiserror::Error;

/// A fault and where it is. Nothing after it can be told apart, so that the connection has to be closed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{fault} (at byte {at} of the connection)")]
pub struct Broken<F> {
    /// Where the frame or message begins, in bytes since the connection began.
    pub at: u64,
    /// What is wrong with it.
    pub fault: F,
}

/// Why there is no next portion.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Failure<F, R> {
    /// The connection has to be closed.
    #[error("{0}")]
    Broken(Broken<F>),
    /// The caller has no memory to grant now. Nothing is lost: the decoder may be asked again.
    #[error("too many bytes are in flight")]
    Refused(R),
}

impl<F, R> From<Broken<F>> for Failure<F, R> {
    fn from(broken: Broken<F>) -> Self {
        Self::Broken(broken)
    }
}
