//! When a connection was heard last. Its shell says so once a batch, the places of its listener ask when they are all taken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::table::Silence;

/// Stands for a connection of which something is on its way to Kafka: it is not silent, however long that takes.
const AT_WORK: u64 = u64::MAX;

/// When a connection was heard. Half a message, or a byte now and then, is nothing that is heard.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// When its listener began.
    began: Instant,
    /// In milliseconds since then, or [`AT_WORK`].
    heard: AtomicU64,
}

impl Pulse {
    /// Of a connection that comes now, to a listener that began then.
    pub(super) fn new(began: Instant) -> Self {
        let pulse = Self { began, heard: AtomicU64::new(0) };
        pulse.beats();
        pulse
    }

    /// Something whole has come, and is on its way.
    pub(crate) fn works(&self) {
        self.heard.store(AT_WORK, Ordering::Relaxed);
    }

    /// It is heard now: it came, or what was on its way has arrived.
    pub(crate) fn beats(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(AT_WORK);
        self.heard.store(now, Ordering::Relaxed);
    }
}

impl Default for Pulse {
    /// Of what has no place that it could lose.
    fn default() -> Self {
        Self::new(Instant::now())
    }
}

impl Silence for Pulse {
    fn silent_since(&self) -> Option<Duration> {
        let heard = self.heard.load(Ordering::Relaxed);
        (heard != AT_WORK).then(|| Duration::from_millis(heard))
    }
}
