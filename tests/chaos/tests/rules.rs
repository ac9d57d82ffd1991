//! A minute of chaos with rules, which change all the time.
//!
//! Layer: end to end. A minute, or as many seconds as `FOREBAY_CHAOS_SECONDS` says; `FOREBAY_SEED` makes a schedule again.
//! Needs the binaries of the tiers, as `make test` builds them.
//! Does not prove: that another revision with another outcome is taken over at once; `services/parser` and `tests/tests/rules.rs`
//! look at that.

use std::time::Duration;

use anyhow::Result;
use forebay_chaos::cli::say;
use forebay_chaos::report::Page;
use forebay_chaos::run::{Faults, Options, run};
use forebay_testkit::seed;
use forebay_testkit::servers::Kind;

/// Events per second: what a debug build can take on two cores, with two servers beside it.
const RATE: u64 = 500;

/// Scenario: everything breaks as in `chaos.rs`, while rules drop, route, split, mask and fail on events, and change every few
/// seconds, now and then to what doesn't compile.
/// Guarantees: each acknowledged event comes to the end that the rules give it, and to no other: a document in its index, its
/// parts once each, a dead letter, or nothing but a count. No secret is in a document or a dead letter, every document says which
/// revision made it, and in the calm after it all counts agree.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_to_the_end_that_rules_give_them_whatever_breaks() -> Result<()> {
    let seconds = std::env::var("FOREBAY_CHAOS_SECONDS").ok().and_then(|text| text.parse().ok());
    let options = Options {
        duration: Duration::from_secs(seconds.unwrap_or(60)),
        seed: seed(),
        faults: Faults::Chaos,
        rate: RATE,
        exactly_once: false,
        static_members: false,
        rules: true,
        search: Kind::Elasticsearch,
        environment: Vec::new(),
    };
    let outcome = run(options, say).await?;
    println!("{}", Page(&outcome));
    assert!(outcome.failures().is_empty(), "{:#?}", outcome.failures());
    Ok(())
}
