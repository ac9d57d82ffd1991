use std::time::Duration;

use forebay_delivery::Gate;

use self::world::{Cluster, MIB, Mode, Records, World, options};
use crate::{Event, INVALID_RECORD, INVALID_TARGET, Options, Shut, TARGET_UNAVAILABLE, TOO_LARGE, Way};

mod property;
mod world;

const A: &str = "forebay-a-2026.11.21";
const B: &str = "forebay-b-2026.11.21";
const C: &str = "forebay-c-2026.11.21";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn world() -> World {
    World::new(options(), 7)
}

#[test]
fn only_the_refused_documents_are_sent_again() {
    let mut world = world();
    let _none = world.modes.insert(B.to_owned(), Mode::Busy);
    world.load(&[(A, "1"), (B, "2"), (A, "3")]);
    let _at = world.pump();
    let _one = world.answer_one(0);
    assert_eq!((world.written.len(), world.writing.loads()), (2, 1));
    world.modes.clear();
    world.run(MINUTE);
    assert_eq!((world.settled, world.written.len(), world.letters.len()), (3, 3, 0));
    assert_eq!(world.requests, [3, 1]);
}

/// Scenario: documents of the parser, one of them of a replayed event, and two that a replay sent here, of which one is refused for
/// a while.
/// Guarantees: those two are counted as replayed, once each, when their load is done.
#[test]
fn what_a_replay_sent_here_is_counted_once() {
    let mut world = world();
    let _none = world.modes.insert(B.to_owned(), Mode::Busy);
    let record = |target: &str, rest: &str| (format!("v1\tacme\t{target}\t0\t{rest}"), b"{}".to_vec());
    world.load_records(Records(vec![
        record(A, "0\tid1\t1000"),
        record(A, "1\tid2"),
        record(A, "1\tid3\treplayed"),
        record(B, "2\tid4\treplayed"),
    ]));
    world.run(SECOND);
    assert_eq!(world.replayed, 0, "one of the load isn't done");
    world.modes.clear();
    world.run(MINUTE);
    assert_eq!((world.settled, world.replayed), (4, 2));
}

#[test]
fn what_nobody_of_ours_wrote_becomes_a_dead_letter() {
    let mut world = world();
    let mut records =
        Records(vec![(String::new(), b"{}".to_vec()), ("v9\tx".to_owned(), b"two\nlines".to_vec())]);
    records.0.push(("v1\tacme\t.security\t0\t0\tid1".to_owned(), b"{}".to_vec()));
    records.0.push(("v1\tacme\tforebayx\t0\t0\tid2".to_owned(), b"{}".to_vec()));
    records.0.push((format!("v1\tacme\t{A}\t0\t0\tid3"), b"{}".to_vec()));
    records.0.push((format!("v1\tacme\t{A}\t0\t0\tid4"), b"two\nlines".to_vec()));
    world.load_records(records);
    world.run(SECOND);
    assert_eq!(world.settled, 6);
    let letters: Vec<_> = world.letters.iter().map(|(id, why)| (id.as_str(), why.as_str())).collect();
    assert_eq!(
        letters,
        [
            ("", INVALID_RECORD),
            ("id1", INVALID_TARGET),
            ("id2", INVALID_TARGET),
            ("id4", INVALID_RECORD),
            ("v9\tx", INVALID_RECORD)
        ]
    );
    world.load_records(Records::default());
    world.run(SECOND);
    assert_eq!((world.writing.loads(), world.tracker.held()), (0, 0), "an empty load is done at once");
}

/// Scenario: the server takes no body above 2,000 bytes, one document alone is larger, and one makes it reject the request.
/// Guarantees: all others are written; those two are dead letters; small requests are sent from then on.
#[test]
fn the_document_at_fault_is_found() {
    let mut world = world();
    world.cluster = Cluster::Narrow(2_000);
    let large = format!("{{\"m\":\"{}\"}}", "x".repeat(4_000)).into_bytes();
    let _new = world.poison.insert("poison".to_owned());
    let mut records = Records::default();
    for n in 0..50 {
        records.0.push((format!("v1\tacme\t{A}\t0\t0\te{n}"), b"{\"n\":1}".to_vec()));
    }
    records.0[20] = (format!("v1\tacme\t{A}\t0\t0\tlarge"), large);
    records.0[30] = (format!("v1\tacme\t{A}\t0\t0\tpoison"), b"{}".to_vec());
    world.load_records(records);
    world.run(MINUTE);
    assert_eq!((world.settled, world.written.len()), (50, 48));
    assert_eq!(world.letters["large"], TOO_LARGE);
    assert_eq!(world.letters["poison"], "parse_exception");
    assert!(world.writing.pace().bytes() < 4_000);
}

