//! The store misbehaves as a whole, or with single documents; the broker does too.

use std::time::Duration;

use anyhow::Result;
use forebay_kafka::testing::{Fault, Request};
use forebay_kafka::{Acks, Outgoing, Producer, ProducerOptions};
use forebay_record::{EventKey, Stage};
use forebay_settings::Period;
use forebay_testkit::eventually;
use forebay_testkit::fake_bulk::{ItemFault, RequestFault};

use crate::bench::{Bench, PATIENCE, TARGET};

/// Scenario: the store refuses requests in every way that passes, cuts connections before and after it has written, and
/// refuses single items for now.
/// Guarantees: every document is there, no document is dead-lettered, and the offsets are committed to the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_is_waited_out() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    for fault in [
        RequestFault::TooManyRequests,
        RequestFault::InternalError,
        RequestFault::Unavailable,
        RequestFault::Unauthorized,
        RequestFault::ClusterBlock,
        RequestFault::CutBeforeWrite,
        RequestFault::CutAfterWrite,
        RequestFault::Slow(Duration::from_millis(300)),
    ] {
        bench.store.fail_next(fault);
    }
    bench.store.fail_items_times(ItemFault::Rejected, 40, |item| item.id.ends_with('3'));
    bench.store.fail_items_times(ItemFault::IndexBlock, 10, |item| item.id.ends_with('7'));
    bench.produce(0, 1_000).await?;
    bench.start()?;
    bench.wait_for_documents(1_000).await?;
    bench.stop().await?;
    assert_eq!(bench.store.ids(TARGET).len(), 1_000);
    assert_eq!(bench.dead_letters().await?, []);
    assert_eq!(bench.committed().await?, 1_000);
    Ok(())
}

/// Scenario: one document of 1,000 has a mapping conflict.
/// Guarantees: 999 are written, each sent once; one is dead-lettered with the server's words and the place it came from.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refused_document_harms_no_other() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    bench.store.fail_items(ItemFault::MappingConflict("n"), |item| item.id == "e500");
    bench.produce(0, 1_000).await?;
    bench.start()?;
    bench.wait_for_documents(999).await?;
    bench.stop().await?;
    let letters = bench.dead_letters().await?;
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!((letter.event_id.as_str(), letter.stage, letter.status), ("e500", Stage::Index, 400));
    assert_eq!(letter.error_type, "document_parsing_exception");
    assert!(letter.reason.contains("failed to parse field [n]"), "{}", letter.reason);
    assert_eq!((letter.source_partition, letter.source_offset), (0, 250));
    assert_eq!(bench.store.counters().items, 1_000, "a document was sent twice");
    assert_eq!(bench.committed().await?, 1_000);
    Ok(())
}

/// Scenario: the store takes no body above 2 kB, and one document alone is larger.
/// Guarantees: requests are halved until they fit; the document that never will is dead-lettered as oversize.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_too_large_is_halved() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    bench.store.fail_always(RequestFault::TooLargeAbove(2_000));
    bench.produce(0, 200).await?;
    let large = Producer::new(
        &bench.settings.kafka,
        ProducerOptions { client_id: "test".to_owned(), queue_bytes: 1 << 20 },
    )?;
    let acks = Acks::new();
    let mut key = String::new();
    EventKey { tenant: "acme", target: TARGET, event_ms: 0, replays: 0, id: "large", trace: "" }
        .push(&mut key);
    let value = format!("{{\"message\":\"{}\"}}", "x".repeat(4_000));
    let topic = bench.settings.kafka.topics.events.clone();
    let record = Outgoing {
        topic: &topic,
        partition: Some(0),
        key: key.as_bytes(),
        value: value.as_bytes(),
        headers: &[],
    };
    large.send(&record, &acks)?;
    acks.seal();
    assert_eq!(acks.wait().await.delivered, 1);
    bench.start()?;
    bench.wait_for_documents(200).await?;
    bench.stop().await?;
    let letters = bench.dead_letters().await?;
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!((letter.event_id.as_str(), letter.stage), ("large", Stage::Oversize));
    assert_eq!(bench.committed().await?, 201);
    Ok(())
}

/// Scenario: a record in the topic that no parser of ours wrote.
/// Guarantees: it is dead-lettered as undecodable, its neighbours are written, the partition isn't blocked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_record_blocks_nothing() -> Result<()> {
    let mut bench = Bench::new(|_| {}).await?;
    let topic = bench.settings.kafka.topics.events.clone();
    let options = ProducerOptions { client_id: "test".to_owned(), queue_bytes: 1 << 20 };
    let producer = Producer::new(&bench.settings.kafka, options)?;
    let acks = Acks::new();
    for (key, value) in
        [(&b""[..], &b"{}"[..]), (b"v1\tacme", b"{}"), (b"\xff", b""), (b"v9\tx", b"two\nlines")]
    {
        producer.send(&Outgoing { topic: &topic, partition: Some(0), key, value, headers: &[] }, &acks)?;
    }
    acks.seal();
    assert_eq!(acks.wait().await.delivered, 4);
    bench.produce(0, 10).await?;
    bench.start()?;
    bench.wait_for_documents(10).await?;
    bench.stop().await?;
    let letters = bench.dead_letters().await?;
    assert_eq!(letters.len(), 4);
    assert!(letters.iter().all(|letter| letter.stage == Stage::Decode), "{letters:?}");
    assert_eq!(bench.committed().await?, 14);
    Ok(())
}

/// Scenario: the store is away for longer than the intake waits before it pauses; more is produced meanwhile, and the
/// dead-letter topic can't be written at first.
/// Guarantees: nothing is taken beyond the limit; when the store is back everything is written, and the refused document
/// is dead-lettered, exactly once each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_store_is_waited_for() -> Result<()> {
    let mut bench = Bench::new(|settings| {
        settings.indexer.bulk_documents = 100;
        settings.indexer.requests_in_flight = 2;
    })
    .await?;
    bench.store.fail_always(RequestFault::Unavailable);
    bench.store.fail_items(ItemFault::MappingConflict("n"), |item| item.id == "e42");
    bench.produce(0, 2_000).await?;
    bench.start()?;
    eventually("the store was asked many times", PATIENCE, async || bench.store.counters().requests > 40)
        .await?;
    assert_eq!(bench.committed().await?, 0);
    bench.cluster.fail_next(Request::Produce, &[Fault::NotEnoughReplicas, Fault::RequestTimedOut]);
    bench.store.heal();
    bench.store.fail_items(ItemFault::MappingConflict("n"), |item| item.id == "e42");
    bench.wait_for_documents(1_999).await?;
    bench.stop().await?;
    assert_eq!(bench.dead_letters().await?.len(), 1);
    assert_eq!(bench.committed().await?, 2_000);
    Ok(())
}

/// Scenario: the indexer is stopped while the store refuses, with no time to drain, and started again.
/// Guarantees: no offset has moved past what was not written; afterwards everything is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_refusal_loses_nothing() -> Result<()> {
    let mut bench = Bench::new(|settings| settings.indexer.drain_timeout = Period::from_millis(100)).await?;
    bench.store.fail_always(RequestFault::TooManyRequests);
    bench.produce(0, 500).await?;
    bench.start()?;
    eventually("the store was asked", PATIENCE, async || bench.store.counters().requests > 3).await?;
    bench.stop().await?;
    assert_eq!(bench.committed().await?, 0);
    bench.store.heal();
    bench.start()?;
    bench.wait_for_documents(500).await?;
    bench.stop().await?;
    assert_eq!(bench.committed().await?, 500);
    Ok(())
}
