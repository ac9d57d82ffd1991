//! Promises about writing.

use std::iter::zip;

use super::documents::{Document, Documents, request};
use super::{Broken, ensure};
use crate::{ItemOutcome, Store};

/// A document is created once; again, it is a duplicate, and stays as it was.
pub(super) async fn creates_once(store: &dyn Store, documents: &Documents) -> Result<(), Broken> {
    let all = documents.all();
    let first = write(store, &all).await?;
    ensure(first.iter().all(|outcome| *outcome == ItemOutcome::Indexed), || format!("created: {first:?}"))?;
    let changed: Vec<Document> =
        all.into_iter().map(|document| Document { json: "{}".to_owned(), ..document }).collect();
    let second = write(store, &changed).await?;
    ensure(second.iter().all(|outcome| *outcome == ItemOutcome::Duplicate), || {
        format!("duplicates: {second:?}")
    })?;
    let none = write(store, &[]).await?;
    ensure(none.is_empty(), || format!("nothing written, nothing answered: {none:?}"))
}

/// Each item has an outcome of its own, whatever becomes of its neighbours, and a refusal has a reason. An id is unique
/// within its target alone.
pub(super) async fn outcomes_keep_their_places(
    store: &dyn Store,
    documents: &Documents,
) -> Result<(), Broken> {
    let there = documents.one(0);
    let items = [
        there.clone(),
        Document { id: "no-json".to_owned(), json: "no json".to_owned(), ..there.clone() },
        documents.aside("elsewhere", &there.id),
        Document { id: "half".to_owned(), json: "{\"a\":".to_owned(), ..there.clone() },
        Document { id: "list".to_owned(), json: "[1]".to_owned(), ..there },
        documents.aside("elsewhere", "twice"),
        documents.aside("elsewhere", "twice"),
    ];
    let outcomes = write(store, &items).await?;
    let expected = "DFIFFID";
    ensure(letters(&outcomes) == expected, || format!("{expected}: {outcomes:?}"))?;
    let reasoned = outcomes.iter().filter_map(ItemOutcome::error).all(|error| !error.reason.is_empty());
    ensure(reasoned, || format!("refusals have reasons: {outcomes:?}"))
}

/// Several writers of the same documents at once: each document is created by exactly one of them.
pub(super) async fn one_of_many_writers_creates(
    store: &dyn Store,
    documents: &Documents,
) -> Result<(), Broken> {
    let items: Vec<Document> = (0..50).map(|n| documents.aside("many", &format!("many-{n}"))).collect();
    let answers = tokio::join!(write(store, &items), write(store, &items), write(store, &items));
    let (a, b, c) = (answers.0?, answers.1?, answers.2?);
    for (a, (b, c)) in zip(a, zip(b, c)) {
        let mut outcomes: Vec<char> = letters(&[a, b, c]).chars().collect();
        outcomes.sort_unstable();
        ensure(outcomes == ['D', 'D', 'I'], || format!("created by one, found by two: {outcomes:?}"))?;
    }
    Ok(())
}

pub(super) async fn write(store: &dyn Store, documents: &[Document]) -> Result<Vec<ItemOutcome>, Broken> {
    let answer = store.write(&request(documents)?).await;
    let outcomes = answer.map_err(|error| Broken(format!("write: {error}")))?.outcomes;
    ensure(outcomes.len() == documents.len(), || format!("one outcome an item: {outcomes:?}"))?;
    Ok(outcomes)
}

fn letters(outcomes: &[ItemOutcome]) -> String {
    outcomes
        .iter()
        .map(|outcome| match outcome {
            ItemOutcome::Indexed => 'I',
            ItemOutcome::FailureStored => 'S',
            ItemOutcome::Duplicate => 'D',
            ItemOutcome::Retry(_) => 'R',
            ItemOutcome::Refused(_) => 'F',
        })
        .collect()
}
