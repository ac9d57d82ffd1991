//! Waiting for a condition instead of for a time.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often a condition is looked at: often enough to lose no time, seldom enough to cost none.
const EVERY: Duration = Duration::from_millis(25);

/// Waits until `condition` holds, and asks it again and again until then.
///
/// `what` names the condition in the error, as in `eventually("the dead letter is listed", ...)`.
///
/// # Errors
/// When `timeout` has passed and the condition doesn't hold yet, or hasn't answered.
pub async fn eventually<F>(what: &str, timeout: Duration, mut condition: F) -> Result<()>
where
    F: AsyncFnMut() -> bool,
{
    let start = Instant::now();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let _at = ticks.tick().await;
        let left = timeout.saturating_sub(start.elapsed());
        match tokio::time::timeout(left, condition()).await {
            Ok(true) => return Ok(()),
            Ok(false) if start.elapsed() < timeout => {}
            Ok(false) | Err(_) => bail!("waited {timeout:?} in vain: {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn returns_as_soon_as_the_condition_holds() {
        let mut asked = 0;
        eventually("the third time", Duration::from_secs(10), async || {
            asked += 1;
            asked == 3
        })
        .await
        .expect("holds");
        assert_eq!(asked, 3);
    }

    /// Scenario: the condition itself hangs. Guarantees: the time-out still comes, and names the condition.
    #[tokio::test]
    async fn a_condition_that_hangs_times_out() {
        let error = eventually("pigs fly", Duration::from_millis(50), async || std::future::pending().await)
            .await
            .expect_err("times out");
        assert!(error.to_string().contains("pigs fly"), "{error}");
    }
}
