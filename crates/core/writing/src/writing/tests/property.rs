use std::time::Duration;

use proptest::prelude::*;

use super::world::{Cluster, MIB, Mode, World, options};
use crate::{Options, TARGET_UNAVAILABLE};

const TARGETS: [&str; 5] = ["forebay-a-1", "forebay-b-1", "forebay-c-1", "forebay-d-1", "elsewhere-1"];

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    /// A load of so many documents of each of some targets.
    Load(u8, usize),
    Answer(usize),
    Pass(u64),
    Target(usize, Mode),
    Cluster(Cluster),
    LettersFail(bool),
    /// All partitions are taken away, and come back.
    Rebalance,
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![
        4 => Just(Mode::Fine), 1 => Just(Mode::Blocked), 1 => Just(Mode::Busy), 1 => Just(Mode::Broken)];
    let cluster = prop_oneof![
        6 => Just(Cluster::Up),
        1 => Just(Cluster::Away),
        1 => Just(Cluster::Busy),
        1 => Just(Cluster::Mute),
        1 => (500..20_000usize).prop_map(Cluster::Narrow),
        1 => (500..20_000usize).prop_map(Cluster::Pressed),
    ];
    prop_oneof![
        4 => (1..32u8, 1..60usize).prop_map(|(which, count)| Step::Load(which, count)),
        12 => any::<usize>().prop_map(Step::Answer),
        4 => (0..400_000u64).prop_map(|millis| Step::Pass(millis / 100 * (millis % 100) / 10)),
        2 => (0..4usize, mode).prop_map(|(target, mode)| Step::Target(target, mode)),
        2 => cluster.prop_map(Step::Cluster),
        1 => any::<bool>().prop_map(Step::LettersFail),
        1 => Just(Step::Rebalance),
    ]
}

proptest! {
    /// Scenario: loads for several targets; targets and the cluster fail and recover in every way, requests are answered in
    /// any order, letters fail, partitions go and come back, time passes; in the end all is well.
    /// Guarantees: it ends; no document is written twice or a dead letter twice; each is the one or the other (both only
    /// where an answer was lost and the target shut then); every receipt is settled or given back; what is counted as held is held,
    /// and at most twice what was let in; requests stay within the pace (asserted by the world).
    /// Does not prove: anything about real time, or about the tracker under a real consumer.
    #[test]
    fn every_document_leaves_exactly_once(
        seed: u64,
        share in prop_oneof![Just(0.3), Just(1.0)],
        divert in prop_oneof![Just(0), Just(60)],
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let options = Options {
            in_flight: MIB / 4,
            max_refused_share: share,
            divert_after: Duration::from_secs(divert),
            ..options()
        };
        let in_flight = options.in_flight;
        let mut world = World::new(options, seed);
        let mut gone = 0;
        for step in steps {
            match step {
                Step::Load(which, count) => {
                    let targets: Vec<&str> =
                        TARGETS.iter().enumerate().filter(|(n, _)| which & (1 << n) > 0).map(|(_, t)| *t).collect();
                    if world.tracker.held() + count * targets.len() * 500 <= in_flight {
                        world.load_mixed(&targets, count);
                    }
                }
                Step::Answer(which) => {
                    let _at = world.pump();
                    let _any = world.answer_one(which);
                }
                Step::Pass(millis) => world.now += Duration::from_millis(millis),
                Step::Target(target, mode) => drop(world.modes.insert(TARGETS[target].to_owned(), mode)),
                Step::Cluster(cluster) => world.cluster = cluster,
                Step::LettersFail(fail) => world.letters_fail = fail,
                Step::Rebalance => {
                    let _offsets = world.tracker.revoke(&[0]);
                    for receipt in world.writing.abandon(|receipt| world.tracker.is_current(receipt)) {
                        gone += receipt.records();
                        prop_assert!(world.tracker.forget_stale(receipt).is_ok());
                    }
                    world.tracker.assign(&[0]);
                }
            }
            prop_assert!(world.tracker.held() <= 2 * in_flight + 10_000, "{}", world.tracker.held());
        }
        world.modes.clear();
        world.cluster = Cluster::Up;
        world.letters_fail = false;
        world.run(Duration::from_secs(3_600));
        prop_assert_eq!(world.writing.loads(), 0, "{:?}", world.writing);
        prop_assert_eq!(world.settled + gone, world.taken);
        prop_assert_eq!((world.tracker.held(), world.writing.held_bytes(), world.tracker.abandoned()), (0, 0, 0));
        let mut both = 0;
        for (id, why) in world.letters.iter().filter(|(id, _)| world.written.contains_key(*id)) {
            // It was written without an answer, and its target was shut before it could be asked again.
            prop_assert_eq!(why, TARGET_UNAVAILABLE, "{} is both", id);
            both += 1;
        }
        let outcomes = (world.written.len() + world.letters.len() - both) as u64;
        prop_assert!(outcomes <= world.taken && outcomes + gone >= world.taken);
    }
}
