//! Promises about searching.

use std::collections::BTreeSet;

use super::documents::{COUNT, Document, Documents, START_MS};
use super::writes::write;
use super::{Broken, ensure, found};
use crate::{Hit, Order, SearchError, SearchRequest, Store};

/// The two tenants of [`Documents::all`], and none of what the other promises wrote.
const BOTH: &str = "host.name:web-* AND NOT message:late";

/// Queries find what they should, with times and tenants as filters, and documents come back as they were written.
pub(super) async fn finds(store: &dyn Store, documents: &Documents) -> Result<(), Broken> {
    let acme = |query: &str| SearchRequest {
        query: query.to_owned(),
        tenant: Some("acme".to_owned()),
        limit: 100,
        ..SearchRequest::default()
    };
    // Of 0 to 11, `acme` has 1 2 4 5 7 8 10 11; of these 4 and 8 are errors.
    for (query, total) in [
        ("", 8),
        ("*", 8),
        ("log.level:error", 2),
        ("log.level:info", 6),
        ("NOT log.level:error", 6),
        ("log.level:error OR host.name:web-5", 3),
        ("log.level:error host.name:web-5", 3),
        ("+log.level:error +host.name:web-4", 1),
        ("(log.level:error OR host.name:web-5) AND http.response.status_code:>=205", 2),
        ("http.response.status_code:[202 TO 205]", 3),
        ("http.response.status_code:{202 TO 205}", 1),
        ("http.response.status_code:207", 1),
        ("message:\"reset by peer\"", 8),
        ("message:\"peer by reset\"", 0),
        ("message:CONNECTION", 8),
        ("connection", 8),
        ("host.name:web-1*", 3),
        ("host.name:web-?", 6),
        ("host.name:\"web-7\"", 1),
        ("host.name:web", 0),
        ("_exists_:host.name", 8),
        ("_exists_:nothing", 0),
        ("nothing:at-all", 0),
    ] {
        let _page = found(store, &acme(query), total).await?;
    }
    for (since, until, total) in [(0, 1, 2), (1, 3, 4), (3, 9, 2), (4, 9, 0)] {
        let request = SearchRequest {
            since_ms: Some(START_MS + since * 1000),
            until_ms: Some(START_MS + until * 1000),
            ..acme("*")
        };
        let _page = found(store, &request, total).await?;
    }
    let page = found(store, &acme("host.name:web-7"), 1).await?;
    let Document { target, id, ms, json } = documents.one(7);
    let hit = page.hits.first().ok_or_else(|| Broken("a document counted is a document found".to_owned()))?;
    ensure(hit.document.get() == json, || format!("the document as it was written: {}", hit.document))?;
    ensure((&hit.target, &hit.id, hit.timestamp_ms) == (&target, &id, ms), || format!("its facts: {hit:?}"))
}

/// Pages of any size show every document once, in order, though several have the same time.
pub(super) async fn pages(store: &dyn Store, documents: &Documents, order: Order) -> Result<(), Broken> {
    let expected: BTreeSet<String> = documents.all().into_iter().map(|document| document.id).collect();
    for limit in [1, 2, 5, 100] {
        let mut request = SearchRequest { query: BOTH.to_owned(), limit, order, ..SearchRequest::default() };
        let shown = page_through(store, &mut request).await?;
        let ids: BTreeSet<String> = shown.iter().map(|hit| hit.id.clone()).collect();
        ensure(shown.len() == COUNT as usize && ids == expected, || {
            format!("pages of {limit} show every document once: {ids:?} in {} hits", shown.len())
        })?;
        let in_order = shown.is_sorted_by(|a, b| match order {
            Order::NewestFirst => a.timestamp_ms >= b.timestamp_ms,
            Order::OldestFirst => a.timestamp_ms <= b.timestamp_ms,
        });
        ensure(in_order, || format!("pages of {limit} are in order"))?;
    }
    Ok(())
}

/// A question that has reached the end goes on with what is written later, without showing anything twice.
pub(super) async fn goes_on_where_it_ended(store: &dyn Store, documents: &Documents) -> Result<(), Broken> {
    let mut request = SearchRequest {
        query: "host.name:web-*".to_owned(),
        limit: 5,
        order: Order::OldestFirst,
        ..SearchRequest::default()
    };
    let before = page_through(store, &mut request).await?;
    let last = documents.one(COUNT - 1);
    let json = last.json.replace("Connection reset", "late");
    let same_time = Document { id: "late-1".to_owned(), json: json.clone(), ..last.clone() };
    let later = Document { id: "late-2".to_owned(), json: json.replace("10:00:", "10:59:"), ..last };
    let _outcomes = write(store, &[same_time, later]).await?;
    let _page =
        found(store, &SearchRequest { query: "message:late".to_owned(), limit: 1, ..Default::default() }, 2)
            .await?;
    let after = page_through(store, &mut request).await?;
    let ids: Vec<&str> = after.iter().map(|hit| hit.id.as_str()).collect();
    ensure(ids == ["late-1", "late-2"], || format!("after {} hits the two new ones: {ids:?}", before.len()))
}

/// What the asker got wrong is told apart from what the store got wrong.
pub(super) async fn refuses(store: &dyn Store) -> Result<(), Broken> {
    let good = SearchRequest { limit: 10, ..SearchRequest::default() };
    for bad in [
        SearchRequest { query: "log.level:(error".to_owned(), ..good.clone() },
        SearchRequest { query: "message:\"open".to_owned(), ..good.clone() },
        SearchRequest { limit: 0, ..good.clone() },
        SearchRequest { limit: crate::search::MAX_LIMIT + 1, ..good.clone() },
        SearchRequest { tenant: Some("../acme".to_owned()), ..good.clone() },
        SearchRequest { after: Some(crate::Cursor("nonsense".to_owned())), ..good },
    ] {
        let answer = store.search(&bad).await;
        ensure(matches!(answer, Err(SearchError::Query(_))), || format!("{bad:?}: {answer:?}"))?;
    }
    Ok(())
}

/// All hits from `request` on; it then stands at the end.
async fn page_through(store: &dyn Store, request: &mut SearchRequest) -> Result<Vec<Hit>, Broken> {
    let mut shown = Vec::new();
    loop {
        let page = store.search(request).await.map_err(|error| Broken(format!("{request:?}: {error}")))?;
        let is_last = page.hits.len() < request.limit;
        ensure(page.hits.len() <= request.limit, || format!("a page of at most {} hits", request.limit))?;
        ensure(page.hits.is_empty() || page.next.is_some(), || "a page with hits has a next one".to_owned())?;
        request.after = page.next.or_else(|| request.after.take());
        shown.extend(page.hits);
        if is_last {
            return Ok(shown);
        }
    }
}
