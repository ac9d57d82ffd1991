//! A store's answers, with its errors told to a person.

use forebay_store::{SearchError, SearchPage, SearchRequest, Store};

use crate::exit::Failure;

/// Finds documents.
pub(crate) async fn ask(store: &dyn Store, request: &SearchRequest) -> Result<SearchPage, Failure> {
    store.search(request).await.map_err(|error| match error {
        SearchError::Query(reason) => Failure::usage(format!("the query can't be understood: {reason}"))
            .hint("the syntax is Lucene's: log.level:error AND message:\"timed out\", host.name:web-*"),
        SearchError::Store(failure) => Failure::unreachable(format!("the store gave no answer: {failure}"))
            .hint("`forebay status` says what is reachable"),
    })
}
