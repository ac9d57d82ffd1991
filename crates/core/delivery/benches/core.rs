//! What the delivery core costs: `cargo bench -p forebay-delivery`. In CPU-seconds per million events, the best of several
//! rounds, beside the limit of 0.3. Everything runs on one thread, so that the time that passes is the time it costs.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its figures, and may fail")]

use std::collections::VecDeque;
use std::hint::black_box;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use forebay_delivery::{
    Backoff, BrokerAck, Commits, Converted, Forwarding, Gate, Handed, Outcome, Progress, Receipt, Tally,
    Task, Transaction, TransactionStep, Worker, WorkerLimits,
};

const EVENTS: u64 = 1_000_000;
const PARTITIONS: i32 = 12;
const ROUNDS: u32 = 10;
/// How many batches are under way at once.
const DEPTH: usize = 8;
const TICK: Duration = Duration::from_millis(2);

fn main() {
    for batch in [5_000, 100, 1] {
        measure(&format!("a parser's lane, batches of {batch}"), || lane(batch));
        measure(&format!("a parser's lane in transactions, batches of {batch}"), || transactions(batch));
        measure(&format!("an indexer, settled out of order, batches of {batch}"), || indexer(batch));
    }
}

fn worker() -> Worker {
    let mut worker = Worker::new(WorkerLimits {
        in_flight: 64 << 20,
        batch: 0,
        patience: Duration::from_secs(2),
        commit_every: Duration::from_secs(1),
        commit_again: Duration::from_secs(30),
        drain: Duration::from_secs(20),
        commits: Commits::ByWorker,
    });
    worker.assigned(&(0..PARTITIONS).collect::<Vec<_>>());
    worker
}

/// Polls the next batch, as a broker would give it: runs of a partition.
struct Source {
    next: Vec<i64>,
    partition: usize,
}

impl Source {
    fn new() -> Self {
        Self { next: vec![0; usize::try_from(PARTITIONS).unwrap()], partition: 0 }
    }

    fn open(&mut self, worker: &mut Worker, batch: u64) -> Receipt {
        self.partition = (self.partition + 1) % self.next.len();
        let (partition, first) = (i32::try_from(self.partition).unwrap(), self.next[self.partition]);
        let to = first + i64::try_from(batch).unwrap();
        self.next[self.partition] = to;
        worker
            .open((first..to).map(|offset| (partition, offset)), 300 * usize::try_from(batch).unwrap())
            .unwrap()
    }
}

fn take(worker: &mut Worker, now: Duration) -> bool {
    match worker.next(now, Gate::Open) {
        Task::Commit { offsets, .. } => {
            let _sent = black_box(offsets);
            false
        }
        task => matches!(task, Task::Poll | Task::Resume),
    }
}

/// The answer for a batch of which every record became a document.
fn over(batch: u64) -> Option<Handed> {
    let mut converted = Converted::default();
    (0..batch).for_each(|_| converted.add(Outcome::Forwarded(NonZeroU64::MIN)));
    let ack = |records| Some(BrokerAck::from_delivery_report(records));
    Some(Handed::of(converted, ack(batch), ack(0)))
}

fn lane(batch: u64) {
    let (mut worker, mut source) = (worker(), Source::new());
    let mut forwarding = Forwarding::new(Backoff::new(TICK, TICK));
    let (mut now, mut done) = (Duration::ZERO, 0);
    while done < EVENTS {
        now += TICK;
        while forwarding.len() < DEPTH {
            if take(&mut worker, now) {
                forwarding.sent((), source.open(&mut worker, batch));
            }
        }
        while let Progress::Settled(()) = forwarding.advance(now, &mut worker, || 0, |()| over(batch)) {
            done += batch;
        }
    }
}

fn transactions(batch: u64) {
    let (mut worker, mut source) = (worker(), Source::new());
    let mut forwarding = Forwarding::new(Backoff::new(TICK, TICK));
    let mut transaction = Transaction::new(TICK * 4);
    let (mut now, mut done) = (Duration::ZERO, 0);
    while done < EVENTS {
        now += TICK;
        while transaction.takes_more() && forwarding.len() < DEPTH {
            if take(&mut worker, now) {
                transaction.begun(now);
                forwarding.sent((), source.open(&mut worker, batch));
            }
        }
        let fare = forwarding.fare(|()| over(batch));
        if transaction.next(now, fare) == TransactionStep::Commit {
            let offsets = worker.polled_to();
            done += batch * forwarding.committed(&mut worker, &offsets, |()| over(batch)).len() as u64;
            transaction.ended();
        }
    }
}

fn indexer(batch: u64) {
    let (mut worker, mut source) = (worker(), Source::new());
    let mut loads = VecDeque::new();
    let (mut now, mut done) = (Duration::ZERO, 0);
    while done < EVENTS {
        now += TICK;
        while loads.len() < DEPTH {
            if take(&mut worker, now) {
                loads.push_back(source.open(&mut worker, batch));
            }
        }
        // The second is answered before the first.
        for at in [1, 0] {
            let Some(receipt) = loads.remove(at) else { continue };
            let mut tally = Tally::default();
            tally.indexed = batch;
            worker.settle(receipt, &tally).unwrap();
            done += batch;
        }
    }
}

fn measure(what: &str, mut round: impl FnMut()) {
    let best = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            round();
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{what:<55} {:>7.4} CPU-s per million events", best.as_secs_f64() * 1e6 / EVENTS as f64);
}
