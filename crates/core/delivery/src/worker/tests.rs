use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const LIMITS: WorkerLimits = WorkerLimits {
    in_flight: 100,
    batch: 20,
    patience: SECOND,
    commit_every: SECOND,
    commit_again: Duration::from_secs(30),
    drain: Duration::from_secs(5),
    commits: Commits::ByWorker,
};

fn worker() -> Worker {
    let mut worker = Worker::new(LIMITS);
    worker.assigned(&[0, 1]);
    worker
}

fn indexed(records: u64) -> Tally {
    let mut tally = Tally::default();
    tally.indexed = records;
    tally
}

fn commit(offsets: &[(i32, i64)], wait: bool) -> Task {
    Task::Commit { offsets: offsets.to_vec(), wait }
}

/// Scenario: batches fill the bytes there are, nothing ends, then all does.
/// Guarantees: it stops polling before the limit, pauses after its patience, and resumes once half is free.
#[test]
fn polls_pauses_and_resumes_by_the_bytes_held() {
    let mut worker = worker();
    let mut receipts = Vec::new();
    for offset in 0..5 {
        assert_eq!(worker.next(Duration::ZERO, Gate::Open), Task::Poll);
        receipts.push(worker.open([(0, offset)], 20).unwrap());
    }
    assert_eq!(worker.held(), 100);
    assert_eq!(worker.next(SECOND / 2, Gate::Open), Task::Wait);
    assert_eq!(worker.next(SECOND * 2, Gate::Open), Task::Pause);
    assert!(worker.is_paused());
    worker.settle(receipts.pop().unwrap(), &indexed(1)).unwrap();
    assert_eq!(worker.next(SECOND * 2, Gate::Open), Task::KeepMembership, "room, but not much");
    for receipt in receipts.drain(2..) {
        worker.settle(receipt, &indexed(1)).unwrap();
    }
    assert_eq!(worker.next(SECOND * 2, Gate::Ajar), Task::KeepMembership, "the caller has not much room");
    assert_eq!(worker.next(SECOND * 2, Gate::Open), Task::Resume);
    drop(receipts);
    assert_eq!(worker.next(SECOND * 2, Gate::Open), Task::Rewind(vec![(0, 0)]), "two were dropped");
    assert_eq!(worker.held(), 0);
}

/// Guarantees: a batch larger than the limit gets through, alone.
#[test]
fn a_batch_larger_than_the_limit_fits_alone() {
    let mut worker = worker();
    let receipt = worker.open([(0, 0)], 1000).unwrap();
    assert_eq!(worker.next(Duration::ZERO, Gate::Open), Task::Wait);
    worker.settle(receipt, &indexed(1)).unwrap();
    assert_eq!(worker.next(Duration::ZERO, Gate::Open), Task::Poll);
}

#[test]
fn a_shut_gate_takes_nothing_in() {
    let mut worker = worker();
    assert_eq!(worker.next(Duration::ZERO, Gate::Shut), Task::Wait);
    assert_eq!(worker.next(Duration::ZERO, Gate::Ajar), Task::Poll);
}

#[test]
fn commits_once_in_a_while_and_all_of_it_again_later() {
    let mut worker = worker();
    let receipt = worker.open([(0, 0), (0, 1)], 1).unwrap();
    worker.settle(receipt, &indexed(2)).unwrap();
    assert_eq!(worker.next(SECOND / 2, Gate::Open), Task::Poll, "not yet");
    assert_eq!(worker.next(SECOND, Gate::Open), commit(&[(0, 2)], false));
    assert_eq!(worker.next(SECOND * 9, Gate::Open), Task::Poll, "nothing new");
    assert_eq!(worker.next(SECOND * 31, Gate::Open), commit(&[(0, 2)], false));
}

/// Scenario: a batch is dropped without an outcome, while a later one of its partition is settled.
/// Guarantees: both are read again from the first open record; what the old generation still does moves nothing.
#[test]
fn what_was_dropped_is_read_again() {
    let mut worker = worker();
    let first = worker.open([(0, 0)], 1).unwrap();
    let dropped = worker.open([(0, 1), (1, 7)], 1).unwrap();
    let later = worker.open([(0, 2)], 1).unwrap();
    worker.settle(first, &indexed(1)).unwrap();
    drop(dropped);
    assert_eq!(worker.next(Duration::ZERO, Gate::Open), Task::Rewind(vec![(0, 1), (1, 7)]));
    assert_eq!(worker.abandoned(), 1);
    worker.settle(later, &indexed(1)).unwrap();
    assert_eq!(worker.next(SECOND, Gate::Open), commit(&[(0, 1)], false));
    let again = worker.open([(0, 1), (0, 2), (1, 7)], 1).unwrap();
    worker.settle(again, &indexed(3)).unwrap();
    assert_eq!(worker.next(SECOND * 2, Gate::Open), commit(&[(0, 3), (1, 8)], false));
}

/// Scenario: told to stop with a batch under way, which ends in time; the broker refuses the last commit once.
/// Guarantees: pause, wait, commit, poll, commit again, leave.
#[test]
fn a_stop_drains_commits_and_leaves() {
    let mut worker = worker();
    let receipt = worker.open([(0, 0)], 1).unwrap();
    worker.stop(SECOND);
    assert_eq!(worker.next(SECOND, Gate::Open), Task::Pause);
    assert_eq!(worker.next(SECOND, Gate::Open), Task::KeepMembership);
    worker.settle(receipt, &indexed(1)).unwrap();
    assert_eq!(worker.next(SECOND, Gate::Open), commit(&[(0, 1)], true));
    worker.commit_failed(&[(0, 1)]);
    assert_eq!(worker.next(SECOND, Gate::Open), Task::KeepMembership);
    assert_eq!(worker.next(SECOND, Gate::Open), commit(&[(0, 1)], true));
    assert_eq!(worker.next(SECOND, Gate::Open), Task::Leave);
}

