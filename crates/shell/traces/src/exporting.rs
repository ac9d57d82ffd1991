//! The task that sends spans.

use std::time::Duration;

use forebay_telemetry::{CounterName, counter, rate_limited_warn};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::sink::Sink;
use crate::span::Span;
use crate::tracer::dropped;

/// The most spans of one request.
const BATCH: usize = 512;
/// How long the first span of a request waits for others.
const LINGER: Duration = Duration::from_secs(1);
/// How long a service that stops waits for what isn't sent yet.
const DRAIN: Duration = Duration::from_secs(3);

/// Sends what its [`Tracer`](crate::Tracer) takes, until it is told to [`finish`](Self::finish).
#[derive(Debug)]
pub struct Exporting(Option<(JoinHandle<()>, CancellationToken)>);

struct Task {
    sink: Sink,
    queue: Receiver<Span>,
    timeout: Duration,
    stop: CancellationToken,
}

// === impl Exporting ===

impl Exporting {
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    pub(crate) fn start(sink: Sink, queue: Receiver<Span>, timeout: Duration) -> Self {
        let stop = CancellationToken::new();
        let task = Task { sink, queue, timeout, stop: stop.clone() };
        Self(Some((tokio::spawn(task.run()), stop)))
    }

    /// Sends what is left, if the collector takes it within seconds.
    pub async fn finish(self) {
        let Some((mut task, stop)) = self.0 else { return };
        stop.cancel();
        if timeout(DRAIN, &mut task).await.is_err() {
            task.abort();
            tracing::info!("stopped before all spans were sent");
        }
    }
}

// === impl Task ===

impl Task {
    async fn run(mut self) {
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            let waited = self.stop.run_until_cancelled(self.queue.recv_many(&mut batch, BATCH)).await;
            match waited {
                // No tracer is left.
                Some(0) => return,
                Some(_) => self.fill(&mut batch).await,
                None => self.queue.close(),
            }
            if waited.is_none() && self.queue.recv_many(&mut batch, BATCH).await == 0 {
                return;
            }
            self.send(batch).await;
        }
    }

    /// Gives others some time to come.
    async fn fill(&mut self, batch: &mut Vec<Span>) {
        let Self { queue, stop, .. } = self;
        let more =
            async { while batch.len() < BATCH && queue.recv_many(batch, BATCH - batch.len()).await > 0 {} };
        tokio::select! {
            () = more => {}
            () = sleep(LINGER) => {}
            () = stop.cancelled() => {}
        }
    }

    async fn send(&mut self, batch: Vec<Span>) {
        let mut counted = Counted(batch.len() as u64);
        let outcome = match timeout(self.timeout, self.sink.send(batch)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("no answer within {:?}", self.timeout)),
        };
        let spans = std::mem::take(&mut counted.0);
        match outcome {
            Ok(()) => counter(CounterName::TraceSpans, &[]).increment(spans),
            Err(reason) => {
                dropped("failed", spans);
                rate_limited_warn!(
                    per_minute = 2,
                    reason,
                    spans,
                    "the collector of traces took no spans, they are dropped"
                );
            }
        }
    }
}

/// Spans under way, which count as dropped when their task is ended.
struct Counted(u64);

impl Drop for Counted {
    fn drop(&mut self) {
        if self.0 > 0 {
            dropped("stopped", self.0);
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.queue.close();
        let left = self.queue.len() as u64;
        if left > 0 {
            dropped("stopped", left);
        }
    }
}
