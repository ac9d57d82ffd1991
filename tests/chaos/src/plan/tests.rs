use std::collections::BTreeSet;

use super::*;

const THREE_MINUTES: Duration = Duration::from_secs(180);

#[test]
fn a_seed_is_a_schedule() {
    assert_eq!(chaos(7, THREE_MINUTES, true), chaos(7, THREE_MINUTES, true));
    assert_ne!(chaos(7, THREE_MINUTES, true), chaos(8, THREE_MINUTES, true));
}

#[test]
fn faults_are_in_order_and_over_in_time() {
    for seed in 0..200 {
        let steps = chaos(seed, THREE_MINUTES, true);
        assert!(steps.is_sorted_by_key(|step| step.at));
        assert!(steps.iter().all(|step| step.at >= LEAD && step.at + step.fault.lasts() <= THREE_MINUTES));
    }
}

/// Guarantees: three minutes see every kind of trouble with processes and servers, whatever the seed.
#[test]
fn three_minutes_see_every_kind() {
    for seed in 0..200 {
        let steps = chaos(seed, THREE_MINUTES, true);
        let kinds: BTreeSet<String> = steps.iter().map(|step| step.fault.kind()).collect();
        for tier in Tier::ALL {
            assert!(kinds.contains(&format!("{tier}: kill -9")), "seed {seed}: {kinds:#?}");
        }
        for kind in [
            "Kafka: kill -9 and restart",
            "Kafka: full disk and restart",
            "search server: kill -9 and restart",
            "parser: SIGSTOP beyond the session time-out",
            "indexer: SIGSTOP beyond the session time-out",
            "parser: one more, and away again",
            "indexer: one more, and away again",
        ] {
            assert!(kinds.contains(kind), "seed {seed} lacks {kind}: {kinds:#?}");
        }
        assert!(steps.len() >= 60, "seed {seed}: {}", steps.len());
    }
}

/// Guarantees: rules change in any minute, now and then to what doesn't compile, and are mended before the end.
#[test]
fn rules_change_all_the_time() {
    for seed in 0..100 {
        let steps = reloads(seed, THREE_MINUTES / 3);
        assert!(steps.is_sorted_by_key(|step| step.at));
        assert!(steps.iter().all(|step| step.at + step.fault.lasts() <= THREE_MINUTES / 3));
        let broken = |step: &&Step| matches!(step.fault, Fault::Reload { broken: true, .. });
        assert!(steps.len() >= 12 && steps.iter().filter(broken).count() >= 2, "seed {seed}: {steps:?}");
    }
}

#[test]
fn where_the_disk_cannot_be_filled_it_is_not() {
    let steps = chaos(1, THREE_MINUTES, false);
    assert!(!steps.iter().any(|step| matches!(step.fault, Fault::FullDisk { .. })));
}

#[test]
fn kills_come_at_their_times_and_each_fourth_takes_all() {
    let steps = kills(1, Tier::Parser, Duration::from_secs(10), Duration::from_secs(60));
    let at: Vec<u64> = steps.iter().map(|step| step.at.as_secs()).collect();
    assert_eq!(at, [10, 20, 30, 40, 50]);
    let all = steps.iter().filter(|step| matches!(step.fault, Fault::KillAll { .. }));
    assert_eq!(all.map(|step| step.at.as_secs()).collect::<Vec<_>>(), [40]);
}
