//! What every store promises, as a test: each implementation runs [`check`] against itself.
//!
//! The promises are checked from outside, through the trait alone. What a promise needs time for (a document is found
//! *soon* after it was written) is waited for, never slept for.

mod deletes;
mod documents;
mod searches;
mod writes;

use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, sleep};

use crate::{Order, SearchPage, SearchRequest, Store};
use documents::Documents;

/// How long a store may take to find what it has written.
const SOON: Duration = Duration::from_secs(30);

/// A promise that the store doesn't keep, in words.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Broken(String);

/// Checks every promise on an empty store whose indices begin with `prefix`.
///
/// # Errors
/// With the first promise that isn't kept.
pub async fn check(store: &dyn Store, prefix: &str) -> Result<(), Broken> {
    bootstraps(store).await?;
    let documents = Documents::new(prefix);
    writes::creates_once(store, &documents).await?;
    writes::outcomes_keep_their_places(store, &documents).await?;
    writes::one_of_many_writers_creates(store, &documents).await?;
    searches::finds(store, &documents).await?;
    searches::pages(store, &documents, Order::NewestFirst).await?;
    searches::pages(store, &documents, Order::OldestFirst).await?;
    searches::goes_on_where_it_ended(store, &documents).await?;
    searches::refuses(store).await?;
    deletes::deletes_one(store, &documents).await
}

/// A bootstrap that is run again finds nothing to do, and a dry run does nothing.
async fn bootstraps(store: &dyn Store) -> Result<(), Broken> {
    let unreachable = |error| Broken(format!("bootstrap: {error}"));
    let info = store.ping().await.map_err(unreachable)?;
    ensure(!info.name.is_empty() && !info.version.is_empty(), || format!("a store has a name: {info:?}"))?;
    let dry = store.bootstrap(true).await.map_err(unreachable)?;
    let real = store.bootstrap(false).await.map_err(unreachable)?;
    ensure(dry == real, || format!("a dry run says what a run does: {dry:?} and {real:?}"))?;
    let again = store.bootstrap(false).await.map_err(unreachable)?;
    ensure(again.iter().all(|change| change.kind == crate::ChangeKind::Unchanged), || {
        format!("a second bootstrap changes nothing: {again:?}")
    })
}

fn ensure(kept: bool, promise: impl FnOnce() -> String) -> Result<(), Broken> {
    if kept { Ok(()) } else { Err(Broken(promise())) }
}

/// Searches until as many documents match.
async fn found(store: &dyn Store, request: &SearchRequest, total: u64) -> Result<SearchPage, Broken> {
    let deadline = Instant::now() + SOON;
    loop {
        let page = store.search(request).await.map_err(|error| Broken(format!("{request:?}: {error}")))?;
        if page.total == total {
            return Ok(page);
        }
        if Instant::now() > deadline {
            return Err(Broken(format!("{request:?} finds {} documents instead of {total}", page.total)));
        }
        sleep(Duration::from_millis(50)).await;
    }
}
