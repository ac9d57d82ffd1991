//! Whether the store as a whole takes anything.

use std::time::Duration;

use forebay_delivery::Backoff;

/// The pauses that hold up everything.
#[derive(Debug)]
pub(super) struct Cluster {
    backoff: Backoff,
    sends_at: Duration,
    /// When the last refusal was answered: what was sent before is part of it.
    refused_at: Option<Duration>,
    refusal: Option<String>,
    /// Whether the last request was answered document by document.
    answers: bool,
}

// === impl Cluster ===

impl Cluster {
    pub(super) fn new(backoff: Backoff) -> Self {
        Self { backoff, sends_at: Duration::ZERO, refused_at: None, refusal: None, answers: false }
    }

    pub(super) fn may_send(&self, now: Duration) -> bool {
        self.sends_at <= now
    }

    pub(super) fn sends_at(&self) -> Duration {
        self.sends_at
    }

    /// Its last words, while it refuses all that is sent.
    pub(super) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Whether the last request was answered document by document.
    pub(super) fn answers(&self) -> bool {
        self.answers
    }

    /// A request was answered document by document, or not.
    pub(super) fn note(&mut self, answers: bool) {
        self.answers = answers;
    }

    /// It refused all of a request. Answers how often in a row, and the pause, unless that is known already from another
    /// request that was under way at the same time.
    pub(super) fn refused(
        &mut self,
        sent: Duration,
        now: Duration,
        random: u64,
        retry_after: Option<Duration>,
        detail: &str,
    ) -> Option<(u32, Duration)> {
        self.refusal = Some(detail.to_owned());
        if retry_after.is_none() && self.refused_at.is_some_and(|at| sent < at) {
            return None;
        }
        self.refused_at = Some(now);
        let pause = self.backoff.refused(random, retry_after);
        self.sends_at = self.sends_at.max(now + pause);
        Some((self.backoff.refusals(), pause))
    }

    /// It took something. Answers how often it had refused in a row, if it had.
    pub(super) fn passed(&mut self) -> Option<u32> {
        let _over = self.refusal.take()?;
        let refusals = self.backoff.refusals();
        self.backoff.succeeded();
        Some(refusals)
    }
}
