//! What became of a document, and the classes that decide.
//!
//! The rule, from the design: what may pass by itself or needs an operator is tried again (too busy, trouble in the
//! server, no rights, blocked or closed indices, no room for another shard); what stays wrong however often it is sent,
//! and whatever is not known, is refused and goes to the dead letters. Nothing is ever dropped.

/// What became of one document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ItemOutcome {
    /// Written.
    Indexed,
    /// Refused by its index, and kept in the data stream's failure store instead: stored, yet not where it belongs.
    FailureStored,
    /// It is there already: done.
    Duplicate,
    /// Not now. The same document may be accepted later.
    Retry(Box<ItemError>),
    /// Never: goes to the dead letters.
    Refused(Box<ItemError>),
}

/// Why a document was not written, in the server's words.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ItemError {
    /// The item's HTTP status.
    pub status: u16,
    /// The error's type, such as `document_parsing_exception`; empty where the server gave none.
    pub error_type: String,
    /// The reason and those behind it, at most [`MAX_REASON`] bytes.
    pub reason: String,
}

/// The longest reason that is kept, in bytes: enough for the outer one and its causes.
pub const MAX_REASON: usize = 2048;

/// What class an item's answer belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// 2xx.
    Indexed,
    /// A document of that id is there.
    Duplicate,
    /// To be tried again.
    Retry,
    /// To be dead-lettered.
    Refused,
}

/// Error types that pass, whatever status they come with.
const PASSING: &[&str] = &[
    // an operator's block on a cluster or an index, or a disk above its flood mark: 403, 429 or 503
    "cluster_block_exception",
    // 400: an operator may open it again
    "index_closed_exception",
    "unavailable_shards_exception",
    "no_shard_available_action_exception",
    "process_cluster_event_timeout_exception",
    "es_rejected_execution_exception",
    "rejected_execution_exception",
    "circuit_breaking_exception",
    "node_closed_exception",
    "node_disconnected_exception",
    "node_not_connected_exception",
    "master_not_discovered_exception",
    "cluster_manager_not_discovered_exception",
    // 400: another request was making the same index at that moment
    "resource_already_exists_exception",
];

/// The class of an item that was answered with `status` and, unless it was written, an error of `error_type` with
/// `reason`.
#[must_use]
pub fn classify(status: u16, error_type: &str, reason: &str) -> Class {
    match status {
        200..=299 if error_type.is_empty() => Class::Indexed,
        // Only that code's own two forms mean "there already"; a 409 without an error is one of them.
        409 if matches!(
            error_type,
            "" | "version_conflict_engine_exception" | "document_already_exists_exception"
        ) =>
        {
            Class::Duplicate
        }
        401 | 403 | 429 | 500..=599 => Class::Retry,
        _ if PASSING.contains(&error_type) => Class::Retry,
        _ if is_shard_limit(error_type, reason) => Class::Retry,
        _ => Class::Refused,
    }
}

/// A cluster that may not open another shard answers 400, as if the document were at fault; only the words tell.
fn is_shard_limit(error_type: &str, reason: &str) -> bool {
    matches!(error_type, "validation_exception" | "illegal_argument_exception")
        && reason.contains("maximum")
        && reason.contains("shards open")
}

// === impl ItemOutcome ===

impl ItemOutcome {
    /// Whether nothing is left to do for the document.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Indexed | Self::FailureStored | Self::Duplicate)
    }

    /// Why it was not written, if it wasn't.
    #[must_use]
    pub fn error(&self) -> Option<&ItemError> {
        match self {
            Self::Retry(error) | Self::Refused(error) => Some(error),
            Self::Indexed | Self::FailureStored | Self::Duplicate => None,
        }
    }
}

#[cfg(test)]
mod tests;
