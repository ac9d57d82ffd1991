use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn indexed(n: u64) -> Tally {
    let mut tally = Tally::default();
    tally.indexed = n;
    tally
}

fn tracker(partitions: &[i32]) -> OffsetTracker {
    let mut tracker = OffsetTracker::default();
    tracker.assign(partitions);
    tracker
}

#[test]
fn an_open_batch_holds_the_commit_at_its_first_record() {
    let mut tracker = tracker(&[0]);
    let first = tracker.open([(0, 10), (0, 11)], 0).unwrap();
    let second = tracker.open([(0, 12), (0, 15)], 0).unwrap();
    tracker.settle(second, &indexed(2)).unwrap();
    assert_eq!(tracker.committable(), []);
    tracker.settle(first, &indexed(2)).unwrap();
    assert_eq!(tracker.committable(), [(0, 16)]);
    assert_eq!(tracker.committable(), []);
}

#[test]
fn a_tally_that_does_not_add_up_settles_nothing() {
    let mut tracker = tracker(&[0]);
    let receipt = tracker.open([(0, 0), (0, 1)], 0).unwrap();
    let error = tracker.settle(receipt, &indexed(1)).unwrap_err();
    assert_eq!(error.to_string(), "1 of 2 records are accounted for");
    assert_eq!(tracker.committable(), []);
    tracker.settle(error.receipt, &indexed(2)).unwrap();
    assert_eq!(tracker.committable(), [(0, 2)]);
}

#[test]
fn an_abandoned_receipt_is_counted_and_holds_its_offsets() {
    let mut tracker = tracker(&[0]);
    drop(tracker.open([(0, 0)], 0).unwrap());
    let second = tracker.open([(0, 1)], 0).unwrap();
    tracker.settle(second, &indexed(1)).unwrap();
    assert_eq!(tracker.abandoned(), 1);
    assert_eq!(tracker.committable(), []);
}

#[test]
fn a_receipt_of_an_ended_generation_moves_nothing() {
    let mut tracker = tracker(&[0, 1]);
    let stale = tracker.open([(0, 5)], 0).unwrap();
    assert_eq!(tracker.revoke(&[0]), [(0, 5)], "where the group stands already");
    tracker.assign(&[0]);
    let current = tracker.open([(0, 5), (0, 6)], 0).unwrap();
    assert!(!tracker.is_current(&stale));
    tracker.settle(stale, &indexed(1)).unwrap();
    assert_eq!(tracker.committable(), []);
    tracker.settle(current, &indexed(2)).unwrap();
    assert_eq!(tracker.committable(), [(0, 7)]);
    assert_eq!(tracker.abandoned(), 0);
}

#[test]
fn revoking_answers_what_is_done_by_then() {
    let mut tracker = tracker(&[0, 1]);
    let done = tracker.open([(0, 0), (1, 0)], 0).unwrap();
    let open = tracker.open([(0, 1), (1, 1)], 0).unwrap();
    tracker.settle(done, &indexed(2)).unwrap();
    assert_eq!(tracker.revoke(&[1, 7]), [(1, 1)]);
    assert!(tracker.holds(0) && !tracker.holds(1));
    let open = tracker.forget_stale(open).unwrap_err();
    assert_eq!(tracker.revoke(&[0]), [(0, 1)]);
    tracker.forget_stale(open).unwrap();
    assert_eq!(tracker.abandoned(), 0);
}

#[test]
fn records_of_foreign_partitions_and_repeated_offsets_are_refused() {
    let mut tracker = tracker(&[0]);
    assert_eq!(tracker.open([(0, 0), (1, 0)], 0).unwrap_err(), OpenError::NotAssigned(1));
    let receipt = tracker.open([(0, 0), (0, 1)], 0).unwrap();
    assert_eq!(tracker.open([(0, 1)], 0).unwrap_err(), OpenError::Overlap { partition: 0, offset: 1 });
    assert_eq!(
        tracker.open([(0, 3), (0, 2)], 0).unwrap_err(),
        OpenError::Overlap { partition: 0, offset: 2 }
    );
    tracker.settle(receipt, &indexed(2)).unwrap();
    assert_eq!(tracker.committable(), [(0, 2)]);
}

#[test]
fn a_failed_commit_is_handed_out_again() {
    let mut tracker = tracker(&[0]);
    let receipt = tracker.open([(0, 0)], 0).unwrap();
    tracker.settle(receipt, &indexed(1)).unwrap();
    let offsets = tracker.committable();
    tracker.commit_failed(&offsets);
    assert_eq!(tracker.committable(), offsets);
}

