//! What a store does.

use std::fmt;

use async_trait::async_trait;
use forebay_bulk::{BulkAnswer, BulkRequest, RequestFailure};
use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::search::{SearchError, SearchPage, SearchRequest};
use crate::targets::Targets;
use crate::trial::{Candidate, Verdict};

/// Stores documents and finds them again.
///
/// A store keeps no queue and never retries by itself: its caller decides what is sent again, and when.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Creates the documents of `request`. Every outcome in the answer is durable: what is reported as indexed survives
    /// a crash of the store. Several writes may be under way at once.
    ///
    /// # Errors
    /// When there is no outcome for each item; the same request may then be sent again.
    async fn write(&self, request: &BulkRequest) -> Result<BulkAnswer, RequestFailure>;

    /// Finds documents. A document is found soon after it was written (Elasticsearch: after the index's refresh
    /// interval), not necessarily at once.
    ///
    /// # Errors
    /// [`SearchError::Query`] when the query can't be understood, [`SearchError::Store`] when the store is at fault.
    async fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError>;

    /// Asks the store who it is.
    ///
    /// # Errors
    /// When it can't be reached or doesn't let us in.
    async fn ping(&self) -> Result<StoreInfo, RequestFailure>;

    /// Asks what the store would say to each of these documents, without writing any; `None` where it can't tell.
    ///
    /// # Errors
    /// When the store can't be reached or refuses to answer.
    async fn would_take(&self, _documents: &[Candidate<'_>]) -> Result<Option<Vec<Verdict>>, RequestFailure> {
        Ok(None)
    }

    /// Puts what the documents need into the store (index templates), or with `dry_run` only says what it would put.
    /// Doing it again changes nothing.
    ///
    /// # Errors
    /// When the store can't be reached or refuses.
    async fn bootstrap(&self, dry_run: bool) -> Result<Vec<Change>, RequestFailure>;

    /// Lists the targets of the installation.
    ///
    /// # Errors
    /// When the store can't be reached or doesn't tell.
    async fn targets(&self) -> Result<Targets, RequestFailure>;

    /// Closes a target: it is kept, and neither written to nor found. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the store can't be reached or refuses; [`RequestFailure::Rejected`] where it has nothing like it.
    async fn close(&self, target: &str) -> Result<(), RequestFailure>;

    /// Deletes the target of exactly this name, and all its documents. One that is gone already is no failure.
    ///
    /// # Errors
    /// When the store can't be reached or refuses.
    async fn delete(&self, target: &str) -> Result<(), RequestFailure>;
}

/// Who a store is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoreInfo {
    /// The software: `elasticsearch`, `opensearch`, `embedded`.
    pub name: String,
    /// Its version.
    pub version: String,
}