#[test]
fn a_stop_ends_in_time() {
    let mut worker = worker();
    let done = worker.open([(0, 0)], 1).unwrap();
    let stuck = worker.open([(0, 1)], 1).unwrap();
    worker.settle(done, &indexed(1)).unwrap();
    worker.stop(SECOND);
    assert_eq!(worker.next(SECOND, Gate::Open), Task::Pause);
    assert_eq!(worker.next(SECOND * 5, Gate::Open), Task::KeepMembership);
    assert_eq!(worker.next(SECOND * 6, Gate::Open), commit(&[(0, 1)], true));
    worker.commit_failed(&[(0, 1)]);
    assert_eq!(worker.next(SECOND * 6, Gate::Open), Task::Leave);
    drop(stuck);
}

/// Scenario: a transaction is open for long, then the worker stops with it open.
/// Guarantees: no offset is handed out to be committed beside it, which could take the group back.
#[test]
fn what_transactions_commit_is_not_committed_beside_them() {
    let mut worker = Worker::new(WorkerLimits { commits: Commits::InTransactions, ..LIMITS });
    worker.assigned(&[0]);
    let done = worker.open([(0, 0)], 1).unwrap();
    let open = worker.open([(0, 1)], 1).unwrap();
    worker.settle(done, &indexed(1)).unwrap();
    assert_eq!(worker.next(SECOND * 99, Gate::Open), Task::Poll);
    worker.stop(SECOND * 99);
    assert_eq!(worker.next(SECOND * 99, Gate::Shut), Task::Pause);
    assert_eq!(worker.next(SECOND * 999, Gate::Shut), Task::Leave);
    assert_eq!(worker.revoked(&[0]), []);
    drop(open);
}

#[test]
fn a_transaction_moves_what_was_polled() {
    let mut worker = worker();
    let receipt = worker.open([(0, 4), (1, 2)], 1).unwrap();
    let offsets = worker.polled_to();
    assert_eq!(offsets, [(0, 5), (1, 3)]);
    worker.settle(receipt, &indexed(2)).unwrap();
    worker.committed_by_transaction(&offsets);
    assert_eq!(worker.polled_to(), [], "nothing is left to commit");
}

proptest! {
    /// Scenario: any course of polls, outcomes, drops, lost and regained partitions, over some minutes, then a stop.
    /// Guarantees: what is held is what the live receipts hold, and never more than the limit and one batch; offsets are
    /// committed in rising order and never past an open record; a stop ends with `Leave` within its time and two steps.
    #[test]
    fn stays_within_its_bounds(course in prop::collection::vec((0..5u8, 0..2i32, 1..40usize, 0..900u64), 1..120)) {
        let mut worker = worker();
        let (mut now, mut next) = (Duration::ZERO, [0i64; 2]);
        let mut committed = [0i64; 2];
        let mut open: Vec<(Receipt, i32, i64)> = Vec::new();
        for (what, partition, bytes, pass) in course {
            now += Duration::from_millis(pass);
            let at = usize::try_from(partition).unwrap();
            match what {
                0 if !open.is_empty() => {
                    let (receipt, ..) = open.remove(bytes % open.len());
                    worker.settle(receipt, &indexed(1)).unwrap();
                }
                1 if !open.is_empty() && bytes % 3 == 0 => drop(open.remove(bytes % open.len())),
                2 if bytes % 4 == 0 => {
                    for (partition, offset) in worker.revoked(&[partition]) {
                        prop_assert!(offset >= committed[at]);
                        committed[usize::try_from(partition).unwrap()] = offset;
                    }
                    worker.assigned(&[partition]);
                    next[at] = committed[at];
                    open.retain(|(receipt, ..)| worker.is_current(receipt));
                }
                _ => match worker.next(now, Gate::Open) {
                    Task::Poll | Task::Resume => {
                        open.push((worker.open([(partition, next[at])], bytes).unwrap(), partition, next[at]));
                        next[at] += 1;
                    }
                    Task::Rewind(from) => {
                        for (partition, offset) in from {
                            next[usize::try_from(partition).unwrap()] = offset;
                        }
                        open.retain(|(receipt, ..)| worker.is_current(receipt));
                    }
                    Task::Commit { offsets, .. } => {
                        for (partition, offset) in offsets {
                            let at = usize::try_from(partition).unwrap();
                            prop_assert!(offset >= committed[at]);
                            let holds = |(_, of, first): &&(Receipt, i32, i64)| *of == partition && *first < offset;
                            prop_assert!(open.iter().find(holds).is_none(), "past an open record");
                            committed[at] = offset;
                        }
                    }
                    Task::Wait | Task::Pause | Task::KeepMembership => {}
                    Task::Leave => prop_assert!(false, "nobody said stop"),
                },
            }
            prop_assert_eq!(worker.held(), open.iter().map(|(receipt, ..)| receipt.bytes()).sum::<usize>());
            prop_assert!(worker.held() <= LIMITS.in_flight + 40);
        }
        worker.stop(now);
        let mut steps = 0;
        loop {
            match worker.next(now, Gate::Shut) {
                Task::Leave => break,
                Task::Commit { offsets, wait } => {
                    prop_assert!(wait);
                    worker.commit_failed(&offsets);
                }
                _ => {}
            }
            now += SECOND;
            steps += 1;
            prop_assert!(steps < 10);
        }
    }
}
