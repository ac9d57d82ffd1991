//! Promises about deleting, on the documents that were written before.

use std::collections::BTreeSet;

use super::documents::{COUNT, Documents, request};
use super::{Broken, ensure, found};
use crate::{ItemOutcome, SearchRequest, Store};

/// A target is deleted with its documents and nothing else, and again without harm; what is written to it after that is
/// there once, as if it had never been.
pub(super) async fn deletes_one(store: &dyn Store, documents: &Documents) -> Result<(), Broken> {
    let (one, other) = (documents.target("acme"), documents.target("acme-eu"));
    let before = names(store).await?;
    ensure(before.contains(&one) && before.contains(&other), || format!("all are listed: {before:?}"))?;
    for _ in 0..2 {
        store.delete(&one).await.map_err(|error| Broken(format!("delete: {error}")))?;
        let after = names(store).await?;
        let gone: Vec<&String> = before.difference(&after).collect();
        ensure(gone == [&one], || format!("{one} is gone, and no other: {gone:?}"))?;
    }
    let search = |tenant: &str| SearchRequest {
        tenant: Some(tenant.to_owned()),
        query: "message:reset".to_owned(),
        limit: 1,
        ..SearchRequest::default()
    };
    let eu = u64::from(COUNT.div_ceil(3));
    let _none = found(store, &search("acme"), 0).await?;
    let _all = found(store, &search("acme-eu"), eu).await?;
    let again = documents.one(1);
    for expected in [ItemOutcome::Indexed, ItemOutcome::Duplicate] {
        let answer = store
            .write(&request(std::slice::from_ref(&again))?)
            .await
            .map_err(|error| Broken(format!("write: {error}")))?;
        ensure(answer.outcomes == [expected.clone()], || format!("{expected:?}: {:?}", answer.outcomes))?;
    }
    let _once = found(store, &search("acme"), 1).await?;
    Ok(())
}

async fn names(store: &dyn Store) -> Result<BTreeSet<String>, Broken> {
    let targets = store.targets().await.map_err(|error| Broken(format!("targets: {error}")))?.targets;
    ensure(targets.iter().all(|target| target.is_open), || format!("none was closed: {targets:?}"))?;
    Ok(targets.into_iter().map(|target| target.name).collect())
}
