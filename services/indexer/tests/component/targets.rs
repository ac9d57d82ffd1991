//! Single indices misbehave, while others don't.

use anyhow::Result;
use forebay_record::{ErrorDomain, Stage};
use forebay_settings::Period;
use forebay_testkit::eventually;
use forebay_testkit::fake_bulk::{Item, ItemFault, RequestFault};

use crate::bench::{Bench, PATIENCE};

const FINE: &str = "forebay-fine-2026.11.21";
const BROKEN: &str = "forebay-broken-2026.11.21";
const BOTH: [&str; 2] = [FINE, BROKEN];

fn is_broken(item: &Item<'_>) -> bool {
    item.index == BROKEN
}

/// Waits until so many documents are in these two indices.
async fn wait_for(bench: &Bench, fine: usize, broken: usize) -> Result<()> {
    let counts = || (bench.store.ids(FINE).len(), bench.store.ids(BROKEN).len());
    eventually(&format!("{fine} and {broken} documents"), PATIENCE, async || counts() == (fine, broken)).await
}

/// Scenario: one of two indices is blocked for writing while documents for both come, and is unblocked later.
/// Guarantees: the other's documents arrive all the same; the blocked one is named, probed with few documents, and gets
/// all of its own in the end, each once; nothing is a dead letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_index_stops_no_other() -> Result<()> {
    let mut bench = Bench::new(|settings| settings.indexer.bulk_documents = 500).await?;
    bench.produce_to(&BOTH, 0, 1_000).await?;
    bench.start()?;
    wait_for(&bench, 500, 500).await?;
    bench.store.fail_items(ItemFault::IndexBlock, is_broken);
    bench.produce_to(&BOTH, 1_000, 11_000).await?;
    wait_for(&bench, 5_500, 500).await?;
    eventually("it is named", PATIENCE, async || bench.readyz().contains("5000 documents are set aside"))
        .await?;
    assert!(bench.context.health.readyz().passes(), "{}", bench.readyz());
    let before = bench.store.counters();
    eventually("it is probed", PATIENCE, async || bench.store.counters().requests > before.requests + 5)
        .await?;
    let after = bench.store.counters();
    let documents = (after.items - before.items) / (after.requests - before.requests);
    assert!(documents <= 50, "{documents} documents in a probe");
    bench.store.heal();
    wait_for(&bench, 5_500, 5_500).await?;
    eventually("it isn't named", PATIENCE, async || !bench.readyz().contains(BROKEN)).await?;
    bench.stop().await?;
    assert_eq!(bench.dead_letters().await?, []);
    assert_eq!(bench.committed().await?, 11_000);
    Ok(())
}

/// Scenario: an index stays blocked for longer than others may wait for it.
/// Guarantees: its documents become dead letters that name the store's reason, offsets move on, and once it is back it is
/// written again. Nobody else's document is a dead letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_blocked_for_too_long_is_diverted() -> Result<()> {
    let mut bench = Bench::new(|settings| {
        settings.indexer.bulk_documents = 100;
        settings.indexer.divert_after = Period::from_millis(500);
    })
    .await?;
    bench.store.fail_items(ItemFault::IndexBlock, is_broken);
    bench.start()?;
    let mut produced = 0;
    eventually("its documents are diverted", PATIENCE, async || {
        let _sent = bench.produce_to(&BOTH, produced, produced + 100).await;
        produced += 100;
        bench.readyz().contains("its documents become dead letters")
    })
    .await?;
    bench.store.heal();
    eventually("it is written again", PATIENCE, async || {
        let _sent = bench.produce_to(&BOTH, produced, produced + 100).await;
        produced += 100;
        !bench.store.ids(BROKEN).is_empty()
    })
    .await?;
    let end = i64::try_from(produced)?;
    eventually("all is settled", PATIENCE, async || bench.committed().await.is_ok_and(|at| at == end))
        .await?;
    bench.stop().await?;
    let letters = bench.dead_letters().await?;
    assert!(!letters.is_empty());
    for letter in &letters {
        assert_eq!(letter.target, BROKEN);
        assert_eq!(
            (letter.stage, letter.error_domain, letter.status),
            (Stage::Index, ErrorDomain::Upstream, 403)
        );
        assert_eq!(letter.error_type, "target_unavailable");
        assert!(letter.reason.starts_with("cluster_block_exception: "), "{}", letter.reason);
    }
    assert_eq!(bench.store.ids(FINE).len(), produced / 2);
    assert_eq!(bench.store.ids(BROKEN).len() + letters.len(), produced / 2);
    Ok(())
}