/// Scenario: a node takes nothing above 20 kB; loads are of 150 kB.
/// Guarantees: requests shrink until they pass; all is written; nothing is a dead letter.
#[test]
fn requests_shrink_to_what_a_node_takes() {
    let mut world = world();
    world.cluster = Cluster::Pressed(20_000);
    for _ in 0..4 {
        world.load_mixed(&[A, B], 400);
    }
    world.run(10 * MINUTE);
    assert_eq!((world.settled, world.written.len(), world.letters.len()), (3_200, 3_200, 0));
}

/// Scenario: of three targets one is blocked for ten minutes, while documents for all come every second.
/// Guarantees: the others' documents are written within a second or two; the blocked one is probed with few documents; its
/// own become dead letters only after five minutes, which say why; unblocked, all the rest is written.
#[test]
fn a_blocked_target_costs_the_others_nothing() {
    let mut world = world();
    world.load_mixed(&[A, B, C], 10);
    world.run(SECOND);
    let _fine = world.modes.insert(B.to_owned(), Mode::Blocked);
    let began = world.now;
    for second in 1..=600 {
        world.load_mixed(&[A, B, C], 10);
        world.run(SECOND);
        world.now = world.now.max(began + second * SECOND);
        assert_eq!(world.written_to(A), 10 + second as usize * 10, "in second {second}");
        assert_eq!(world.shut_targets(), [B]);
        assert!(world.letters.is_empty() || second > 299, "in second {second}");
        assert!(!world.letters.is_empty() || second < 305, "in second {second}");
    }
    assert!(world.letters.iter().all(|(id, why)| id.starts_with(B) && why == TARGET_UNAVAILABLE));
    let status = &world.writing.targets()[0];
    assert_eq!((status.why, status.way), (Shut::Refused, Way::Diverted));
    assert!(status.documents <= 50 && status.detail.contains("cluster_block_exception"), "{status:?}");
    world.modes.clear();
    world.run(MINUTE);
    world.load_mixed(&[A, B, C], 10);
    world.run(MINUTE);
    assert_eq!(world.shut_targets(), [""; 0]);
    assert_eq!((world.settled, world.writing.loads(), world.tracker.held()), (world.taken, 0, 0));
    assert_eq!(world.written.len() + world.letters.len(), world.taken as usize);
    assert!(world.letters.len() > 5_500, "{}", world.letters.len());
}

/// Scenario: the blocked target comes back before the time is over.
/// Guarantees: nothing is a dead letter, and everything is written.
#[test]
fn what_was_set_aside_is_written_afterwards() {
    let mut world = world();
    world.load_mixed(&[A, B], 10);
    world.run(SECOND);
    let _fine = world.modes.insert(B.to_owned(), Mode::Blocked);
    for _ in 0..60 {
        world.load_mixed(&[A, B], 100);
        world.run(SECOND);
    }
    assert_eq!(world.writing.targets()[0].documents, 6_000);
    assert!(world.writing.held_bytes() < 6_000 * 500, "only its own documents are kept");
    world.modes.clear();
    world.run(MINUTE);
    assert_eq!((world.settled, world.letters.len(), world.writing.held_bytes()), (world.taken, 0, 0));
    assert!(world.events.contains(&Event::TargetOpened { target: B.to_owned() }));
}

/// Scenario: all targets are blocked (a disk is full) for an hour, however soon one target is to be diverted; or all are too
/// busy, one a little earlier than the others.
/// Guarantees: nothing is a dead letter, and everything is written afterwards.
#[test]
fn a_cluster_that_takes_nothing_makes_no_dead_letters() {
    let soon = Options { divert_after: SECOND, ..options() };
    for (mode, options) in [Mode::Blocked, Mode::Busy].into_iter().zip([soon, options()]) {
        let mut world = World::new(options, 5);
        world.load_mixed(&[A, B, C], 10);
        world.run(SECOND);
        if mode == Mode::Busy {
            let _fine = world.modes.insert(B.to_owned(), mode);
            world.load_mixed(&[A, B, C], 10);
            world.run(SECOND);
        }
        world.modes.extend([(B.to_owned(), mode), (A.to_owned(), mode), (C.to_owned(), mode)]);
        for _ in 0..60 {
            world.load_mixed(&[A, B, C], 10);
            world.run(MINUTE);
        }
        assert_eq!(world.letters.len(), 0);
        world.modes.clear();
        world.run(MINUTE);
        assert_eq!((world.settled, world.letters.len()), (world.taken, 0));
    }
}

