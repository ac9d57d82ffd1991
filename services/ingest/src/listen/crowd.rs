//! At what rate a crowd is let in. Pure: the time is an argument.
//!
//! Each newcomer is work: ten thousand who come at once would be a quarter of a second of it, and who is being served would wait behind all
//! of them. So a listener accepts a row, and then nobody until the row's time is over. The others wait in the system's queue.

use std::time::Duration;

use tokio::time::Instant;

/// How many connections are a row: about a millisecond of work.
const ROW: u32 = 32;
/// A row's time: some 5,000 connections a second.
const TIME: Duration = Duration::from_millis(6);

/// Those who came lately.
#[derive(Debug)]
pub(super) struct Crowd {
    since: Instant,
    came: u32,
}

// === impl Crowd ===

impl Crowd {
    pub(super) const fn new(now: Instant) -> Self {
        Self { since: now, came: 0 }
    }

    /// One has come; until when the next has to wait, if the row is full.
    pub(super) fn one(&mut self, now: Instant) -> Option<Instant> {
        if now.saturating_duration_since(self.since) >= TIME {
            (self.since, self.came) = (now, 0);
        }
        self.came += 1;
        (self.came >= ROW).then(|| self.since + TIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When the last of so many gets in, who come one after the other with so much time between them.
    fn last_of(many: u32, between: Duration) -> Duration {
        let start = Instant::now();
        let (mut crowd, mut now) = (Crowd::new(start), start);
        for one in 0..many {
            now = now.max(start + between * one);
            let last = now;
            now = crowd.one(now).unwrap_or(now);
            if one + 1 == many {
                return last - start;
            }
        }
        Duration::ZERO
    }

    /// Scenario: ten thousand come at once; a row of them; thousands, each some time after the one before.
    /// Guarantees: a crowd takes its time; nobody else waits.
    #[test]
    fn only_a_crowd_has_to_wait() {
        let (at_once, often) = (Duration::ZERO, Duration::from_micros(250));
        assert!((Duration::from_millis(1_800)..Duration::from_secs(2)).contains(&last_of(10_000, at_once)));
        assert_eq!(last_of(ROW, at_once), Duration::ZERO);
        assert_eq!(last_of(10_000, often), often * 9_999);
    }
}