/// Scenario: the answer to a commit is not known, and nothing new comes. A partition of which nothing was polled is held.
/// Guarantees: the same is handed out once more, and nothing for the other partition.
#[test]
fn what_was_handed_out_can_be_asked_for_again() {
    let mut tracker = tracker(&[0, 1]);
    let receipt = tracker.open([(0, 0)], 0).unwrap();
    tracker.settle(receipt, &indexed(1)).unwrap();
    let offsets = tracker.committable();
    assert_eq!(tracker.committable(), []);
    tracker.commit_again();
    assert_eq!(tracker.committable(), offsets);
    assert_eq!(tracker.committable(), []);
}

/// Scenario: what was handed out to be committed was refused, unheard, as happens around a rebalance; then the partition goes.
/// Guarantees: it is handed out again, so that its new owner doesn't do it all again.
#[test]
fn revoking_commits_again_what_may_not_have_got_through() {
    let mut tracker = tracker(&[0]);
    let receipt = tracker.open([(0, 0), (0, 1)], 0).unwrap();
    tracker.settle(receipt, &indexed(2)).unwrap();
    assert_eq!(tracker.committable(), [(0, 2)]);
    assert_eq!(tracker.revoke(&[0]), [(0, 2)]);
}

#[derive(Clone, Debug)]
enum Event {
    Poll(i32, i64),
    Settle(prop::sample::Index),
    Abandon(prop::sample::Index),
    Revoke(i32),
    Commit,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..3, 1..4i64).prop_map(|(partition, count)| Event::Poll(partition, count)),
        4 => any::<prop::sample::Index>().prop_map(Event::Settle),
        1 => any::<prop::sample::Index>().prop_map(Event::Abandon),
        1 => (0..3).prop_map(Event::Revoke),
        2 => Just(Event::Commit),
    ]
}

proptest! {
    /// Scenario: any interleaving of polls, settlements in any order, abandoned receipts, partitions lost and regained,
    /// and commits, compared with a model that keeps the set of settled records.
    /// Guarantees: no offset moves past a record that isn't settled; what is handed out never goes back within a
    /// generation; in the end, when everything open is settled, everything polled is committed.
    #[test]
    fn no_offset_moves_past_an_unsettled_record(events in prop::collection::vec(event(), 1..80)) {
        let mut tracker = tracker(&[0, 1, 2]);
        let mut settled: BTreeSet<(i32, i64)> = BTreeSet::new();
        let mut open: Vec<(Receipt, Vec<(i32, i64)>)> = Vec::new();
        let mut next = [0i64; 3];
        let mut committed = [0i64; 3];
        let mut broken = [false; 3];

        let check = |settled: &BTreeSet<_>, committed: &mut [i64; 3], moved: Vec<(i32, i64)>| {
            for (partition, offset) in moved {
                let at = usize::try_from(partition).unwrap();
                prop_assert!(offset >= committed[at], "went back");
                for record in committed[at]..offset {
                    prop_assert!(settled.contains(&(partition, record)), "{partition}/{record} isn't settled");
                }
                committed[at] = offset;
            }
            Ok(())
        };

        for event in events {
            match event {
                Event::Poll(partition, count) => {
                    let at = usize::try_from(partition).unwrap();
                    let records: Vec<_> = (0..count).map(|n| (partition, next[at] + n)).collect();
                    next[at] += count;
                    open.push((tracker.open(records.clone(), 0).unwrap(), records));
                }
                Event::Settle(index) if !open.is_empty() => {
                    let (receipt, records) = open.swap_remove(index.index(open.len()));
                    let current = tracker.is_current(&receipt);
                    let tally = indexed(receipt.records());
                    tracker.settle(receipt, &tally).unwrap();
                    if current {
                        settled.extend(records);
                    }
                }
                Event::Abandon(index) if !open.is_empty() => {
                    let (receipt, records) = open.swap_remove(index.index(open.len()));
                    if tracker.is_current(&receipt) {
                        broken[usize::try_from(records[0].0).unwrap()] = true;
                    }
                }
                Event::Revoke(partition) => {
                    let moved = tracker.revoke(&[partition]);
                    check(&settled, &mut committed, moved)?;
                    tracker.assign(&[partition]);
                    // Whoever holds it next reads on from what was committed.
                    let at = usize::try_from(partition).unwrap();
                    next[at] = committed[at];
                    broken[at] = false;
                }
                Event::Commit => {
                    let moved = tracker.committable();
                    check(&settled, &mut committed, moved)?;
                }
                Event::Settle(_) | Event::Abandon(_) => {}
            }
        }
        for (receipt, records) in open {
            let current = tracker.is_current(&receipt);
            let tally = indexed(receipt.records());
            tracker.settle(receipt, &tally).unwrap();
            if current {
                settled.extend(records);
            }
        }
        let moved = tracker.committable();
        check(&settled, &mut committed, moved)?;
        for at in 0..3 {
            prop_assert!(broken[at] || committed[at] == next[at]);
        }
    }
}
