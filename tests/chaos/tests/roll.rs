//! A rolling restart of all tiers under load, in short.
//!
//! Layer: end to end, with the processes that ship, a real Kafka, and a fake store that keeps documents by their ids. Needs the binaries
//! of the tiers, as `make test` builds them.
//! Does not prove: that a cluster's network takes an ingest out before it stops; here the balancer is told, and waits until no
//! connection is on its way there.

use anyhow::Result;
use forebay_chaos::bed::Search;
use forebay_chaos::cli::say;
use forebay_chaos::roll::{Options, Page, run};

/// Scenario: while a client sends over four connections that it keeps, each of two ingests, two parsers and two indexers gets a
/// SIGTERM and a successor that is ready before the next one's turn.
/// Guarantees: every acknowledged event is in the store, once; what was written twice was in flight at a restart; the client saw
/// nothing but success, or an answer that said to come again; each process ended with success.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_is_noticed_by_nobody() -> Result<()> {
    let options = Options {
        members: 2,
        rounds: 1,
        rate: 1_000,
        connections: 4,
        search: Search::Fake,
        for_speed: false,
        binaries: None,
    };
    let outcome = run(options, say).await?;
    println!("{}", Page(&outcome));
    assert!(outcome.failures().is_empty(), "{:#?}", outcome.failures());
    assert_eq!(outcome.restarts.len(), 6);
    Ok(())
}
