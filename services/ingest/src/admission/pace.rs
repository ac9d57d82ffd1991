//! How much may wait for Kafka, so that what is accepted is acknowledged in time. Pure: the time is an argument.
//!
//! By Little's law, what waits divided by what is acknowledged in a second is how long a newcomer will wait. So the budget
//! is the broker's rate times the target latency, and a request that finds it spent is refused at once, which costs its
//! client a second, instead of being made to wait for an acknowledgement that comes too late.
//!
//! The rate is known only while the broker is what limits. So there are two ways of learning, and a round decides which: it
//! ends when a shipment that was begun in it is acknowledged, so that it sees what the last decision has brought (as BBR's
//! rounds do, <https://queue.acm.org/detail.cfm?id=3022184>).
//!
//! - Latency is far below the target, also for what waits now: the broker can take more than it gets. If a good part of the
//!   budget was in use, it doubles; if not, nothing was learned.
//! - Latency is up to a quarter of the target or more: the broker is the limit, and what it acknowledged in the round is its
//!   rate.
//!
//! Invariants: the budget stays between a floor and a ceiling; at the floor a little still goes through, so that a broker
//! that recovers is found out. The broker is kept busy as long as it acknowledges within half the target when idle.
//! Does not see: which partition is slow. One whose leader is away keeps its share of the budget until its records expire.

use std::time::Duration;

/// What may wait for a broker of which nothing is known yet: little enough for a slow one, and a fast one doubles it with
/// every round trip.
const FIRST_BUDGET: usize = 4 * 1024 * 1024;

/// The least that may wait. A broker that needs longer for it than the target is in trouble.
const FLOOR: usize = 512 * 1024;

/// How many bytes a round must have seen, to do more than halve the budget.
const NO_DOUBT: usize = 2 * 1024 * 1024;

/// The part of the target from which on the broker is taken for the limit.
const BUSY_FROM: f64 = 4.0;

/// The part of the budget from which on it was in use.
const IN_USE_FROM: usize = 4;

/// How many times the target may pass without any acknowledgement, while something waits, until the broker counts as away.
/// One that only pauses, for an election or to collect garbage, should be back by then.
const AWAY_AFTER: u32 = 4;

/// What waits for the broker, and how much may. Times are since any fixed start.
#[derive(Debug)]
pub(crate) struct Pace {
    target: Duration,
    ceiling: usize,
    budget: usize,
    waiting: usize,
    /// The latest acknowledgement, or when something began to wait for one.
    moved: Duration,
    round: Round,
}

/// What a shipment has to bring back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ticket {
    weight: usize,
    at: Duration,
}

/// What has happened since the budget was decided on.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    since: Duration,
    /// Bytes that the broker has acknowledged.
    acknowledged: usize,
    /// Bytes of shipments that have ended, acknowledged or not.
    settled: usize,
    /// The same bytes, times the seconds that they took.
    waited: f64,
    /// The most bytes that waited at once.
    peak: usize,
}

impl Pace {
    /// Nothing waits, nothing is known. What is accepted should be acknowledged within `target`; the budget never exceeds
    /// `ceiling` bytes.
    #[must_use]
    pub(crate) fn new(target: Duration, ceiling: usize) -> Self {
        Self {
            target,
            ceiling,
            budget: FIRST_BUDGET.min(ceiling),
            waiting: 0,
            moved: Duration::ZERO,
            round: Round::default(),
        }
    }

    /// How many bytes may wait.
    #[must_use]
    pub(crate) fn budget(&self) -> usize {
        self.budget
    }

    /// How long it takes until `bytes` of what waits are acknowledged, as far as is known; less if the broker has never
    /// been the limit.
    #[must_use]
    pub(crate) fn time_for(&self, bytes: usize) -> Duration {
        let targets = as_float(bytes) / as_float(self.budget.max(1));
        Duration::try_from_secs_f64(targets * self.target.as_secs_f64()).unwrap_or(Duration::MAX)
    }

    /// How long nothing has been acknowledged, if that is so long that the broker counts as away.
    #[must_use]
    pub(crate) fn away_for(&self, now: Duration) -> Option<Duration> {
        let still = now.saturating_sub(self.moved);
        (self.waiting > 0 && still > self.target * AWAY_AFTER).then_some(still)
    }

    /// A shipment of so many bytes goes to the broker.
    pub(crate) fn ship(&mut self, weight: usize, now: Duration) -> Ticket {
        if self.waiting == 0 {
            // A time without work says nothing about the broker.
            self.moved = now;
            self.round = Round { since: now, ..Round::default() };
        }
        self.waiting = self.waiting.saturating_add(weight);
        self.round.peak = self.round.peak.max(self.waiting);
        Ticket { weight, at: now }
    }

    /// A shipment has ended, and the broker has `acknowledged` so many of its bytes.
    pub(crate) fn settle(&mut self, ticket: Ticket, acknowledged: usize, now: Duration) {
        self.waiting = self.waiting.saturating_sub(ticket.weight);
        if acknowledged > 0 {
            self.moved = now;
        }
        let round = &mut self.round;
        round.acknowledged = round.acknowledged.saturating_add(acknowledged);
        round.settled = round.settled.saturating_add(ticket.weight);
        round.waited += as_float(ticket.weight) * now.saturating_sub(ticket.at).as_secs_f64();
        if ticket.at >= round.since && now > round.since {
            self.decide(now);
        }
    }

    fn decide(&mut self, now: Duration) {
        let round =
            std::mem::replace(&mut self.round, Round { since: now, peak: self.waiting, ..Round::default() });
        let latency = round.waited / as_float(round.settled.max(1));
        let rate = as_float(round.acknowledged) / now.saturating_sub(round.since).as_secs_f64();
        let quick = self.target.as_secs_f64() / BUSY_FROM;
        if latency < quick {
            // What came back was sent when less was waiting. What waits now may already take longer.
            let in_use = round.peak.saturating_mul(IN_USE_FROM) >= self.budget;
            if in_use && as_float(self.waiting) < quick * rate {
                self.budget = self.budget.saturating_mul(2).min(self.ceiling);
            }
            return;
        }
        let fitting = as_bytes(rate * self.target.as_secs_f64());
        // A round may see a handful of shipments only, or a broker that has held its breath. So go half the way, unless
        // there is no doubt: then a broker that has become far slower than was thought can't be waited for.
        let sure = round.settled >= NO_DOUBT && fitting < self.budget / 2;
        let budget = if sure { fitting } else { self.budget / 2 + fitting / 2 };
        self.budget = budget.max(FLOOR).min(self.ceiling);
    }
}

impl Ticket {
    /// How many bytes were shipped.
    #[must_use]
    pub(crate) const fn weight(self) -> usize {
        self.weight
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 bytes")]
const fn as_float(bytes: usize) -> f64 {
    bytes as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and is never negative"
)]
const fn as_bytes(bytes: f64) -> usize {
    bytes as usize
}

#[cfg(test)]
mod tests;
