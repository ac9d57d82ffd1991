//! Memory for the message that a stream is about to bring: counted as its bytes come, waited for where there is none.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::intake::overload::no_room;
use crate::intake::{Admitted, Intake, Sender};
use crate::refusal::Refusal;

/// The first wait for room; each further one is twice as long, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What is held for the next message.
#[derive(Debug)]
pub(super) struct Room {
    intake: Arc<Intake>,
    sender: Sender,
    admitted: Option<Admitted>,
}

impl Room {
    pub(super) const fn new(intake: Arc<Intake>, sender: Sender) -> Self {
        Self { intake, sender, admitted: None }
    }

    /// Holds so many bytes. Meanwhile nothing is read, so that the connection's flow control reaches the client.
    ///
    /// # Errors
    /// When there was no room within the time that a request waits for Kafka, or until `until`: then the connection has to end,
    /// since everybody who waits may be waiting for the memory of the others.
    pub(super) async fn hold(&mut self, bytes: usize, until: &CancellationToken) -> Result<(), Refusal> {
        let deadline = Instant::now() + self.intake.limits.ack_timeout;
        let Some(admitted) = &mut self.admitted else {
            self.admitted = Some(self.intake.room(&self.sender, bytes, until).await?);
            return Ok(());
        };
        let mut wait = FIRST_WAIT;
        loop {
            let Err(refused) = admitted.reservation().grow_to(bytes) else { return Ok(()) };
            let paused = until.run_until_cancelled(sleep(wait)).await;
            if paused.is_none() || Instant::now() >= deadline {
                let refusal = no_room(&refused, &self.intake.limits);
                return Err(self.intake.refuse(&self.sender, refusal));
            }
            self.intake.meters.held_back(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Gives what is held to the message that is complete, and holds `rest` bytes for what has come of the next.
    ///
    /// # Errors
    /// As for [`Room::hold`].
    pub(super) async fn take(&mut self, rest: usize, until: &CancellationToken) -> Result<Admitted, Refusal> {
        let admitted = match self.admitted.take() {
            Some(admitted) => admitted,
            None => self.intake.room(&self.sender, rest, until).await?,
        };
        if rest > 0 {
            self.admitted = Some(self.intake.room(&self.sender, rest, until).await?);
        }
        Ok(admitted)
    }
}
