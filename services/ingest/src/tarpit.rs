//! Slowness for who is refused: an answer that says no waits a moment, and so does the end of a connection that broke its protocol.
//!
//! A refusal costs more than what brought it: somebody who sends what is refused, again as soon as it is, would keep the cores busy that
//! others need. So he is kept busy himself. An honest sender loses nothing: he is to wait or to mend something anyway. What is refused for a
//! reason of ours, such as Kafka's, is said at once.

use std::time::Duration;

use tokio::time::sleep;

use crate::refusal::Kind;

/// How long.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// Waits, before a refusal of this kind is said or a connection ended for it. Nothing large should be held meanwhile.
pub(crate) async fn pause(kind: Kind) {
    if is_up_to_the_sender(kind) {
        sleep(PAUSE).await;
    }
}

/// Whether another request, or a later one, would not have been refused.
const fn is_up_to_the_sender(kind: Kind) -> bool {
    match kind {
        Kind::BadRequest
        | Kind::EmptyBody
        | Kind::IncompleteBody
        | Kind::BrokenCompression
        | Kind::MalformedBody
        | Kind::Unauthorized
        | Kind::Forbidden
        | Kind::TooManyAttempts
        | Kind::NotFound
        | Kind::MethodNotAllowed
        | Kind::TooLarge
        | Kind::Unsupported
        | Kind::Quota
        | Kind::TenantFull => true,
        // Has waited long enough.
        Kind::SlowBody => false,
        Kind::Busy | Kind::KafkaSlow | Kind::KafkaUnavailable | Kind::KafkaTimeout => false,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    /// Guarantees: who is over his quota waits for the answer; who is refused for Kafka's sake doesn't.
    #[tokio::test(start_paused = true)]
    async fn only_what_the_sender_can_mend_is_slow() {
        let started = Instant::now();
        pause(Kind::KafkaUnavailable).await;
        assert_eq!(started.elapsed(), Duration::ZERO);
        pause(Kind::Quota).await;
        assert!(started.elapsed() >= PAUSE);
    }
}
