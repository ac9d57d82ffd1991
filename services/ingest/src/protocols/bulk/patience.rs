//! Waiting for clients that ask for it, since they give up what is refused.
//!
//! Source: the parameter `timeout` of <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>.

use std::sync::Arc;
use std::time::Duration;

use forebay_wire::{Batch, Ids};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::intake::{Admitted, Intake, Receipt, Sender};
use crate::refusal::{Kind, Refusal};

/// The longest wait that may be asked for: what waits holds memory.
const MAX: Duration = Duration::from_secs(300);

/// Until when a client waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    deadline: Instant,
}

impl Patience {
    /// Reads a time as Elasticsearch writes it, such as `1m`; `None` if it is none, or none at all.
    pub(super) fn new(text: &str) -> Option<Self> {
        let wait = duration(text).filter(|wait| !wait.is_zero())?;
        Some(Self { deadline: Instant::now() + wait.min(MAX) })
    }

    /// Lets a sender in as soon as something of its tenant may be sent.
    pub(super) async fn enter(self, intake: &Intake, sender: &Sender) -> Result<Admitted, Refusal> {
        intake.room(sender, self.deadline.saturating_duration_since(Instant::now())).await
    }

    /// Sends a batch, with the same ids, until Kafka has it.
    pub(super) async fn ship(
        self,
        intake: &Arc<Intake>,
        admitted: Admitted,
        batch: Batch,
        ids: Ids,
    ) -> Result<Receipt, Refusal> {
        let (never, sender) = (CancellationToken::new(), admitted.sender().clone());
        match timeout_at(self.deadline, intake.insist(admitted, batch, ids, &never)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let reason = "kafka did not take the documents within the request's timeout";
                let refusal = Refusal::new(Kind::KafkaTimeout, reason, "send again")
                    .retry_after(intake.limits.retry_after);
                Err(intake.refuse(&sender, refusal))
            }
        }
    }
}

/// Source: <https://www.elastic.co/docs/reference/elasticsearch/rest-apis/api-conventions#time-units>.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "d" => number.checked_mul(86_400).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "s" => Some(Duration::from_secs(number)),
        "ms" => Some(Duration::from_millis(number)),
        "micros" => Some(Duration::from_micros(number)),
        "nanos" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_elasticsearch_writes_them() {
        assert_eq!(duration("1m"), Some(Duration::from_secs(60)));
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(duration("2d"), Some(Duration::from_secs(172_800)));
        for odd in ["", "1", "m", "-1", "1x", "99999999999999999999s", "1\u{fc}", "18446744073709551615d"] {
            assert_eq!(duration(odd), None, "{odd}");
        }
    }
}