/// Scenario: the cluster can't be reached for an hour while a target is shut already.
/// Guarantees: nothing is a dead letter, also not in the minutes after it came back.
#[test]
fn an_outage_makes_no_dead_letters() {
    let mut world = world();
    world.load_mixed(&[A, B], 10);
    world.run(SECOND);
    let _fine = world.modes.insert(B.to_owned(), Mode::Blocked);
    world.load_mixed(&[A, B], 10);
    world.run(SECOND);
    assert_eq!(world.shut_targets(), [B]);
    world.cluster = Cluster::Away;
    world.load_mixed(&[A, B], 10);
    world.run(60 * MINUTE);
    assert!(world.writing.refusal().is_some());
    world.cluster = Cluster::Up;
    for _ in 0..100 {
        world.load_mixed(&[A, B], 10);
        world.run(2 * SECOND);
    }
    assert_eq!((world.letters.len(), world.writing.refusal()), (0, None));
    world.modes.clear();
    world.run(MINUTE);
    assert_eq!((world.settled, world.letters.len()), (world.taken, 0));
}

/// Scenario: a target's mapping breaks: three quarters of its documents are refused for good.
/// Guarantees: it is shut with at most a window of dead letters; others go on; after the time is over it is let through with
/// each document's own error; mended, it is as before.
#[test]
fn a_broken_mapping_stops_its_target() {
    let mut world = world();
    world.load_mixed(&[A, B], 500);
    world.run(SECOND);
    let _fine = world.modes.insert(B.to_owned(), Mode::Broken);
    for _ in 0..60 {
        world.load_mixed(&[A, B], 100);
        world.run(SECOND);
    }
    let status = &world.writing.targets()[0];
    assert_eq!((status.target.as_str(), status.why, status.way), (B, Shut::RefusedShare, Way::Held));
    assert!(world.letters.len() < 1_500, "{}", world.letters.len());
    assert_eq!(world.written_to(A), 6_500);
    for _ in 0..300 {
        world.load_mixed(&[A, B], 10);
        world.run(SECOND);
    }
    assert_eq!(world.writing.targets()[0].way, Way::LetThrough);
    assert_eq!(world.writing.held_bytes(), 0);
    assert!(world.letters.values().all(|why| why == "document_parsing_exception"));
    world.modes.clear();
    for _ in 0..60 {
        world.load_mixed(&[A, B], 100);
        world.run(SECOND);
    }
    assert_eq!(world.shut_targets(), [""; 0]);
    assert_eq!(world.settled, world.taken);
}

#[test]
fn a_small_run_of_bad_documents_is_never_stopped() {
    let mut world = world();
    let _fine = world.modes.insert(B.to_owned(), Mode::Broken);
    world.load_mixed(&[B], 900);
    world.run(SECOND);
    assert_eq!((world.settled, world.shut_targets().len()), (900, 0));
}

/// Scenario: two hundred targets with ten documents each, all of them broken.
/// Guarantees: though none has a window of its own, most are shut.
#[test]
fn many_small_broken_targets_are_seen_together() {
    let mut world = world();
    let names: Vec<String> = (0..200).map(|n| format!("forebay-t{n}-2026.11.21")).collect();
    world.modes.extend(names.iter().map(|name| (name.clone(), Mode::Broken)));
    for chunk in names.chunks(10) {
        world.load_mixed(&chunk.iter().map(String::as_str).collect::<Vec<_>>(), 10);
        world.run(SECOND);
    }
    assert!(world.shut_targets().len() > 80, "{}", world.shut_targets().len());
    world.modes.clear();
    world.run(10 * MINUTE);
    assert_eq!((world.settled, world.shut_targets().len()), (world.taken, 0));
}

/// Scenario: the documents of a blocked target fill their share of the memory, which nobody empties.
/// Guarantees: the gate shuts at half of the memory while others are written, and when the time is over it opens again.
#[test]
fn a_full_share_shuts_the_gate_until_its_time_is_over() {
    let mut world = World::new(Options { in_flight: MIB, ..options() }, 3);
    world.load_mixed(&[A, B], 10);
    world.run(SECOND);
    let _fine = world.modes.insert(B.to_owned(), Mode::Blocked);
    let began = world.now;
    let mut shut_for = Duration::ZERO;
    while world.now < began + 8 * MINUTE {
        let before = world.now;
        let has_room = world.tracker.held() + 100_000 <= MIB;
        let gate = world.writing.gate(world.now);
        if gate != Gate::Shut && has_room {
            world.load_mixed(&[A, B], 100);
        }
        world.run(SECOND);
        world.now = before + SECOND;
        if gate == Gate::Shut {
            shut_for += SECOND;
        }
        assert!(world.tracker.held() <= MIB);
    }
    assert!(shut_for > MINUTE && shut_for < 5 * MINUTE, "{shut_for:?}");
    assert!(world.letters.len() > 5_000, "{}", world.letters.len());
    assert_eq!(world.writing.gate(world.now), Gate::Open);
}

