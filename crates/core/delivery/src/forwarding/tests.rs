use super::*;
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

fn over(forwarded: u64, dead_lettered: u64) -> Option<Handed> {
    Some(Handed::Over {
        forwarded: BrokerAck::from_delivery_report(forwarded),
        dead_lettered: BrokerAck::from_delivery_report(dead_lettered),
    })
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
