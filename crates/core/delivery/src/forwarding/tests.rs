use std::num::NonZeroU64;

use super::*;
use crate::converted::Outcome;
use crate::worker::{Commits, Gate, Task, WorkerLimits};

const SECOND: Duration = Duration::from_secs(1);

fn worker() -> Worker {
    let mut worker = Worker::new(WorkerLimits {
        in_flight: 1000,
        batch: 0,
        patience: SECOND,
        commit_every: SECOND,
        commit_again: SECOND * 30,
        drain: SECOND,
        commits: Commits::ByWorker,
    });
    worker.assigned(&[0]);
    worker
}

/// The answer for a batch that was converted so, with everything acknowledged.
fn all_of(converted: Converted) -> Option<Handed> {
    let ack = |records| Some(BrokerAck::from_delivery_report(records));
    Some(Handed::of(converted, ack(converted.documents()), ack(converted.letters())))
}

fn converted(outcomes: impl IntoIterator<Item = Outcome>) -> Converted {
    let mut converted = Converted::default();
    outcomes.into_iter().for_each(|outcome| converted.add(outcome));
    converted
}

fn documents(number: u64) -> Outcome {
    Outcome::Forwarded(NonZeroU64::new(number).unwrap())
}

/// So many records with one document each, and so many with a dead letter.
fn over(forwarded: usize, dead_lettered: usize) -> Option<Handed> {
    let letters = std::iter::repeat_n(Outcome::DeadLettered { documents: 0 }, dead_lettered);
    all_of(converted(std::iter::repeat_n(documents(1), forwarded).chain(letters)))
}

fn forwarding() -> Forwarding<&'static str> {
    Forwarding::new(Backoff::new(SECOND, SECOND * 4))
}

/// Scenario: of two batches the first is refused, then taken. Guarantees: it is sent again after the pause, before the
/// second is looked at, and both are settled.
#[test]
fn a_refused_batch_is_sent_again_before_those_behind_it() {
    let (mut worker, mut forwarding) = (worker(), forwarding());
    forwarding.sent("first", worker.open([(0, 0), (0, 1)], 10).unwrap());
    forwarding.sent("second", worker.open([(0, 2)], 10).unwrap());
    let refused = forwarding.advance(SECOND, &mut worker, || u64::MAX, |_| Some(Handed::Failed));
    assert!(matches!(refused, Progress::Refused(pause) if pause <= SECOND));
    let waiting = forwarding.advance(SECOND, &mut worker, || 0, |_| over(1, 0));
    assert!(matches!(waiting, Progress::Nothing));
    let Progress::SendAgain(batch, receipt) = forwarding.advance(SECOND * 2, &mut worker, || 0, |_| None)
    else {
        panic!("it is time")
    };
    assert_eq!(batch, "first");
    forwarding.sent_again(batch, receipt);
    let done = forwarding.advance(SECOND * 2, &mut worker, || 0, |_| over(1, 1));
    assert!(matches!(done, Progress::Settled("first")));
    let done = forwarding.advance(SECOND * 2, &mut worker, || 0, |_| over(1, 0));
    assert!(matches!(done, Progress::Settled("second")) && forwarding.is_empty());
    assert_eq!(worker.next(SECOND * 2, Gate::Open), Task::Commit { offsets: vec![(0, 3)], wait: false });
}

/// Guarantees: acknowledgements that don't add up to the batch settle nothing.
#[test]
fn too_few_acknowledgements_are_a_refusal() {
    let (mut worker, mut forwarding) = (worker(), forwarding());
    forwarding.sent("batch", worker.open([(0, 0), (0, 1)], 10).unwrap());
    assert_eq!(forwarding.fare(|_| over(1, 0)), Records::Failed);
    assert!(matches!(forwarding.advance(SECOND, &mut worker, || 0, |_| over(1, 0)), Progress::Refused(_)));
    assert_eq!(worker.next(SECOND, Gate::Open), Task::Poll, "nothing to commit");
}