/// Scenario: partitions are taken away while documents are sent again, set aside and dead-lettered.
/// Guarantees: all receipts come back, no memory is held, and late answers change nothing.
#[test]
fn abandoned_loads_leave_nothing_behind() {
    let mut world = world();
    world.load_mixed(&[A, B, C], 10);
    world.run(SECOND);
    world.modes.extend([(B.to_owned(), Mode::Blocked), (C.to_owned(), Mode::Broken)]);
    world.letters_fail = true;
    for _ in 0..10 {
        world.load_mixed(&[A, B, C], 100);
        world.run(SECOND);
    }
    world.load_mixed(&[A, B, C], 100);
    let _at = world.pump();
    assert!(world.writing.held_bytes() > 0 && !world.sent.is_empty());
    let _offsets = world.tracker.revoke(&[0]);
    let receipts = world.writing.abandon(|receipt| world.tracker.is_current(receipt));
    assert_eq!(receipts.len(), 11);
    for receipt in receipts {
        world.tracker.forget_stale(receipt).unwrap();
    }
    assert_eq!((world.writing.bytes(), world.writing.held_bytes(), world.tracker.held()), (0, 0, 0));
    while world.answer_one(0) {}
    world.run(20 * MINUTE);
    assert_eq!((world.writing.loads(), world.tracker.abandoned()), (0, 0));
}

/// Scenario: two loads share a request; while it is under way the first one is let go; then a document of the second is refused.
/// Guarantees: the answer's first outcome stays that of the first load, so that the refused document is sent again.
#[test]
fn a_load_that_has_gone_keeps_its_outcomes() {
    let mut world = world();
    world.load(&[(A, "gone")]);
    world.load(&[(B, "refused"), (A, "written")]);
    let _at = world.pump();
    assert_eq!(world.requests, [3]);
    for receipt in world.writing.abandon(|receipt| receipt.records() == 2) {
        receipt.give_up();
    }
    let _none = world.modes.insert(B.to_owned(), Mode::Busy);
    let _one = world.answer_one(0);
    assert_eq!(world.settled, 0);
    world.modes.clear();
    world.run(MINUTE);
    assert_eq!((world.settled, world.written.len()), (2, 3));
}

/// Scenario: one shard of a target doesn't come back, so that some of its documents are refused in every answer.
/// Guarantees: the rest is written; those documents become dead letters when the time is over, not before.
#[test]
fn a_part_of_a_target_that_is_refused_for_long_is_dead_lettered() {
    let mut world = world();
    world.load_mixed(&[A], 10);
    world.run(SECOND);
    let began = world.now;
    world.partly = true;
    for _ in 0..400 {
        world.load_mixed(&[A], 12);
        world.run(SECOND);
        assert!(world.letters.is_empty() || world.now >= began + 5 * MINUTE);
    }
    assert!(world.letters.len() > 400, "{}", world.letters.len());
    assert!(world.letters.values().all(|why| why == TARGET_UNAVAILABLE));
    assert_eq!(world.shut_targets(), [""; 0]);
    world.partly = false;
    world.run(MINUTE);
    assert_eq!(
        (world.settled, world.written.len() + world.letters.len()),
        (world.taken, world.taken as usize)
    );
}

/// Scenario: one document is refused for now, twice, with ten quiet minutes between.
/// Guarantees: the second time is as if the first had not been: it is sent again, and written.
#[test]
fn old_trouble_is_forgotten() {
    let mut world = world();
    for _ in 0..2 {
        world.partly = true;
        world.load_mixed(&[A], 6);
        world.run(SECOND / 10);
        world.partly = false;
        world.run(MINUTE);
        world.now += 10 * MINUTE;
    }
    assert_eq!((world.settled, world.written.len(), world.letters.len()), (12, 12, 0));
}

/// Scenario: many small loads wait while the pace is slow.
/// Guarantees: they share requests.
#[test]
fn small_loads_share_a_request() {
    let mut world = World::new(options(), 1);
    for _ in 0..40 {
        world.load_mixed(&[A, B], 5);
    }
    world.run(SECOND);
    assert_eq!(world.settled, 400);
    assert!(world.requests.len() <= 4, "{:?}", world.requests);
}
