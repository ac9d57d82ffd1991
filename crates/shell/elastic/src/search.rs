//! Search: a question becomes a request of the search API, its answer a page.
//!
//! Queries go to the server's own `query_string` parser. Paging needs a total order, and neither server sorts by `_id`
//! unless told to; so a page ends at a time and remembers which documents of that very millisecond it has shown. That is
//! exact for any number of indices and shards, and a document of that millisecond which is indexed later is not missed.

mod answer;
mod cursor;
mod question;

use elasticsearch::http::Method;
use forebay_bulk::{AnswerError, RequestFailure};
use forebay_record::tenant;
use forebay_store::search::MAX_LIMIT;
use forebay_store::{SearchError, SearchPage, SearchRequest};

use crate::client::{Client, Request};
use cursor::Position;

/// An index that is absent or closed must not fail the search over the others; half an answer must. (A `filter_path`
/// would shorten the answer, but makes the servers write the documents anew instead of giving them back as they came.)
const QUERY: [(&str, &str); 3] =
    [("ignore_unavailable", "true"), ("allow_no_indices", "true"), ("allow_partial_search_results", "false")];

pub(crate) async fn search(
    client: &Client,
    prefix: &str,
    request: &SearchRequest,
) -> Result<SearchPage, SearchError> {
    if !(1..=MAX_LIMIT).contains(&request.limit) {
        return Err(SearchError::Query(format!("a page has 1 to {MAX_LIMIT} hits, not {}", request.limit)));
    }
    let position = request.after.as_ref().map(Position::read).transpose()?;
    let path = format!("/{}/_search", indices(prefix, request.tenant.as_deref())?);
    let body = question::body(request, position.as_ref());
    let reply = client.send(Request { query: &QUERY, ..Request::json(Method::Post, &path, &body) }).await?;
    if reply.status == 400 {
        return Err(SearchError::Query(answer::query_error(&reply.body)));
    }
    let body = reply.success()?;
    let malformed =
        |error: serde_json::Error| RequestFailure::from(AnswerError::Malformed(error.to_string()));
    let (hits, total) = answer::read(&body).map_err(malformed)?;
    let next =
        Position::after(position, &hits)?.map(|position| position.write()).transpose().map_err(malformed)?;
    Ok(SearchPage { hits, total, next })
}

/// The indices of all tenants or of one. What follows a tenant in an index's name is a day, which has no dash; so
/// whatever has another dash there is another tenant's whose name goes on. A route follows a dot, which no tenant's name has.
fn indices(prefix: &str, tenant: Option<&str>) -> Result<String, SearchError> {
    match tenant {
        None => Ok(format!("{prefix}-*")),
        Some(tenant) if tenant::is_valid(tenant) => {
            Ok(format!("{prefix}-{tenant}-*,{prefix}-{tenant}.*,-{prefix}-{tenant}-*-*"))
        }
        Some(tenant) => Err(SearchError::Query(format!("`{tenant}` can't be a tenant's name"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_indices_are_its_own() {
        assert_eq!(indices("forebay", None).unwrap(), "forebay-*");
        assert_eq!(
            indices("forebay", Some("acme")).unwrap(),
            "forebay-acme-*,forebay-acme.*,-forebay-acme-*-*"
        );
        for bad in ["*", "a,b", "../_all", ""] {
            assert!(matches!(indices("forebay", Some(bad)), Err(SearchError::Query(_))), "{bad}");
        }
    }
}
