//! At what rate a crowd is let in. What decides is pure: the time is an argument.
//!
//! Each newcomer is work: ten thousand who come at once would be a quarter of a second of it, and who is being served would wait behind all
//! of them. So a listener accepts a row, and then nobody until the row's time is over: the others wait in the system's queue. Where there is
//! TLS, hands are shaken by shorter rows, of those who have said hello: who accepts them before doesn't know when they will.

use std::sync::{Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

/// How many connections are a row, for each core that serves them: about a millisecond of work.
const ROW: u32 = 32;
/// And how many handshakes, which cost some tenths of a millisecond.
const ROW_OF_HANDSHAKES: u32 = 8;
/// A row's time: some 5,000 connections a second for each core, and 1,300 handshakes.
const TIME: Duration = Duration::from_millis(6);
/// How many who are turned away are the work of one who isn't.
const TURNED_AWAY: u32 = 4;

/// Those who came lately.
#[derive(Debug)]
pub(super) struct Crowd {
    /// How much work a row is, where one who is turned away is 1.
    row: u32,
    since: Instant,
    came: u32,
}

/// A crowd of which each waits for his turn by himself.
#[derive(Debug)]
pub(super) struct Handshakes(Mutex<Crowd>);

// === impl Crowd ===

impl Crowd {
    /// The crowd before a door behind which so many cores work.
    pub(super) const fn new(now: Instant, cores: u32) -> Self {
        Self::by_rows_of(ROW.saturating_mul(cores), now)
    }

    const fn by_rows_of(row: u32, now: Instant) -> Self {
        Self { row: row.saturating_mul(TURNED_AWAY), since: now, came: 0 }
    }

    /// When who comes now has his turn.
    pub(super) fn turn(&mut self, now: Instant) -> Instant {
        self.after(TURNED_AWAY, now)
    }

    /// And who is turned away.
    pub(super) fn turn_away(&mut self, now: Instant) -> Instant {
        self.after(1, now)
    }

    fn after(&mut self, work: u32, now: Instant) -> Instant {
        if now.saturating_duration_since(self.since) >= TIME {
            (self.since, self.came) = (now, 0);
        } else if self.came >= self.row {
            // The next row, which may have to wait for others already.
            (self.since, self.came) = (self.since + TIME, 0);
        }
        self.came += work;
        self.since.max(now)
    }
}

// === impl Handshakes ===

impl Handshakes {
    /// The crowd before a door with TLS.
    pub(super) const fn new(now: Instant, cores: u32) -> Self {
        Self(Mutex::new(Crowd::by_rows_of(ROW_OF_HANDSHAKES.saturating_mul(cores), now)))
    }

    /// Waits for the turn of who has said hello now.
    pub(super) async fn turn(&self) {
        let now = Instant::now();
        let turn = self.0.lock().unwrap_or_else(PoisonError::into_inner).turn(now);
        if turn > now {
            sleep_until(turn).await;
        }
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
    use std::sync::Arc;

    use tokio::task::JoinSet;

    use super::*;

    /// When the last of so many has his turn, who come one after the other with so much time between them. As at a door: the next one is
    /// seen when the one before had his.
    fn last_of(
        start: Instant,
        mut turn: impl FnMut(Instant) -> Instant,
        many: u32,
        between: Duration,
    ) -> Duration {
        let last = (0..many).fold(start, |last, one| turn(last.max(start + between * one)));
        last - start
    }

    /// Scenario: thousands come at once to a door behind which one core works, or four; a row of them; thousands, each some time after the
    /// one before; thousands are turned away.
    /// Guarantees: a crowd takes its time, and the less the more cores there are; nobody else waits.
    #[test]
    fn only_a_crowd_has_to_wait() {
        let start = Instant::now();
        let last = |cores, many, between| {
            let mut crowd = Crowd::new(start, cores);
            last_of(start, move |now| crowd.turn(now), many, between)
        };
        let at_once = Duration::ZERO;
        let about_two_seconds = Duration::from_millis(1_800)..Duration::from_secs(2);
        assert!(about_two_seconds.contains(&last(1, 10_000, at_once)));
        assert!(about_two_seconds.contains(&last(4, 40_000, at_once)));
        assert!(last(1, ROW, at_once) < TIME && last(1, ROW + 1, at_once) >= TIME);
        let often = Duration::from_micros(250);
        assert!(last(1, 10_000, often) - often * 9_999 < Duration::from_millis(1));
        let mut crowd = Crowd::new(start, 1);
        let away = last_of(start, |now| crowd.turn_away(now), 40_000, at_once);
        assert!(about_two_seconds.contains(&away), "{away:?}");
    }

    /// Scenario: clients by the hundred say hello in the same moment; then, much later, one does.
    /// Guarantees: each row has its turn after the one before; the last one comes at once.
    #[tokio::test(start_paused = true)]
    async fn hands_are_shaken_by_rows() {
        let start = Instant::now();
        let crowd = Arc::new(Handshakes::new(start, 2));
        let mut clients = JoinSet::new();
        for _client in 0..160 {
            let crowd = Arc::clone(&crowd);
            let _task = clients.spawn(async move {
                crowd.turn().await;
                start.elapsed()
            });
        }
        let mut turns: Vec<Duration> = clients.join_all().await;
        turns.sort();
        for (place, turn) in turns.iter().enumerate() {
            let rows_before = u32::try_from(place).unwrap() / (2 * ROW_OF_HANDSHAKES);
            // A timer's milliseconds are whole ones.
            let due = TIME * rows_before;
            assert!((due..due + Duration::from_millis(2)).contains(turn), "{place}: {turn:?}");
        }
        sleep_until(start + Duration::from_secs(1)).await;
        crowd.turn().await;
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }
}
