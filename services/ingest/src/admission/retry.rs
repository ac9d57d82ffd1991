//! When a refused client should come again. Pure: chance is an argument.

use std::time::Duration;

/// The longest that a client is told to stay away: what the broker can take may change sooner.
const LONGEST: Duration = Duration::from_secs(10);

/// The value of `Retry-After`, in seconds: until there is likely to be room, at least `least`, and up to twice as much by
/// `chance` (0 to 1), so that clients refused together don't come back together.
#[must_use]
pub(crate) fn retry_after(room_in: Duration, least: Duration, chance: f64) -> Duration {
    let least = least.max(Duration::from_secs(1));
    let wait = room_in.clamp(least, LONGEST.max(least)).as_secs_f64();
    // Whole seconds, in which a fraction is a matter of chance too: rounding would bring everybody back to one instant.
    let seconds = (wait * (1.0 + chance.clamp(0.0, 1.0))).round().max(1.0);
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_is_told_to_come_back_at_once_and_not_all_at_the_same_time() {
        let after =
            |ms, chance| retry_after(Duration::from_millis(ms), Duration::from_secs(1), chance).as_secs();
        assert_eq!((after(0, 0.0), after(0, 0.4), after(0, 0.6), after(0, 1.0)), (1, 1, 2, 2));
        assert_eq!((after(4_000, 0.0), after(4_000, 0.5), after(4_000, 1.0)), (4, 6, 8));
    }

    proptest! {
        #[test]
        fn a_client_stays_away_for_a_time_that_makes_sense(
            room_ms in 0_u64..u64::MAX / 2,
            least_ms in 0_u64..3_600_000,
            chance in 0.0_f64..=1.0,
        ) {
            let least = Duration::from_millis(least_ms);
            let after = retry_after(Duration::from_millis(room_ms), least, chance);
            prop_assert_eq!(after.subsec_nanos(), 0);
            prop_assert!(after.as_secs() >= 1 && after.as_secs_f64() + 0.5 >= least.as_secs_f64());
            prop_assert!(after <= LONGEST.max(least) * 2 + Duration::from_secs(1));
        }
    }
}
