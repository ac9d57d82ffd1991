//! How much of a lane's time a tenant's slow programs may take from the others.
//!
//! Tenants share a lane, so a program that takes long for one tenant's event makes all others wait. Each tenant has a bucket: what
//! its slow programs take goes in, and a share of the time that passes runs out. When it overflows, the step whose program made it
//! overflow is shut for this tenant's events, and stays so until the bucket is empty.
//!
//! ```text
//!                 slow, and over the budget
//! open to a tenant ─────────────────────────► shut for it
//!        ▲                                        │
//!        └── all made up for, or it is alone ─────┘
//! ```
//! The budget is that of the tenant whose events they are, whoever wrote the rule: a rule for all that is slow on one tenant's events
//! is shut for these, and goes on for the others.
//!
//! # Invariants
//! - Programs that are not [slow](is_slow) count nothing, however many there are: to be busy is no offence.
//! - Nor does anything count while no other tenant's events come by: whoever is alone takes nothing from anybody.
//! - What a tenant's slow programs take in any time is at most the burst, the share of that time, and one overshoot for each
//!   program that it has.

use std::time::Duration;

use super::Place;
use crate::program::Spent;

/// How long an event's program may take without being slow: a hundred times what is usual.
const SLOW: Duration = Duration::from_millis(2);

/// And as much more for each byte of the event: a program that looks a few times through all of it is not slow.
const NANOS_PER_BYTE: u64 = 50;

/// A program of a step: its condition, or its work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Program {
    Condition(Place),
    Work(Place),
}

/// What slow programs may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// What a tenant may take at once: others wait that long.
    pub(super) burst: Duration,
    /// What it may take of the time that passes, in percent; with 100 or more nothing is ever shut.
    pub(super) percent: u32,
    /// How long another tenant is there after its last event.
    pub(super) presence: Duration,
}

/// A program was shut for a tenant, or opened again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Turn {
    pub(super) tenant: String,
    pub(super) program: Program,
    pub(super) shut: bool,
}

/// The buckets of one lane. Time is a duration since any fixed moment, given by the caller.
#[derive(Debug)]
pub(super) struct Breaker {
    budget: Budget,
    /// Of tenants that have something to make up for: few, since each of them has taken time.
    buckets: Vec<Bucket>,
    /// Until when there are others.
    others_until: Duration,
    turns: Vec<Turn>,
}

#[derive(Debug)]
struct Bucket {
    tenant: String,
    /// What was taken and isn't made up for.
    owed: Duration,
    /// When that was.
    at: Duration,
    shut: Vec<Program>,
}

/// Whether a program took too long for an event of so many bytes. In doubt it didn't.
pub(super) fn is_slow(spent: Spent, bytes: usize) -> bool {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    spent.least >= SLOW.saturating_add(Duration::from_nanos(bytes.saturating_mul(NANOS_PER_BYTE)))
}

// === impl Program ===

impl Program {
    pub(super) const fn place(self) -> Place {
        match self {
            Self::Condition(place) | Self::Work(place) => place,
        }
    }
}

// === impl Breaker ===

impl Breaker {
    pub(super) const fn new(budget: Budget) -> Self {
        Self { budget, buckets: Vec::new(), others_until: Duration::ZERO, turns: Vec::new() }
    }

    /// An event is another tenant's than the one before it.
    pub(super) fn meets_another(&mut self, now: Duration) {
        self.others_until = now.saturating_add(self.budget.presence);
    }

    /// Whether a program is shut for a tenant, as far as is known without looking at the time.
    pub(super) fn is_shut(&self, tenant: &str, program: Program) -> bool {
        let bucket = self.buckets.iter().find(|bucket| bucket.tenant == tenant);
        bucket.is_some_and(|bucket| bucket.shut.contains(&program))
    }

    /// Whether a program may run on an event of this tenant.
    pub(super) fn admits(&mut self, tenant: &str, program: Program, now: Duration) -> bool {
        if !self.is_shut(tenant, program) {
            return true;
        }
        self.settle(now);
        !self.is_shut(tenant, program)
    }

    /// A program took so long on an event of this tenant, and [`is_slow`].
    pub(super) fn slow(&mut self, tenant: &str, program: Program, took: Duration, now: Duration) {
        self.settle(now);
        if self.is_alone(now) || self.budget.percent >= 100 {
            return;
        }
        let known = self.buckets.iter().position(|bucket| bucket.tenant == tenant);
        let bucket = match known.and_then(|at| self.buckets.get_mut(at)) {
            Some(bucket) => bucket,
            None => self.buckets.push_mut(Bucket {
                tenant: tenant.to_owned(),
                owed: Duration::ZERO,
                at: now,
                shut: Vec::new(),
            }),
        };
        bucket.owed = bucket.owed.saturating_add(took);
        if bucket.owed > self.budget.burst && !bucket.shut.contains(&program) {
            bucket.shut.push(program);
            self.turns.push(Turn { tenant: tenant.to_owned(), program, shut: true });
        }
    }

