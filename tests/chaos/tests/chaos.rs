//! Some minutes of chaos on real servers, with the processes that ship.
//!
//! Layer: end to end. Three minutes, or as many seconds as `FOREBAY_CHAOS_SECONDS` says; `FOREBAY_SEED` makes a schedule
//! again. Needs the binaries of the tiers, as `make test` builds them.
//! Does not prove: other schedules than this one; `make chaos MINUTES=60` looks at more of them.

use std::time::Duration;

use anyhow::Result;
use forebay_chaos::cli::say;
use forebay_chaos::report::Page;
use forebay_chaos::run::{Faults, Options, run};
use forebay_testkit::seed;
use forebay_testkit::servers::Kind;

/// Events per second: what a debug build can take on two cores, with two servers beside it.
const RATE: u64 = 1_000;

/// Scenario: clients send while processes are killed, frozen, rolled, added and taken away, Kafka and Elasticsearch die and
/// come back, the broker's disk runs full, and connections are cut, held, slowed and refused.
/// Guarantees: every acknowledged event is in the index once, or in the dead-letter topic if it is one that can't be
/// processed; no good event is there; nothing is counted that isn't there, and in the calm after it all counts agree.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_lost_and_nothing_twice_whatever_breaks() -> Result<()> {
    let seconds = std::env::var("FOREBAY_CHAOS_SECONDS").ok().and_then(|text| text.parse().ok());
    let options = Options {
        duration: Duration::from_secs(seconds.unwrap_or(180)),
        seed: seed(),
        faults: Faults::Chaos,
        rate: RATE,
        exactly_once: false,
        static_members: false,
        rules: false,
        search: Kind::Elasticsearch,
        environment: Vec::new(),
    };
    let outcome = run(options, say).await?;
    println!("{}", Page(&outcome));
    assert!(outcome.failures().is_empty(), "{:#?}", outcome.failures());
    Ok(())
}
