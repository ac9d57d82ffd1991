//! Many schedules, on all cores.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::oracle::{Invariant, Violation};
use crate::plan::Plan;
use crate::run::{Outcome, run};
use crate::seam::Core;
use crate::trace::Trace;

/// How many schedules a thread takes at once.
const CHUNK: u64 = 64;

/// What came of many schedules.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many ran.
    pub schedules: u64,
    /// How many events were acknowledged in them.
    pub acknowledged: u64,
    /// How many faults hit, those in passing not counted.
    pub faults: u64,
    /// How many steps they had.
    pub steps: u64,
    /// How long they took, in their own time.
    pub simulated: Duration,
    /// The longest time that one went on after its last fault, and its seed.
    pub longest_rest: (Duration, u64),
    /// The smallest seed that was seen to fail, and how.
    pub failed: Option<(u64, Violation)>,
}

// === impl Report ===

impl Report {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.schedules += 1;
        self.acknowledged += outcome.acknowledged as u64;
        self.faults += outcome.faults as u64;
        self.steps += outcome.steps;
        self.simulated += outcome.took;
        self.longest_rest = self.longest_rest.max((outcome.rest, seed));
        if let Some(violation) = &outcome.violation {
            self.fail(seed, violation.clone());
        }
    }

    fn fail(&mut self, seed: u64, violation: Violation) {
        if self.failed.as_ref().is_none_or(|(smallest, _)| seed < *smallest) {
            self.failed = Some((seed, violation));
        }
    }

    /// Adds those of another report.
    pub fn join(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.acknowledged += other.acknowledged;
        self.faults += other.faults;
        self.steps += other.steps;
        self.simulated += other.simulated;
        self.longest_rest = self.longest_rest.max(other.longest_rest);
        if let Some((seed, violation)) = other.failed {
            self.fail(seed, violation);
        }
    }
}

/// Runs the schedules of these seeds, until one fails.
#[must_use]
pub fn campaign(seeds: Range<u64>, core: &dyn Core, threads: usize) -> Report {
    let next = AtomicU64::new(seeds.start);
    let total = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let _joined_by_the_scope = scope.spawn(|| {
                let mut report = Report::default();
                while report.failed.is_none() {
                    let from = next.fetch_add(CHUNK, Ordering::Relaxed);
                    if from >= seeds.end {
                        break;
                    }
                    for seed in from..seeds.end.min(from.saturating_add(CHUNK)) {
                        report.add(seed, &attempt(&Plan::of(seed), core, false));
                        if report.failed.is_some() {
                            // The others needn't go on.
                            next.store(seeds.end, Ordering::Relaxed);
                            break;
                        }
                    }
                }
                total.lock().unwrap_or_else(PoisonError::into_inner).join(report);
            });
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one schedule. A panic is a violation like others.
#[must_use]
pub fn attempt(plan: &Plan, core: &dyn Core, with_text: bool) -> Outcome {
    let ran = catch_unwind(AssertUnwindSafe(|| run(plan, core, Trace::new(with_text))));
    ran.unwrap_or_else(|_panic| Outcome {
        violation: Some(Violation {
            invariant: Invariant::NoPanic,
            detail: "a panic; its message stands above".to_owned(),
        }),
        trace: Trace::default(),
        acknowledged: 0,
        faults: 0,
        took: Duration::ZERO,
        rest: Duration::ZERO,
        steps: 0,
    })
}

/// As many threads as there are cores.
#[must_use]
pub fn all_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
