//! When the machine stood still: a bound on how long an answer takes isn't meant to judge that.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the watch sleeps.
const TICK: Duration = Duration::from_millis(10);
/// How much longer it has to have slept to count: below that, it is a busy machine, which is what tests run on.
const STALL: Duration = Duration::from_millis(100);

/// Watches the machine until it is dropped, by a thread that sleeps and looks for how long it did.
#[derive(Debug)]
pub struct Stalls {
    seen: Arc<Mutex<Seen>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What the watch knows.
#[derive(Debug)]
struct Seen {
    /// When the thread was awake last.
    awake: Instant,
    /// From when to when it should have been, and wasn't.
    stalls: Vec<(Instant, Instant)>,
}

// === impl Stalls ===

impl Stalls {
    /// Begins to watch.
    #[must_use]
    pub fn watch() -> Self {
        let seen = Arc::new(Mutex::new(Seen { awake: Instant::now(), stalls: Vec::new() }));
        let over = Arc::new(AtomicBool::new(false));
        let thread = {
            let (seen, over) = (Arc::clone(&seen), Arc::clone(&over));
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    thread::park_timeout(TICK);
                    seen.lock().unwrap_or_else(PoisonError::into_inner).look(Instant::now());
                }
            })
        };
        Self { seen, over, thread: Some(thread) }
    }

    /// How much of this time the machine stood still.
    #[must_use]
    pub fn within(&self, from: Instant, took: Duration) -> Duration {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Who asks may be awake before the thread is.
        seen.look(Instant::now());
        seen.within(from, from + took)
    }
}

impl Drop for Stalls {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ended = thread.join();
        }
    }
}

// === impl Seen ===

impl Seen {
    fn look(&mut self, now: Instant) {
        let due = self.awake + TICK;
        if now.saturating_duration_since(due) > STALL {
            self.stalls.push((due, now));
        }
        self.awake = now;
    }

    fn within(&self, from: Instant, to: Instant) -> Duration {
        self.stalls.iter().map(|stall| stall.1.min(to).saturating_duration_since(stall.0.max(from))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stalls_count_and_only_what_is_in_the_time() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut seen = Seen { awake: start, stalls: Vec::new() };
        for now in [10, 20, 1_030, 1_040, 1_100, 3_110] {
            seen.look(at(now));
        }
        let within = |from, to| seen.within(at(from), at(to)).as_millis();
        assert_eq!(within(0, 5_000), 1_000 + 2_000);
        assert_eq!(within(530, 1_130), 500 + 20);
        assert_eq!((within(0, 30), within(1_030, 1_110), within(3_110, 5_000)), (0, 0, 0));
    }
}
