//! The loop around [`Tail`]: read, deliver, acknowledge, wait.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::tail::{Batch, Tail, TailError};

/// How long to wait after a look that found nothing.
const PAUSE: Duration = Duration::from_millis(200);

/// The first pause after a failed delivery; it doubles up to [`RETRY_MAX`].
const RETRY_FIRST: Duration = Duration::from_millis(200);

/// The longest pause between two tries of a delivery.
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Where lines go.
pub trait Deliver: Send {
    /// Why a delivery failed.
    type Error: std::fmt::Display + Send;

    /// Answers once every line of the batch is safe. A failed batch is given again, whole.
    fn deliver(&mut self, batch: &Batch) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Follows until `shutdown`. A batch that is under way then is not waited for: it is read again next time.
///
/// # Errors
/// When positions can't be saved: going on would only move more of the same lines.
pub async fn follow<D: Deliver>(
    mut tail: Tail,
    to: &mut D,
    shutdown: &CancellationToken,
) -> Result<(), TailError> {
    loop {
        let polled = spawn_blocking(move || {
            let batch = tail.poll(Instant::now());
            (tail, batch)
        });
        let Ok((back, batch)) = polled.await else { return Ok(()) };
        tail = back;
        if batch.is_empty() {
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = sleep(PAUSE) => continue,
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = until_delivered(&batch, to) => {}
        }
        let saved = spawn_blocking(move || {
            let saved = tail.acknowledge(&batch);
            (tail, saved)
        });
        let Ok((back, saved)) = saved.await else { return Ok(()) };
        tail = back;
        saved?;
    }
}

async fn until_delivered<D: Deliver>(batch: &Batch, to: &mut D) {
    let mut pause = RETRY_FIRST;
    while let Err(error) = to.deliver(batch).await {
        tracing::warn!(%error, lines = batch.len(), "lines of followed files were not taken, trying again");
        sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::store::PositionStore;
    use crate::tail::Options;

    /// Refuses every first try; stops the loop once it has taken enough.
    struct Unreliable {
        taken: Arc<Mutex<Vec<String>>>,
        tries: usize,
        enough: usize,
        shutdown: CancellationToken,
    }

    impl Deliver for Unreliable {
        type Error = &'static str;

        async fn deliver(&mut self, batch: &Batch) -> Result<(), Self::Error> {
            self.tries += 1;
            if self.tries % 2 == 1 {
                return Err("busy");
            }
            let mut taken = self.taken.lock().unwrap();
            taken.extend(batch.lines().map(|line| String::from_utf8_lossy(line.bytes).into_owned()));
            if taken.len() >= self.enough {
                self.shutdown.cancel();
            }
            Ok(())
        }
    }

    /// Scenario: every delivery fails once. Guarantees: each line is delivered, in order, and none is skipped.
    #[tokio::test]
    async fn a_failed_delivery_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        fs::write(&path, "one\ntwo\nthree\n").unwrap();
        let mut options = Options::new(vec![path.to_str().unwrap().to_owned()]);
        options.limits.lines = 2;
        let tail = Tail::new(options, PositionStore::load(dir.path().join("positions.json"))).unwrap();
        let shutdown = CancellationToken::new();
        let taken = Arc::default();
        let mut to =
            Unreliable { taken: Arc::clone(&taken), tries: 0, enough: 3, shutdown: shutdown.clone() };
        follow(tail, &mut to, &shutdown).await.unwrap();
        assert_eq!(*taken.lock().unwrap(), ["one", "two", "three"]);
    }
}
