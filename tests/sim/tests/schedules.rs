//! The production core on a hundred thousand fresh schedules.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use forebay_sim::campaign::{all_cores, attempt, campaign};
use forebay_sim::plan::Plan;
use forebay_sim::seam::Production;

/// How many schedules run.
const SCHEDULES: u64 = 100_000;
/// Seeds that failed once, when every event became one document. What was at fault then, core or simulation, is gone.
const REGRESSIONS: &[u64] = &[
    // A joined request's outcomes went to the wrong documents, once one of its loads had gone.
    20_061_909, 20_104_849, 20_123_203, 20_284_665,
    // A revoke repeated no commits of which nobody knew that they had been refused.
    20_092_329, 20_116_248, 20_156_904, 20_163_905, 20_280_472, 20_332_601, 20_365_666, 20_385_493,
    20_470_129, 20_553_940,
];

/// Scenario: schedules of seeds that nobody ran before; `FOREBAY_SEED` names the first one instead.
/// Guarantees: every invariant of the oracle, after each step of each schedule.
#[test]
fn the_core_survives_schedules_that_nobody_ran_before() {
    let given = std::env::var("FOREBAY_SEED").ok().map(|text| text.parse::<u64>().unwrap());
    let from =
        given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() * 1_000_000);
    println!("seeds {from} to {}", from + SCHEDULES - 1);
    let began = Instant::now();
    let report = campaign(from..from + SCHEDULES, &Production, all_cores());
    println!("{:.1} s: {report:?}", began.elapsed().as_secs_f64());
    if let Some((seed, violation)) = report.failed {
        panic!("seed {seed}: {violation}. See `make sim SEED={seed}`");
    }
}

/// Guarantees: a schedule is a function of its seed, so that a failing one can be looked at.
#[test]
fn the_same_seed_gives_the_same_schedule() {
    let mut hashes = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let (once, again) =
            (attempt(&Plan::of(seed), &Production, false), attempt(&Plan::of(seed), &Production, true));
        assert_eq!(once.trace.hash(), again.trace.hash(), "seed {seed}");
        assert_eq!(once.steps, again.steps, "seed {seed}");
        let _new = hashes.insert(once.trace.hash());
    }
    assert!(hashes.len() > 190, "different seeds give different schedules");
}

#[test]
fn what_failed_once_does_not_fail_again() {
    for seed in REGRESSIONS {
        let outcome = attempt(&Plan::of(*seed).one_to_one(), &Production, false);
        assert_eq!(outcome.violation, None, "seed {seed}");
    }
}
