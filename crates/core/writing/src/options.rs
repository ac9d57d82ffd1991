//! The bounds of the machine.

use std::time::Duration;

use forebay_delivery::PaceLimits;

/// What an operator may set.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The most requests at once, and the largest one.
    pub pace: PaceLimits,
    /// The most documents in a request.
    pub documents: usize,
    /// The memory of all loads together, in bytes, of which set-aside documents may take a half.
    pub in_flight: usize,
    /// The first pause after a refusal; every further one is at most twice the one before.
    pub retry_initial: Duration,
    /// The longest pause.
    pub retry_max: Duration,
    /// How long a target may be shut, while others are written, before its documents become dead letters; zero for ever.
    pub divert_after: Duration,
    /// The largest part of a target's last documents that may become dead letters; 1 for all.
    pub max_refused_share: f64,
}

/// How many documents a target's share of refused ones is judged by, at least.
pub(crate) const WINDOW: u64 = 1_000;
/// How many documents probe a target that is shut.
pub(crate) const PROBE: usize = 50;
/// How many refusals in a row shut a target, where they may pass by themselves (429, 5xx).
pub(crate) const ROUNDS: u32 = 3;
/// How long the last success of another target proves that others are written.
pub(crate) const ACTIVE: Duration = Duration::from_secs(30);
/// How long a shut target for which nothing waits is remembered as shut.
pub(crate) const FORGET: Duration = Duration::from_secs(600);
/// How often a part fails as a whole, while others don't, before it is halved to find the document at fault.
pub(crate) const FAILURES: u32 = 3;
/// How many sets of dead letters are under way at once.
pub(crate) const LETTERS: usize = 8;
/// How many targets that nothing is under way for are remembered.
pub(crate) const IDLE_TARGETS: usize = 4_096;
