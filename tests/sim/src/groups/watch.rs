//! Who knows what is true: what was read, what has its outcome, what is committed, and who has which partition.

use std::time::Duration;

use super::scenario::Pid;
use super::setup::Setup;
use super::spans::Spans;

/// A process, and which of its lives.
pub(super) type Owner = (Pid, u64);

/// All partitions.
#[derive(Debug)]
pub(super) struct Watch {
    rate: u64,
    partitions: Vec<Partition>,
    /// When a partition was last taken up or given up.
    pub(super) changed_at: Duration,
    /// Records that were read again.
    pub(super) read_twice: i64,
    /// Records that reached the next topic again: what ids are for.
    pub(super) done_twice: i64,
    /// What must not be.
    pub(super) violations: Vec<String>,
}

#[derive(Debug, Default)]
struct Partition {
    read: Spans,
    done: Spans,
    committed: i64,
    owner: Option<Owner>,
    /// Who had it when the measuring began.
    before: Option<Owner>,
    read_at: Duration,
    /// The longest time without a look at it, since the measuring began.
    still: Duration,
}

// === impl Watch ===

impl Watch {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            rate: setup.rate,
            partitions: (0..setup.partitions).map(|_| Partition::default()).collect(),
            changed_at: Duration::ZERO,
            read_twice: 0,
            done_twice: 0,
            violations: Vec::new(),
        }
    }

    /// Measures from now on.
    pub(super) fn measure(&mut self, now: Duration) {
        (self.changed_at, self.read_twice, self.done_twice) = (now, 0, 0);
        for partition in &mut self.partitions {
            (partition.before, partition.still) = (partition.owner, Duration::ZERO);
        }
    }

    /// One past the last record of a partition.
    pub(super) fn end(&self, at: Duration) -> i64 {
        let records = at.as_micros() * u128::from(self.rate) / 1_000_000;
        i64::try_from(records).unwrap_or(i64::MAX)
    }

    /// An owner looks at a partition, and takes these records.
    pub(super) fn read(&mut self, number: i32, (from, to): (i64, i64), now: Duration) {
        let Some(partition) = at(&mut self.partitions, number) else { return };
        partition.still = partition.still.max(now.saturating_sub(partition.read_at));
        partition.read_at = now;
        self.read_twice += partition.read.insert(from, to);
    }

    /// Records have reached the next topic.
    pub(super) fn done(&mut self, number: i32, (from, to): (i64, i64)) {
        if let Some(partition) = at(&mut self.partitions, number) {
            self.done_twice += partition.done.insert(from, to);
        }
    }

    /// The group's offset moves.
    pub(super) fn committed(&mut self, number: i32, to: i64) {
        let Some(partition) = at(&mut self.partitions, number) else { return };
        let (before, done) = (partition.committed, partition.done.first_missing());
        partition.committed = to;
        if to > done {
            self.violations
                .push(format!("partition {number}: {to} is committed, offset {done} has no outcome"));
        }
        if to < before {
            self.violations.push(format!("partition {number}: the group goes back from {before} to {to}"));
        }
    }

    /// A process has a partition now.
    pub(super) fn taken_up(&mut self, number: i32, owner: Owner, now: Duration) {
        let Some(partition) = at(&mut self.partitions, number) else { return };
        let before = partition.owner.replace(owner);
        self.changed_at = now;
        if let Some((other, _)) = before {
            self.violations
                .push(format!("partition {number} is {other}'s, and worker {}'s as well", owner.0));
        }
    }

    /// A process has it no more.
    pub(super) fn given_up(&mut self, number: i32, now: Duration) {
        if let Some(partition) = at(&mut self.partitions, number) {
            partition.owner = None;
            self.changed_at = now;
        }
    }

    /// Looks whether every partition has come to rest by now, with all records of a while ago done and committed.
    pub(super) fn at_the_end(&mut self, now: Duration, while_ago: Duration) {
        let due = self.end(now.saturating_sub(while_ago));
        for (number, partition) in self.partitions.iter_mut().enumerate() {
            partition.still = partition.still.max(now.saturating_sub(partition.read_at));
            let (done, committed) = (partition.done.first_missing(), partition.committed);
            if partition.owner.is_none() || done < due || committed < due {
                self.violations.push(format!(
                    "partition {number} doesn't come to rest: owner {:?}, {done} done and {committed} committed of {due}",
                    partition.owner
                ));
            }
        }
    }

    /// How many partitions went to another process, and of those that were given up or lost how long each stood still,
    /// the shortest first.
    pub(super) fn moved(&self) -> (usize, Vec<Duration>) {
        let worker = |owner: Option<Owner>| owner.map(|(pid, _)| pid);
        let moved = self.partitions.iter().filter(|one| worker(one.owner) != worker(one.before)).count();
        let changed = self.partitions.iter().filter(|one| one.owner != one.before);
        let mut still: Vec<Duration> = changed.map(|one| one.still).collect();
        still.sort_unstable();
        (moved, still)
    }

    /// How many partitions each of these processes has.
    pub(super) fn shares(&self, pids: impl Iterator<Item = Pid>) -> Vec<usize> {
        let of = |pid| {
            self.partitions.iter().filter(|one| one.owner.is_some_and(|(owner, _)| owner == pid)).count()
        };
        pids.map(of).collect()
    }
}

/// The partition of a number.
fn at(partitions: &mut [Partition], number: i32) -> Option<&mut Partition> {
    partitions.get_mut(usize::try_from(number).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Watch {
        Watch::new(&Setup::new(0, 2, 3))
    }

    /// Guarantees: what must not be is seen. A run without violations says something.
    #[test]
    fn sees_what_must_not_be() {
        let mut gap = watch();
        gap.done(1, (0, 10));
        gap.done(1, (20, 30));
        gap.committed(1, 10);
        assert_eq!(gap.violations, Vec::<String>::new());
        gap.committed(1, 30);
        assert_eq!(gap.violations, ["partition 1: 30 is committed, offset 10 has no outcome"]);
        gap.violations.clear();
        gap.committed(1, 5);
        assert_eq!(gap.violations, ["partition 1: the group goes back from 30 to 5"]);

        let mut two = watch();
        two.taken_up(2, (0, 1), Duration::ZERO);
        two.taken_up(2, (1, 2), Duration::ZERO);
        assert_eq!(two.violations, ["partition 2 is 0's, and worker 1's as well"]);

        let mut restless = watch();
        restless.at_the_end(Duration::from_secs(9), Duration::from_secs(3));
        assert_eq!(restless.violations.len(), 3, "nobody reads them");
    }

    #[test]
    fn counts_what_is_done_again() {
        let mut watch = watch();
        watch.read(0, (0, 100), Duration::from_secs(1));
        watch.done(0, (0, 100));
        watch.measure(Duration::from_secs(1));
        watch.read(0, (40, 120), Duration::from_secs(4));
        watch.done(0, (90, 120));
        assert_eq!((watch.read_twice, watch.done_twice), (60, 10));
        watch.taken_up(0, (1, 1), Duration::from_secs(4));
        assert_eq!(watch.moved(), (1, vec![Duration::from_secs(3)]));
    }
}
