//! The ways to misbehave, and the answers that go with them.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// What befalls a bulk request as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFault {
    /// 429: the node's indexing pressure is too high.
    TooManyRequests,
    /// 429 for bodies of more than so many bytes (inflated), success for smaller ones.
    TooManyRequestsAbove(usize),
    /// 500 with a body that names no known type.
    InternalError,
    /// 503: no master.
    Unavailable,
    /// 413: the body is larger than `http.max_content_length`. As in reality the answer has no JSON.
    TooLarge,
    /// 413 for bodies of more than so many bytes (inflated), success for smaller ones.
    TooLargeAbove(usize),
    /// 401: no or wrong credentials.
    Unauthorized,
    /// 403 with a `cluster_block_exception`: the cluster is read-only.
    ClusterBlock,
    /// The connection is cut and nothing is written.
    CutBeforeWrite,
    /// Everything is written, and then the connection is cut.
    CutAfterWrite,
    /// Success, after this time.
    Slow(Duration),
    /// No answer ever, and nothing written.
    Hang,
}

/// What befalls one item of a bulk request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemFault {
    /// 400 `document_parsing_exception`: the named field has another type in the mapping.
    MappingConflict(&'static str),
    /// 429 `es_rejected_execution_exception`: the shard's queue is full.
    Rejected,
    /// 403 `cluster_block_exception`: the index is blocked for writing.
    IndexBlock,
    /// 201 and `failure_store: used`: refused, and kept in the data stream's failure store.
    FailureStore,
    /// Any other status with this type and reason.
    Other {
        /// The HTTP status of the item.
        status: u16,
        /// The `error.type`.
        kind: &'static str,
        /// The `error.reason`.
        reason: &'static str,
    },
}

/// An item of a bulk request, as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The target index.
    pub index: &'a str,
    /// The document's id.
    pub id: &'a str,
    /// The document.
    pub document: &'a [u8],
}

/// The faults that are set.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) next: VecDeque<RequestFault>,
    pub(super) always: Option<RequestFault>,
    rules: Vec<Rule>,
}

struct Rule {
    fault: ItemFault,
    left: usize,
    when: Box<dyn Fn(&Item<'_>) -> bool + Send>,
}

// === impl Faults ===

impl Faults {
    pub(super) fn add_rule(
        &mut self,
        fault: ItemFault,
        left: usize,
        when: impl Fn(&Item<'_>) -> bool + Send + 'static,
    ) {
        self.rules.push(Rule { fault, left, when: Box::new(when) });
    }

    /// The fault of the next request.
    pub(super) fn of_request(&mut self) -> Option<RequestFault> {
        self.next.pop_front().or(self.always)
    }

    /// The fault of this item.
    pub(super) fn of_item(&mut self, item: &Item<'_>) -> Option<ItemFault> {
        let rule = self.rules.iter_mut().find(|rule| rule.left > 0 && (rule.when)(item))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("fault", &self.fault).field("left", &self.left).finish_non_exhaustive()
    }
}

// === impl RequestFault ===

impl RequestFault {
    /// The answer to the whole request, for the faults that are an answer.
    pub(super) fn answer(self) -> Option<(u16, Value)> {
        let (status, kind, reason) = match self {
            Self::TooManyRequests | Self::TooManyRequestsAbove(_) => (
                429,
                "es_rejected_execution_exception",
                "rejected execution of coordinating operation [coordinating_and_primary_bytes=51, replica_bytes=0, \
                 all_bytes=51, coordinating_operation_bytes=20481, max_coordinating_bytes=20480]",
            ),
            Self::InternalError => (500, "null_pointer_exception", "something that nobody foresaw"),
            Self::Unavailable => {
                (503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/2/no master];")
            }
            Self::Unauthorized => {
                (401, "security_exception", "missing authentication credentials for REST request [/_bulk]")
            }
            Self::ClusterBlock => {
                (403, "cluster_block_exception", "blocked by: [FORBIDDEN/6/cluster read-only (api)];")
            }
            Self::TooLarge | Self::TooLargeAbove(_) => return Some((413, Value::Null)),
            Self::CutBeforeWrite | Self::CutAfterWrite | Self::Slow(_) | Self::Hang => return None,
        };
        Some((status, error(status, kind, reason)))
    }
}

// === impl ItemFault ===

impl ItemFault {
    /// The status and the error of the item; none for an item that isn't refused to the client.
    pub(super) fn answer(&self, item: &Item<'_>) -> (u16, Option<Value>) {
        let (status, error) = match self {
            Self::MappingConflict(field) => (
                400,
                json!({
                    "type": "document_parsing_exception",
                    "reason": format!(
                        "[1:6] failed to parse field [{field}] of type [long] in document with id '{}'. Preview of \
                         field's value: 'x'", item.id
                    ),
                    "caused_by": {"type": "illegal_argument_exception", "reason": "For input string: \"x\""},
                }),
            ),
            Self::Rejected => (
                429,
                json!({
                    "type": "es_rejected_execution_exception",
                    "reason": "rejected execution of primary operation [coordinating_and_primary_bytes=51, \
                               replica_bytes=0, all_bytes=51, primary_operation_bytes=20481, max_primary_bytes=20480]",
                }),
            ),
            Self::IndexBlock => (
                403,
                json!({
                    "type": "cluster_block_exception",
                    "reason": format!("index [{}] blocked by: [FORBIDDEN/8/index write (api)];", item.index),
                }),
            ),
            Self::FailureStore => return (201, None),
            Self::Other { status, kind, reason } => (*status, json!({"type": kind, "reason": reason})),
        };
        (status, Some(error))
    }
}

/// The body with which Elasticsearch refuses a whole request.
pub(super) fn error(status: u16, kind: &str, reason: &str) -> Value {
    let cause = json!({"type": kind, "reason": reason});
    json!({"error": {"root_cause": [cause], "type": kind, "reason": reason}, "status": status})
}
