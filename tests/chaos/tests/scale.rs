//! Parsers and indexers join and leave under load, in short.
//!
//! Layer: end to end, with the processes that ship, a real Kafka, and a fake store that keeps documents by their ids. Needs the binaries
//! of the tiers, as `make test` builds them.
//! Does not prove: that throughput grows; `make scale` shows that, on a machine that has nothing else to do.

use anyhow::Result;
use forebay_chaos::bed::Search;
use forebay_chaos::cli::say;
use forebay_chaos::scale::{Options, Page, run};

/// Scenario: to one parser and one indexer come two more of each, one after the other, while events come, and leave again, while
/// many do.
/// Guarantees: each time all partitions are shared out among all there are; every acknowledged event is in the store once, or in
/// the dead-letter topic if it is one that can't be processed; no process ends but by its SIGTERM, and with success.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_lost_and_nothing_twice_whoever_comes_and_goes() -> Result<()> {
    let options = Options {
        most: 3,
        events: 2_000,
        cores: None,
        rate: 500,
        search: Search::Fake,
        for_speed: false,
        binaries: None,
    };
    let outcome = run(options, say).await?;
    println!("{}", Page(&outcome));
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    assert_eq!(outcome.steps.len(), 3);
    Ok(())
}
