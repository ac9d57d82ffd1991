//! A small group on Kafka's own coordinator. The large one is `make sim ARGS=groups`.

use std::time::Duration;

use forebay_sim::groups::{Figures, Membership, Scenario, Setup, run};

/// A small group; `FOREBAY_SEED` replaces its seed.
#[cfg(test)]
fn setup(membership: Membership) -> Setup {
    let seed = std::env::var("FOREBAY_SEED").ok().map_or(1, |text| text.parse().unwrap());
    Setup { membership, at_once: 3, ..Setup::new(seed, 12, 50) }
}

#[cfg(test)]
fn figures(scenario: Scenario, membership: Membership) -> Figures {
    let setup = setup(membership);
    let figures = run(scenario, &setup).unwrap();
    println!("{}\n{}\n{figures}", Figures::about(&setup), Figures::head());
    assert_eq!(figures.violations, Vec::<String>::new(), "{scenario}");
    figures
}

/// Scenario: workers come, leave, and are restarted one after the other; none is killed.
/// Guarantees: no record is read twice, none is lost, no partition has two owners, and none stands still for longer than it
/// takes two workers to hear of the change: two heartbeats.
#[test]
fn who_comes_and_leaves_makes_no_work_for_others() {
    for scenario in [Scenario::Join(3), Scenario::Leave(1), Scenario::Roll] {
        let figures = figures(scenario, Membership::Dynamic);
        assert_eq!((figures.read_twice, figures.done_twice), (0, 0), "{figures}");
        assert!(figures.moved > 0 && figures.shares.1 <= figures.shares.0 + 1, "{figures}");
        assert!(figures.stood_still(100) < setup(Membership::Dynamic).heartbeat * 2, "{figures}");
    }
}

/// Scenario: workers come, and partitions are given up without waiting for what is under way for them.
/// Guarantees: the figures tell; that there are no duplicates otherwise says something.
#[test]
fn who_does_not_wait_makes_work_for_others() {
    let setup = Setup { revoke_timeout: Duration::ZERO, ..setup(Membership::Dynamic) };
    let figures = run(Scenario::Join(3), &setup).unwrap();
    assert_eq!(figures.violations, Vec::<String>::new());
    assert!(figures.cut_short > 0 && figures.done_twice > 0, "{figures}");
}

/// Scenario: workers that the group knows by name are restarted, each in less than a session.
/// Guarantees: no partition goes to another worker, and none is read twice.
#[test]
fn a_restart_by_name_moves_nothing() {
    let figures = figures(Scenario::Roll, Membership::Static);
    assert_eq!((figures.moved, figures.read_twice, figures.rounds), (0, 0, 0));
    assert!(figures.stood_still(100) < Duration::from_secs(20), "{figures}");
}

/// Scenario: workers are killed, and come back before their sessions have ended.
/// Guarantees: nothing is lost; what is done twice is no more than was done since the last commit, a second ago; partitions
/// stand still until the sessions have ended, and the two heartbeats after that.
#[test]
fn a_kill_costs_a_session_and_a_second_of_work() {
    for membership in [Membership::Dynamic, Membership::Static] {
        let figures = figures(Scenario::Kill(2), membership);
        let setup = setup(membership);
        let partitions = i64::try_from(2 * 50_usize.div_ceil(12)).unwrap();
        let most = partitions * i64::try_from(setup.rate).unwrap() * 3 / 2;
        assert!(figures.read_twice > 0 && figures.read_twice <= most, "{figures}");
        assert!(figures.done_twice > 0 && figures.done_twice <= figures.read_twice, "{figures}");
        let still = figures.stood_still(100);
        assert!(still >= setup.session - setup.heartbeat, "{figures}");
        assert!(still <= setup.session + setup.heartbeat * 3, "{figures}");
    }
}

/// Guarantees: a run is a function of its seed, the coordinator included.
#[test]
fn the_same_seed_gives_the_same_run() {
    let once = || Figures { cost: Duration::ZERO, ..figures(Scenario::Kill(2), Membership::Dynamic) };
    assert_eq!(once(), once());
}
