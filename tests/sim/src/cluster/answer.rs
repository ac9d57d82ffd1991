//! Answers as Elasticsearch writes them.

use std::fmt::Write as _;

/// Why a document isn't written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Error {
    /// A document of that id is there.
    Conflict,
    /// Too much to do.
    Busy,
    /// A shard is away.
    Unavailable,
    /// The index is blocked.
    Blocked,
    /// The index is closed.
    Closed,
    /// The mapping doesn't take it.
    Mapping,
    /// No action line.
    Malformed,
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(super) struct Answer {
    items: String,
    errors: bool,
}

// === impl Error ===

impl Error {
    const fn words(self) -> (u16, &'static str) {
        match self {
            Self::Conflict => (409, "version_conflict_engine_exception"),
            Self::Busy => (429, "es_rejected_execution_exception"),
            Self::Unavailable => (503, "unavailable_shards_exception"),
            Self::Blocked => (403, "cluster_block_exception"),
            Self::Closed => (400, "index_closed_exception"),
            Self::Mapping => (400, "document_parsing_exception"),
            Self::Malformed => (400, "illegal_argument_exception"),
        }
    }
}

// === impl Answer ===

impl Answer {
    pub(super) fn push(&mut self, error: Option<Error>) {
        if !self.items.is_empty() {
            self.items.push(',');
        }
        match error {
            None => self.items.push_str(r#"{"create":{"status":201}}"#),
            Some(error) => {
                self.errors = true;
                let (status, name) = error.words();
                // Writing to a String can't fail.
                let _infallible = write!(
                    self.items,
                    r#"{{"create":{{"status":{status},"error":{{"type":"{name}","reason":"simulated"}}}}}}"#
                );
            }
        }
    }

    /// Leaves the last item out, in an answer that looks whole.
    pub(super) fn lose_one(&mut self) {
        let last = self.items.rfind(r#",{"create""#).unwrap_or(0);
        self.items.truncate(last);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        format!(r#"{{"errors":{},"items":[{}]}}"#, self.errors, self.items).into_bytes()
    }
}

/// What stands in the body of a request that is refused as a whole; a proxy's words rather than a server's for some.
pub(super) fn error_page(status: u16) -> Vec<u8> {
    match status {
        429 => br#"{"error":{"type":"es_rejected_execution_exception","reason":"simulated"},"status":429}"#
            .to_vec(),
        401 => br#"{"error":{"type":"security_exception","reason":"simulated"},"status":401}"#.to_vec(),
        _ => b"<html>bad gateway</html>".to_vec(),
    }
}
