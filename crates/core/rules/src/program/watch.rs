//! How long programs take: told by a cheap clock that is looked at often, and a dear one that is right.
//!
//! What counts is CPU time of the thread. By the clock on the wall, whatever stops a process (a container's quota, a machine with
//! too much to do) would be blamed on the program that happens to be at work. But asking for CPU time is a system call,
//! which takes as long as a short program. So it is asked for only when the coarse clock of the system, which is read in a few
//! nanoseconds (`CLOCK_MONOTONIC_COARSE`, see clock_getres(2)), has moved on, once a tick at most, and once in programs with
//! many steps. What comes of it is a range: the CPU time was read a tick before the program began at the earliest.

use std::time::Duration;

/// After how many steps a program is measured whether the coarse clock moves on or not: many enough that it isn't noticed.
const MANY: u32 = 1_024;

/// What the time is told by. The core has no clock of its own; by default time stands still.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// How long a tick of the coarse clock lasts.
    pub tick: Duration,
    /// The time since any fixed moment, as of the last tick.
    pub coarse: fn() -> Duration,
    /// The CPU time that this thread has taken.
    pub cpu: fn() -> Duration,
}

/// The CPU time that a program took: between these two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Spent {
    pub(crate) least: Duration,
    pub(crate) most: Duration,
}

/// Measures the programs of one lane, one run after the other.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// The coarse clock when `base` was read.
    tick: Option<Duration>,
    /// CPU time when the program began, or up to a tick before.
    base: Duration,
    /// CPU time when it was at work already.
    within: Option<Duration>,
    /// The coarse clock at the last look.
    looked: Duration,
    /// What earlier programs took of the event.
    before: Duration,
}

// === impl Clock ===

impl Default for Clock {
    fn default() -> Self {
        Self { tick: Duration::ZERO, coarse: || Duration::ZERO, cpu: || Duration::ZERO }
    }
}

// === impl Watch ===

impl Watch {
    /// An event begins.
    pub(crate) const fn begin_event(&mut self) {
        self.before = Duration::ZERO;
    }

    /// A program begins.
    pub(crate) fn begin(&mut self, clock: &Clock) {
        let now = (clock.coarse)();
        if self.tick != Some(now) {
            self.tick = Some(now);
            self.base = (clock.cpu)();
        }
        self.looked = now;
        self.within = None;
    }

    /// The event's time so far, if the clock has moved on since the last look; a program is at work and has done so many steps.
    pub(crate) fn look(&mut self, steps: u32, clock: &Clock) -> Option<Duration> {
        if steps >= MANY && self.within.is_none() {
            self.within = Some((clock.cpu)());
        }
        let now = (clock.coarse)();
        if now == self.looked {
            return None;
        }
        self.looked = now;
        Some(self.before.saturating_add((clock.cpu)().saturating_sub(self.base)))
    }

    /// The program is done. `None` where it took less than a tick, and few steps.
    pub(crate) fn end(&mut self, clock: &Clock) -> Option<Spent> {
        let now = (clock.coarse)();
        if self.tick == Some(now) && self.within.is_none() {
            return None;
        }
        let cpu = (clock.cpu)();
        let most = cpu.saturating_sub(self.base);
        let within = self.within.map_or(Duration::ZERO, |within| cpu.saturating_sub(within));
        let spent = Spent { least: within.max(most.saturating_sub(clock.tick)), most };
        (self.tick, self.base) = (Some(now), cpu);
        self.before = self.before.saturating_add(most);
        Some(spent)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    const TICK: u64 = 4_000_000;

    thread_local! {
        /// Nanoseconds: on the wall, and of CPU.
        static NOW: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    }

    fn pass(wall: u64, cpu: u64) {
        NOW.set((NOW.get().0 + wall, NOW.get().1 + cpu));
    }

    fn clock() -> Clock {
        Clock {
            tick: Duration::from_nanos(TICK),
            coarse: || Duration::from_nanos(NOW.get().0 / TICK * TICK),
            cpu: || Duration::from_nanos(NOW.get().1),
        }
    }

    proptest! {
        /// Scenario: programs of any length, with any pause between them, stopped by the system at any time.
        /// Guarantees: what a program took lies in the range that is told of it, which is a tick wide at most; one of
        /// which nothing is told took less than a tick.
        #[test]
        fn the_time_lies_in_the_range(
            programs in prop::collection::vec((0..20_000_000u64, 0..20_000_000u64, 0..9_000_000u64, 0..300u32, 0..40_000u64), 1..40),
        ) {
            NOW.set((TICK / 3, 0));
            let (mut watch, clock) = (Watch::default(), clock());
            for (idle, other_work, stopped, looks, each) in programs {
                pass(idle, 0);
                pass(other_work, other_work);
                watch.begin(&clock);
                let began = NOW.get();
                for n in 0..looks {
                    pass(each, each);
                    let _so_far = watch.look(n * 16, &clock);
                }
                pass(stopped, 0);
                let took = Duration::from_nanos(NOW.get().1 - began.1);
                match watch.end(&clock) {
                    Some(Spent { least, most }) => {
                        prop_assert!(least <= took && took <= most, "{least:?} {took:?} {most:?}");
                        prop_assert!(most - least <= clock.tick, "{least:?} {most:?}");
                    }
                    None => prop_assert!(took < clock.tick, "{took:?}"),
                }
            }
        }
    }

    #[test]
    fn an_events_programs_are_added_up() {
        NOW.set((0, 0));
        let (mut watch, clock) = (Watch::default(), clock());
        for event in 0..2 {
            watch.begin_event();
            for program in 1..=3 {
                watch.begin(&clock);
                pass(2 * TICK, 2 * TICK);
                let so_far = watch.look(8, &clock);
                assert_eq!(so_far, Some(clock.tick * 2 * program), "{event}");
                let _spent = watch.end(&clock);
            }
        }
    }
}
