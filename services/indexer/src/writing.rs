//! What is done with the answers to a bulk request, as a state machine without I/O.
//!
//! It holds the parts of a load that still have to be sent, and what became of the rest. Every item leaves it exactly
//! once: indexed, found to be there already, or refused for good. A server's refusal of a whole request decides nothing
//! about its documents; where the request itself is at fault (413, 400), halving finds the one document that is.

use std::collections::VecDeque;
use std::time::Duration;

use forebay_bulk::{BulkAnswer, BulkRequest, ItemError, ItemOutcome, RequestFailure};

/// The error type of a document that alone is larger than the server takes.
pub const TOO_LARGE: &str = "document_too_large";

/// A load on its way into the store.
#[derive(Debug, Default)]
pub struct Writing {
    parts: VecDeque<BulkRequest>,
    settled: Vec<Settled>,
    splits: u64,
}

/// An item that needs no further request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settled {
    /// The item's tag.
    pub tag: u32,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fate {
    /// Written.
    Indexed,
    /// Written to the failure store.
    FailureStored,
    /// There already.
    Duplicate,
    /// Refused for good: to be dead-lettered.
    Refused(Box<ItemError>),
}

/// What to do after an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum After {
    /// Go on with the next part, if there is one.
    GoOn,
    /// Wait before the next part: the store has refused for now.
    Wait {
        /// Why, as a stable name for metrics.
        reason: &'static str,
        /// The store's words, for the log.
        detail: String,
        /// How many items will be sent again.
        items: usize,
        /// How long the store asked us to wait.
        retry_after: Option<Duration>,
    },
}

impl Writing {
    /// A load that is to be sent as one request.
    #[must_use]
    pub fn new(request: BulkRequest) -> Self {
        Self {
            parts: if request.is_empty() { VecDeque::new() } else { VecDeque::from([request]) },
            settled: Vec::new(),
            splits: 0,
        }
    }

    /// How many requests were split in two so far.
    #[must_use]
    pub const fn splits(&self) -> u64 {
        self.splits
    }

    /// The next part to send; `None` when nothing is left. Give it back with [`answered`](Self::answered) or
    /// [`failed`](Self::failed).
    pub fn next_part(&mut self) -> Option<BulkRequest> {
        self.parts.pop_front()
    }

    /// What became of the items since the last call.
    pub fn take_settled(&mut self) -> Vec<Settled> {
        std::mem::take(&mut self.settled)
    }

    /// The store answered for each item of a part.
    pub fn answered(&mut self, part: &BulkRequest, answer: BulkAnswer) -> After {
        let mut again: Vec<usize> = Vec::new();
        let mut first_error: Option<Box<ItemError>> = None;
        self.settled.reserve(part.len());
        for (index, outcome) in answer.outcomes.into_iter().enumerate() {
            let Some(tag) = part.tag(index) else { break };
            let fate = match outcome {
                ItemOutcome::Indexed => Fate::Indexed,
                ItemOutcome::FailureStored => Fate::FailureStored,
                ItemOutcome::Duplicate => Fate::Duplicate,
                ItemOutcome::Refused(error) => Fate::Refused(error),
                ItemOutcome::Retry(error) => {
                    again.push(index);
                    let _first = first_error.get_or_insert(error);
                    continue;
                }
            };
            self.settled.push(Settled { tag, fate });
        }
        let Some(error) = first_error else { return After::GoOn };
        let items = again.len();
        self.parts.push_front(part.select(again));
        After::Wait {
            reason: reason_of_status(error.status),
            detail: format!("{}: {}", error.error_type, error.reason),
            items,
            retry_after: None,
        }
    }

    /// The store answered for none of a part's items.
    pub fn failed(&mut self, part: BulkRequest, failure: RequestFailure) -> After {
        let detail = failure.to_string();
        let reason = failure_name(&failure);
        let retry_after = match failure {
            RequestFailure::TooLarge => {
                self.halve(
                    &part,
                    ItemError { status: 413, error_type: TOO_LARGE.to_owned(), reason: detail },
                );
                return After::GoOn;
            }
            RequestFailure::Rejected { status, error_type, reason } => {
                self.halve(&part, ItemError { status, error_type, reason });
                return After::GoOn;
            }
            RequestFailure::Busy { retry_after, .. } => retry_after,
            RequestFailure::Unreachable { .. } | RequestFailure::Answer(_) => None,
        };
        let items = part.len();
        self.parts.push_front(part);
        After::Wait { reason, detail, items, retry_after }
    }

    /// Sends both halves by themselves; a single item is what the store can't take.
    fn halve(&mut self, part: &BulkRequest, error: ItemError) {
        if part.len() == 1 {
            let fate = Fate::Refused(Box::new(error));
            self.settled.extend(part.tag(0).map(|tag| Settled { tag, fate }));
            return;
        }
        self.splits += 1;
        let (first, second) = part.split();
        self.parts.push_front(second);
        self.parts.push_front(first);
    }
}

/// A stable name for the failure of a whole request.
#[must_use]
pub const fn failure_name(failure: &RequestFailure) -> &'static str {
    match failure {
        RequestFailure::TooLarge => "too_large",
        RequestFailure::Rejected { .. } => "rejected",
        RequestFailure::Unreachable { .. } => "unreachable",
        RequestFailure::Answer(_) => "unreadable_answer",
        RequestFailure::Busy { status, .. } => reason_of_status(*status),
    }
}

/// A stable name for what a status that passes means.
const fn reason_of_status(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        403 => "forbidden",
        429 => "busy",
        500..=599 => "server_error",
        _ => "blocked",
    }
}

#[cfg(test)]
mod tests;