    /// What was shut and opened since the last call.
    pub(super) fn take_turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.turns)
    }

    fn is_alone(&self, now: Duration) -> bool {
        now >= self.others_until
    }

    /// Lets run out of the buckets what time has made up for, and opens what was shut for those that are empty.
    fn settle(&mut self, now: Duration) {
        let alone = self.is_alone(now);
        let Self { budget, buckets, turns, .. } = self;
        buckets.retain_mut(|bucket| {
            let passed = now.saturating_sub(bucket.at).as_nanos().saturating_mul(budget.percent.into()) / 100;
            let made_up = Duration::from_nanos(u64::try_from(passed).unwrap_or(u64::MAX));
            bucket.owed = bucket.owed.saturating_sub(made_up);
            bucket.at = now;
            if !alone && !bucket.owed.is_zero() {
                return true;
            }
            let tenant = &bucket.tenant;
            let opened = |program| Turn { tenant: tenant.clone(), program, shut: false };
            turns.extend(bucket.shut.drain(..).map(opened));
            false
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUDGET: Budget =
        Budget { burst: Duration::from_millis(250), percent: 10, presence: Duration::from_secs(60) };
    const LONGEST: u64 = 900;

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn work(step: usize) -> Program {
        Program::Work((0, step))
    }

    #[test]
    fn what_is_slow_depends_on_the_events_size() {
        let spent =
            |millis: u64| Spent { least: Duration::from_millis(millis), most: Duration::from_secs(9) };
        assert!(!is_slow(spent(1), 300) && is_slow(spent(3), 300));
        assert!(!is_slow(spent(40), 1 << 20) && is_slow(spent(60), 1 << 20));
        assert!(!is_slow(spent(60_000), usize::MAX));
    }

    #[test]
    fn a_step_is_shut_for_the_tenant_that_it_is_slow_for_until_that_is_made_up_for() {
        let mut breaker = Breaker::new(BUDGET);
        breaker.meets_another(millis(0));
        for n in 0..3 {
            assert!(breaker.admits("bad", work(1), millis(n)));
            breaker.slow("bad", work(1), millis(100), millis(n));
        }
        let turn = |shut| Turn { tenant: "bad".to_owned(), program: work(1), shut };
        assert_eq!(breaker.take_turns(), [turn(true)]);
        assert!(!breaker.admits("bad", work(1), millis(2_900)));
        assert!(breaker.admits("bad", work(2), millis(2_900)), "another step");
        assert!(breaker.admits("bad", Program::Condition((0, 1)), millis(2_900)), "its condition");
        assert!(breaker.admits("good", work(1), millis(2_900)), "another tenant");
        assert_eq!(breaker.take_turns(), []);
        assert!(breaker.admits("bad", work(1), millis(3_003)));
        assert_eq!(breaker.take_turns(), [turn(false)]);
        assert!(breaker.buckets.is_empty());
    }

    #[test]
    fn whoever_is_alone_may_take_all_the_time() {
        let mut breaker = Breaker::new(BUDGET);
        for n in 0..1_000 {
            assert!(breaker.admits("bad", work(1), millis(n * 500)));
            breaker.slow("bad", work(1), millis(500), millis(n * 500));
        }
        breaker.meets_another(millis(500_000));
        breaker.slow("bad", work(1), millis(500), millis(500_500));
        assert!(
            !breaker.admits("bad", work(1), millis(500_500)),
            "nothing of before counts, and nothing of now is given"
        );
        assert!(breaker.admits("bad", work(1), millis(560_000)), "alone again");
    }

    #[derive(Clone, Debug)]
    enum Happens {
        /// An event of this tenant with so many programs, each of which would take so long.
        Event {
            tenant: usize,
            takes: Vec<u64>,
        },
        Pause(u64),
    }

    fn course() -> impl Strategy<Value = Vec<Happens>> {
        let event = (0..3usize, prop::collection::vec(0..LONGEST, 1..4))
            .prop_map(|(tenant, takes)| Happens::Event { tenant, takes });
        let pause = (0..2_000u64).prop_map(Happens::Pause);
        prop::collection::vec(prop_oneof![9 => event, 1 => pause], 1..400)
    }

    proptest! {
        /// Scenario: two tenants with up to three slow programs of any length in any order, others whose programs are not slow.
        /// Guarantees: from any moment to any later one, what a tenant's slow programs take is at most the burst, the share of
        /// the time, and an overshoot for each program; a tenant without slow programs is refused nothing; nothing stays shut.
        #[test]
        fn slow_programs_take_no_more_than_their_budget(course in course()) {
            let mut breaker = Breaker::new(BUDGET);
            let mut now = Duration::ZERO;
            // When, and what had been taken by then.
            let mut taken: [Vec<(Duration, Duration)>; 2] = Default::default();
            for happens in course {
                breaker.meets_another(now);
                let (tenant, takes) = match happens {
                    Happens::Pause(pause) => {
                        now += millis(pause);
                        continue;
                    }
                    Happens::Event { tenant, takes } => (tenant, takes),
                };
                let name = ["bad", "worse", "good"][tenant];
                for (step, takes) in takes.into_iter().enumerate() {
                    if !breaker.admits(name, work(step), now) {
                        prop_assert!(tenant < 2, "the good one is refused");
                        break;
                    }
                    let Some(taken) = taken.get_mut(tenant) else { continue };
                    let before = taken.last().map_or(Duration::ZERO, |(_, sum)| *sum);
                    taken.push((now, before));
                    now += millis(takes);
                    breaker.slow(name, work(step), millis(takes), now);
                    taken.push((now, before + millis(takes)));
                }
            }
            for taken in &taken {
                for (place, (from, before)) in taken.iter().enumerate() {
                    for (to, after) in taken.iter().skip(place) {
                        let bound = BUDGET.burst + (*to - *from) / 10 + 3 * millis(LONGEST);
                        prop_assert!(*after - *before <= bound, "{before:?} to {after:?} from {from:?} to {to:?}");
                    }
                }
            }
            breaker.meets_another(now + millis(100_000_000));
            prop_assert!(breaker.admits("bad", work(0), now + millis(100_000_000)));
        }
    }
}