/// Scenario: the whole store refuses, for longer than an index may.
/// Guarantees: nothing is a dead letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_refuses_everything_makes_no_dead_letters() -> Result<()> {
    let mut bench = Bench::new(|settings| settings.indexer.divert_after = Period::from_secs(2)).await?;
    bench.produce_to(&BOTH, 0, 1_000).await?;
    bench.start()?;
    wait_for(&bench, 500, 500).await?;
    bench.store.fail_items(ItemFault::IndexBlock, |_| true);
    bench.produce_to(&BOTH, 1_000, 2_000).await?;
    let seen = bench.store.counters().requests;
    eventually("it was asked often", PATIENCE, async || bench.store.counters().requests > seen + 100).await?;
    bench.store.heal();
    wait_for(&bench, 1_000, 1_000).await?;
    bench.stop().await?;
    assert_eq!(bench.dead_letters().await?, []);
    Ok(())
}

/// Scenario: an index's mapping breaks, so that it refuses every document for good; then it is mended.
/// Guarantees: it is stopped with hardly more dead letters than a window has documents, and is written afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_mapping_does_not_fill_the_dead_letters() -> Result<()> {
    let mut bench = Bench::new(|settings| settings.indexer.bulk_documents = 200).await?;
    bench.store.fail_items(ItemFault::MappingConflict("n"), is_broken);
    bench.produce_to(&BOTH, 0, 20_000).await?;
    bench.start()?;
    wait_for(&bench, 10_000, 0).await?;
    eventually("it is named", PATIENCE, async || bench.readyz().contains("document_parsing_exception"))
        .await?;
    bench.store.heal();
    eventually("offsets move to the end", PATIENCE, async || {
        bench.committed().await.is_ok_and(|at| at == 20_000)
    })
    .await?;
    bench.stop().await?;
    let letters = bench.dead_letters().await?.len();
    assert!((500..2_000).contains(&letters), "{letters}");
    assert_eq!(bench.store.ids(BROKEN).len() + letters, 10_000);
    Ok(())
}

/// Scenario: records in the topic name indices that aren't Forebay's.
/// Guarantees: they become dead letters; the store never hears of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_index_is_never_written() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    bench.produce_to(&[FINE, ".security-7", "forebayish"], 0, 30).await?;
    bench.start()?;
    wait_for(&bench, 10, 0).await?;
    bench.stop().await?;
    let letters = bench.dead_letters().await?;
    assert_eq!(letters.len(), 20);
    assert!(letters.iter().all(|letter| letter.error_type == "invalid_target"), "{letters:?}");
    assert_eq!(bench.store.indices(), [FINE]);
    assert_eq!(bench.committed().await?, 30);
    Ok(())
}

/// Scenario: a node takes no request above 5 kB at once, as its memory for indexing is small.
/// Guarantees: requests shrink until they pass, and everything is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_node_gets_small_requests() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    bench.store.fail_always(RequestFault::TooManyRequestsAbove(5_000));
    bench.produce_to(&BOTH, 0, 4_000).await?;
    bench.start()?;
    wait_for(&bench, 2_000, 2_000).await?;
    bench.stop().await?;
    assert_eq!(bench.dead_letters().await?, []);
    assert_eq!(bench.committed().await?, 4_000);
    Ok(())
}

/// Scenario: the store refuses all, and comes back.
/// Guarantees: `/readyz` says both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_comes_back_with_the_store() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    bench.start()?;
    bench.produce_to(&BOTH, 0, 100).await?;
    wait_for(&bench, 50, 50).await?;
    bench.store.fail_always(RequestFault::Unavailable);
    bench.produce_to(&BOTH, 100, 200).await?;
    eventually("it isn't ready", PATIENCE, async || !bench.context.health.readyz().passes()).await?;
    bench.store.heal();
    wait_for(&bench, 100, 100).await?;
    eventually("it is ready", PATIENCE, async || bench.context.health.readyz().passes()).await?;
    bench.stop().await
}
