//! What can be asked of a store, and what it answers.

use forebay_bulk::RequestFailure;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

/// The most hits of one page.
pub const MAX_LIMIT: usize = 10_000;

/// A question.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct SearchRequest {
    /// In Lucene's query syntax; words without an operator between them are alternatives (OR). Empty or `*` finds all.
    pub query: String,
    /// Only documents of this tenant.
    pub tenant: Option<String>,
    /// Only documents whose `@timestamp` is at or after this, in milliseconds since the Unix epoch.
    pub since_ms: Option<i64>,
    /// ... and before this.
    pub until_ms: Option<i64>,
    /// The most hits to answer, up to [`MAX_LIMIT`].
    pub limit: usize,
    /// The order of the hits.
    pub order: Order,
    /// Only what comes after this in that order: the `next` of an earlier page of the same question.
    pub after: Option<Cursor>,
}

/// The order of hits. Documents of the same time have an order too, so that paging neither skips nor repeats one.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By `@timestamp`, the latest first.
    #[default]
    NewestFirst,
    /// By `@timestamp`, the earliest first.
    OldestFirst,
}

/// A place in the order of a question's hits. Opaque: only the store that gave it can read it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Cursor(pub String);

/// An answer.
#[derive(Debug, Deserialize, Serialize)]
pub struct SearchPage {
    /// The hits, in the order asked for.
    pub hits: Vec<Hit>,
    /// How many documents match in all, whatever the page's limit; where the store stops counting, how far it counted.
    pub total: u64,
    /// Where the next page begins: behind the last hit, or where this page began when it has none. `None` only when
    /// neither is there. Fewer hits than asked for mean that there are no more for now.
    pub next: Option<Cursor>,
}

/// One document that was found.
#[derive(Debug, Deserialize, Serialize)]
pub struct Hit {
    /// Its `_id`.
    pub id: String,
    /// The index it is in.
    pub target: String,
    /// Its `@timestamp`, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// The document, as it was written.
    pub document: Box<RawValue>,
}

/// Why a question has no answer.
#[derive(Clone, Debug, Error)]
pub enum SearchError {
    /// The asker's: the query, its limits or its cursor can't be understood.
    #[error("the query can't be understood: {0}")]
    Query(String),
    /// The store's.
    #[error(transparent)]
    Store(#[from] RequestFailure),
}
