//! The seam between Forebay and what stores its documents: Elasticsearch, OpenSearch, or the embedded store.
//!
//! - [`Store`]: write, search, ping, bootstrap
//! - [`search`]: what can be asked, and what is answered
//! - [`change`]: what a bootstrap changes
//! - [`targets`]: what there is, for retention
//!
//! What every store promises is written down as tests in `contract` (feature `contract`), which each implementation runs
//! against itself.

pub mod change;
#[cfg(feature = "contract")]
pub mod contract;
pub mod search;
mod store;
pub mod targets;
pub mod trial;

pub use change::{Change, ChangeKind, Difference};
pub use forebay_bulk::{BulkAnswer, BulkRequest, ItemOutcome, RequestFailure};
pub use search::{Cursor, Hit, Order, SearchError, SearchPage, SearchRequest};
pub use store::{Store, StoreInfo};
pub use targets::{TargetInfo, Targets};
pub use trial::{Candidate, Verdict};
