//! Every way in which a request can fail, on a search server that misbehaves to order.

use std::time::Duration;

use anyhow::{Context, Result};
use forebay_bulk::{BulkBuilder, BulkRequest};
use forebay_elastic::ElasticStore;
use forebay_settings::Period;
use forebay_settings::sections::SearchSettings;
use forebay_store::{ItemOutcome, RequestFailure, SearchError, SearchRequest, Store};
use forebay_testkit::fake_bulk::{FakeBulk, ItemFault, RequestFault};
use forebay_testkit::free_port;

const TARGET: &str = "forebay-acme-2026.11.21";

fn store(url: String) -> Result<ElasticStore> {
    Ok(ElasticStore::connect(&SearchSettings { url, ..SearchSettings::default() })?)
}

/// One that waits a second for an answer: less than a busy machine may take to give one.
fn hasty_store(url: String) -> Result<ElasticStore> {
    let request_timeout = Period::from_secs(1);
    Ok(ElasticStore::connect(&SearchSettings { url, request_timeout, ..SearchSettings::default() })?)
}

fn request(ids: impl IntoIterator<Item = u32>) -> Result<BulkRequest> {
    let mut builder = BulkBuilder::new();
    for id in ids {
        builder.push(TARGET, &format!("id-{id}"), format!("{{\"n\":{id}}}").as_bytes(), id)?;
    }
    Ok(builder.finish())
}

async fn failure(store: &ElasticStore) -> Result<RequestFailure> {
    store.write(&request(0..3)?).await.err().context("the write should have failed")
}

/// Scenario: each answer that refuses a whole request.
/// Guarantees: it is told apart by what there is to do (wait, split), with the server's reason; the next write works.
#[tokio::test]
async fn refused_requests() -> Result<()> {
    let server = FakeBulk::start().await?;
    let store = store(server.url())?;
    for (fault, expected_status, words) in [
        (RequestFault::TooManyRequests, 429, "rejected execution"),
        (RequestFault::InternalError, 500, "nobody foresaw"),
        (RequestFault::Unavailable, 503, "no master"),
        (RequestFault::Unauthorized, 401, "missing authentication"),
        (RequestFault::ClusterBlock, 403, "cluster read-only"),
    ] {
        server.fail_next(fault);
        let failure = failure(&store).await?;
        let RequestFailure::Busy { status, reason, .. } = &failure else { panic!("{fault:?}: {failure:?}") };
        assert!(*status == expected_status && reason.contains(words), "{fault:?}: {failure:?}");
    }
    server.fail_next(RequestFault::TooLarge);
    assert!(matches!(failure(&store).await?, RequestFailure::TooLarge));
    let outcomes = store.write(&request(0..3)?).await?.outcomes;
    assert_eq!(outcomes, [ItemOutcome::Indexed, ItemOutcome::Indexed, ItemOutcome::Indexed]);
    Ok(())
}

/// Scenario: nobody listens, the name is unknown, the connection is cut before and after the write, no answer comes.
/// Guarantees: `Unreachable` with the cause; what was written before the cut is a duplicate the next time.
#[tokio::test]
async fn unreachable_servers() -> Result<()> {
    for (url, words) in [
        (format!("http://127.0.0.1:{}", free_port()?), "refused"),
        ("http://nowhere.invalid:9200".to_owned(), "nowhere.invalid"),
    ] {
        let failure = failure(&store(url)?).await?;
        let RequestFailure::Unreachable { reason } = &failure else { panic!("{failure:?}") };
        assert!(reason.contains(words), "{reason}");
    }
    let server = FakeBulk::start().await?;
    let (hasty, store) = (hasty_store(server.url())?, store(server.url())?);
    for (fault, store) in [
        (RequestFault::CutBeforeWrite, &store),
        (RequestFault::Hang, &hasty),
        (RequestFault::CutAfterWrite, &store),
    ] {
        server.fail_next(fault);
        let failure = failure(store).await?;
        assert!(matches!(failure, RequestFailure::Unreachable { .. }), "{fault:?}: {failure:?}");
    }
    let outcomes = store.write(&request(2..4)?).await?.outcomes;
    assert_eq!(outcomes, [ItemOutcome::Duplicate, ItemOutcome::Indexed]);
    Ok(())
}

/// Scenario: a hang is longer than the timeout. Guarantees: the message says how long was waited.
#[tokio::test]
async fn a_timeout_says_how_long_it_waited() -> Result<()> {
    let server = FakeBulk::start().await?;
    server.fail_next(RequestFault::Slow(Duration::from_secs(60)));
    let message = failure(&hasty_store(server.url())?).await?.to_string();
    assert!(message.ends_with("no answer within 1s"), "{message}");
    Ok(())
}

