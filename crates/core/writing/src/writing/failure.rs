//! A request that got no answer for each of its documents.

use std::time::Duration;

use forebay_bulk::{ItemError, RequestFailure};

use super::{TOO_LARGE, Writing, failure_name};
use crate::batch::Batch;
use crate::event::Event;
use crate::options::{FAILURES, ROUNDS};
use crate::part::{Part, Sending};

/// What is answered faster than this without having been done was not too much for the server: nobody was there.
const NOBODY: Duration = Duration::from_secs(1);

impl<B: Batch> Writing<B> {
    pub(super) fn failed(&mut self, sending: Sending, failure: RequestFailure, now: Duration, random: u64) {
        let Sending { parts, sent, probes, .. } = sending;
        let (reason, detail) = (failure_name(&failure), failure.to_string());
        let fault = match failure {
            RequestFailure::TooLarge => {
                if parts.iter().map(|part| part.request.len()).sum::<usize>() > 1 {
                    self.pace.too_large(sent.bytes);
                }
                ItemError { status: 413, error_type: TOO_LARGE.to_owned(), reason: detail }
            }
            RequestFailure::Rejected { status, error_type, reason } => {
                ItemError { status, error_type, reason }
            }
            RequestFailure::Busy { .. } | RequestFailure::Unreachable { .. } | RequestFailure::Answer(_) => {
                let (retry_after, is_load) = match failure {
                    RequestFailure::Busy { status, retry_after, .. } => (retry_after, status >= 429),
                    _ => (None, now.saturating_sub(sent.at) >= NOBODY),
                };
                if is_load {
                    self.pace.refused(sent, now);
                }
                let items = parts.iter().map(|part| part.request.len()).sum();
                self.events.push(Event::Retried { reason, items });
                self.refused_by_all(sent.at, now, random, retry_after, detail);
                return self.unanswered(parts, &probes, now);
            }
        };
        self.probes_unanswered(&probes, now);
        let is_one = parts.len() == 1;
        for part in parts.into_iter().rev() {
            if is_one {
                self.halve(part, &fault);
            } else {
                // One of them is at fault. It will be found when each is sent alone.
                self.ready.push_front(Part { failures: part.failures.max(1), ..part });
            }
        }
    }

    /// All parts are sent again, behind others: one that can never be answered must not hold these up.
    fn unanswered(&mut self, parts: Vec<Part>, probes: &[u32], now: Duration) {
        self.probes_unanswered(probes, now);
        for mut part in parts {
            if part.failures == 0 {
                part.failed_at = now;
            }
            part.failures += 1;
            let others_pass = self.passes.anywhere().is_some_and(|pass| pass.sent > part.failed_at);
            if part.failures > FAILURES && others_pass && part.request.len() > 1 {
                self.events.push(Event::Split);
                let failures = 1;
                self.ready.extend(part.halves().map(|half| Part { failures, failed_at: now, ..half }));
            } else if part.failures > FAILURES && others_pass {
                let pause = part.backoff.refused(u64::MAX, None);
                self.delay(part, now + pause);
            } else {
                self.ready.push_back(part);
            }
        }
    }

    /// Sends both halves by themselves; a single document is what the store can't take.
    fn halve(&mut self, part: Part, error: &ItemError) {
        if part.request.len() == 1 {
            return self.dead_letter_part(&part, error);
        }
        self.events.push(Event::Split);
        let [first, second] = part.halves();
        self.ready.push_front(second);
        self.ready.push_front(first);
    }

    pub(super) fn refused_by_all(
        &mut self,
        sent: Duration,
        now: Duration,
        random: u64,
        retry_after: Option<Duration>,
        detail: String,
    ) {
        if let Some((refusals, pause)) = self.cluster.refused(sent, now, random, retry_after, &detail) {
            self.events.push(Event::Refused { detail, refusals, pause });
            if refusals >= ROUNDS {
                self.restart_clocks(now);
            }
        }
    }
}
