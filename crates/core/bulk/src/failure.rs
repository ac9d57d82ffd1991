//! What became of a request that got no per-item answer.

use std::time::Duration;

use thiserror::Error;

use crate::answer::AnswerError;
use crate::outcome::{Class, classify};

/// Why a whole request failed. Whether any of its documents was written is unknown, except for [`Self::TooLarge`] and
/// [`Self::Rejected`], of which none was; since ids are fixed, sending all of them again is safe in every case.
///
/// Only an answer that a search server itself gives about what it was sent can cost documents their place in the queue.
/// A wrong address, a proxy's error page or a missing right says nothing about documents: those wait for an operator.
#[derive(Clone, Debug, Error)]
pub enum RequestFailure {
    /// No answer: no connection, a timeout, or half an answer. To be tried again.
    #[error("the search server can't be reached: {reason}")]
    Unreachable {
        /// What happened, in words.
        reason: String,
    },
    /// The server can't take requests, or not ours (429, 5xx, 401, 403, blocks), or it isn't a search server that
    /// answers. To be tried again.
    #[error("the search server refused for now with status {status}: {reason}")]
    Busy {
        /// The HTTP status.
        status: u16,
        /// The server's reason.
        reason: String,
        /// How long the server asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The body is larger than the server or a proxy before it takes (413). To be split.
    #[error("the request is larger than the search server takes")]
    TooLarge,
    /// The server finds fault with what the request says (400 or 422, with the error's type). The caller finds the
    /// document at fault by splitting.
    #[error("the search server rejected the request with status {status}: {error_type}: {reason}")]
    Rejected {
        /// The HTTP status.
        status: u16,
        /// The error's type.
        error_type: String,
        /// The server's reason.
        reason: String,
    },
    /// The server said yes, with an answer that can't be read. To be tried again.
    #[error("the search server's answer can't be read: {0}")]
    Answer(#[from] AnswerError),
}

// === impl RequestFailure ===

impl RequestFailure {
    /// The failure that an answer other than 2xx stands for.
    #[must_use]
    pub fn from_response(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let (error_type, reason) = crate::answer::read_error(body);
        match status {
            413 => Self::TooLarge,
            400 | 422
                if !error_type.is_empty() && classify(status, &error_type, &reason) == Class::Refused =>
            {
                Self::Rejected { status, error_type, reason }
            }
            _ if reason.is_empty() => Self::Busy { status, reason: error_type, retry_after },
            _ => Self::Busy { status, reason, retry_after },
        }
    }
}

#[cfg(test)]
mod tests;
