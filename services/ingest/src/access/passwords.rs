//! Passwords, checked away from the threads that serve. The first request of a sender waits for that; all further ones, and those
//! that came at the same time, find that it is known.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_access::password::{Challenge, Verified};
use forebay_access::{Attempts, Denial, Grant};
use tokio::sync::Semaphore;

/// How many passwords are checked at once. Each takes 19 MiB and tens of milliseconds of a processor: enough for new
/// senders, and not enough for a crowd of wrong ones to take the processors from the others.
const AT_ONCE: usize = 2;

/// What is known about passwords, and about who was wrong.
#[derive(Debug)]
pub(super) struct Passwords {
    verified: Mutex<Verified>,
    attempts: Mutex<Attempts>,
    at_once: Semaphore,
    start: Instant,
}

// === impl Passwords ===

impl Passwords {
    pub(super) fn new() -> Self {
        Self {
            verified: Mutex::new(Verified::new(rand::random())),
            attempts: Mutex::default(),
            at_once: Semaphore::new(AT_ONCE),
            start: Instant::now(),
        }
    }

    /// Checks a password that comes from this address.
    pub(super) async fn check(
        &self,
        challenge: Challenge,
        password: &[u8],
        address: Option<IpAddr>,
    ) -> Result<Grant, Denial> {
        if self.verified().knows(&challenge, password) {
            return challenge.passed();
        }
        let address = address.unwrap_or(LOCAL);
        self.attempts().may(address, self.now()).map_err(Denial::TooOften)?;
        // It is never closed.
        let Ok(_permit) = self.at_once.acquire().await else { return Err(Denial::Unknown) };
        if self.verified().knows(&challenge, password) {
            return challenge.passed();
        }
        self.attempts().begin(address, self.now()).map_err(Denial::TooOften)?;
        let (challenge, given) = (Arc::new(challenge), password.to_owned());
        let slow = tokio::task::spawn_blocking({
            let challenge = Arc::clone(&challenge);
            move || challenge.verify(&given)
        });
        if !slow.await.unwrap_or(false) {
            return Err(Denial::Unknown);
        }
        self.attempts().right(address);
        self.verified().remember(&challenge, password);
        Arc::into_inner(challenge).map_or(Err(Denial::Unknown), Challenge::passed)
    }

    /// Lets an address try something that could be guessed, and counts it if it was wrong.
    pub(super) fn guess<T>(
        &self,
        address: Option<IpAddr>,
        tries: impl FnOnce() -> Result<T, Denial>,
    ) -> Result<T, Denial> {
        let address = address.unwrap_or(LOCAL);
        self.attempts().begin(address, self.now()).map_err(Denial::TooOften)?;
        let found = tries();
        if !matches!(found, Err(Denial::Unknown)) {
            self.attempts().right(address);
        }
        found
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn verified(&self) -> MutexGuard<'_, Verified> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands for the processes of this machine that come over a Unix socket.
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
