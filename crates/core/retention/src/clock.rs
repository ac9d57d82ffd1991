//! Which time to go by.
//!
//! A clock that runs years ahead would make everything old enough to be deleted, and nothing in the names shows it. So a
//! second clock is asked, that of the cluster, and where the two don't agree nobody deletes.

use thiserror::Error;

use crate::MARGIN;

/// Two clocks that can't both be right.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error(
    "this machine's clock and the search cluster's differ by {seconds} s, so that nothing is deleted: set both by NTP"
)]
pub struct ClockError {
    /// By how much they differ.
    pub seconds: u64,
}

/// The earlier of the two, in milliseconds since the Unix epoch; `theirs` is `None` where the cluster doesn't tell.
///
/// # Errors
/// When they differ by more than [`MARGIN`].
pub fn now(ours: i64, theirs: Option<i64>) -> Result<i64, ClockError> {
    let Some(theirs) = theirs else { return Ok(ours) };
    let apart = ours.abs_diff(theirs);
    if u128::from(apart) > MARGIN.as_millis() {
        return Err(ClockError { seconds: apart / 1_000 });
    }
    Ok(ours.min(theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_clock_counts_and_clocks_that_disagree_stop_everything() {
        assert_eq!(now(7, None), Ok(7));
        assert_eq!(now(7_000, Some(5_000)), Ok(5_000));
        assert_eq!(now(5_000, Some(7_000)), Ok(5_000));
        assert_eq!(now(3_600_000, Some(0)), Ok(0));
        assert_eq!(now(3_601_000, Some(0)), Err(ClockError { seconds: 3_601 }));
        assert_eq!(now(0, Some(3_601_000)), Err(ClockError { seconds: 3_601 }));
        assert!(now(i64::MIN, Some(i64::MAX)).is_err());
    }
}
