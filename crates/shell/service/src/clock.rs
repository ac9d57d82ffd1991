//! What the core asks its shells for: the time, and chance.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, Timespec, clock_gettime};

/// How late a tick of the coarse clock may come, on a machine that is one of many.
const LATE: Duration = Duration::from_millis(1);

/// Milliseconds since the Unix epoch; 0 on a clock that stands before it.
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A number uniform over all of `u64`, for jitter, not for secrets: what the system seeds hashers with.
#[must_use]
pub fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// The time since some fixed moment, as of the last [`tick`]. Reading it is no system call, whatever the machine's clock is.
#[cfg(target_os = "linux")]
#[must_use]
pub fn coarse() -> Duration {
    since(clock_gettime(ClockId::MonotonicCoarse))
}

/// How long a tick of [`coarse`] lasts at most.
#[cfg(target_os = "linux")]
#[must_use]
pub fn tick() -> Duration {
    since(rustix::time::clock_getres(ClockId::MonotonicCoarse)) + LATE
}

/// The time since some fixed moment, as of the last [`tick`].
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn coarse() -> Duration {
    Duration::from_millis(u64::try_from(since(clock_gettime(ClockId::Monotonic)).as_millis()).unwrap_or(0))
}

/// How long a tick of [`coarse`] lasts at most.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub const fn tick() -> Duration {
    LATE
}

/// The CPU time that this thread has taken. Reading it is a system call.
#[must_use]
pub fn cpu_of_thread() -> Duration {
    since(clock_gettime(ClockId::ThreadCPUTime))
}

fn since(time: Timespec) -> Duration {
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: a thread that works sees both clocks move on, the coarse one in ticks of the length that is told of.
    #[test]
    fn clocks_move_on() {
        let (began, cpu) = (coarse(), cpu_of_thread());
        let (mut last, mut ticks) = (began, Vec::new());
        while ticks.len() < 5 {
            let now = coarse();
            if now != last {
                ticks.push(now - last);
                last = now;
            }
        }
        assert!(cpu_of_thread() > cpu);
        assert!(ticks.iter().any(|length| *length <= tick()), "{ticks:?} {:?}", tick());
    }
}
