//! At what rate a crowd is let in. Pure: the time is an argument.
//!
//! Each newcomer is work: ten thousand who come at once would be a quarter of a second of it, and who is being served would wait behind all
//! of them. So a listener accepts a row, and then nobody until the row's time is over. The others wait in the system's queue.

use std::thread::available_parallelism;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

/// How many connections are a row, for each core that serves them: about a millisecond of work.
const ROW: u32 = 32;
/// And where hands are shaken, which costs some tenths of a millisecond.
const ROW_WITH_TLS: u32 = 8;
/// A row's time: some 5,000 connections a second for each core, and 1,300 where hands are shaken.
const TIME: Duration = Duration::from_millis(6);

/// Those who came lately.
#[derive(Debug)]
pub(super) struct Crowd {
    row: u32,
    since: Instant,
    came: u32,
}

// === impl Crowd ===

impl Crowd {
    /// The crowd before a door behind which so many cores work.
    pub(super) const fn new(now: Instant, with_tls: bool, cores: u32) -> Self {
        let row = if with_tls { ROW_WITH_TLS } else { ROW };
        Self { row: row.saturating_mul(cores), since: now, came: 0 }
    }

    /// One has come; until when the next has to wait, if the row is full.
    pub(super) fn one(&mut self, now: Instant) -> Option<Instant> {
        if now.saturating_duration_since(self.since) >= TIME {
            (self.since, self.came) = (now, 0);
        }
        self.came += 1;
        (self.came >= self.row).then(|| self.since + TIME)
    }
}

/// On how many cores connections are served: there may be more than threads that do it.
pub(super) fn cores() -> u32 {
    let threads = Handle::current().metrics().num_workers();
    let cores = available_parallelism().map_or(1, usize::from).min(threads);
    u32::try_from(cores).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When the last of so many gets in, who come one after the other with so much time between them.
    fn last_of(mut crowd: Crowd, many: u32, between: Duration) -> Duration {
        let start = crowd.since;
        let mut now = start;
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

    /// Scenario: thousands come at once to a door behind which one core works, or four, or where hands are shaken; a row of them; thousands,
    /// each some time after the one before.
    /// Guarantees: a crowd takes its time, and the less the more cores there are; nobody else waits.
    #[test]
    fn only_a_crowd_has_to_wait() {
        let crowd = |with_tls, cores| Crowd::new(Instant::now(), with_tls, cores);
        let (at_once, seconds) = (Duration::ZERO, Duration::from_secs);
        let about_two_seconds = Duration::from_millis(1_800)..seconds(2);
        assert!(about_two_seconds.contains(&last_of(crowd(false, 1), 10_000, at_once)));
        assert!(about_two_seconds.contains(&last_of(crowd(false, 4), 40_000, at_once)));
        assert!(about_two_seconds.contains(&last_of(crowd(true, 1), 2_500, at_once)));
        assert_eq!(last_of(crowd(false, 1), ROW, at_once), Duration::ZERO);
        assert_eq!(last_of(crowd(true, 1), ROW_WITH_TLS, at_once), Duration::ZERO);
        let (often, less_often) = (Duration::from_micros(250), Duration::from_millis(1));
        assert_eq!(last_of(crowd(false, 1), 10_000, often), often * 9_999);
        assert_eq!(last_of(crowd(true, 1), 2_000, less_often), less_often * 1_999);
    }
}
