//! What happens to a group.

use std::fmt;
use std::time::Duration;

use super::setup::{Membership, Setup};
use crate::rng::Rng;

/// Which worker: its place among all that ever were. One that comes back has the same.
pub(super) type Pid = usize;

/// What happens to a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scenario {
    /// All workers are started, within half a minute.
    Form,
    /// So many more are started, within ten seconds.
    Join(usize),
    /// So many are told to end, for good.
    Leave(usize),
    /// `kill -9` of so many at once; they come back.
    Kill(usize),
    /// All are told to end and come back, some at a time.
    Roll,
}

/// Something that happens to a worker.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It is started.
    Start(Pid),
    /// `SIGTERM`; it comes back after a while, or doesn't.
    Terminate(Pid, Option<Duration>),
    /// `kill -9`, as above.
    Kill(Pid, Option<Duration>),
}

// === impl Scenario ===

impl Scenario {
    /// All of them, in measures that go with the size of the group.
    #[must_use]
    pub fn all(workers: usize) -> Vec<(Self, Membership)> {
        let (many, some) = ((workers / 5).max(2), (workers / 10).max(2));
        let dynamic = [
            Self::Form,
            Self::Join(1),
            Self::Join(many),
            Self::Leave(1),
            Self::Leave(some),
            Self::Kill(1),
            Self::Kill(some),
            Self::Roll,
        ];
        let named = [Self::Leave(some), Self::Kill(1), Self::Kill(some), Self::Roll];
        let dynamic = dynamic.map(|scenario| (scenario, Membership::Dynamic));
        dynamic.into_iter().chain(named.map(|scenario| (scenario, Membership::Static))).collect()
    }

    /// What happens, and how long after the beginning.
    pub(super) fn faults(self, setup: &Setup, rng: &mut Rng) -> Vec<(Duration, Fault)> {
        let started = |pids: std::ops::Range<Pid>, within: u64, rng: &mut Rng| {
            pids.map(|pid| (rng.millis(0, within), Fault::Start(pid))).collect()
        };
        let back = Some(setup.down);
        match self {
            Self::Form => started(0..setup.workers, 30_000, rng),
            Self::Join(more) => started(setup.workers..setup.workers + more, 10_000, rng),
            Self::Leave(some) => picked(setup.workers, some, rng)
                .map(|pid| (Duration::ZERO, Fault::Terminate(pid, None)))
                .collect(),
            Self::Kill(some) => {
                picked(setup.workers, some, rng).map(|pid| (Duration::ZERO, Fault::Kill(pid, back))).collect()
            }
            Self::Roll => {
                let wave = setup.down + Duration::from_secs(5);
                let at_once = setup.at_once.max(1);
                (0..setup.workers)
                    .map(|pid| {
                        let before = u32::try_from(pid / at_once).unwrap_or(u32::MAX);
                        (wave * before + rng.millis(0, 500), Fault::Terminate(pid, back))
                    })
                    .collect()
            }
        }
    }

    /// How many workers there are in the end.
    pub(super) const fn workers_after(self, setup: &Setup) -> usize {
        match self {
            Self::Form | Self::Kill(_) | Self::Roll => setup.workers,
            Self::Join(more) => setup.workers + more,
            Self::Leave(some) => setup.workers.saturating_sub(some),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => write!(f, "all start"),
            Self::Join(more) => write!(f, "{more} more"),
            Self::Leave(some) => write!(f, "{some} less"),
            Self::Kill(some) => write!(f, "`kill -9` of {some}"),
            Self::Roll => write!(f, "rolling restart"),
        }
    }
}

/// So many different workers.
fn picked(workers: usize, some: usize, rng: &mut Rng) -> impl Iterator<Item = Pid> {
    let mut pids: Vec<Pid> = (0..workers).collect();
    let some = some.min(workers);
    for place in 0..some {
        let other = rng.size(place, workers - 1);
        pids.swap(place, other);
    }
    pids.into_iter().take(some)
}