/// Scenario: one bulk request with items of every fate.
/// Guarantees: each outcome is at its item's place, and what is selected for the retry is that item.
#[tokio::test]
async fn items_of_every_fate() -> Result<()> {
    let server = FakeBulk::start().await?;
    let store = store(server.url())?;
    for (id, fault) in [
        ("id-1", ItemFault::MappingConflict("n")),
        ("id-2", ItemFault::Rejected),
        ("id-3", ItemFault::IndexBlock),
        ("id-4", ItemFault::FailureStore),
        ("id-5", ItemFault::Other { status: 400, kind: "never_heard_of_exception", reason: "?" }),
    ] {
        server.fail_items(fault, move |item| item.id == id);
    }
    let _outcomes = store.write(&request([6])?).await?;
    let request = request(0..7)?;
    let outcomes = store.write(&request).await?.outcomes;
    assert!(matches!(
        outcomes.as_slice(),
        [
            ItemOutcome::Indexed,
            ItemOutcome::Refused(conflict),
            ItemOutcome::Retry(_),
            ItemOutcome::Retry(_),
            ItemOutcome::FailureStored,
            ItemOutcome::Refused(_),
            ItemOutcome::Duplicate,
        ] if conflict.status == 400 && conflict.reason.contains("failed to parse field [n]")
    ));
    let retries =
        outcomes.iter().enumerate().filter(|(_, o)| matches!(o, ItemOutcome::Retry(_))).map(|(i, _)| i);
    let again = request.select(retries);
    assert_eq!(again.items().map(|item| item.tag).collect::<Vec<_>>(), [2, 3]);
    server.heal();
    assert_eq!(store.write(&again).await?.outcomes, [ItemOutcome::Indexed, ItemOutcome::Indexed]);
    Ok(())
}

/// Scenario: bodies above a limit are refused, and halved until they fit.
/// Guarantees: every document is indexed once.
#[tokio::test]
async fn too_large_is_halved() -> Result<()> {
    let server = FakeBulk::start().await?;
    let store = store(server.url())?;
    let whole = request(0..100)?;
    server.fail_always(RequestFault::TooLargeAbove(whole.body().len() / 5));
    let mut parts = vec![whole];
    while let Some(part) = parts.pop() {
        match store.write(&part).await {
            Ok(answer) => assert!(answer.outcomes.iter().all(|outcome| *outcome == ItemOutcome::Indexed)),
            Err(RequestFailure::TooLarge) => parts.extend(<[_; 2]>::from(part.split())),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(server.ids(TARGET).len(), 100);
    Ok(())
}

/// Scenario: nothing to write. Guarantees: nothing is sent.
#[tokio::test]
async fn nothing_is_not_sent() -> Result<()> {
    let store = store(format!("http://127.0.0.1:{}", free_port()?))?;
    assert!(store.write(&request([])?).await?.outcomes.is_empty());
    Ok(())
}

/// Scenario: compressed bodies, several at once. Guarantees: the server reads them all.
#[tokio::test]
async fn several_compressed_requests_at_once() -> Result<()> {
    let server = FakeBulk::start().await?;
    let settings = SearchSettings { url: server.url(), gzip: true, ..SearchSettings::default() };
    let store = ElasticStore::connect(&settings)?;
    let requests = [request(0..2_000)?, request(2_000..4_000)?, request(4_000..6_000)?];
    let [a, b, c] = &requests;
    let (a, b, c) = tokio::join!(store.write(a), store.write(b), store.write(c));
    for answer in [a?, b?, c?] {
        assert!(answer.outcomes.iter().all(|outcome| *outcome == ItemOutcome::Indexed));
    }
    assert_eq!(server.ids(TARGET).len(), 6_000);
    Ok(())
}

/// Scenario: search, ping and bootstrap with no server there. Guarantees: the store's fault, not the asker's.
#[tokio::test]
async fn nothing_works_without_a_server() -> Result<()> {
    let store = store(format!("http://127.0.0.1:{}", free_port()?))?;
    let search = store.search(&SearchRequest { limit: 1, ..SearchRequest::default() }).await;
    assert!(matches!(search, Err(SearchError::Store(RequestFailure::Unreachable { .. }))), "{search:?}");
    assert!(matches!(store.ping().await, Err(RequestFailure::Unreachable { .. })));
    assert!(matches!(store.bootstrap(false).await, Err(RequestFailure::Unreachable { .. })));
    Ok(())
}