/// Scenario: of three records one becomes three documents, one a dead letter, one is dropped.
/// Guarantees: it counts as three records, whatever was sent, and settles the batch; what was sent without the record that was
/// dropped settles nothing.
#[test]
fn records_count_and_not_what_was_sent() {
    let (mut worker, mut forwarding) = (worker(), forwarding());
    let all = [documents(3), Outcome::DeadLettered { documents: 0 }, Outcome::Dropped];
    let without = [documents(3), Outcome::DeadLettered { documents: 0 }];
    forwarding.sent("batch", worker.open([(0, 0), (0, 1), (0, 2)], 10).unwrap());
    assert_eq!(forwarding.fare(|_| all_of(converted(without))), Records::Failed);
    assert_eq!(forwarding.fare(|_| all_of(converted(all))), Records::Acknowledged);
    let done = forwarding.advance(SECOND, &mut worker, || 0, |_| all_of(converted(all)));
    assert!(matches!(done, Progress::Settled("batch")));
    assert_eq!(worker.next(SECOND, Gate::Open), Task::Commit { offsets: vec![(0, 3)], wait: false });
}

/// Scenario: everything of a batch was dropped. Guarantees: it is settled at once, and its offsets move, though no broker
/// ever answers for it; in a transaction likewise.
#[test]
fn a_batch_of_dropped_records_waits_for_nobody() {
    let (mut worker, mut forwarding) = (worker(), forwarding());
    let dropped = || all_of(converted([Outcome::Dropped, Outcome::Dropped]));
    forwarding.sent("batch", worker.open([(0, 0), (0, 1)], 10).unwrap());
    let done = forwarding.advance(Duration::ZERO, &mut worker, || 0, |_| dropped());
    assert!(matches!(done, Progress::Settled("batch")));
    assert_eq!(worker.next(SECOND, Gate::Open), Task::Commit { offsets: vec![(0, 2)], wait: false });

    forwarding.sent("batch", worker.open([(0, 2), (0, 3)], 10).unwrap());
    assert_eq!(forwarding.fare(|_| dropped()), Records::Acknowledged);
    let offsets = worker.polled_to();
    assert_eq!(forwarding.committed(&mut worker, &offsets, |_| dropped()), ["batch"]);
    assert_eq!((offsets, worker.is_idle()), (vec![(0, 4)], true));
}

#[test]
fn a_batch_of_lost_partitions_is_not_sent_again() {
    let (mut worker, mut forwarding) = (worker(), forwarding());
    forwarding.sent("batch", worker.open([(0, 0)], 10).unwrap());
    assert!(matches!(
        forwarding.advance(SECOND, &mut worker, || 0, |_| Some(Handed::Failed)),
        Progress::Refused(_)
    ));
    worker.lost(&[0]);
    assert!(matches!(forwarding.advance(SECOND * 9, &mut worker, || 0, |_| None), Progress::Stale("batch")));
}

/// Scenario: a transaction of two batches. Guarantees: it fares as its worst batch does; committed, both are settled and
/// nothing is left to commit; aborted, both are read again and nothing counts as abandoned.
#[test]
fn a_transaction_settles_all_or_none() {
    let (mut worker, mut forwarding) = (worker(), forwarding());
    let send = |worker: &mut Worker, forwarding: &mut Forwarding<_>, first| {
        forwarding.sent("a", worker.open([(0, first)], 10).unwrap());
        forwarding.sent("b", worker.open([(0, first + 1)], 10).unwrap());
    };
    send(&mut worker, &mut forwarding, 0);
    assert_eq!(forwarding.fare(|batch| if *batch == "a" { over(1, 0) } else { None }), Records::UnderWay);
    assert_eq!(forwarding.fare(|_| over(0, 1)), Records::Acknowledged);
    let offsets = worker.polled_to();
    assert_eq!(offsets, [(0, 2)]);
    assert_eq!(forwarding.committed(&mut worker, &offsets, |_| over(0, 1)), ["a", "b"]);
    assert_eq!((worker.polled_to(), worker.is_idle(), worker.held()), (vec![], true, 0));

    send(&mut worker, &mut forwarding, 2);
    let (batches, pause) = forwarding.give_up(u64::MAX);
    assert!(batches == ["a", "b"] && pause <= SECOND);
    assert_eq!(worker.next(Duration::ZERO, Gate::Open), Task::Rewind(vec![(0, 2)]));
    assert_eq!((worker.abandoned(), worker.held()), (0, 0));
}
