//! How many requests a server takes at once, and how large they may be.
//!
//! The rule is that of TCP's congestion avoidance (RFC 5681, section 3.1), additive increase and multiplicative decrease:
//! a refusal halves what may be under way, and every full request that is taken lets it grow by a step. One round trip
//! counts as one refusal, however many requests meet it: what was sent before the last decrease says nothing about it.
//! Requests become fewer before they become smaller, since small ones cost the server more; they must become smaller in
//! the end, as a request that alone exceeds what a node may hold (`indexing_pressure.memory.limit`) never passes.
//!
//! A server that answers ever more slowly is full before it says so. Latency for each byte is compared with its smoothed
//! minimum, as in the gradient limits of Netflix's concurrency-limits; far above it, concurrency shrinks a little.
//!
//! # Invariants
//! - `1 <= requests() <= limits.requests` and `1 <= bytes() <= limits.bytes`, whatever happens.
//! - While full requests are taken in good time, both return to their limits.

use std::time::Duration;

/// The least that a request may hold, in bytes, unless the limit is lower; a single document is sent whatever its size.
const LEAST_BYTES: usize = 1024;
/// Growth of the bytes: this part of the limit, or of what they are while that is less.
const STEP_OF_LIMIT: usize = 16;
const STEP_OF_BYTES: usize = 4;
/// Slower than the minimum by this factor counts as full. Merges and collections make a healthy cluster this uneven.
const SLOW: f64 = 4.0;
/// What is faster than this is never slow.
const FAST: Duration = Duration::from_millis(250);
/// How much of the last sample is in the smoothed latency.
const SMOOTHING: f64 = 0.2;
/// How quickly the minimum is forgotten: it grows by this factor with every sample.
const DRIFT: f64 = 1.005;
/// What is left of the concurrency after a slow answer.
const AFTER_SLOW: f64 = 0.9;

/// The most that may ever be under way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PaceLimits {
    /// Requests at once.
    pub requests: usize,
    /// Bytes in a request.
    pub bytes: usize,
}

/// A request that was answered, or failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sent {
    /// When it was sent, as a duration since any fixed moment.
    pub at: Duration,
    /// Its size.
    pub bytes: usize,
    /// Whether as many were under way with it as may be: only then does its success say that more may be.
    pub full: bool,
}

/// What is allowed at the moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    limits: PaceLimits,
    requests: f64,
    bytes: usize,
    decreased_at: Option<Duration>,
    /// Seconds for a byte: smoothed, and the smoothed minimum.
    latency: Option<(f64, f64)>,
}

// === impl Pace ===

impl Pace {
    /// Begins with all that the limits allow.
    #[must_use]
    pub fn new(limits: PaceLimits) -> Self {
        let limits = PaceLimits { requests: limits.requests.max(1), bytes: limits.bytes.max(1) };
        #[expect(clippy::cast_precision_loss, reason = "a number of requests; far below 2^52")]
        let requests = limits.requests as f64;
        Self { limits, requests, bytes: limits.bytes, decreased_at: None, latency: None }
    }

    /// How many requests may be under way.
    #[must_use]
    pub fn requests(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and the limit"
        )]
        let requests = self.requests as usize;
        requests.clamp(1, self.limits.requests)
    }

    /// How many bytes a request may have.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The server took a request.
    pub fn taken(&mut self, sent: Sent, now: Duration) {
        if self.is_slow(sent, now) {
            if self.may_decrease(sent, now) {
                self.requests = (self.requests * AFTER_SLOW).max(1.0);
            }
            return;
        }
        if self.bytes < self.limits.bytes && sent.bytes >= self.bytes / 2 {
            let step = (self.limits.bytes / STEP_OF_LIMIT).min(self.bytes / STEP_OF_BYTES).max(LEAST_BYTES);
            self.bytes = self.bytes.saturating_add(step).min(self.limits.bytes);
        } else if sent.full {
            #[expect(clippy::cast_precision_loss, reason = "a number of requests; far below 2^52")]
            let most = self.limits.requests as f64;
            self.requests = (self.requests + 1.0 / self.requests).min(most);
        }
    }

    /// The server refused a request for now since it has too much to do, or didn't answer it in time.
    pub fn refused(&mut self, sent: Sent, now: Duration) {
        if !self.may_decrease(sent, now) {
            return;
        }
        if self.requests > 1.0 {
            self.requests = (self.requests / 2.0).max(1.0);
        } else {
            // Of what was sent, which may have been less than was allowed.
            self.shrink(self.bytes.min(sent.bytes.max(1)) / 2);
        }
    }

    /// The server doesn't take requests of this size (413).
    pub fn too_large(&mut self, bytes: usize) {
        self.shrink(self.bytes.min(bytes / 2));
    }

    fn shrink(&mut self, bytes: usize) {
        self.bytes = bytes.max(LEAST_BYTES).min(self.bytes);
    }

    fn may_decrease(&mut self, sent: Sent, now: Duration) -> bool {
        let may = self.decreased_at.is_none_or(|at| sent.at >= at);
        if may {
            self.decreased_at = Some(now);
        }
        may
    }

    /// Only requests near the size that is allowed are compared: a small one says nothing about a large one.
    fn is_slow(&mut self, sent: Sent, now: Duration) -> bool {
        if sent.bytes < self.bytes / 2 {
            return false;
        }
        let took = now.saturating_sub(sent.at);
        #[expect(clippy::cast_precision_loss, reason = "a request's size; far below 2^52")]
        let sample = took.as_secs_f64() / sent.bytes.max(1) as f64;
        let (smoothed, least) = self.latency.unwrap_or((sample, sample));
        let smoothed = smoothed + SMOOTHING * (sample - smoothed);
        let least = (least * DRIFT).min(smoothed);
        self.latency = Some((smoothed, least));
        took > FAST && smoothed > least * SLOW
    }
}

#[cfg(test)]
mod tests;
