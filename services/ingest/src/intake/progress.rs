//! Tells the health check whether deliveries are under way and whether any of them ends.
//!
//! Every delivery ends by itself (see [`super::deliver`](mod@super::deliver)); if for minutes none does, the process hangs, and `/livez`
//! says so.

use std::sync::atomic::{AtomicUsize, Ordering};

use forebay_telemetry::Component;

/// The deliveries under way.
#[derive(Debug)]
pub(crate) struct Progress {
    health: Component,
    under_way: AtomicUsize,
}

/// One delivery; dropped when it has ended.
#[derive(Debug)]
#[must_use]
pub(crate) struct UnderWay<'a>(&'a Progress);

impl Progress {
    /// Tells `health`.
    #[must_use]
    pub(crate) const fn new(health: Component) -> Self {
        Self { health, under_way: AtomicUsize::new(0) }
    }

    /// A delivery begins.
    pub(crate) fn begin(&self) -> UnderWay<'_> {
        let _before = self.under_way.fetch_add(1, Ordering::AcqRel);
        self.health.busy(true);
        UnderWay(self)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.health.progress();
        // The last to end has begun, and said so, before: `busy` can't stay true with nothing under way.
        if self.0.under_way.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.health.busy(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_telemetry::Health;

    use super::*;

    #[test]
    fn work_without_progress_is_seen_and_its_end_too() {
        let health = Health::new(Duration::ZERO);
        let progress = Progress::new(health.component("ingest.kafka"));
        assert!(health.livez().passes());
        let (one, two) = (progress.begin(), progress.begin());
        drop(one);
        assert!(!health.livez().passes(), "one is still under way");
        drop(two);
        assert!(health.livez().passes());
    }
}
