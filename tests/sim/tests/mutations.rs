//! Shows that the simulation bites: it finds every broken core, and none in the production core.

use forebay_sim::campaign::{all_cores, campaign};
use forebay_sim::mutation;

/// Within how many schedules a broken core has to be found.
const WITHIN: u64 = 20_000;

/// Scenario: cores with one falsified decision each run the same schedules as the production core does.
/// Guarantees: each is found out. It doesn't prove that every fault one could make would be.
#[test]
fn every_broken_core_is_found() {
    let mut missed = Vec::new();
    for mutation in mutation::ALL {
        let report = campaign(0..WITHIN, mutation.core, all_cores());
        match report.failed {
            Some((seed, violation)) => println!("{}: seed {seed}, {violation}", mutation.name),
            None => missed.push(mutation.name),
        }
    }
    assert!(missed.is_empty(), "not found within {WITHIN} schedules: {missed:?}");
}
