//! How fast letters may go back: so many a second, evenly.
//!
//! Pure: the time since the start comes in, the time to wait comes out.

use std::num::NonZeroU32;
use std::time::Duration;

/// A steady rate.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    per_second: Option<NonZeroU32>,
}

impl Pace {
    /// So many a second; `None` for as fast as it goes.
    #[must_use]
    pub const fn new(per_second: Option<NonZeroU32>) -> Self {
        Self { per_second }
    }

    /// How long to wait before the next one, when `sent` went in `elapsed`.
    #[must_use]
    pub fn wait(&self, sent: u64, elapsed: Duration) -> Duration {
        match self.per_second {
            Some(rate) => {
                Duration::from_secs_f64(sent as f64 / f64::from(rate.get())).saturating_sub(elapsed)
            }
            None => Duration::ZERO,
        }
    }

    /// How many may go in one batch, so that no batch takes longer than a second.
    #[must_use]
    pub fn batch(&self, most: u64) -> u64 {
        self.per_second.map_or(most, |rate| u64::from(rate.get()).min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_holds_over_the_whole_run() {
        let pace = Pace::new(NonZeroU32::new(100));
        assert_eq!(pace.wait(0, Duration::ZERO), Duration::ZERO);
        assert_eq!(pace.wait(50, Duration::from_millis(100)), Duration::from_millis(400));
        assert_eq!(
            pace.wait(50, Duration::from_secs(2)),
            Duration::ZERO,
            "what was slow before is made up for"
        );
        assert_eq!((pace.batch(1000), Pace::new(None).batch(1000)), (100, 1000));
        assert_eq!(Pace::new(None).wait(u64::MAX, Duration::ZERO), Duration::ZERO);
    }
}
