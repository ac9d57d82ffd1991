//! A store inside the process, for `forebay dev` and for fast tests: one `tantivy` index on disk behind the same
//! [`Store`] trait as Elasticsearch.
//!
//! Promises:
//! - what is reported as indexed is committed and synced before the answer, survives a crash, and is found by the next
//!   search;
//! - a document is there once: the same id in the same target is a duplicate;
//! - a search never fails on what documents hold, only on what is asked.
//!
//! Queries are in Lucene's syntax, as `query_string` of Elasticsearch reads it: terms, `"phrases"`, `AND OR NOT + - !`,
//! groups, `field:value`, `field:(a OR b)`, `[a TO b}`, `>= > <= <`, `*` and `?`, `field:*`, `_exists_:field`,
//! `/regular expressions/`, escapes with `\`, `_id` and `_index`. Times in `@timestamp` may be given in part
//! (`2026-11-21` is that day) or as `now-15m`. Differences:
//! - Fields have no mapping. `message`, `error.stack_trace` and `event.original` are text; every other string is a
//!   keyword (exact, case-sensitive), every number is compared as a 64-bit float, and a string that is an IP address
//!   can also be asked for by range or by block (`"10.0.0.0/8"`). So no document is refused for a field's type, except
//!   for an `@timestamp` that is no time.
//! - Words without a field are looked for in all text, also inside keywords, where Elasticsearch wants the whole value.
//! - Hits are ordered by time, so boosts (`^2`) are read and have no effect.
//! - Refused with a clear error: fuzzy terms (`~`), wildcards in field names, rounding in date mathematics (`now/d`),
//!   ranges over text fields.
//!
//! Memory stays small: one indexing thread with a bounded buffer, everything else mapped from files.

mod collect;
mod document;
mod index;
mod query;
mod term;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use forebay_record::target::DEFAULT_PREFIX;
use forebay_store::{
    BulkAnswer, BulkRequest, Change, RequestFailure, SearchError, SearchPage, SearchRequest, Store,
    StoreInfo, Targets,
};

use crate::index::Index;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process writes to the folder.
    #[error("the store in {} is in use by another forebay process", .0.display())]
    InUse(PathBuf),
    /// The index in the folder was made by another version, or is no index.
    #[error("the store in {} can't be read by this version ({reason}): move the folder away", .path.display())]
    Incompatible {
        /// The folder.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// The folder can't be created, read or written.
    #[error("the store in {} can't be opened: {reason}", .path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

/// The embedded store. Clones share the index; the last one to go closes it.
#[derive(Clone, Debug)]
pub struct EmbeddedStore {
    index: Arc<Index>,
    index_prefix: Arc<str>,
}

// === impl EmbeddedStore ===

impl EmbeddedStore {
    /// Opens the index in `dir` for reading and writing, or creates it.
    ///
    /// # Errors
    /// [`OpenError`], which names the folder and what to do.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::from_index(Index::open(dir.as_ref(), true)?)
    }

    /// Opens the index in `dir` for searching only, while another process may write to it. Every search sees what was
    /// committed before it; writes are rejected.
    ///
    /// # Errors
    /// [`OpenError`], which names the folder and what to do.
    pub fn open_read_only(dir: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::from_index(Index::open(dir.as_ref(), false)?)
    }

    /// The same store, for an installation whose targets begin with `prefix`: a search by tenant needs to know. Without
    /// this call it is [`DEFAULT_PREFIX`].
    #[must_use]
    pub fn with_index_prefix(self, prefix: &str) -> Self {
        Self { index_prefix: Arc::from(prefix), ..self }
    }

    /// How many documents the store holds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.index.count()
    }

    fn from_index(index: Index) -> Result<Self, OpenError> {
        Ok(Self { index: Arc::new(index), index_prefix: Arc::from(DEFAULT_PREFIX) })
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn write(&self, request: &BulkRequest) -> Result<BulkAnswer, RequestFailure> {
        let (index, request) = (Arc::clone(&self.index), request.clone());
        blocking(move || index.write(&request)).await?
    }

    async fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        let (index, request) = (Arc::clone(&self.index), request.clone());
        let prefix = Arc::clone(&self.index_prefix);
        blocking(move || index.search(&request, &prefix)).await?
    }

    async fn ping(&self) -> Result<StoreInfo, RequestFailure> {
        Ok(StoreInfo { name: "embedded".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() })
    }

    /// There is nothing to put: the index needs no templates.
    async fn bootstrap(&self, _dry_run: bool) -> Result<Vec<Change>, RequestFailure> {
        Ok(Vec::new())
    }

    async fn targets(&self) -> Result<Targets, RequestFailure> {
        let (index, prefix) = (Arc::clone(&self.index), Arc::clone(&self.index_prefix));
        let targets = blocking(move || index.targets(&prefix)).await??;
        Ok(Targets { now_ms: None, targets })
    }

    /// All targets lie in one index, which is open or not as a whole.
    async fn close(&self, _target: &str) -> Result<(), RequestFailure> {
        Err(RequestFailure::Rejected {
            status: 400,
            error_type: "unsupported".to_owned(),
            reason: "the embedded store can't close a target".to_owned(),
        })
    }

    async fn delete(&self, target: &str) -> Result<(), RequestFailure> {
        let (index, target) = (Arc::clone(&self.index), target.to_owned());
        blocking(move || index.delete(&target)).await?
    }
}

/// Runs file and CPU work off the runtime's own threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, RequestFailure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| RequestFailure::Unreachable {
        reason: format!("the embedded store's thread ended: {error}"),
    })
}
